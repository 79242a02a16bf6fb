#!/usr/bin/env bash
# case.sh CENTRAL [OPTIONS OF bletwin serve]: the case with BlueZ as host of that central's link
# layer, through a pseudo-terminal. For Linux with Bluetooth in its kernel; vm.sh for others.
set -euo pipefail
[[ $# -ge 1 ]] || {
  sed -n '2,3p' "$0" >&2
  exit 2
}
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
work=$(mktemp -d)
"${BLETWIN:-$here/../../target/debug/bletwin}" serve --endpoint "pty:$work/hci=$1" \
  --peripheral zephyr-2024 --log --ladder "${@:2}" </dev/null >"$work/log" &
server=$!
trap 'kill -INT $server; wait $server; cat "$work/log"; rm -r "$work"' EXIT
until grep -q '^ready$' "$work/log"; do sleep 0.1; done
"$here/attach.sh" "$work/hci" "$work/log"
