"""The kernel, the modules that a box has, and the first file system."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from image import inventory
from image.shell import BuildError, Shell

_FIRST = "first:"
# No shell, no network, no console tools: it finds the disk, verifies the root and goes there.
_DRACUT = (
    "systemd systemd-initrd systemd-udevd systemd-veritysetup kernel-modules rootfs-block "
    "udev-rules base fs-lib dm"
)


def version_of(unpacked: Path) -> str:
    """The kernel's name for itself: 6.12.1-rt-amd64."""
    (found,) = (unpacked / "files/usr/lib/modules").iterdir()
    return found.name


def install_modules(shell: Shell, unpacked: Path, tree: Path, wanted: Iterable[str]) -> None:
    """Copies the modules that are wanted and what they need, and their index. Raises BuildError
    where the kernel has no such module."""
    version = version_of(unpacked)
    source = unpacked / "files/usr/lib/modules" / version
    place = tree / "usr/lib/modules" / version
    shutil.rmtree(place.parent, ignore_errors=True)
    place.mkdir(parents=True)
    shell.run("depmod", "-b", unpacked / "files/usr", "-C", "/dev/null", version)
    needs = needs_of((source / "modules.dep").read_text())
    builtin = {_name(Path(line)) for line in (source / "modules.builtin").read_text().splitlines()}
    for file in closure(wanted, needs, builtin):
        (place / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / file, place / file)
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        shutil.copy2(source / name, place / name)
    shell.run("depmod", "-b", tree / "usr", "-C", "/dev/null", version)


def needs_of(text: str) -> dict[str, list[str]]:
    """Of modules.dep: files, and the files that each needs."""
    lines = (line.partition(":") for line in text.splitlines())
    return {file: others.split() for file, _, others in lines}


def closure(wanted: Iterable[str], needs: Mapping[str, list[str]], builtin: set[str]) -> list[str]:
    """Files of modules and of all that they need. Raises BuildError naming what is not there."""
    by_name = {_name(Path(file)): file for file in needs}
    names = [one.replace("-", "_") for one in wanted]
    if missing := [one for one in names if one not in by_name and one not in builtin]:
        raise BuildError(f"image/modules: the kernel has no {', '.join(missing)}; take it out")
    found: set[str] = set()
    left = [by_name[one] for one in names if one in by_name]
    while left:
        file = left.pop()
        if file not in found:
            found.add(file)
            left += needs[file]
    return sorted(found)


def _name(file: Path) -> str:
    return re.sub(r"\.ko(\.\w+)?$", "", file.name).replace("-", "_")


def first_files(
    shell: Shell,
    tools: Path,
    tree: Path,
    version: str,
    modules: Mapping[str, str],
    overlay: Path,
    out: Path,
) -> None:
    """The first file system, made by dracut of the tools' root, the box's modules, and overlay."""
    first = [name for name, why in modules.items() if why.startswith(_FIRST)]
    work = out.parent / "first"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    shell.inside(
        tools,
        *("dracut", "--force", "--quiet", "--no-hostonly", "--no-hostonly-cmdline"),
        *("--reproducible", "--no-early-microcode", "--nofscks", "--kver", version),
        *("--modules", _DRACUT, "--drivers", " ".join(first), "--compress", "zstd -19 -T1"),
        *("--include", "/overlay", "/", "--install", "sleep systemctl", "/first/initrd"),
        places={"/overlay": overlay, "/first": work, "/usr/lib/modules": tree / "usr/lib/modules"},
    )
    (work / "initrd").rename(out)
    out.chmod(0o644)


def names_in(shell: Shell, tools: Path, first: Path) -> list[str]:
    """Paths in the first file system."""
    plain = first.with_name(f"{first.name}.cpio")
    shell.inside(
        tools,
        *("zstd", "-dqf", f"/first/{first.name}", "-o", f"/first/{plain.name}"),
        places={"/first": first.parent},
    )
    archive = plain.read_bytes()
    plain.unlink()
    return inventory.names_in(archive)
