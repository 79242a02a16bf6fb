#!/usr/bin/env bash
# Firmware that nobody here wrote, built for the nRF52840 by cargo alone, in pinned versions, and run
# unchanged on the emulated chip against a phone; whether the examples do what they are for is checked
# by emulator/tests/foreign.rs. docs/lab/foreign.md has what came of it.
#
# scripts/foreign.sh [BLETWIN]   which command to run (default: target/debug/bletwin)
#   RUBBLE=GIT EMBASSY=GIT       where their repositories are, if not on GitHub
#
# It builds as .ci/cross.sh does, which has to have run: with rustup's target, or with Debian's
# compiler and the sysroot of that script. Sources and what is built go to target/foreign.
set -euo pipefail
cd "$(dirname "$0")/.."

BLETWIN=${1:-$PWD/target/debug/bletwin}
RUBBLE=${RUBBLE:-https://github.com/jonas-schievink/rubble}
RUBBLE_COMMIT=ac2f813865b3bdcb76d626d2b97c17e25733fa1c # v0.0.4
EMBASSY=${EMBASSY:-https://github.com/embassy-rs/embassy}
EMBASSY_COMMIT=66f5f6e8f737ad577076ae6779209edafbdeee9f
EXAMPLES=(timer gpiote_channel gpiote_port ppi rtc rng temp nvmc egu wdt uart multiprio)

TRIPLE=thumbv7em-none-eabihf
CROSS=${CARGO_TARGET_DIR:-$PWD/target}/cross
OUT=${CARGO_TARGET_DIR:-$PWD/target}/foreign

# Asked here: in the sources a file of theirs would choose another toolchain.
ROOT=$(rustc --print sysroot)
LLD=$(find "$ROOT/lib/rustlib" -name rust-lld -type f -print -quit)

# foreign_cargo FLAGS ARGUMENTS…: cargo for the chip, with flags of rustc.
foreign_cargo() {
  local flags=$1
  shift
  if [ -d "$ROOT/lib/rustlib/$TRIPLE/lib" ]; then
    RUSTUP_TOOLCHAIN=$(basename "$ROOT") CARGO_TARGET_THUMBV7EM_NONE_EABIHF_RUSTFLAGS="$flags" \
      cargo build --release --target "$TRIPLE" "$@"
  else
    env -u RUSTUP_TOOLCHAIN RUSTC=/usr/bin/rustc CARGO_TARGET_THUMBV7EM_NONE_EABIHF_LINKER="$LLD" \
      CARGO_TARGET_THUMBV7EM_NONE_EABIHF_RUSTFLAGS="--sysroot=$CROSS/sysroot $flags" \
      /usr/bin/cargo build --release --target "$TRIPLE" "$@"
  fi
}

# checked_out NAME FROM COMMIT: the sources, unchanged.
checked_out() {
  [ -d "$OUT/$1" ] || git clone --quiet --no-checkout "$2" "$OUT/$1"
  git -C "$OUT/$1" checkout --quiet "$3"
}

# A demo of the whole stack. Its macro that parses UUIDs at compile time has an index out of bounds on
# purpose, which compilers have refused since.
rubble() {
  checked_out rubble "$RUBBLE" "$RUBBLE_COMMIT"
  (cd "$OUT/rubble/demos/nrf52-demo" &&
    foreign_cargo "-A unconditional_panic" --target-dir "$OUT/rubble-built" --features 52840)
  cp "$OUT/rubble-built/$TRIPLE/release/nrf52-demo" "$OUT/rubble.elf"
}

# Their repository as a whole wants a nightly compiler and other repositories: the examples are built
# with the published crates of the versions that they name.
embassy() {
  local example
  checked_out embassy "$EMBASSY" "$EMBASSY_COMMIT"
  mkdir -p "$OUT/examples/src/bin"
  cp "$OUT/embassy/examples/nrf52840/"{build.rs,memory.x} "$OUT/examples/"
  for example in "${EXAMPLES[@]}"; do
    cp "$OUT/embassy/examples/nrf52840/src/bin/$example.rs" "$OUT/examples/src/bin/"
  done
  cat >"$OUT/examples/Cargo.toml" <<'MANIFEST'
[package]
name = "embassy-nrf52840-examples"
version = "0.1.0"
edition = "2024"

[dependencies]
embassy-executor = { version = "=0.10.0", features = ["platform-cortex-m", "executor-thread", "executor-interrupt", "defmt"] }
embassy-futures = "0.1.2"
embassy-nrf = { version = "=0.11.0", features = ["defmt", "nrf52840", "time-driver-rtc1", "gpiote", "unstable-pac", "time"] }
embassy-sync = { version = "=0.8.0", features = ["defmt"] }
embassy-time = { version = "=0.5.1", features = ["defmt", "defmt-timestamp-uptime"] }
defmt = "=1.0.1"
defmt-rtt = "=1.0.0"
cortex-m = { version = "0.7.6", features = ["inline-asm", "critical-section-single-core"] }
cortex-m-rt = "0.7.0"
panic-probe = { version = "1.0.0", features = ["print-defmt"] }
rand = { version = "0.9.0", default-features = false }
embedded-storage = "0.3.1"
portable-atomic = "1"
static_cell = "2"

[profile.release]
debug = 2

[workspace]
MANIFEST
  (cd "$OUT/examples" && DEFMT_LOG=trace foreign_cargo "" --target-dir "$OUT/embassy-built")
}

# told ARGUMENTS…: a run in the phone's presence, however it ends.
told() {
  printf '$ bletwin run %s\n' "${*//$OUT\//}"
  timeout 300 "$BLETWIN" run "$@" || true
  echo
}

mkdir -p "$OUT"
rubble >&2
embassy >&2
# No more than it can answer: see the report.
told unpaired --central phone --peripheral "elf=$OUT/rubble.elf" --cpu \
  --set 'central.target=CONCVRRENS CERTA CELERIS' --set central.steps=mtu,disconnect
# None of them advertises: one is enough to see that a phone finds nobody.
told unpaired --central phone --peripheral "elf=$OUT/embassy-built/$TRIPLE/release/timer" --cpu
BLETWIN_FOREIGN=$OUT/embassy-built/$TRIPLE/release cargo test -q -p bletwin-emulator --test foreign
