#!/usr/bin/env bash
# peripheral.sh [WISH…]: BlueZ as a peripheral, for `bletwin serve --central … --host` and `bletwin
# matrix --jobs 1 --host bluez=hosts/bluez/peripheral.sh`. It boots a machine of its own (machine.sh
# says what that needs), whose second serial port is the endpoint. Wishes: see advertise.sh.
set -euo pipefail
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
: "${BLETWIN_HOST:?is set by bletwin --host}" "${BLETWIN_PORT:?is set by bletwin --host}"
exec "$here/machine.sh" "$here/advertise.sh $*" -serial "tcp:$BLETWIN_HOST:$BLETWIN_PORT,nodelay=on"
