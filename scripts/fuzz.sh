#!/usr/bin/env bash
# Fuzzes every entrance of crate `hostile` with libFuzzer until it has gained no coverage for a
# while. Needs a C++ compiler and nothing but a stable Rust: the instrumentation that
# `cargo fuzz` asks a nightly for is a pass of LLVM that stable can be told to run, too.
#
# scripts/fuzz.sh [TARGET…] fuzzes these alone. QUIET: seconds without coverage after which a target
# is done (default 600), of the processor's time: a busy machine takes longer, but looks as hard.
# REPORT=FILE writes the table there, too. A search begins with what former ones have reached
# (fuzz/reached) and keeps its inputs in target/fuzz/corpus; KEEP=1 writes those few that reach what
# seeds and tables do not to fuzz/reached. One that fails is left in target/fuzz/found, and fails
# the script. MISSED=FILE has a target write there which of bletwin's edges no input has reached.
set -euo pipefail
cd "$(dirname "$0")/.."

QUIET=${QUIET:-600}
OUT=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
HOST=$(rustc -vV | sed -n 's/^host: //p')
# Seconds between two looks at the coverage.
LOOK=$((QUIET < 5 ? QUIET : 5))
# What libFuzzer exits with when it is told to stop.
INTERRUPTED=72
build() {
  RUSTC_WRAPPER=$PWD/scripts/fuzz-rustc.sh RUSTFLAGS="--cfg fuzzing" cargo build --release \
    --manifest-path fuzz/Cargo.toml --target "$HOST" --target-dir "$OUT/build"
}

# words: what a profile, a firmware or a finding can say, as a dictionary. An input that is not text
# gets nothing from it.
words() {
  grep -ohE '[a-z][a-z0-9]*([-=:][a-z0-9]+)*' docs/CENTRALS.md docs/FIRMWARE.md models/centrals/*.toml |
    awk 'length($0) > 1 && length($0) < 40 && !seen[$0]++ { printf "\"%s\"\n", $0 }'
}

row() {
  printf '| %-10s | %12s | %9s | %8s | %s |\n' "$@"
  [ -z "${REPORT:-}" ] || printf '| %s | %s | %s | %s | %s |\n' "$@" >>"$REPORT"
}

# value TEXT: the last number behind it in the log of the target.
value() {
  grep -oE "$1 *[0-9]+" "$log" | tail -1 | grep -oE '[0-9]+' || echo 0
}

# begin TARGET: its corpus is what former searches have reached. What hosts say to `hci` they say to
# `h4` in frames, too, and what is said to `l2cap` is on air what `air` may hear.
begin() {
  local corpus=$OUT/corpus/$1
  mkdir -p "$corpus"
  [ ! -e "fuzz/reached/$1.tgz" ] || tar -xzf "fuzz/reached/$1.tgz" -C "$corpus"
  case $1 in
  h4) translate hci "$1" ;;
  air) translate l2cap "$1" ;;
  esac
}

# translate FROM TO: inputs of one target become inputs of another.
translate() {
  local reached=$OUT/reached/$1
  rm -rf "$reached" && mkdir -p "$reached"
  cp "$OUT/inputs/$1/"* "fuzz/seeds/$1/"* "$reached"
  tar -xzf "fuzz/reached/$1.tgz" -C "$reached"
  cargo run --quiet -p bletwin-hostile --example translate -- "$1-to-$2" "$reached" "$OUT/inputs/$2"
}

# keep TARGET: the smallest inputs that reach what seeds and tables do not, in one file. They have
# a digest for a name.
keep() {
  local few=$OUT/few/$1
  rm -rf "$few" && mkdir -p "$few" fuzz/reached
  cp -r "$OUT/inputs/$1/." "fuzz/seeds/$1/." "$few"
  "$OUT/build/$HOST/release/$1" -merge=1 -use_counters=0 "$few" "$OUT/corpus/$1" 2>/dev/null
  find "$few" -regextype egrep -regex '.*/[0-9a-f]{40}' -printf '%f\n' |
    LC_ALL=C sort |
    tar --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=644 -C "$few" -c -T - |
    gzip -9n >"fuzz/reached/$1.tgz"
}

# fuzz TARGET: sets VERDICT. One process from beginning to end: each start reads the whole corpus.
fuzz() {
  local target=$1 log=$OUT/$1.log best=0 since=0 spent=0 code=0 now pid
  local dictionary=() most=4096
  case $target in central | firmware | finding) dictionary=("-dict=$OUT/words.dict") ;; esac
  # Frames make what `hci` has reached longer: two octets a piece.
  [ "$target" != h4 ] || most=4608
  # A firmware with a whole page.
  [ "$target" != configure ] || most=8704
  begin "$target"
  mkdir -p "$OUT/found"
  "$OUT/build/$HOST/release/$target" -max_len="$most" -len_control=0 -timeout=60 -reload=0 \
    -print_final_stats=1 -print_pcs=1 \
    "${dictionary[@]}" \
    -artifact_prefix="$OUT/found/$target-" "$OUT/corpus/$target" "fuzz/seeds/$target" \
    "$OUT/inputs/$target" \
    >"$log" 2>&1 &
  pid=$!
  while now=$(ps -o cputimes= -p "$pid"); do
    spent=$now
    now=$(value 'cov:')
    if [ "$now" -gt "$best" ]; then
      best=$now since=$spent
    elif [ "$((spent - since))" -ge "$QUIET" ]; then
      kill -INT "$pid"
      break
    fi
    sleep "$LOOK"
  done
  wait "$pid" || code=$?
  VERDICT=clean
  if [ "$code" -ne "$INTERRUPTED" ]; then
    VERDICT=FAILED
    tail -20 "$log" >&2
  fi
  row "$target" "$(value 'stat::number_of_executed_units:')" "$best" "$spent s" "$VERDICT"
}

build
words >"$OUT/words.$$" && mv "$OUT/words.$$" "$OUT/words.dict"
# What the tables give, beside the seeds that somebody wrote.
cargo run --quiet -p bletwin-hostile --example inputs -- "$OUT/inputs"
header='target inputs edges time verdict'
[ -z "${REPORT:-}" ] || printf '| %s | %s | %s | %s | %s |\n|---|---|---|---|---|\n' $header >>"$REPORT"
# shellcheck disable=SC2086
printf '| %-10s | %12s | %9s | %8s | %s |\n' $header
failed=0
# In this order, for `h4` begins with what `hci` has reached, and `air` with what `l2cap` has.
for target in l2cap air hci h4 central firmware finding evidence debugger configure; do
  [ $# -eq 0 ] || [[ " $* " == *" $target "* ]] || continue
  fuzz "$target"
  [ -z "${KEEP:-}" ] || keep "$target"
  [ "$VERDICT" = clean ] || failed=1
done
exit "$failed"
