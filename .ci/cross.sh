#!/usr/bin/env bash
# Cross-builds firmware-core and the thin firmware for the nRF52840, prints sizes, and fails when
# the firmware does not fit its budget.
#
# With rustup's target (`rustup target add thumbv7em-none-eabihf`) it just builds. Without it, on
# Debian: Debian's own compiler and its library source (rustc-web, cargo-web, rust-web-src) give
# core and alloc for the target, built once into a sysroot of this project's own; rustup's
# rust-lld links. Nothing outside target/ is written, apart from the packages.
#
# .ci/cross.sh trial builds the firmware with the feature `trial` and nothing else. .ci/cross.sh
# elsewhere builds it once more from a copy of the sources in another folder, with cargo's own
# folder elsewhere, too: it has to be the same, octet by octet.
source "$(dirname "$0")/lib.sh"
# No tests are built here: the wrapper that lowers their level would only be in the way.
unset RUSTC_WORKSPACE_WRAPPER

TRIPLE=thumbv7em-none-eabihf
FLASH_MAX=$((180 * 1024))
RAM_MAX=$((64 * 1024))
# Kept free for the three levels' stacks.
STACK_MIN=$((24 * 1024))
# No function may have a larger stack frame: the core, built on the stack and then moved, would.
FRAME_MAX=$((8 * 1024))
PROJECT=$(pwd -P)
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

# flags WORD…: what CARGO_ENCODED_RUSTFLAGS takes. No path of this machine gets into the firmware:
# neither that of the sources nor that of what cargo has fetched.
flags() {
  local IFS=$'\x1f' fetched=${CARGO_HOME:-$HOME/.cargo}/registry/src real
  set -- "$@" "--remap-path-prefix=$fetched/="
  # Where it is a link, rustc sees the folder that it names, too.
  real=$(realpath -m "$fetched")
  [ "$real" = "$fetched" ] || set -- "$@" "--remap-path-prefix=$real/="
  # Of those that fit the last one counts.
  set -- "$@" "--remap-path-prefix=$PROJECT/=" "--remap-path-prefix=$OUT/=target/cross/"
  echo "$*"
}

# cross_cargo COMMAND ARGUMENTS…: cargo for the target, whichever way this machine has.
cross_cargo() {
  local command=$1
  shift
  if has_rustup_target; then
    RUSTC_WRAPPER=$PROJECT/.ci/rustc.sh CARGO_ENCODED_RUSTFLAGS=$(flags) \
      cargo "$command" --target "$TRIPLE" --target-dir "$OUT" "$@"
  else
    env -u RUSTUP_TOOLCHAIN RUSTC=/usr/bin/rustc CARGO_TARGET_THUMBV7EM_NONE_EABIHF_LINKER="$LLD" \
      RUSTC_WRAPPER="$PROJECT/.ci/rustc.sh" \
      CARGO_ENCODED_RUSTFLAGS="$(flags "--sysroot=$OUT/sysroot")" \
      /usr/bin/cargo "$command" --target "$TRIPLE" --target-dir "$OUT" "$@"
  fi
}

# The same firmware from a copy of what is checked out, under a longer name, by cargo in a home of
# its own that has the same packages.
elsewhere() {
  local built=$OUT/$TRIPLE/release/bletwin-nrf52840 copy=$OUT/elsewhere/another-folder home
  home=$(realpath "${CARGO_HOME:-$HOME/.cargo}")
  rm -rf "$OUT/elsewhere"
  mkdir -p "$copy/target/cross" "$OUT/elsewhere/home"
  git ls-files -z --cached --others --exclude-standard | tar --null -T - -c | tar -x -C "$copy"
  ln -s "$home/registry" "$OUT/elsewhere/home/registry"
  [ ! -e "$home/config.toml" ] || ln -s "$home/config.toml" "$OUT/elsewhere/home/config.toml"
  [ ! -e "$OUT/sysroot" ] || ln -s "$OUT/sysroot" "$copy/target/cross/sysroot"
  CARGO_HOME=$OUT/elsewhere/home CARGO_TARGET_DIR=$copy/target "$copy/.ci/cross.sh" plain
  cmp "$built" "$copy/target/cross/$TRIPLE/release/bletwin-nrf52840" || {
    echo "the firmware depends on the folder that it is built in" >&2
    return 1
  }
  echo "built twice, in two folders: byte-identical, $(sha256sum <"$built" | cut -c 1-64)"
  rm -rf "$OUT/elsewhere"
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

# with FEATURE: the firmware with it. All builds end in the same place: it is copied from there.
with() {
  (cd targets/nrf52840 && cross_cargo build --release --locked --features "$1")
  cp "$OUT/$TRIPLE/release/bletwin-nrf52840" "$OUT/bletwin-nrf52840-$1"
}

plain() {
  (cd targets/nrf52840 && cross_cargo rustc --release --locked -- --emit "asm=$OUT/thin.s")
}

case ${1:-} in
trial) with trial; exit ;;
plain) plain; exit ;;
elsewhere) plain; elsewhere; exit ;;
esac

# Without link-time optimisation the library holds machine code, whose size can be told.
cross_cargo build --release --locked -p bletwin-firmware-core --config 'profile.release.lto="off"'
echo "firmware-core, as a library, before the linker drops what is not called:"
size -t "$OUT/$TRIPLE/release/libfirmware_core.rlib" 2>/dev/null | awk 'NR == 1 || /TOTALS/'

if [ -f targets/nrf52840/Cargo.toml ]; then
  # The plain one last: it stays where all are built.
  with trial
  with locked
  plain
  check_budget "$OUT/$TRIPLE/release/bletwin-nrf52840"
  check_frames "$OUT/thin.s"
  # Another application in the same firmware.
  (cd examples/my-peripheral/chip && cross_cargo build --release --locked)
  check_registers
  # What the emulator's cycles are compared by.
  (cd targets/nrf52840 && cross_cargo build --release --locked -p p256-cycles)
fi
