#!/usr/bin/env bash
# Says which planted bug, sabotage or patch no longer applies to this tree: seconds, nothing is
# built. Whether they are noticed is what sabotage.sh and planted.sh show.
set -euo pipefail
cd "$(dirname "$0")/.."

failures=0
stale() {
  echo "no longer applies: $*" >&2
  failures=$((failures + 1))
}

for patch in scripts/*/*.patch; do
  patch --dry-run --quiet --force -p0 <"$patch" >/dev/null || stale "$patch"
done
for list in scripts/*.list; do
  while IFS='|' read -r name _ file edit; do
    [[ -z $name || $name == \#* ]] && continue
    sed -E "$edit" "$file" | cmp -s "$file" - && stale "$list: $name"
  done <"$list"
done
[ "$failures" -eq 0 ]
