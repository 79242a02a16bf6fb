#!/usr/bin/env bash
# attach.sh TTY LOG: lets Linux take a controller at the end of TTY, and runs an ordinary bleak
# program on it through BlueZ. Needs root, btattach, a bluetoothd that runs, and what
# hosts/requirements.txt names.
set -euo pipefail
[[ $# == 2 ]] || {
  sed -n '2,4p' "$0" >&2
  exit 2
}
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
python=${BLETWIN_PYTHON:-$here/../../target/hosts/bin/python}

modprobe hci_uart
btattach -B "$1" -P h4 -S 3000000 &
attached=$!
trap 'kill $attached' EXIT
for _ in {1..50}; do
  [[ -n $(bluetoothctl list) ]] && break
  sleep 0.2
done
bluetoothctl power on
status=0
"$python" "$here/agent.py" "$2" "$here/../bleak/led.py" || status=$?
echo "the program's exit status: $status"
exit "$status"
