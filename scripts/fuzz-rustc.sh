#!/usr/bin/env bash
# Stands for rustc in the builds of fuzz.sh: only bletwin's own crates are instrumented, and not the
# simulated world, through which the octets merely pass. What the libraries below can reach has its
# own fuzzers; here it would only make inputs slower and keep a search from coming to rest. Crate
# `hostile` holds copies of what is generic in others; `fuzz` only has the targets, and names the
# sections itself that the pass would name. Compares are not traced: what libFuzzer would learn from
# them the changes of `hostile` know already, and telling takes a third of the time.
#
# What is counted are edges of the source, as far as possible: a loop is not unrolled (one over the
# 37 channels would have 37 edges for one question), nothing is done in vectors, and only small
# functions are copied into those that call them.
set -euo pipefail

compiler=$1
shift
case " $* " in
  *" --crate-name bletwin_sim "* | *" --crate-name bletwin_fuzz "*) ;;
  *" --crate-name bletwin_"* | *" --crate-name ble "* | *" --crate-name firmware_core "*)
    set -- "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
      -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
      -Cllvm-args=-sanitizer-coverage-pc-table \
      -Cllvm-args=-unroll-full-max-count=1 -Cllvm-args=-unroll-runtime=false \
      -Cllvm-args=-unroll-allow-partial=false -Cno-vectorize-loops -Cno-vectorize-slp \
      -Cllvm-args=-inline-threshold=25
    ;;
esac
exec "$compiler" "$@"
