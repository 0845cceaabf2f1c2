"""Files that make a box: the root's file system and its tree of hashes, the signed kernel, the
disk, an update's bundle. Made by the tools' root on ordinary files: no loop device, no mapper."""

from __future__ import annotations

import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from image.shell import BuildError, Shell

COMPATIBLE = "rtvbox-x86-64"
"""What RAUC compares: another machine's bundle is refused."""
MIB = 1 << 20
_ESP_MIB, _ROOT_MIB, _VERITY_MIB, _DATA_MIB = 256, 512, 8, 128
_NAMES = uuid.UUID("5d1ce1f0-6f0c-4b57-9d0b-2c5a5f0e7a11")
# GPT types of the Discoverable Partitions Specification.
_TYPES = {
    "esp": "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
    "root": "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709",
    "verity": "2C7357ED-EBD2-46D9-AEC1-23D437EC2BF5",
    "data": "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
}
_LOADER = """timeout 0
editor no
auto-entries no
auto-firmware no
console-mode keep
"""


@dataclass(frozen=True)
class Signing:
    """Files of keys. boot: for firmware (Secure Boot), None: unsigned. update: for RAUC."""

    update_key: Path
    update_certificate: Path
    update_ca: Path
    boot_key: Path | None = None
    boot_certificate: Path | None = None


def file_system(shell: Shell, tools: Path, tree: Path, out: Path, *, epoch: int) -> None:
    """The root, read-only: EROFS, lz4 (which a small processor unpacks fast)."""
    out.unlink(missing_ok=True)
    shell.inside(
        tools,
        *("mkfs.erofs", "--quiet", "-zlz4hc,9", "-C65536"),
        *("-T", str(epoch)),
        *("-U", str(uuid.uuid5(_NAMES, "root")), f"/out/{out.name}", "/tree"),
        places={"/tree": tree, "/out": out.parent},
    )
    _fits(out, _ROOT_MIB)


def verity(shell: Shell, tools: Path, root: Path, out: Path) -> str:
    """The tree of hashes over the root; its own hash, which everything else hangs from."""
    out.unlink(missing_ok=True)
    said = shell.inside(
        tools,
        *("veritysetup", "format", f"/out/{root.name}", f"/out/{out.name}"),
        *(f"--uuid={uuid.uuid5(_NAMES, 'verity')}", f"--salt={_NAMES.hex}"),
        places={"/out": out.parent},
    )
    _fits(out, _VERITY_MIB)
    for line in said.splitlines():
        if line.startswith("Root hash:"):
            return line.split(":", 1)[1].strip()
    raise BuildError(f"veritysetup: names no root hash: {said}")


def kernel_image(
    shell: Shell,
    tools: Path,
    out: Path,
    *,
    kernel: Path,
    first: Path,
    tree: Path,
    command_line: str,
    version: str,
) -> None:
    """Kernel, first file system and command line as one file of the firmware's kind (UKI)."""
    out.unlink(missing_ok=True)
    shell.inside(
        tools,
        *("ukify", "build", f"--linux=/kernel-image/{kernel.name}"),
        *(f"--initrd=/first/{first.name}", f"--cmdline={command_line}", f"--uname={version}"),
        *("--os-release=@/tree-lib/os-release", f"--output=/out/{out.name}"),
        places={
            "/out": out.parent,
            "/kernel-image": kernel.parent,
            "/first": first.parent,
            "/tree-lib": tree / "usr/lib",
        },
    )


def esp(
    shell: Shell, tools: Path, out: Path, *, loader: Path, entry: Path, name: str, epoch: int
) -> None:
    """The boot partition. name: of the entry's file."""
    tree = out.parent / "esp.tree"
    shutil.rmtree(tree, ignore_errors=True)
    for file, place in ((loader, "EFI/BOOT/BOOTX64.EFI"), (entry, f"EFI/Linux/{name}")):
        (tree / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, tree / place)
    (tree / "loader").mkdir()
    (tree / "loader/loader.conf").write_text(_LOADER)
    for found in sorted(tree.rglob("*"), reverse=True):
        os.utime(found, (epoch, epoch))
    out.unlink(missing_ok=True)
    with out.open("wb") as file:
        file.truncate(_ESP_MIB * MIB)
    serial = uuid.uuid5(_NAMES, "esp").hex[:8]
    shell.inside(
        tools,
        *("sh", "-c", _ESP, "esp", f"/out/{out.name}", serial),
        places={"/out": out.parent, "/tree": tree},
    )
    shutil.rmtree(tree)


_ESP = """set -eu
mkfs.vfat -F 32 -n RTVBOX -i "$2" --invariant "$1" >/dev/null
cd /tree && mcopy -s -m -i "$1" * ::
"""


def identifiers(root_hash: str) -> tuple[uuid.UUID, uuid.UUID]:
    """Of the partitions that hold a root and its tree: how systemd finds them by the hash alone."""
    return uuid.UUID(root_hash[:32]), uuid.UUID(root_hash[-32:])


def disk(
    shell: Shell, tools: Path, out: Path, *, boot: Path, root: Path, tree: Path, root_hash: str
) -> None:
    """The whole disk: slot a holds this version, slot b and the data partition are empty."""
    root_id, verity_id = identifiers(root_hash)
    parts = [
        ("esp", "esp", _ESP_MIB, uuid.uuid5(_NAMES, "esp"), boot),
        ("root-a", "root", _ROOT_MIB, root_id, root),
        ("verity-a", "verity", _VERITY_MIB, verity_id, tree),
        ("root-b", "root", _ROOT_MIB, uuid.uuid5(_NAMES, "root-b"), None),
        ("verity-b", "verity", _VERITY_MIB, uuid.uuid5(_NAMES, "verity-b"), None),
        ("data", "data", _DATA_MIB, uuid.uuid5(_NAMES, "data"), None),
    ]
    lines = ["label: gpt", f"label-id: {uuid.uuid5(_NAMES, 'disk')}", "first-lba: 2048"]
    at = 1
    starts: list[tuple[int, Path]] = []
    for name, kind, size, identifier, source in parts:
        lines.append(
            f"start={at * 2048}, size={size * 2048}, type={_TYPES[kind]}, uuid={identifier}, "
            f'name="{name}"'
        )
        if source is not None:
            starts.append((at, source))
        at += size
    out.unlink(missing_ok=True)
    with out.open("wb") as file:
        file.truncate((at + 1) * MIB)
    (out.parent / "partitions").write_text("\n".join(lines) + "\n")
    shell.inside(
        tools,
        *("sh", "-c", f'sfdisk --quiet "/out/{out.name}" </out/partitions'),
        places={"/out": out.parent},
    )
    (out.parent / "partitions").unlink()
    for start, source in starts:
        shell.run(
            *("dd", f"if={source}", f"of={out}", "bs=1M", f"seek={start}"),
            *("conv=notrunc,sparse", "status=none"),
        )


def bundle(
    shell: Shell,
    tools: Path,
    out: Path,
    *,
    root: Path,
    tree: Path,
    entry: Path,
    version: str,
    signing: Signing,
) -> None:
    """What a box takes as an update: RAUC's verity format, signed."""
    content = out.parent / "bundle"
    shutil.rmtree(content, ignore_errors=True)
    content.mkdir()
    for file, name in ((root, "root.img"), (tree, "verity.img"), (entry, "rtvbox.efi")):
        os.link(file, content / name)
    (content / "manifest.raucm").write_text(
        f"[update]\ncompatible={COMPATIBLE}\nversion={version}\n\n[bundle]\nformat=verity\n\n"
        "[image.root]\nfilename=root.img\n\n[image.verity]\nfilename=verity.img\n"
    )
    out.unlink(missing_ok=True)
    shell.inside(
        tools,
        *("rauc", "bundle", f"--cert=/key/{signing.update_certificate.name}"),
        *(f"--key=/key/{signing.update_key.name}", f"--keyring=/key/{signing.update_ca.name}"),
        *("/out/bundle", f"/out/{out.name}"),
        places={"/out": out.parent, "/key": signing.update_key.parent},
    )
    shutil.rmtree(content)


def _fits(file: Path, mib: int) -> None:
    size = file.stat().st_size
    if size > mib * MIB:
        raise BuildError(
            f"{file.name}: {size / MIB:.0f} MiB do not fit into a slot of {mib} MiB; "
            "take something out of image/packages"
        )
