# What scripts/planted.sh and scripts/sabotage.sh share: a copy of the tree that may be changed.
# Sourced from the root of the tree.

# shellcheck shell=bash

# copy_tree INTO: a fresh copy at a stable path, so that builds are reused from run to run. Files
# that did not change keep their time stamps.
copy_tree() {
  local into=$1 file
  mkdir -p "$into"
  git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
    [ -f "$file" ] || continue
    cmp -s "$file" "$into/$file" && continue
    mkdir -p "$into/$(dirname "$file")"
    cp "$file" "$into/$file"
  done
}

# wanted NAME [WORD…]: whether the name contains one of the words, or there are none.
wanted() {
  local name=$1 word
  shift
  [ $# -eq 0 ] && return
  for word in "$@"; do
    [[ $name == *"$word"* ]] && return
  done
  return 1
}

# seed_build FROM INTO: gives a build folder that does not exist yet what the tree's own build has
# of foreign crates. The crates of this project are left out: they are built from the copy.
seed_build() {
  local from=$1 into=$2
  [ -d "$into" ] || [ ! -d "$from/.fingerprint" ] && return
  mkdir -p "$into"
  tar -C "$from" --exclude='*bletwin*' --exclude='*firmware[-_]core*' -cf - \
    .fingerprint build deps | tar -C "$into" -xf -
}
