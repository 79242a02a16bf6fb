#!/usr/bin/env bash
# A user's own peripheral, outside the workspace. Among its tests is what `bletwin reproduce --test` writes
# of a capture, as it is and with the cure that it names: the one fails as the capture did, and is the
# only one that does.
#
# scripts/own-peripheral.sh         builds it as a user does, and runs it and its tests
# scripts/own-peripheral.sh check   whether all of it compiles
set -euo pipefail
cd "$(dirname "$0")/.."

EXAMPLE=examples/my-peripheral
TESTS=$EXAMPLE/tests
BUILT=${CARGO_TARGET_DIR:-$PWD/target}
BLETWIN=${BLETWIN:-$BUILT/debug/bletwin}
# What the workspace has built already is not built again, where its features are the same.
export CARGO_TARGET_DIR=$BUILT

trap 'rm -f "$TESTS"/captured?central* "$TESTS/cured.rs"' EXIT
"$BLETWIN" run pairing --central windows-intel --pcapng "$BUILT/case.pcapng" || true
"$BLETWIN" reproduce "$BUILT/case.pcapng" --test "$TESTS"
cure=$(sed -n 's/.*found a cure: \(\[.*\]\)\.$/\1/p' "$TESTS/captured_central.rs")
sed "s/= &\[\];/= \&$cure;/; s/fn captured_central/fn cured/" "$TESTS/captured_central.rs" \
  >"$TESTS/cured.rs"

if [[ ${1:-} == check ]]; then
  # With the workspace's levels what runs in the compiler is there already.
  sed -n '/^\[profile\.dev/,/^\[profile\.release/p' Cargo.toml | sed '$d; /^debug = "/d' \
    >"$BUILT/profile.toml"
  cargo check --manifest-path $EXAMPLE/Cargo.toml --all-targets --config "$BUILT/profile.toml"
  exit
fi
told=$(cargo test --manifest-path $EXAMPLE/Cargo.toml --no-fail-fast 2>&1) || true
printf '%s\n' "$told"
grep -q '^test captured_central \.\.\. FAILED$' <<<"$told"
grep -q '^test cured \.\.\. ok$' <<<"$told"
[[ $(grep -c '^test .*FAILED$' <<<"$told") == 1 ]]
cargo run --quiet --manifest-path $EXAMPLE/Cargo.toml -- run unpaired \
  --central $EXAMPLE/visitor.toml
