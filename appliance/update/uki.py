"""Reads command line and release out of a unified kernel image: a PE file with sections `.cmdline`
and `.osrel` (UAPI specification). Every octet may be hostile. Pure."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

Read = Callable[[int, int], bytes]
"""Octets of the file: offset, how many; fewer where it ends."""
LONGEST = 1 << 16
_SECTIONS = 96  # as many as Windows' loader takes
_IMAGE_VERSION = re.compile(r"^IMAGE_VERSION=\"?([0-9.]{1,40})\"?$", re.ASCII | re.MULTILINE)
_HASH = re.compile(r"(?<!\S)roothash=([0-9a-f]{64})(?!\S)", re.ASCII)


def command_line(read: Read) -> str:
    """The kernel's command line in it. Raises ValueError, one line."""
    return section(read, ".cmdline")


def version(read: Read) -> str:
    """IMAGE_VERSION of the system that it starts (os-release(5)). Raises ValueError, one line."""
    found = _IMAGE_VERSION.findall(section(read, ".osrel"))
    if len(found) != 1:
        raise ValueError("no UKI of a box: it names no one version")
    return str(found[0])


def section(read: Read, wanted: str) -> str:
    """A section's text. Raises ValueError, one line."""
    head = _exactly(read, 0, 64)
    if head[:2] != b"MZ":
        raise ValueError("no UKI: it does not begin as a PE file")
    at = int(struct.unpack_from("<I", head, 60)[0])
    coff = _exactly(read, at, 24)
    if coff[:4] != b"PE\0\0":
        raise ValueError("no UKI: it has no PE header")
    count, optional = struct.unpack_from("<H", coff, 6)[0], struct.unpack_from("<H", coff, 20)[0]
    if count > _SECTIONS:
        raise ValueError(f"no UKI: {count} sections")
    table = _exactly(read, at + 24 + optional, 40 * count)
    for number in range(count):
        name, virtual, _, size, offset = struct.unpack_from("<8sIIII", table, 40 * number)
        if name.rstrip(b"\0") == wanted.encode():
            length = min(virtual, size) if virtual else size
            if length > LONGEST:
                raise ValueError(f"no UKI: its section {wanted} is too long")
            text = _exactly(read, offset, length).rstrip(b"\0\n ")
            return text.decode("ascii", "replace")
    raise ValueError(f"no UKI: it has no section {wanted}")


def root_hash(line: str) -> str:
    """The hash of the root that a command line boots: 64 hexadecimal digits. Raises ValueError."""
    found = _HASH.findall(line)
    if len(set(found)) != 1:
        raise ValueError("no UKI of a box: it names no one root")
    return str(found[0])


def partitions(root: str) -> tuple[str, str]:
    """PARTUUIDs of the root and of its hashes (Discoverable Partitions Specification): the first
    and the last 128 bits of the hash."""
    return _uuid(root[:32]), _uuid(root[-32:])


def _uuid(digits: str) -> str:
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _exactly(read: Read, offset: int, count: int) -> bytes:
    data = read(offset, count)
    if len(data) != count:
        raise ValueError("no UKI: it is cut off")
    return data
