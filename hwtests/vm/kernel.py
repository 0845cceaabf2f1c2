"""The guest's kernel and first file system, made of Debian's packages without installing any."""

from __future__ import annotations

import gzip
import lzma
import re
import shutil
import tempfile
from pathlib import Path

from appliance import runner

PACKAGE = "linux-image-amd64"
# What the guest needs before it sees the host's file system.
FIRST = ("virtio_pci", "9pnet_virtio", "9p", "overlay")


def fetch(folder: Path) -> Path:
    """Unpacks Debian's kernel into folder/kernel, once; its version stands in kernel/version."""
    kernel = folder / "kernel"
    if (kernel / "version").exists():
        return kernel
    said = runner.run(["apt-cache", "depends", PACKAGE])
    found = re.search(r"Depends: (linux-image-(\S+))", said)
    if not found:
        raise runner.CommandError(f"apt knows no {PACKAGE}; run: apt-get update")
    name, version = found.groups()
    with tempfile.TemporaryDirectory(dir=folder) as place:
        runner.run(["apt-get", "download", "-q", name], cwd=place, timeout=600)
        (package,) = Path(place).glob("*.deb")
        shutil.rmtree(kernel, ignore_errors=True)
        runner.run(["dpkg-deb", "-x", str(package), str(kernel)], timeout=300)
    runner.run(["depmod", "-b", str(kernel), version])
    (kernel / "version").write_text(version)
    return kernel


def image(kernel: Path) -> Path:
    """The kernel's bootable file."""
    return kernel / "boot" / f"vmlinuz-{(kernel / 'version').read_text()}"


def in_order(modules: Path, names: tuple[str, ...]) -> list[Path]:
    """Files of some modules, each behind those that it needs."""
    needs: dict[str, list[str]] = {}
    for line in (modules / "modules.dep").read_text().splitlines():
        file, _, others = line.partition(":")
        needs[file] = others.split()
    by_name = {Path(file).name.split(".")[0].replace("-", "_"): file for file in needs}
    found: list[str] = []

    def add(file: str) -> None:
        for other in needs[file]:
            add(other)
        if file not in found:
            found.append(file)

    for name in names:
        if name in by_name:  # else it is built in
            add(by_name[name])
    return [modules / file for file in found]


def first_files(folder: Path, kernel: Path, init: Path) -> Path:
    """The initramfs: busybox, the first modules, and `init`."""
    busybox = shutil.which("busybox")
    if busybox is None:
        raise runner.CommandError("busybox is missing; run: make hwtest-vm-setup")
    modules = kernel / "lib" / "modules" / (kernel / "version").read_text()
    out = folder / "initramfs.gz"
    with tempfile.TemporaryDirectory(dir=folder) as place:
        root = Path(place)
        for name in ("bin", "modules", "proc", "sys", "dev", "host", "memory", "root"):
            (root / name).mkdir()
        shutil.copy(busybox, root / "bin" / "busybox")
        shutil.copy(init, root / "init")
        (root / "init").chmod(0o755)
        order = []
        for file in in_order(modules, FIRST):
            plain = root / "modules" / file.name.removesuffix(".xz")
            if file.suffix == ".xz":
                plain.write_bytes(lzma.decompress(file.read_bytes()))
            else:
                shutil.copy(file, plain)
            order.append(plain.name)
        (root / "modules" / "order").write_text("\n".join(order) + "\n")
        names = "\n".join(str(file.relative_to(root)) for file in sorted(root.rglob("*")))
        archive = folder / "initramfs"
        runner.run(
            ["cpio", "-o", "-H", "newc", "--quiet", "-O", str(archive)], text_in=names, cwd=root
        )
    out.write_bytes(gzip.compress(archive.read_bytes(), 1))
    archive.unlink()
    return out
