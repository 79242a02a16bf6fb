#!/usr/bin/env bash
# advertise.sh [WISH…]: gives the controller at the second serial port (or $TTY) to Linux, and
# advertises on it. `asks` asks for security on connecting; `2m` asks for the 2M PHY then, and
# `2m-later` once the link is encrypted.
set -euo pipefail
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
python=${BLETWIN_PYTHON:-$here/../../target/hosts/bin/python}
uname -r
/usr/libexec/bluetooth/bluetoothd --version
modprobe hci_uart
btattach -B "${TTY:-/dev/ttyS1}" -P h4 -S 115200 &
[[ " $* " != *" 2m"* ]] || {
  # BlueZ has to be the one who switches it on: by `hciconfig up` it would come without SMP.
  until hciconfig hci0 2>/dev/null | grep -q UP; do sleep 0.2; done
  /usr/bin/python3 "$here/phy.py" "$@" &
}
exec "$python" "$here/peripheral.py" "$@"
