"""A box's boot partition and slots, in small: real files, a partition table in memory."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

from appliance.box.disk import Disk
from appliance.update.esp import Esp
from appliance.update.partitions import Partitions
from appliance.update.uki import partitions


def root_of(version: str) -> str:
    """A root hash for a version."""
    return hashlib.sha256(version.encode()).hexdigest()


def uki(version: str, *, line: str | None = None, sections: int = 3) -> bytes:
    """A file with the sections of a UKI, laid out as a PE file is."""
    texts = {
        ".osrel": f'ID="rtvbox"\nIMAGE_VERSION="{version}"\n',
        ".cmdline": line if line is not None else f"roothash={root_of(version)} ro panic=5",
        ".linux": "a kernel",
    }
    names = list(texts)[:sections]
    at, optional = 128, 240
    table = b""
    body = b""
    start = at + 24 + optional + 40 * len(names)
    for name in names:
        data = texts[name].encode() + b"\0" * 7
        table += struct.pack(
            "<8sIIII16x", name.encode(), len(data) - 7, 0x1000, len(data), start + len(body)
        )
        body += data
    head = b"MZ" + bytes(58) + struct.pack("<I", at) + bytes(at - 64)
    coff = b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, len(names), 0, 0, 0, optional, 0)
    return head + coff + bytes(optional) + table + body


class Table(Partitions):
    """Partitions of a machine in small. written: versions that the slots really hold."""

    def __init__(self, running: str, held: dict[str, str]) -> None:
        super().__init__()
        self._line = f"roothash={root_of(held[running])} ro"
        self.named = {slot: partitions(root_of(version))[0] for slot, version in held.items()}
        self.named.setdefault("b", "0-0")
        self.written = dict(held)
        self.steps: list[str] = []

    def identifiers(self) -> dict[str, str]:
        return dict(self.named)

    def running(self) -> str:
        return self._line.split()[0].removeprefix("roothash=")

    def name(self, slot: str, root: str) -> None:
        self.steps.append("named")
        self.named[slot] = partitions(root)[0]

    def verify(self, slot: str, root: str) -> None:
        self.steps.append("verified")
        if root_of(self.written.get(slot, "nothing")) != root:
            raise ValueError(f"slot {slot}: what was written is not what is read back")


class CutError(Exception):
    """The power is gone."""


class Cut(Disk):
    """The power goes before the step of this number."""

    def __init__(self, after: int) -> None:
        self.left = after

    def _step(self) -> None:
        if self.left == 0:
            raise CutError
        self.left -= 1

    def rename(self, old: Path, new: Path) -> None:
        self._step()
        super().rename(old, new)

    def settle(self, folder: Path) -> None:
        self._step()
        super().settle(folder)

    def remove(self, path: Path) -> None:
        self._step()
        super().remove(path)


def esp_with(folder: Path, *names: str, disk: Disk | None = None) -> Esp:
    """A boot partition with entries of these names, each with its own version in it."""
    place = folder / "Linux"
    place.mkdir(exist_ok=True)
    for name in names:
        version = name.removeprefix("rtvbox_").removesuffix(".efi").partition("+")[0]
        (place / name).write_bytes(uki(version))
    return Esp(place, disk)
