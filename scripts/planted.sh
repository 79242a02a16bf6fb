#!/usr/bin/env bash
# Proves that the random search can find: plants the bugs of scripts/planted/ one at a time in a
# copy of the tree and lets `bletwin explore --random` look for 60 s on one core. Each must be
# found and shrunk to at most six control PDUs, and without a bug the same search must find
# nothing. A patch that no longer applies, or does not compile, fails the script.
#
# scripts/planted.sh [NAME…] plants only those whose name contains one of the words, and searches
# without a bug for 15 s only. REPORT=FILE writes the table there, too.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib.sh

OUT=${CARGO_TARGET_DIR:-$PWD/target}/planted-bugs
TREE=$OUT/tree
LOG=$OUT/log
BUDGET=${BUDGET:-60}
# Of the search without a bug.
CLEAN=$((${#} ? 15 : BUDGET))
PDUS_MAX=6
export CARGO_TARGET_DIR=$OUT/build

build() {
  (cd "$TREE" && cargo build --quiet --locked --profile planted -p bletwin --bin bletwin) \
    >"$LOG" 2>&1
}

# search SECONDS [OPTION…]: the same for all; its findings are files in $OUT/found.
search() {
  local seconds=$1
  shift
  rm -rf "$OUT/found"
  timeout "$((seconds + 30))" "$CARGO_TARGET_DIR/planted/bletwin" explore --random --jobs 1 \
    --budget "${seconds}s" --out "$OUT/found" "$@" >"$LOG" 2>&1
}

# best: the finding that blames the peripheral with the fewest control PDUs, or else any. One fault
# can break several rules.
best() {
  local files
  files=$(grep -l '^culprit = "peripheral"' "$OUT"/found/*.toml || ls "$OUT"/found/*.toml)
  # Names of rules and digests: no blanks.
  # shellcheck disable=SC2086
  grep -H '^control-pdus = ' $files | sort -t= -k2n | head -1 | cut -d: -f1
}

# value KEY: of the best finding.
value() {
  sed -nE "s/^$1 = \"?([^\"]*)\"?\$/\1/p" "$(best)" | head -1
}

row() {
  printf '| %-32s | %-10s | %-10s | %7s | %4s |\n' "$@"
  [ -z "${REPORT:-}" ] || printf '| %s | %s | %s | %s | %s |\n' "$@" >>"$REPORT"
}

# hunt PATCH: sets VERDICT.
hunt() {
  local patch=$1 begun code=0
  RULE=- TOOK=- PDUS=-
  if ! (cd "$TREE" && patch --quiet -p0 --no-backup-if-mismatch <"$OLDPWD/$patch") >"$LOG" 2>&1
  then
    VERDICT=STALE
    return
  fi
  if ! build; then
    VERDICT=BROKEN
    return
  fi
  begun=$(date +%s%N)
  search "$BUDGET" --first || code=$?
  TOOK=$(awk "BEGIN { printf \"%.1f s\", ($(date +%s%N) - $begun) / 1e9 }")
  if [ "$code" -ne 1 ]; then
    VERDICT=MISSED
    return
  fi
  RULE=$(value rule) PDUS=$(value control-pdus)
  if [ "$(value culprit)" = peripheral ] && [ "${PDUS:-99}" -le "$PDUS_MAX" ]; then
    VERDICT=found
  else
    VERDICT=LARGE
  fi
}

copy_tree "$TREE"
build || { tail -20 "$LOG" >&2; exit 1; }
failures=0
header='bug verdict rule time PDUs'
if [ -n "${REPORT:-}" ]; then
  printf '| %s | %s | %s | %s | %s |\n|---|---|---|---|---|\n' $header >>"$REPORT"
fi
# shellcheck disable=SC2086
printf '| %-32s | %-10s | %-10s | %7s | %4s |\n' $header
if search "$CLEAN"; then
  row none clean - "$CLEAN s" -
else
  row none FOUND "$(value rule)" - "$(value control-pdus)"
  tail -20 "$LOG" >&2
  failures=$((failures + 1))
fi
for patch in scripts/planted/*.patch; do
  name=$(basename "$patch" .patch)
  wanted "$name" "$@" || continue
  hunt "$patch"
  row "$name" "$VERDICT" "$RULE" "$TOOK" "$PDUS"
  if [ "$VERDICT" != found ]; then
    failures=$((failures + 1))
    tail -20 "$LOG" >&2
  fi
  copy_tree "$TREE"
done
if [ "$failures" -ne 0 ]; then
  echo "$failures of the searches went wrong" >&2
  exit 1
fi
