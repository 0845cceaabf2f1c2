#!/bin/busybox sh
# First program of the guest: finds the host's file system and starts guest.sh on it.
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
while read -r module; do
    insmod "/modules/$module" || echo "vm: $module does not load"
done </modules/order
mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=512000,cache=loose host /host || exec sh
mount -t tmpfs -o size=60% none /memory
mkdir -p /memory/upper /memory/work
mount -t overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work none /root
for place in proc sys dev; do
    mount -o move "/$place" "/root/$place"
done
for word in $(cat /root/proc/cmdline); do
    case $word in rtvbox.start=*) start=${word#*=} ;; esac
done
exec switch_root /root /bin/sh "$start"
