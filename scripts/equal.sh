#!/usr/bin/env bash
# Shows that a change of structure changes nothing that can be seen: builds `bletwin` of another
# commit and of this tree, runs every scenario with every central, both presets and several seeds,
# and compares what `run --json --log` says: digests of the air and of HCI, outcome, findings,
# observations, texts, the peripheral's log, and the exit status.
#
# scripts/equal.sh COMMIT [SEEDS]   (20 seeds unless said otherwise; a few minutes on two cores)
set -euo pipefail
cd "$(dirname "$0")/.."

COMMIT=${1:?which commit is this tree to be compared with?}
SEEDS=${2:-20}
OUT=${CARGO_TARGET_DIR:-$PWD/target}/equal
BEFORE=$OUT/before

mkdir -p "$OUT"
git worktree remove --force "$BEFORE" 2>/dev/null || true
git worktree prune
git worktree add --quiet --detach "$BEFORE" "$COMMIT"
trap 'git worktree remove --force "$BEFORE"' EXIT
(cd "$BEFORE" && cargo build --quiet --release --locked --bin bletwin --target-dir "$OUT/build-before")
# Folders of their own: cargo takes a crate of the one tree for the same crate of the other.
cp "$OUT/build-before/release/bletwin" "$OUT/bletwin-before"
cargo build --quiet --release --locked --bin bletwin --target-dir "$OUT/build"
cp "$OUT/build/release/bletwin" "$OUT/bletwin-after"

# names KIND: of `bletwin list --json`.
names() {
  "$OUT/bletwin-before" list --json | python3 -c '
import json, sys
print(*[entry["name"] for entry in json.load(sys.stdin) if entry["kind"] == sys.argv[1]])' "$1"
}

# run BINARY SCENARIO PRESET CENTRAL SEED: all that it says, in one line.
run() {
  local code=0 said
  said=$({ "$1" run "$2" --peripheral "$3" --central "$4" --seed "$5" --json ||
    echo "exit $?"; } 2>&1 | tr '\n' ' ')
  said+=$({ "$1" run "$2" --peripheral "$3" --central "$4" --seed "$5" --log || true; } 2>&1 |
    sha256sum | cut -c 1-16)
  echo "$2 $3 $4 $5 $said"
}
export -f run

jobs=$OUT/jobs
for scenario in $(names scenario); do
  for preset in recommended zephyr-2024; do
    for central in $(names central); do
      for seed in $(seq 1 "$SEEDS"); do echo "$scenario $preset $central $seed"; done
    done
  done
done >"$jobs"
for side in before after; do
  xargs -P "$(nproc)" -L 1 bash -c 'run "$0" "$@"' "$OUT/bletwin-$side" <"$jobs" |
    sort >"$OUT/$side.txt"
done
echo "$(wc -l <"$OUT/before.txt") runs, $(cut -d ' ' -f 5- "$OUT/before.txt" | sort -u | wc -l) different"
if ! diff "$OUT/before.txt" "$OUT/after.txt" >"$OUT/differences.txt"; then
  echo "$(grep -c '^<' "$OUT/differences.txt") runs differ: $OUT/differences.txt" >&2
  head -c 2000 "$OUT/differences.txt" >&2
  exit 1
fi
echo "all equal"
