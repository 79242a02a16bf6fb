#!/usr/bin/env bash
# Proves that the tests can fail: applies the one-line sabotages of scripts/sabotage.list, one at
# a time, to a copy of the tree and runs the tests named there. Each must go red. A sabotage that
# no longer applies, does not compile, or leaves the tests green fails the script.
#
# scripts/sabotage.sh [NAME…] runs only those whose name contains one of the words. LIST=FILE takes
# them from another list.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib.sh

LIST=$PWD/${LIST:-scripts/sabotage.list}
BUILT=${CARGO_TARGET_DIR:-$PWD/target}
OUT=$BUILT/sabotage
TREE=$OUT/tree
LOG=$OUT/log
export CARGO_TARGET_DIR=$OUT/build

# verdict FILE SED CARGO-ARGUMENTS: prints red, GREEN, STALE or BROKEN.
verdict() {
  local file=$1 edit=$2 arguments=$3
  sed -E -i "$edit" "$TREE/$file"
  if cmp -s "$file" "$TREE/$file"; then
    echo STALE
    return
  fi
  # The arguments are words of the list, split on purpose.
  # shellcheck disable=SC2086
  (cd "$TREE" && cargo test --quiet --locked $arguments) >"$LOG" 2>&1 || true
  cp "$file" "$TREE/$file"
  if grep -q '^test result: FAILED' "$LOG"; then
    echo red
  elif grep -q '^test result: ok' "$LOG"; then
    echo GREEN
  else
    echo BROKEN
  fi
}

copy_tree "$TREE"
seed_build "$BUILT/debug" "$CARGO_TARGET_DIR/debug"
failures=0
printf '%-7s %6s  %-24s %s\n' verdict time sabotage tests
while IFS='|' read -r name arguments file edit; do
  [[ -z $name || $name == \#* ]] && continue
  wanted "$name" "$@" || continue
  begun=$SECONDS
  result=$(verdict "$file" "$edit" "$arguments")
  printf '%-7s %4d s  %-24s %s\n' "$result" "$((SECONDS - begun))" "$name" "$arguments"
  if [ "$result" != red ]; then
    failures=$((failures + 1))
    [ "$result" = BROKEN ] && tail -20 "$LOG"
  fi
done <"$LIST"
if [ "$failures" -ne 0 ]; then
  echo "$failures sabotages did not turn their tests red" >&2
  exit 1
fi
