#!/usr/bin/env bash
# How much work a commit costs against a baseline, in instructions (callgrind), which do not depend on
# how busy the computer is, and in searches per second of processor time. Builds both, runs both side by
# side, prints a table in Markdown.
#
# scripts/speed.sh [BEFORE] [AFTER]   without AFTER this tree as it stands
set -euo pipefail
cd "$(dirname "$0")/.."

# The commit at which the goals of docs/PERFORMANCE.md were set.
BEFORE=${1:-be7ffd2}
AFTER=${2:-}
OUT=${CARGO_TARGET_DIR:-$PWD/target}/speed
TREE=$OUT/tree
command -v valgrind >/dev/null || { echo "valgrind is missing: apt-get install valgrind" >&2 && exit 2; }
trap 'git worktree remove --force "$TREE" 2>/dev/null || true' EXIT
mkdir -p "$OUT"

# built SIDE FOLDER: `bletwin` and `idle` of the tree in FOLDER, in OUT/SIDE. Each side has a folder of
# its own for what it builds: cargo takes a crate of the one tree for the same crate of the other.
built() {
  mkdir -p "$2/benches/examples" "$OUT/$1"
  cmp -s benches/examples/idle.rs "$2/benches/examples/idle.rs" ||
    cp benches/examples/idle.rs "$2/benches/examples/idle.rs"
  (cd "$2" && cargo build --quiet --release --locked --bin bletwin --example idle \
    --target-dir "$OUT/build-$1")
  cp "$OUT/build-$1/release/bletwin" "$OUT/build-$1/release/examples/idle" "$OUT/$1"
}

# checked_out SIDE COMMIT: the same for a commit.
checked_out() {
  git worktree remove --force "$TREE" 2>/dev/null || true
  git worktree prune
  git worktree add --quiet --detach "$TREE" "$2"
  built "$1" "$TREE"
  git worktree remove --force "$TREE"
}

# instructions COMMAND…: of the whole process. That a run fails may be what it shows.
instructions() {
  { valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 >/dev/null || true; } |
    sed -n 's/.*Collected : *//p'
}

# an_event SIDE PAIRS [records]: instructions of a connection event between idle, encrypted devices at
# 7.5 ms: a long run less a short one.
an_event() {
  local idle=$OUT/$1/idle short long
  short=$(instructions "$idle" "$2" 750 "${@:3}")
  long=$(instructions "$idle" "$2" 8250 "${@:3}")
  echo $(((long - short) / (1000 * $2)))
}

a_run() { instructions "$OUT/$1/bletwin" run "${@:2}" --seed 1; }

# a_search SIDE PART: instructions of a run of the search for pairs, in a part that ends by itself. (A
# search with a budget counts only what it has completed.)
a_search() {
  local all runs
  all=$(instructions "$OUT/$1/bletwin" explore --pairs --shard "$2" --jobs 1)
  runs=$("$OUT/$1/bletwin" explore --pairs --shard "$2" --jobs 1 |
    sed -n 's/^complete:.*; \([0-9,]*\) runs.*/\1/p' | tr -d ,)
  echo $((all / runs))
}

# drawn SIDE: the same of a run that is drawn.
drawn() {
  local all runs
  all=$(instructions "$OUT/$1/bletwin" explore --random --seeds 0..200 --jobs 1)
  runs=$("$OUT/$1/bletwin" explore --random --seeds 0..200 --jobs 1 |
    sed -n 's/^complete:.*; \([0-9,]*\) runs.*/\1/p' | tr -d ,)
  echo $((all / runs))
}

# row WHAT COMMAND…: asks COMMAND of both sides, the side after its name.
row() {
  local before after
  before=$("$2" before "${@:3}")
  after=$("$2" after "${@:3}")
  awk -v what="$1" -v before="$before" -v after="$after" \
    'BEGIN { printf "| %s | %d | %d | %.3f |\n", what, before, after, after / before }'
}

checked_out before "$BEFORE"
if [ -n "$AFTER" ]; then checked_out after "$AFTER"; else built after .; fi
printf '| what | %s | %s | ratio |\n|---|---|---|---|\n' "$(git rev-parse --short "$BEFORE")" \
  "$(git rev-parse --short "${AFTER:-HEAD}")"
row 'instructions of an idle connection event, 2 devices' an_event 1
row 'the same, with records' an_event 1 records
row 'the same, 16 devices, without' an_event 8
row 'instructions of the founding case' a_run pairing --central windows-intel
row 'instructions of a pairing by passkey' a_run pairing --central honest
row 'instructions of an idle minute with all that the command does' a_run stay --central honest
row 'instructions of a run, pairs (part 100 of 900)' a_search 100/900
row 'instructions of a run, drawn' drawn
