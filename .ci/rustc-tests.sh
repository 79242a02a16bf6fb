#!/usr/bin/env bash
# Between cargo and rustc, for crates of the workspace (RUSTC_WORKSPACE_WRAPPER): tests are compiled
# unoptimised, what they test is not. To optimise them takes half of a cold build, and saves seconds; no
# profile tells them apart. The tests that run longest keep their level.
longest='bletwin_explore|bletwin_hostile|power|lockstep'
[[ " $* " == *" --test "* && ! " $* " =~ " --crate-name "($longest)" " ]] && set -- "$@" -Copt-level=0
exec "$@"
