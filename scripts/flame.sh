#!/usr/bin/env bash
# Where the instructions of an idle connection event go, as a flame graph: docs/lab/idle-event.svg. A box
# is a function, the boxes on it what it calls, widths are instructions. Only the idle stretch is counted.
set -euo pipefail
cd "$(dirname "$0")/.."

TARGET=${CARGO_TARGET_DIR:-$PWD/target}
SVG=docs/lab/idle-event.svg
EVENTS=400
command -v valgrind >/dev/null || { echo "valgrind is missing: apt-get install valgrind" >&2 && exit 2; }
cargo build --quiet --release --locked --example idle
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
# Each function once for each way to it, of this many callers.
valgrind --tool=callgrind --callgrind-out-file="$WORK/out" --separate-callers=24 --separate-recs=2 \
  --toggle-collect='*idle_stretch*' "$TARGET/release/examples/idle" 1 $((EVENTS * 15 / 2)) \
  >/dev/null 2>&1
python3 scripts/flame.py "$WORK/out" "$EVENTS" idle_stretch >"$SVG"
echo "$SVG"
