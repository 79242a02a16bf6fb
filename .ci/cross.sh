#!/usr/bin/env bash
# Cross-builds firmware-core and the thin firmware for the nRF52840, prints sizes, and fails when
# the firmware does not fit its budget.
#
# With rustup's target (`rustup target add thumbv7em-none-eabihf`) it just builds. Without it, on
# Debian: Debian's own compiler and its library source (rustc-web, cargo-web, rust-web-src) give
# core and alloc for the target, built once into a sysroot of this project's own; rustup's
# rust-lld links. Nothing outside target/ is written, apart from the packages.
#
# .ci/cross.sh trial builds the firmware with the feature `trial` and nothing else.
source "$(dirname "$0")/lib.sh"

TRIPLE=thumbv7em-none-eabihf
FLASH_MAX=$((180 * 1024))
RAM_MAX=$((64 * 1024))
# Kept free for the three levels' stacks.
STACK_MIN=$((24 * 1024))
# No function may have a larger stack frame: the core, built on the stack and then moved, would.
FRAME_MAX=$((8 * 1024))
OUT=${CARGO_TARGET_DIR:-$PWD/target}/cross

has_rustup_target() {
  [ -d "$(rustc --print sysroot)/lib/rustlib/$TRIPLE/lib" ]
}

debian_packages() {
  local package missing=()
  for package in rustc-web cargo-web rust-web-src; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
      missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" >/dev/null
}

# The linker that these targets want. Debian's rustc does not bring it, rustup's toolchain does.
find_lld() {
  local found
  found=$(find "$(rustc --print sysroot)/lib/rustlib" -name rust-lld -type f -print -quit)
  if [ -z "$found" ]; then
    need_command ld.lld-14 lld-14
    found=$(command -v ld.lld-14)
  fi
  echo "$found"
}

# Builds core and alloc with Debian's compiler unless that was done for this very compiler.
debian_sysroot() {
  local sysroot=$1 lib=$1/lib/rustlib/$TRIPLE/lib version build
  version=$(/usr/bin/rustc -V)
  [ "$(cat "$sysroot/built-by" 2>/dev/null)" = "$version" ] && return
  build=$OUT/library
  env -u RUSTUP_TOOLCHAIN RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$build" \
    RUSTFLAGS="-Zforce-unstable-if-unmarked -Cembed-bitcode=yes -Ccodegen-units=1" \
    /usr/bin/cargo build --quiet --release --locked --target "$TRIPLE" \
    --manifest-path "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library/Cargo.toml" \
    -p alloc --features compiler-builtins-mem
  rm -rf "$sysroot"
  mkdir -p "$lib"
  cp "$build/$TRIPLE"/release/deps/*.rlib "$lib/"
  echo "$version" >"$sysroot/built-by"
}

# cross_cargo COMMAND ARGUMENTS…: cargo for the target, whichever way this machine has.
cross_cargo() {
  local command=$1
  shift
  if has_rustup_target; then
    cargo "$command" --target "$TRIPLE" --target-dir "$OUT" "$@"
  else
    env -u RUSTUP_TOOLCHAIN RUSTC=/usr/bin/rustc CARGO_TARGET_THUMBV7EM_NONE_EABIHF_LINKER="$LLD" \
      CARGO_TARGET_THUMBV7EM_NONE_EABIHF_RUSTFLAGS="--sysroot=$OUT/sysroot" \
      /usr/bin/cargo "$command" --target "$TRIPLE" --target-dir "$OUT" "$@"
  fi
}

check_budget() {
  local elf=$1 text data bss
  read -r text data bss < <(size "$elf" | awk 'NR == 2 { print $1, $2, $3 }')
  local flash=$((text + data)) ram=$((data + bss))
  echo
  echo "thin firmware: text $text, data $data, bss $bss octets"
  echo "  flash $flash of $FLASH_MAX"
  echo "  RAM   $ram of $RAM_MAX, of which $STACK_MIN must stay free for stacks"
  if [ "$flash" -gt "$FLASH_MAX" ] || [ $((ram + STACK_MIN)) -gt "$RAM_MAX" ]; then
    echo "the firmware does not fit" >&2
    return 1
  fi
}

# Octets and name of the largest stack frame in a file of assembly. Frames are made by
# subtracting a number, or a register that was loaded with one, from the stack pointer.
largest_frame() {
  awk '
    function number(text) { sub(/.*#/, "", text); return text + 0 }
    /^[A-Za-z_]/ { name = $1; sub(/:.*/, "", name); frame = 0; split("", loaded) }
    $1 ~ /^movw?(\.w)?$/ && $3 ~ /^#/ { loaded[$2] = number($3) }
    $1 ~ /^movt$/ { loaded[$2] += 65536 * number($3) }
    $1 ~ /^sub(\.w|w)?$/ && $2 == "sp," {
      by = $NF
      frame += by ~ /#/ ? number(by) : loaded[by ","]
      if (frame > most) { most = frame; whose = name }
    }
    END { print most, whose }
  ' "$1"
}

check_frames() {
  local frame whose
  read -r frame whose < <(largest_frame "$1")
  echo "  largest stack frame $frame of $FRAME_MAX, in $whose"
  if [ -z "$whose" ] || [ "$frame" -gt "$FRAME_MAX" ]; then
    echo "a stack frame is too large: is the core built in place?" >&2
    return 1
  fi
}

# Each write to a register has a line that names its purpose: a comment above the write, or above
# what it is written with, with no empty line between.
check_registers() {
  awk '
    FNR == 1 { named = 0 }
    /^ *\/\// { named = 1; next }
    /^ *$/ || /^}/ || /^    }$/ { named = 0; next }
    /\.write(_value|_volatile)?\(/ {
      count++
      if (!named) { print FILENAME ":" FNR ": no line says what it is for" > "/dev/stderr"; bad++ }
    }
    END { print "  " count " writes to registers, each with its purpose"; exit bad > 0 }
  ' targets/nrf52840/src/*.rs targets/nrf52840/src/*/*.rs
}

need_command size binutils
if has_rustup_target; then
  echo "with rustup's $TRIPLE: $(rustc -V)"
else
  debian_packages
  LLD=$(find_lld)
  mkdir -p "$OUT"
  debian_sysroot "$OUT/sysroot"
  echo "with Debian's compiler: $(/usr/bin/rustc -V)"
fi

if [ "${1:-}" = trial ]; then
  (cd targets/nrf52840 && cross_cargo build --release --locked --features trial)
  cp "$OUT/$TRIPLE/release/bletwin-nrf52840" "$OUT/bletwin-nrf52840-trial"
  exit
fi

# Without link-time optimisation the library holds machine code, whose size can be told.
cross_cargo build --release --locked -p bletwin-firmware-core --config 'profile.release.lto="off"'
echo "firmware-core, as a library, before the linker drops what is not called:"
size -t "$OUT/$TRIPLE/release/libfirmware_core.rlib" 2>/dev/null | awk 'NR == 1 || /TOTALS/'

if [ -f targets/nrf52840/Cargo.toml ]; then
  # The trial first: both are built to the same place.
  (cd targets/nrf52840 && cross_cargo build --release --locked --features trial)
  cp "$OUT/$TRIPLE/release/bletwin-nrf52840" "$OUT/bletwin-nrf52840-trial"
  (cd targets/nrf52840 && cross_cargo rustc --release --locked -- --emit "asm=$OUT/thin.s")
  check_budget "$OUT/$TRIPLE/release/bletwin-nrf52840"
  check_frames "$OUT/thin.s"
  # Another application in the same firmware.
  (cd examples/my-peripheral/chip && cross_cargo build --release --locked)
  check_registers
  # What the emulator's cycles are compared by.
  (cd targets/nrf52840 && cross_cargo build --release --locked -p p256-cycles)
fi
