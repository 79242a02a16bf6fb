#!/usr/bin/env bash
# Stands for rustc in the builds of fuzz.sh: only bletwin's own crates are instrumented, and not the
# simulated world, through which the octets merely pass. What the libraries below can reach has its
# own fuzzers; here it would only make inputs slower and keep a search from coming to rest. Compares
# are not traced: what libFuzzer would learn from them the changes of crate `hostile` know already,
# and telling takes a third of the time.
set -euo pipefail

compiler=$1
shift
case " $* " in
  *" --crate-name bletwin_sim "*) ;;
  *" --crate-name bletwin_"* | *" --crate-name ble "* | *" --crate-name firmware_core "*)
    set -- "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
      -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
      -Cllvm-args=-sanitizer-coverage-pc-table
    ;;
esac
exec "$compiler" "$@"
