#!/usr/bin/env bash
# Fuzzes every entrance of crate `hostile` with libFuzzer until it has gained no coverage for a
# while. Needs a C++ compiler and nothing but a stable Rust: the instrumentation that
# `cargo fuzz` asks a nightly for is a pass of LLVM that stable can be told to run, too.
#
# scripts/fuzz.sh [TARGET…] fuzzes these alone. QUIET: seconds without coverage after which a target
# is done (default 600), of the processor's time: a busy machine takes longer, but looks as hard. REPORT=FILE writes the table there, too. Inputs are kept in
# target/fuzz/corpus; one that fails is left in target/fuzz/found, and fails the script.
set -euo pipefail
cd "$(dirname "$0")/.."

QUIET=${QUIET:-600}
OUT=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
HOST=$(rustc -vV | sed -n 's/^host: //p')
# A slice of time after which coverage is looked at.
SLICE=$((QUIET < 60 ? QUIET : 60))
TIMEFORMAT=%U
FLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
FLAGS+=" -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
FLAGS+=" -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"

build() {
  RUSTFLAGS=$FLAGS cargo build --release --manifest-path fuzz/Cargo.toml \
    --target "$HOST" --target-dir "$OUT/build"
}

row() {
  printf '| %-10s | %12s | %9s | %8s | %s |\n' "$@"
  [ -z "${REPORT:-}" ] || printf '| %s | %s | %s | %s | %s |\n' "$@" >>"$REPORT"
}

# fuzz TARGET: sets VERDICT.
fuzz() {
  local target=$1 quiet=0 runs=0 best=0 spent=0 log=$OUT/$1.log now code used
  mkdir -p "$OUT/corpus/$target" "$OUT/found"
  VERDICT=clean
  while [ "$quiet" -lt "$QUIET" ]; do
    code=0
    { time "$OUT/build/$HOST/release/$target" -max_total_time="$SLICE" -max_len=2048 -timeout=20 \
      -print_final_stats=1 -artifact_prefix="$OUT/found/$target-" \
      "$OUT/corpus/$target" "fuzz/seeds/$target" >"$log" 2>&1; } 2>"$log.time" || code=$?
    used=$(cut -d. -f1 "$log.time")
    spent=$((spent + used))
    runs=$((runs + $(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)))
    now=$(grep -oE 'cov: [0-9]+' "$log" | tail -1 | grep -oE '[0-9]+' || echo 0)
    if [ "$code" -ne 0 ]; then
      VERDICT=FAILED
      tail -20 "$log" >&2
      break
    fi
    quiet=$((now > best ? 0 : quiet + used))
    best=$((now > best ? now : best))
  done
  row "$target" "$runs" "$best" "$spent s" "$VERDICT"
}

build
header='target inputs edges time verdict'
[ -z "${REPORT:-}" ] || printf '| %s | %s | %s | %s | %s |\n|---|---|---|---|---|\n' $header >>"$REPORT"
# shellcheck disable=SC2086
printf '| %-10s | %12s | %9s | %8s | %s |\n' $header
failed=0
for file in fuzz/fuzz_targets/*.rs; do
  target=$(basename "$file" .rs)
  [ $# -eq 0 ] || [[ " $* " == *" $target "* ]] || continue
  fuzz "$target"
  [ "$VERDICT" = clean ] || failed=1
done
exit "$failed"
