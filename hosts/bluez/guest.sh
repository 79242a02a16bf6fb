#!/usr/bin/env bash
# The first program of the machine that machine.sh boots: BlueZ's daemon, and then the program that
# the kernel's command line names, with commas for spaces.
exec </dev/console >/dev/console 2>&1
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mkdir -p /run/dbus /var/lib/bluetooth /dev/pts
mount -t devpts devpts /dev/pts
# Bonds of this machine's own are not known there.
mount -t tmpfs tmp /var/lib/bluetooth
dbus-daemon --system --fork
/usr/libexec/bluetooth/bluetoothd &
read -r line </proc/cmdline
program=${line##*program=}
# shellcheck disable=SC2086
${program//,/ }
sync
echo o >/proc/sysrq-trigger
sleep 60
