#!/bin/sh
# Second program of a guest that is a box: the services as an image would have them, under systemd.
# The job of the share runs when they are up; what it finds goes to the share.
here=$(dirname "$0")
project=$(dirname "$(dirname "$here")")
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
. "$here/places.sh"
mkdir -p /run/share /lib/modules
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=none share /run/share
mount --bind "$project/build/vm/kernel/lib/modules" /lib/modules

# The host may be a container, and says so in its file system; the guest is none.
rm -f /.dockerenv /run/.containerenv
# Python where no sandbox hides it: neither at home nor in /tmp.
home=/usr/lib/rtvbox
real=$(readlink -f "$project/.venv/bin/python")
version=$(basename "$(echo "$project"/.venv/lib/python3.*)")
mkdir -p "$home/bin" "$home/lib/$version/site-packages" "$home/base" "$home/site"
mount --bind "$(dirname "$(dirname "$real")")" "$home/base"
mount --bind "$project/.venv/lib/$version/site-packages" "$home/site"
printf 'home = %s/base/bin\ninclude-system-site-packages = false\n' "$home" >"$home/pyvenv.cfg"
ln -s "$home/base/bin/$(basename "$real")" "$home/bin/python"
for entry in "$home"/site/*; do
    case ${entry##*/} in
    *editable* | *rtvbox* | appliance | drivers) ;;
    *) ln -s "$entry" "$home/lib/$version/site-packages/" ;;
    esac
done
for package in appliance drivers; do
    # With its times: by them Python knows that what it compiled is of this source.
    cp -a "$project/$package" "$home/lib/$version/site-packages/"
    (cd "$home/site" && find "$package" -name '*.so' 2>/dev/null) | while read -r module; do
        cp "$home/site/$module" "$home/lib/$version/site-packages/$module"
    done
done
printf '#!/bin/sh\nexec %s/bin/python -m appliance.cli "$@"\n' "$home" >/usr/bin/rtvbox
chmod 755 /usr/bin/rtvbox

# The units and nothing of the host's that would start by itself.
units=$project/systemd
rm -rf /etc/systemd/system /var/lib/rtvbox
mkdir -p /etc/systemd/system /usr/lib/systemd/system-preset /etc/polkit-1/rules.d
cp "$units"/*.service /usr/lib/systemd/system/
cp "$units/rtvbox-generator" /usr/lib/systemd/system-generators/
cp "$units/rtvbox.sysusers.conf" /usr/lib/sysusers.d/rtvbox.conf
cp "$units/rtvbox.tmpfiles.conf" /usr/lib/tmpfiles.d/rtvbox.conf
cp "$units/90-rtvbox.preset" /usr/lib/systemd/system-preset/
cp "$units/rtvbox.sysctl.conf" /usr/lib/sysctl.d/90-rtvbox.conf
cp "$units/rtvbox.rules" /etc/polkit-1/rules.d/50-rtvbox.rules
# An interpreter that was built at home looks for its library there. An emulated processor takes a
# minute to start a service beside four others, and may starve one for long.
mkdir -p /etc/systemd/system/rtvbox-.service.d
printf '[Service]\nEnvironment=LD_LIBRARY_PATH=%s/base/lib\nTimeoutStartSec=600\n' "$home" \
    >/etc/systemd/system/rtvbox-.service.d/guest.conf
for unit in $(grep -l WatchdogSec "$units"/*.service); do
    mkdir -p "/etc/systemd/system/${unit##*/}.d"
    printf '[Service]\nWatchdogSec=60\n' >"/etc/systemd/system/${unit##*/}.d/watchdog.conf"
done
systemd-sysusers >/dev/null 2>&1
systemctl preset rtvbox-agent rtvbox-network rtvbox-clock rtvbox-panel 2>/dev/null
systemd-machine-id-setup >/dev/null 2>&1
cat >/etc/systemd/system/job.service <<JOB
[Unit]
Description=what the guest is for
After=dbus.service systemd-udevd.service
[Service]
Type=oneshot
StandardOutput=journal+console
StandardError=journal+console
TimeoutStartSec=infinity
WorkingDirectory=$project
Environment=HOME=/root LANG=C.UTF-8
ExecStart=/bin/sh -c '. /run/share/job; echo \$? >/run/share/exit; journalctl -b --no-pager >/run/share/journal; sync; busybox poweroff -f'
[Install]
WantedBy=multi-user.target
JOB
systemctl enable job.service 2>/dev/null
echo "vm: systemd starts after $(cut -d' ' -f1 /proc/uptime) s, Linux $(uname -r)"
exec /lib/systemd/systemd --unit=multi-user.target --show-status=false
