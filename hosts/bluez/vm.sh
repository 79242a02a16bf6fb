#!/usr/bin/env bash
# vm.sh CENTRAL [OPTIONS OF bletwin serve]: case.sh in the emulated machine of machine.sh, which says
# what it needs, for those whose own kernel has no Bluetooth.
set -euo pipefail
[[ $# -ge 1 ]] || {
  sed -n '2,3p' "$0" >&2
  exit 2
}
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
exec "$here/machine.sh" "$here/case.sh $*"
