#!/usr/bin/env bash
# Plants the bugs of scripts/planted-chip.list one at a time in the firmware of targets/nrf52840 and
# runs it on the emulated chip: the test named beside each must go red. They are bugs of a chip's
# firmware alone: the native core, which has nothing of targets/, passes the same with each of them.
#
# scripts/planted-chip.sh [NAME…] plants only those whose name contains one of the words.
# REPORT=FILE writes the table there, too.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib.sh

OUT=${CARGO_TARGET_DIR:-$PWD/target}/planted-chip
TREE=$OUT/tree
LOG=$OUT/log
LIST=scripts/planted-chip.list
mkdir -p "$OUT"

# build INTO: the firmware of a trial.
build() {
  (cd "$TREE" && CARGO_TARGET_DIR=$OUT/build .ci/cross.sh trial) >"$LOG" 2>&1 &&
    cp "$OUT/build/cross/bletwin-nrf52840-trial" "$1"
}

# play TEST ELF: on the emulated chip.
play() {
  BLETWIN_FIRMWARE=$2 BLETWIN_FIRMWARE_TRIAL=$2 timeout 300 "$AIR" "$1" >"$LOG" 2>&1
}

# The tests, built once.
tests() {
  cargo test --locked --workspace --test air --no-run 2>&1 |
    sed -nE 's/.*air.*\((.*)\)$/\1/p' | tail -1
}

row() {
  printf '| %-26s | %-36s | %-8s | %-8s |\n' "$@"
  [ -z "${REPORT:-}" ] || printf '| %s | `%s` | %s | %s |\n' "$@" >>"$REPORT"
}

AIR=${AIR:-$PWD/$(tests)}
copy_tree "$TREE"
# What the tree's own build has made of the compiler's library.
mkdir -p "$OUT/build/cross"
sysroot=$(dirname "$OUT")/cross/sysroot
[ ! -d "$sysroot" ] || ln -sfn "$sysroot" "$OUT/build/cross/sysroot"
build "$OUT/clean.elf" || { tail -20 "$LOG" >&2; exit 1; }
failures=0
if [ -n "${REPORT:-}" ]; then
  printf '| bug | test | on the chip | native |\n|---|---|---|---|\n' >>"$REPORT"
fi
printf '| %-26s | %-36s | %-8s | %-8s |\n' bug test 'the chip' native
# Nothing of it is in targets/: one run speaks for all.
native=passes
play native:: "$OUT/clean.elf" || native=FAILS
while IFS='|' read -r name test file edit; do
  [[ -z $name || $name == \#* ]] && continue
  wanted "$name" "$@" || continue
  [[ $file == targets/* ]] || { echo "$name is not in targets/" >&2; exit 1; }
  verdict=
  play "$test" "$OUT/clean.elf" || verdict='RED WITHOUT'
  if ! sed -E "$edit" "$file" | cmp -s "$file" -; then
    sed -E "$edit" "$file" >"$TREE/$file"
  else
    verdict=STALE
  fi
  if [ -z "$verdict" ] && ! build "$OUT/planted.elf"; then
    verdict=BROKEN
  fi
  if [ -z "$verdict" ]; then
    # A test that was not run has noticed nothing.
    if play "$test" "$OUT/planted.elf"; then verdict=MISSED; else verdict=red; fi
    grep -q '^test result:' "$LOG" || verdict=BROKEN
  fi
  row "$name" "$test" "$verdict" "$native"
  if [ "$verdict" != red ] || [ "$native" != passes ]; then
    failures=$((failures + 1))
    tail -20 "$LOG" >&2
  fi
  copy_tree "$TREE"
done <"$LIST"
if [ "$failures" -ne 0 ]; then
  echo "$failures of the planted bugs went wrong" >&2
  exit 1
fi
