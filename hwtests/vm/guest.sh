#!/bin/sh
# Second program of the guest, on the host's file system: devices, then the tests, then off.
# What it is told comes in build/vm/share/job (a shell file); what it finds goes to the share.
here=$(dirname "$0")
project=$(dirname "$(dirname "$here")")
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
. "$here/places.sh"
mkdir -p /dev/pts /dev/shm /run/share
mount -t devpts none /dev/pts
mount -t tmpfs none /dev/shm
mount -t tracefs none /sys/kernel/tracing 2>/dev/null
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=none share /run/share
mkdir -p /lib/modules
mount --bind "$project/build/vm/kernel/lib/modules" /lib/modules
hostname rtvbox-vm
ip link set lo up
# vivid complains of each frame that this slow machine is late with; printing that makes it slower.
dmesg -n 3
/lib/systemd/systemd-udevd --daemon
udevadm trigger --type=subsystems --action=add
udevadm trigger --type=devices --action=add
udevadm settle --timeout=60
echo "vm: up after $(cut -d' ' -f1 /proc/uptime) s, Linux $(uname -r)"
cd "$project" || exit 1
. /run/share/job
echo "$?" >/run/share/exit
sync
busybox poweroff -f
