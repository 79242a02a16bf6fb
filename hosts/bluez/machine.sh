#!/usr/bin/env bash
# machine.sh PROGRAM [OPTIONS OF QEMU]: boots Debian's kernel in an emulated machine on this one's
# files, which it cannot change, runs PROGRAM there as root with BlueZ's daemon, and ends. For those
# whose own kernel has no Bluetooth. Debian 12, as root, with: apt-get install qemu-system-x86
# busybox-static cpio kmod bluez dbus; and LINUX, an unpacked linux-image package (apt-get download,
# dpkg-deb -x).
set -euo pipefail
[[ $# -ge 1 && -n ${LINUX:-} ]] || {
  sed -n '2,6p' "$0" >&2
  exit 2
}
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
program=$1
shift
linux=$(realpath "$LINUX")
version=$(basename "$linux"/lib/modules/*)
start=$linux/initramfs
modules=(virtio_pci 9pnet_virtio 9p overlay)

# What the kernel starts with: enough to find this machine's files, and a layer to write to. It is
# made once.
make_start() {
  local root
  root=$(mktemp -d)
  depmod -b "$linux" "$version"
  mkdir -p "$root"/{bin,proc,sys,dev,lower,upper,root}
  cp /bin/busybox "$root/bin/"
  for module in "${modules[@]}"; do
    modprobe -d "$linux" -S "$version" --show-depends "$module"
  done | awk '/^insmod/ { print $2 }' | sort -u | while read -r file; do
    install -D "$file" "$root/lib/modules/$version/${file#*"$version"/}"
  done
  cp "$linux/lib/modules/$version"/modules.* "$root/lib/modules/$version/"
  cat >"$root/init" <<INIT
#!/bin/busybox sh
export PATH=/bin; /bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for module in ${modules[*]}; do modprobe \$module; done
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,ro,cache=loose host /lower
mount -t tmpfs tmp /upper; mkdir /upper/u /upper/w
mount -t overlay -o lowerdir=/lower,upperdir=/upper/u,workdir=/upper/w over /root
mount -t proc proc /root/proc; mount -t sysfs sys /root/sys; mount --move /dev /root/dev
mount -t tmpfs tmp /root/run; mkdir -p /root/lib/modules
for word in \$(cat /proc/cmdline); do
  case \$word in guest=*) guest=\${word#*=} ;; linux=*) linux=\${word#*=} ;; esac
done
mount --bind /lower\$linux/lib/modules /root/lib/modules
exec switch_root /root /bin/bash \$guest
INIT
  chmod +x "$root/init"
  (cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$start.$$"
  mv "$start.$$" "$start"
  rm -r "$root"
}
[[ -e $start && $start -nt $0 ]] || make_start

# In this process group: who started it may end it.
exec timeout --foreground "${PATIENCE:-300}" qemu-system-x86_64 -accel "${ACCEL:-tcg}" -m 1024 \
  -display none -monitor none -serial stdio -no-reboot \
  -kernel "$linux/boot/vmlinuz-$version" -initrd "$start" \
  -append "console=ttyS0 loglevel=3 panic=1 no_timer_check mitigations=off linux=$linux \
guest=$here/guest.sh program=${program// /,}" \
  -fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap \
  -device virtio-9p-pci,fsdev=host,mount_tag=host "$@" </dev/null
