#!/usr/bin/env bash
# Shows that a change of structure changes nothing that can be seen: builds `bletwin` of two
# commits, runs every scenario of both with every central, every preset and several seeds, and
# compares what `run` says, field by field: air, HCI, exit status, outcome, findings, observations,
# the peripheral's log, the PDU that Why names first, and the words.
#
# scripts/equal.sh BEFORE [SEEDS] [AFTER]   20 seeds unless said otherwise, some 20 ms a run; without
#                                           AFTER this tree as it stands
#   EXCEPTIONS=FILE   TOML: what may differ, and why (see equal.py)
#   PAIRS=K/N         this part of all pairs of procedures as well: runs, distinct traces on air and
#                     violations of each pair
#
# Whether all that differs follows from one change is seen by giving as AFTER a commit that takes it
# back. What was found stands in docs/lab/equal.md.
set -euo pipefail
cd "$(dirname "$0")/.."

BEFORE=${1:?which commit is to be compared with?}
SEEDS=${2:-20}
AFTER=${3:-}
OUT=${CARGO_TARGET_DIR:-$PWD/target}/equal
TREE=$OUT/tree
trap 'git worktree remove --force "$TREE" 2>/dev/null || true' EXIT
mkdir -p "$OUT"

# built SIDE FOLDER: bletwin of the tree in FOLDER, as OUT/bletwin-SIDE. Each side has a folder of
# its own for what it builds: cargo takes a crate of the one tree for the same crate of the other.
built() {
  (cd "$2" && cargo build --quiet --release --locked --bin bletwin --target-dir "$OUT/build-$1")
  cp "$OUT/build-$1/release/bletwin" "$OUT/bletwin-$1"
}

# checked_out SIDE COMMIT: the same for a commit.
checked_out() {
  git worktree remove --force "$TREE" 2>/dev/null || true
  git worktree prune
  git worktree add --quiet --detach "$TREE" "$2"
  built "$1" "$TREE"
  git worktree remove --force "$TREE"
}

checked_out before "$BEFORE"
if [ -n "$AFTER" ]; then checked_out after "$AFTER"; else built after "$PWD"; fi
for side in before after; do
  python3 scripts/equal.py run "$OUT/bletwin-$side" "$SEEDS" "$OUT/$side.jsonl"
  if [ -n "${PAIRS:-}" ]; then
    python3 scripts/equal.py pairs "$OUT/bletwin-$side" "$PAIRS" "$OUT/$side.jsonl"
  fi
done
python3 scripts/equal.py compare "$OUT/before.jsonl" "$OUT/after.jsonl" ${EXCEPTIONS:+"$EXCEPTIONS"}
