#!/usr/bin/env bash
# vm.sh CENTRAL [OPTIONS OF bletwin serve]: case.sh on a machine whose own kernel has no Bluetooth: an
# emulated one boots Debian's kernel on this one's files, which it cannot change. Debian 12, as root,
# with: apt-get install qemu-system-x86 busybox-static cpio kmod bluez dbus; and LINUX, an unpacked
# linux-image package (apt-get download, dpkg-deb -x).
set -euo pipefail
[[ $# -ge 1 && -n ${LINUX:-} ]] || {
  sed -n '2,5p' "$0" >&2
  exit 2
}
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
linux=$(realpath "$LINUX")
version=$(basename "$linux"/lib/modules/*)
bletwin=$(realpath "${BLETWIN:-$here/../../target/debug/bletwin}")
work=$(mktemp -d)
modules=(virtio_pci 9pnet_virtio 9p overlay)

# What the kernel starts with: enough to find this machine's files, and a layer to write to.
depmod -b "$linux" "$version"
mkdir -p "$work"/root/{bin,proc,sys,dev,lower,upper,root}
cp /bin/busybox "$work/root/bin/"
for module in "${modules[@]}"; do
  modprobe -d "$linux" -S "$version" --show-depends "$module"
done | awk '/^insmod/ { print $2 }' | sort -u | while read -r file; do
  install -D "$file" "$work/root/lib/modules/$version/${file#*"$version"/}"
done
cp "$linux/lib/modules/$version"/modules.* "$work/root/lib/modules/$version/"
cat >"$work/root/init" <<INIT
#!/bin/busybox sh
export PATH=/bin; /bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for module in ${modules[*]}; do modprobe \$module; done
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,ro,cache=none host /lower
mount -t tmpfs tmp /upper; mkdir /upper/u /upper/w
mount -t overlay -o lowerdir=/lower,upperdir=/upper/u,workdir=/upper/w over /root
mount -t proc proc /root/proc; mount -t sysfs sys /root/sys; mount --move /dev /root/dev
mount -t tmpfs tmp /root/run; mkdir -p /root/lib/modules
mount --bind /lower$linux/lib/modules /root/lib/modules
mkdir -p /root$work; mount --bind /lower$work /root$work
exec switch_root /root /bin/bash $work/guest
INIT
chmod +x "$work/root/init"
(cd "$work/root" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initramfs"

cat >"$work/guest" <<GUEST
exec </dev/console >/dev/console 2>&1
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mkdir -p /run/dbus /var/lib/bluetooth
dbus-daemon --system --fork
mkdir -p /dev/pts; mount -t devpts devpts /dev/pts
/usr/libexec/bluetooth/bluetoothd &
sleep 2
BLETWIN=$bletwin timeout 200 $here/case.sh ${*@Q}
sync
echo o >/proc/sysrq-trigger
sleep 60
GUEST

timeout "${PATIENCE:-300}" qemu-system-x86_64 -accel "${ACCEL:-tcg}" -m 1024 -nographic -no-reboot \
  -kernel "$linux/boot/vmlinuz-$version" -initrd "$work/initramfs" \
  -append "console=ttyS0 loglevel=3 panic=1" \
  -fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap \
  -device virtio-9p-pci,fsdev=host,mount_tag=host \
  </dev/null
rm -r "$work"
