# Sourced first in a guest: places of its own for what the host keeps there. project: where it is.
mkdir -p /mnt
mount --bind "$project" /mnt
for place in /run /tmp /var/tmp /var/log; do
    mount -t tmpfs none "$place"
done
# The project itself may be in one of them.
if [ ! -d "$project" ]; then
    mkdir -p "$project"
    mount --bind /mnt "$project"
fi
