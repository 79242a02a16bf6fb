#!/usr/bin/env bash
# Shows what a link-layer procedure costs: adds a made-up one (a request, an answer, an indication
# with an instant, an HCI event; scripts/procedure/hue.patch) to a copy of the tree, builds the
# workspace, runs the procedure's tests, and counts the files of the product that it touches. More
# than the allowed, a patch that no longer applies, or a test that fails, fails the script.
#
# See "One more procedure" in docs/ARCHITECTURE.md.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib.sh

PATCH=$PWD/scripts/procedure/hue.patch
BUILT=${CARGO_TARGET_DIR:-$PWD/target}
OUT=$BUILT/procedure
TREE=$OUT/tree
export CARGO_TARGET_DIR=$OUT/build
# What is built here is compiled for the sake of compiling; libraries stay as they are. Crates that
# the profile optimises more than others have to be named.
export CARGO_PROFILE_DEV_OPT_LEVEL=0
plain=()
while read -r crate; do
  plain+=(--config "profile.dev.package.$crate.opt-level=0")
done < <(sed -nE 's/^(bletwin-[a-z-]+)\.opt-level = [1-3]$/\1/p' Cargo.toml)

# files FOLDER…: those of the product that the patch touches below a folder. Tests are none.
files() {
  local folder
  for folder in "$@"; do
    sed -nE 's/^\+\+\+ ([^[:space:]]+).*/\1/p' "$PATCH" | grep "^$folder/" | grep -v '/tests' || true
  done
}

# count NAME MOST FOLDER…
failures=0
count() {
  local name=$1 most=$2 touched
  shift 2
  touched=$(files "$@" | wc -l)
  printf '%-28s %d of %d\n' "$name" "$touched" "$most"
  files "$@" | sed 's/^/  /'
  [ "$touched" -le "$most" ] || failures=$((failures + 1))
}

copy_tree "$TREE"
# What an earlier run has added.
(cd "$TREE" && sed -nE 's/^\+\+\+ ([^[:space:]]+).*/\1/p' "$PATCH") | while read -r file; do
  [ -f "$file" ] || rm -f "$TREE/$file"
done
seed_build "$BUILT/debug" "$CARGO_TARGET_DIR/debug"
(cd "$TREE" && patch --quiet -p0 --no-backup-if-mismatch <"$PATCH")
(cd "$TREE" && cargo build --quiet --locked --workspace "${plain[@]}")
(cd "$TREE" && cargo test --quiet --locked "${plain[@]}" -p bletwin-firmware-core -p bletwin-models \
  --lib hue)
count 'vocabulary and firmware' 4 ble firmware-core
count 'model of the central' 3 models
count oracle 2 oracle
count 'what reads PDUs' 1 sim
[ "$failures" -eq 0 ] || { echo "$failures of the counts are too high" >&2; exit 1; }
