#!/usr/bin/env bash
# Proves that the random search can find: plants the bugs of scripts/planted/ one at a time in a
# copy of the tree and lets `bletwin explore --random` look for 60 s on one core. Each must be
# found and shrunk to at most six control PDUs, and without a bug the same search must find
# nothing. A patch that no longer applies, or does not compile, fails the script.
#
# scripts/planted.sh [NAME…] plants only those whose name contains one of the words.
# REPORT=FILE writes the table there, too.
set -euo pipefail
cd "$(dirname "$0")/.."

OUT=${CARGO_TARGET_DIR:-$PWD/target}/planted-bugs
TREE=$OUT/tree
LOG=$OUT/log
BUDGET=${BUDGET:-60}
PDUS_MAX=6
export CARGO_TARGET_DIR=$OUT/build

# A fresh copy at a stable path, so that builds are reused from run to run. Files that did not
# change keep their time stamps.
copy_tree() {
  mkdir -p "$TREE"
  git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
    [ -f "$file" ] || continue
    cmp -s "$file" "$TREE/$file" && continue
    mkdir -p "$TREE/$(dirname "$file")"
    cp "$file" "$TREE/$file"
  done
}

build() {
  (cd "$TREE" && cargo build --quiet --locked --profile planted -p bletwin-scenarios --bin bletwin) \
    >"$LOG" 2>&1
}

# The search, the same for all; its findings are files in $OUT/found.
search() {
  rm -rf "$OUT/found"
  timeout "$((BUDGET + 30))" "$CARGO_TARGET_DIR/planted/bletwin" explore --random --jobs 1 \
    --budget "${BUDGET}s" --out "$OUT/found" "$@" >"$LOG" 2>&1
}

# value KEY: of the finding's file.
value() {
  sed -nE "s/^$1 = \"?([^\"]*)\"?\$/\1/p" "$OUT"/found/*.toml | head -1
}

wanted() {
  local name=$1 word
  shift
  [ $# -eq 0 ] && return
  for word in "$@"; do
    [[ $name == *"$word"* ]] && return
  done
  return 1
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
  search --first || code=$?
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

copy_tree
build || { tail -20 "$LOG" >&2; exit 1; }
failures=0
header='bug verdict rule time PDUs'
if [ -n "${REPORT:-}" ]; then
  printf '| %s | %s | %s | %s | %s |\n|---|---|---|---|---|\n' $header >>"$REPORT"
fi
# shellcheck disable=SC2086
printf '| %-32s | %-10s | %-10s | %7s | %4s |\n' $header
for patch in scripts/planted/*.patch; do
  name=$(basename "$patch" .patch)
  wanted "$name" "$@" || continue
  hunt "$patch"
  row "$name" "$VERDICT" "$RULE" "$TOOK" "$PDUS"
  if [ "$VERDICT" != found ]; then
    failures=$((failures + 1))
    tail -20 "$LOG" >&2
  fi
  copy_tree
done
# Without a bug, if all were asked for: the same search to its end.
if [ $# -eq 0 ]; then
  build
  if search; then
    row none clean - "$BUDGET s" -
  else
    row none FOUND "$(value rule)" - "$(value control-pdus)"
    failures=$((failures + 1))
  fi
fi
if [ "$failures" -ne 0 ]; then
  echo "$failures of the searches went wrong" >&2
  exit 1
fi
