#!/usr/bin/env bash
# Counts the instructions of six hot paths (callgrind), and compares them with docs/lab/guard.md: more
# than 3 % more is an error. Counted is the build that CI tests, which checks its own invariants.
# Counts of another compiler, valgrind or kind of processor say nothing, and are not compared.
#
# scripts/guard.sh            compares
# ACCEPT=1 scripts/guard.sh   takes the new counts; say in the commit why they have grown
set -euo pipefail
cd "$(dirname "$0")/.."

PAGE=docs/lab/guard.md
TARGET=${CARGO_TARGET_DIR:-$PWD/target}
BLETWIN=$TARGET/debug/bletwin
IDLE=$TARGET/debug/examples/idle
MOST=3
command -v valgrind >/dev/null || { echo "valgrind is missing: apt-get install valgrind" >&2 && exit 2; }
# As in CI: the same code is made of it.
export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0
cargo test --quiet --locked --no-run
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

# instructions COMMAND…: of the whole process. That a run fails may be what it shows.
instructions() {
  { valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 >/dev/null || true; } |
    sed -n 's/.*Collected : *//p'
}

# an_event PAIRS [records]: a long run less a short one.
an_event() {
  local short long
  short=$(instructions "$IDLE" "$1" 750 "${@:2}")
  long=$(instructions "$IDLE" "$1" 2250 "${@:2}")
  echo $(((long - short) / (200 * $1)))
}

# What the counts depend on beside the code. Of a processor the libraries ask for these.
machine() {
  local has=() flag
  for flag in avx2 aes sha_ni; do
    grep -qw "$flag" /proc/cpuinfo && has+=("$flag")
  done
  echo "$(rustc --version | cut -d ' ' -f 1-2), $(valgrind --version), a processor with ${has[*]:-none}"
}

"$BLETWIN" run pairing --central windows-intel --pcapng "$WORK/case.pcapng" >/dev/null || true
NEW=$WORK/new
{
  echo "an idle connection event|$(an_event 1)"
  echo "an idle connection event with records|$(an_event 1 records)"
  echo "an idle connection event of 16 devices|$(an_event 8)"
  echo "the founding case|$(instructions "$BLETWIN" run pairing --central windows-intel --seed 1)"
  echo "a part of the search for pairs|$(instructions "$BLETWIN" explore --pairs --shard 50/9000 --jobs 1)"
  echo "the founding case's capture explained|$(instructions "$BLETWIN" explain "$WORK/case.pcapng")"
} >"$NEW"

comparable=0
grep -qF "$(machine)" "$PAGE" 2>/dev/null && comparable=1
failed=0
printf '%-42s %12s %12s %9s\n' 'instructions of' accepted now change
while IFS='|' read -r what count; do
  before=$(sed -n "s/^| $what | \([0-9]*\) |$/\1/p" "$PAGE" 2>/dev/null || true)
  change=$(awk -v now="$count" -v was="${before:-0}" \
    'BEGIN { if (was > 0) printf "%+.2f %%", (now / was - 1) * 100; else print "new" }')
  printf '%-42s %12s %12s %9s\n' "$what" "${before:--}" "$count" "$change"
  if [[ $comparable == 1 && -n $before ]]; then
    awk -v now="$count" -v was="$before" -v most=$MOST \
      'BEGIN { exit now > was * (1 + most / 100) }' || failed=1
  fi
done <"$NEW"

if [[ -n ${ACCEPT:-} ]]; then
  {
    echo "# Instructions of six hot paths"
    echo
    echo "Written by \`ACCEPT=1 scripts/guard.sh\`; \`scripts/guard.sh\` compares with it and fails at 3 % more."
    echo "Counted with $(machine)."
    printf '\n| what | instructions |\n|---|---|\n'
    sed 's/^\(.*\)|\(.*\)$/| \1 | \2 |/' "$NEW"
  } >"$PAGE"
  echo "accepted: $PAGE"
elif [[ $comparable == 0 ]]; then
  echo "not compared: $PAGE was counted with another compiler, valgrind or processor"
elif [[ $failed == 1 ]]; then
  echo "More than $MOST % more. If that is meant: ACCEPT=1 scripts/guard.sh, and say why in the commit." >&2
  exit 1
fi
