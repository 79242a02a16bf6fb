#!/usr/bin/env bash
# scripts/mutants.sh FOLDER: what cargo-mutants left in FOLDER (mutants.out), as a table by file,
# and each mutant that the tests did not notice.
set -euo pipefail
folder=${1:?which folder? (target/mutants.out)}
kinds=(caught missed timeout unviable)
cd "$folder"

# The lines begin with path:line:column.
for kind in "${kinds[@]}"; do
  sed -E "s#^(.*/src/)?([^:]+)\.rs:.*#\2 $kind#" "$kind.txt"
done | awk '
  { count[$1, $2]++; count["all", $2]++; files[$1] }
  function row(file) {
    printf "| `%s` | %d | %d | %d | %d |\n", file, count[file, "caught"], count[file, "missed"],
      count[file, "timeout"], count[file, "unviable"] | "sort"
  }
  END {
    print "| file | caught | missed | timeout | unviable |"
    print "|---|---|---|---|---|"
    fflush()
    for (file in files) row(file)
    close("sort")
    printf "| all | %d | %d | %d | %d |\n", count["all", "caught"], count["all", "missed"],
      count["all", "timeout"], count["all", "unviable"]
  }'
echo
if [ -s missed.txt ] || [ -s timeout.txt ]; then
  printf 'Not noticed, or not in time:\n\n'
  sed 's/^/* `/; s/$/`/' missed.txt timeout.txt
else
  echo "None survives."
fi
