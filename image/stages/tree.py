"""The box's root as it will be read: Debian's, our Python, units, kernel modules; no more."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from image.shell import BuildError, Shell
from image.stages.python import HOME

# Where each file of systemd/ belongs; what is not named here is a unit.
_PLACES = {
    "rtvbox-generator": "usr/lib/systemd/system-generators/rtvbox-generator",
    "rtvbox.sysusers.conf": "usr/lib/sysusers.d/rtvbox.conf",
    "rtvbox.tmpfiles.conf": "usr/lib/tmpfiles.d/rtvbox.conf",
    "rtvbox.sysctl.conf": "usr/lib/sysctl.d/90-rtvbox.conf",
    "90-rtvbox.preset": "usr/lib/systemd/system-preset/10-rtvbox.preset",
    "rtvbox.rules": "usr/share/polkit-1/rules.d/50-rtvbox.rules",
}
_UNIT = re.compile(r".*\.(service|socket|path|timer|mount|target)")
# What Debian's packages bring and a box never reads.
_NEEDLESS = (
    *("boot", "etc/apt", "etc/cron.d", "etc/cron.daily", "etc/init.d", "etc/rc*.d", "etc/dpkg"),
    *("usr/lib/apt", "usr/share/bash-completion", "usr/share/zsh", "usr/share/pixmaps"),
    *("usr/share/i18n/locales", "usr/share/bug", "usr/share/menu", "usr/share/debconf"),
    *("usr/lib/python3*/test", "usr/lib/python3*/idlelib", "usr/lib/python3*/ensurepip"),
    *("usr/lib/python3*/lib2to3", "usr/lib/python3*/pydoc_data", "usr/lib/python3*/turtledemo"),
    *("usr/bin/perl*", "usr/lib/x86_64-linux-gnu/perl-base", "usr/share/perl5"),
    *("usr/bin/dpkg*", "usr/sbin/dpkg*", "usr/bin/deb*", "usr/sbin/update-*", "usr/share/dpkg"),
    *("var/lib/dpkg", "var/lib/apt", "var/cache/*", "var/log/*", "var/backups/*", "run/*"),
    *("usr/lib/udev/hwdb.d", "usr/lib/x86_64-linux-gnu/gconv", "usr/src", "usr/include"),
    "usr/share/fonts/opentype/noto/NotoSerif*",
    *(f"{HOME}/lib/python3*/site-packages/{one}" for one in ("numpy/**/tests", "*/include")),
    *("tmp/*", "dev/*", "proc/*", "sys/*", "root/.bash*", "root/.profile", "etc/hostname"),
    *("etc/.pwd.lock", "etc/*-", "etc/resolv.conf"),
)
_MOUNTED = ("dev", "proc", "sys", "run", "tmp", "var", "efi", "data", "etc")


def assemble(
    shell: Shell,
    tree: Path,
    *,
    root: Path,
    python: Path,
    project: Path,
    overlays: Iterable[Path],
    release: Mapping[str, str],
) -> None:
    """Makes tree of its parts. release: what /etc/os-release says of this image beside Debian."""
    shell.run("rm", "-rf", tree)
    shell.run("cp", "-a", root, tree)
    shell.run("cp", "-a", python, tree / HOME)
    install_units(project / "systemd", tree)
    for overlay in overlays:
        lay_over(overlay, tree)
    (tree / "usr/bin/rtvbox").symlink_to("../lib/rtvbox/bin/rtvbox")
    for name in _MOUNTED:
        (tree / name).mkdir(exist_ok=True)
    write_release(tree, release)


def install_units(units: Path, tree: Path) -> None:
    """Each file of systemd/ where systemd looks for it."""
    for file in sorted(units.iterdir()):
        place = _PLACES.get(file.name)
        if place is None:
            if not _UNIT.fullmatch(file.name):
                raise BuildError(f"systemd/{file.name}: belongs nowhere; name it in stages/tree.py")
            place = f"usr/lib/systemd/system/{file.name}"
        (tree / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, tree / place)
        (tree / place).chmod(0o755 if place.endswith("generator") else 0o644)


def lay_over(overlay: Path, tree: Path) -> None:
    """Copies an overlay; of its modes only whether a file is a program is taken, since the rest is
    the umask's of who checked it out."""
    for found in sorted(overlay.rglob("*")):
        place = tree / found.relative_to(overlay)
        if found.is_symlink():
            place.unlink(missing_ok=True)
            place.symlink_to(found.readlink())
        elif found.is_dir():
            place.mkdir(exist_ok=True)
        else:
            place.unlink(missing_ok=True)
            shutil.copyfile(found, place)
            place.chmod(0o755 if found.stat().st_mode & 0o100 else 0o644)


def write_release(tree: Path, release: Mapping[str, str]) -> None:
    """os-release: ours in front of what Debian says of itself."""
    file = tree / "usr/lib/os-release"
    debian = dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)
    base = debian.get("VERSION_ID", '""').strip('"')
    words = {**release, "ID_LIKE": "debian", "RTVBOX_DEBIAN": base}
    file.write_text("".join(f'{name}="{value}"\n' for name, value in words.items()))


def settle(shell: Shell, tree: Path, *, epoch: int) -> None:
    """Users, presets, caches, byte code: everything that a first boot would otherwise do."""
    shell.inside(tree, "sh", "-c", _SETTLE.format(home=HOME))
    # Time is never before the build: systemd sets a clock that is behind to this file's.
    clock = tree / "usr/lib/clock-epoch"
    clock.touch()
    os.utime(clock, (epoch, epoch))


_SETTLE = """set -eu
systemd-sysusers
systemctl preset-all 2>/dev/null
systemctl set-default multi-user.target 2>/dev/null
ldconfig
systemd-hwdb --usr update
: >/etc/machine-id
# Checked by nobody at run time: the files cannot change under a verified root. All anew: what the
# installation left behind bears times, which differ between two builds and from the image's.
python3 -m compileall -q -f -j 2 --invalidation-mode unchecked-hash /usr/lib/python3* /{home}/lib \
    >/dev/null || true
"""


def trim(tree: Path) -> None:
    """Takes away what is never read."""
    for pattern in _NEEDLESS:
        for found in list(tree.glob(pattern)):
            if found.is_dir() and not found.is_symlink():
                shutil.rmtree(found)
            else:
                found.unlink()
