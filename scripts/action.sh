#!/usr/bin/env bash
# What the GitHub action of this repository runs (action.yml), and what can be run without it:
# every scenario with every central and some seeds. Of a run that fails, its page and its JUnit
# file are left in PAGES; the others are deleted. Needs `bletwin` on the PATH, or another COMMAND.
#
# COMMAND, PERIPHERAL, SCENARIOS, CENTRALS, SEEDS and PAGES are the inputs of action.yml.
set -euo pipefail

PAGES=${PAGES:-bletwin-failed}
read -ra command <<<"${COMMAND:-bletwin}"
mkdir -p "$PAGES"
failed=0
for scenario in ${SCENARIOS:-pairing}; do
  for central in ${CENTRALS:-phone windows-intel}; do
    for seed in $(seq 1 "${SEEDS:-3}"); do
      name="$scenario-$(basename "$central" .toml)-$seed"
      code=0
      "${command[@]}" run "$scenario" --peripheral "${PERIPHERAL:-recommended}" --central "$central" \
        --seed "$seed" --html "$PAGES/$name.html" --junit "$PAGES/$name.xml" >"$PAGES/$name.log" ||
        code=$?
      if [ "$code" -eq 0 ]; then
        rm -f "$PAGES/$name".{html,xml,log}
        echo "passed  $name"
        continue
      fi
      # Bad input, or a program that is not there: no other run would do better.
      [ "$code" -eq 1 ] || exit "$code"
      echo "FAILED  $name: $PAGES/$name.html"
      tail -3 "$PAGES/$name.log"
      failed=$((failed + 1))
    done
  done
done
if [ "$failed" -gt 0 ]; then
  echo "$failed runs failed" >&2
  exit 1
fi
