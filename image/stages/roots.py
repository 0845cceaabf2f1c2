"""Debian roots: the one that becomes the box's, and the one whose tools build it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from image.shell import Shell
from image.sources import RELEASE

# Docs of programs are not read in a box; licences are kept.
_LEFT_OUT = (
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/lintian/*",
    "path-exclude=/usr/share/bash-completion/*",
    "path-exclude=/usr/share/zsh/*",
    "force-unsafe-io",
)
# The kernel's files without its package's hooks, which would make a first file system of their own.
_KERNEL = """set -eu
cd "$1" && mkdir kernel
name=$(chroot . apt-cache depends {package} | sed -n 's/ *Depends: \\(linux-image-.*\\)/\\1/p')
chroot . sh -c "cd /kernel && apt-get download -qq $name"
dpkg-deb -f kernel/*.deb >kernel/control
dpkg-deb -x kernel/*.deb kernel/files
rm kernel/*.deb
"""


def make(
    shell: Shell,
    root: Path,
    packages: Iterable[str],
    sources: Iterable[str],
    *,
    kernel: str | None = None,
) -> None:
    """Makes root of packages. kernel: package whose kernel is unpacked into root/kernel."""
    hooks = []
    if kernel is not None:
        hooks = [f"--customize-hook={_KERNEL.format(package=kernel)}"]
    shell.run("rm", "-rf", root)
    shell.run(
        *("mmdebstrap", "--quiet", f"--variant={'minbase' if kernel else 'essential'}"),
        *(f"--dpkgopt={word}" for word in _LEFT_OUT),
        '--aptopt=Acquire::Retries "3"',
        f"--include={','.join(packages)}",
        *hooks,
        *(RELEASE, root, *sources),
    )
