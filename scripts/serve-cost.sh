#!/usr/bin/env bash
# What serving hosts costs, in CPU time and system calls, before and after a change: builds
# `bletwin` of two commits and has both serve the same, in one run. Prints a table in Markdown.
#
# scripts/serve-cost.sh BEFORE [AFTER]   without AFTER this tree as it stands
#   WINDOW=10   seconds of each measurement
set -euo pipefail
cd "$(dirname "$0")/.."

BEFORE=${1:?which commit is to be compared with?}
AFTER=${2:-}
OUT=${CARGO_TARGET_DIR:-$PWD/target}/serve-cost
TREE=$OUT/tree
command -v strace >/dev/null || { echo "strace is missing: apt-get install strace" >&2 && exit 2; }
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
if [ -n "$AFTER" ]; then checked_out after "$AFTER"; else built after .; fi
python3 scripts/serve-cost.py \
  "$(git rev-parse --short "$BEFORE")=$OUT/bletwin-before" \
  "$(git rev-parse --short "${AFTER:-HEAD}")=$OUT/bletwin-after"
