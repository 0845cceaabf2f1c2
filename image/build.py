"""The build, from nothing to a disk image and a bundle: the stages in their order."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from image import sbom, sources
from image.keys import Keys
from image.lists import key_of, read_list
from image.shell import Shell
from image.stages import artefacts, kernel, python, roots, secure_boot, tree

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
KERNELS = {"rt": "linux-image-rt-amd64", "stock": "linux-image-amd64"}
VARIANTS = ("release", "developer")
_NATIVE = ("*.cpp", "*.hpp", "*.h", "*.py", "*.cmake", "rtvbox", "*.md", "*.pyi", "*.typed")


@dataclass(frozen=True)
class Wanted:
    """version: of the image. variant: one of VARIANTS. kernel: one of KERNELS. epoch: seconds since
    1970 (UTC) that every file of the image bears. work: folder for what is on its way. out: folder
    for what is made."""

    version: str
    variant: str
    kernel: str
    epoch: int
    work: Path
    out: Path


def build(shell: Shell, wanted: Wanted, keys: Keys) -> dict[str, Any]:
    """Makes all of it; what was made, as `image.json` says it."""
    work = wanted.work
    origin = sources.of_machine(shell)
    packages = read_list((HERE / "packages").read_text(), "image/packages")
    tool_packages = read_list((HERE / "packages.tools").read_text(), "image/packages.tools")
    modules = read_list((HERE / "modules").read_text(), "image/modules")
    tools, root = work / f"tools-{wanted.kernel}", work / "root"
    package = KERNELS[wanted.kernel]

    with _Once(shell, tools, packages=tool_packages, sources=origin, kernel=package) as needed:
        if needed:
            roots.make(shell, tools, tool_packages, origin, kernel=package)
    with _Once(shell, root, packages=packages, sources=origin) as needed:
        if needed:
            roots.make(shell, root, packages, origin)
    own, wheels = work / "python", work / "wheels"
    locks = HERE / "python.lock", HERE / "python.tools.lock"
    texts = [lock.read_text() for lock in locks]
    with _Once(shell, wheels, locks=texts) as needed:
        if needed:
            python.fetch(shell, locks, wheels)
    with _Once(shell, own, locks=texts, tools=tool_packages, code=_digest(PROJECT)) as needed:
        if needed:
            python.build(shell, tools, PROJECT, wheels, locks, own)

    made, unpacked = work / "tree", tools / "kernel"
    version = kernel.version_of(unpacked)
    with shell.stage("tree"):
        overlays = [HERE / "overlay"]
        if wanted.variant == "developer":
            overlays.append(HERE / "overlay.developer")
        tree.assemble(
            shell,
            made,
            root=root,
            python=own,
            project=PROJECT,
            overlays=overlays,
            release=release_of(wanted, keys),
        )
        shutil.copyfile(keys.signing.update_ca, made / "etc/rauc/keyring.pem")
        kernel.install_modules(shell, unpacked, made, modules)
        tree.settle(shell, made, epoch=wanted.epoch)
        tree.trim(made)
    with shell.stage("first file system"):
        first = work / "initrd"
        kernel.first_files(shell, tools, made, version, modules, HERE / "first", first)
    with shell.stage("bill of materials"):
        sbom.write(
            made,
            made / sbom.NAME,
            version=wanted.version,
            epoch=wanted.epoch,
            packages=root,
            tools=tools,
            first=kernel.names_in(shell, tools, first),
            lock=locks[0].read_text(),
        )
    return _artefacts(shell, wanted, keys, tools=tools, made=made, first=first, version=version)


def release_of(wanted: Wanted, keys: Keys) -> dict[str, str]:
    """What os-release says of the image; what is not for patients is in its name."""
    marks = ["developer"] if wanted.variant == "developer" else []
    marks += ["development keys"] if keys.kind != "given" else []
    return {
        "ID": "rtvbox",
        "NAME": "rtvbox",
        "PRETTY_NAME": " ".join((f"rtvbox {wanted.version}", *(f"({mark})" for mark in marks))),
        "VERSION_ID": wanted.version,
        "IMAGE_ID": "rtvbox",
        "IMAGE_VERSION": wanted.version,
        "VARIANT_ID": wanted.variant,
        "RTVBOX_KEYS": keys.kind,
    }


def command_line(root_hash: str, variant: str) -> str:
    """Of the kernel. A boot that comes to no end starts again, so that the tries of a new version
    are counted; nothing offers a shell."""
    words = [
        f"roothash={root_hash}",
        "ro",
        "panic=5",
        "audit=0",
        "systemd.show_status=no",
        "efi=runtime",  # the real-time kernel leaves the firmware alone: then no boot is ever good
        "systemd.machine_id=firmware",
        "net.ifnames=0",
    ]
    if variant == "developer":
        return " ".join([*words, "console=tty0", "console=ttyS0"])
    return " ".join([*words, "quiet", "console=tty0"])


def _artefacts(
    shell: Shell, wanted: Wanted, keys: Keys, *, tools: Path, made: Path, first: Path, version: str
) -> dict[str, Any]:
    work, out = wanted.work, wanted.out
    name = f"rtvbox-{wanted.version}"
    root, hashes = work / "root.img", work / "verity.img"
    entry, loader, boot = work / "rtvbox.efi", work / "loader.efi", work / "esp.img"
    with shell.stage("root file system"):
        artefacts.file_system(shell, tools, made, root, epoch=wanted.epoch)
        root_hash = artefacts.verity(shell, tools, root, hashes)
    with shell.stage("boot partition"):
        artefacts.kernel_image(
            shell,
            tools,
            entry,
            kernel=tools / "kernel/files/boot" / f"vmlinuz-{version}",
            first=first,
            tree=made,
            command_line=command_line(root_hash, wanted.variant),
            version=version,
        )
        shutil.copyfile(tools / "usr/lib/systemd/boot/efi/systemd-bootx64.efi", loader)
        unsigned = sha256(entry)
        for program in (entry, loader):
            secure_boot.sign(shell, tools, program, keys.signing, epoch=wanted.epoch)
        taught = out / f"{name}.secureboot"
        secure_boot.enrolment(shell, taught, keys.signing, epoch=wanted.epoch)
        artefacts.esp(
            shell,
            tools,
            boot,
            loader=loader,
            entry=entry,
            name=f"rtvbox_{wanted.version}+3.efi",
            epoch=wanted.epoch,
        )
    out.mkdir(parents=True, exist_ok=True)
    disk, bundle = out / f"{name}.img", out / f"{name}.raucb"
    with shell.stage("disk and bundle"):
        artefacts.disk(
            shell, tools, work / disk.name, boot=boot, root=root, tree=hashes, root_hash=root_hash
        )
        artefacts.bundle(
            shell,
            tools,
            work / bundle.name,
            root=root,
            tree=hashes,
            entry=entry,
            version=wanted.version,
            signing=keys.signing,
        )
        for file in (disk, bundle):
            (work / file.name).replace(file)
    parts = out / f"{name}.cdx.json"
    shutil.copyfile(made / sbom.NAME, parts)
    files = {
        "disk": disk,
        "bundle": bundle,
        "parts": parts,
        "root": root,
        "verity": hashes,
        "entry": entry,
    }
    said = {
        "version": wanted.version,
        "variant": wanted.variant,
        "keys": keys.kind,
        "kernel": version,
        "root_hash": root_hash,
        "entry_unsigned": unsigned,
        "epoch": wanted.epoch,
        "files": {
            key: {"name": file.name, "bytes": file.stat().st_size, "sha256": sha256(file)}
            for key, file in files.items()
        },
    }
    (out / f"{name}.json").write_text(json.dumps(said, indent=2) + "\n")
    return said


def sha256(file: Path) -> str:
    """Of a file's content."""
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _digest(project: Path) -> str:
    """Of all that becomes our wheel."""
    whole = hashlib.sha256()
    files = [project / "CMakeLists.txt", project / "pyproject.toml", HERE / "stages/python.py"]
    for folder in ("appliance", "drivers"):
        for pattern in _NATIVE:
            files += (project / folder).rglob(pattern)
    for file in sorted({one for one in files if one.is_file()}):
        whole.update(f"{file.relative_to(project)}\0".encode())
        whole.update(file.read_bytes())
    return whole.hexdigest()


class _Once:
    """A folder that is made anew only when its inputs changed: `with _Once(...) as needed`."""

    def __init__(self, shell: Shell, folder: Path, **inputs: Any) -> None:
        self._stamp = folder.with_name(f"{folder.name}.key")
        self._key = key_of(inputs)
        self._stage = shell.stage(folder.name)
        self._shell = shell
        self._folder = folder

    def __enter__(self) -> bool:
        self._needed = not (
            self._folder.exists() and self._stamp.exists() and self._stamp.read_text() == self._key
        )
        if not self._needed:
            self._shell.say(f"== {self._folder.name}: as it was")
            return False
        self._stamp.unlink(missing_ok=True)
        self._stage.__enter__()
        return True

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if self._needed:
            self._stage.__exit__(kind, error, trace)
            if kind is None:
                self._stamp.write_text(self._key)
