"""Reads capture files, pcap and pcapng, from their octets. Hostile files end in CaptureError.

A capture is an index of its records (where each lies, when it was taken) over the file's octets;
nothing is copied, so a file can be mapped into memory and handed in whole.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Octets = npt.NDArray[np.uint8]
Int64s = npt.NDArray[np.int64]

NS = 1_000_000_000
_LARGEST = 1 << 24  # octets of one record; loopback's largest is below 1 << 17
_PCAP_MAGIC = {
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\x3c\x4d": (">", 1),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
}
_SECTION = b"\x0a\x0d\x0d\x0a"


class CaptureError(ValueError):
    """The file is no capture, or it breaks its own lengths. One line."""


@dataclass(frozen=True)
class Capture:
    """Records of a capture in the order of the file.

    octets: the file. time: ns of the capturing host's clock (usually UTC). offset, captured:
    where a record's octets lie and how many there are; original: how many the packet had.
    link: link type of each record. cut: the file ends within a record. notes: a line each.
    """

    octets: Octets
    time: Int64s
    offset: Int64s
    captured: Int64s
    original: Int64s
    link: Int64s
    cut: bool = False
    notes: tuple[str, ...] = ()


@dataclass
class _Index:
    """Columns that grow while a file is walked."""

    time: array[int] = field(default_factory=lambda: array("q"))
    offset: array[int] = field(default_factory=lambda: array("q"))
    captured: array[int] = field(default_factory=lambda: array("q"))
    original: array[int] = field(default_factory=lambda: array("q"))
    link: array[int] = field(default_factory=lambda: array("q"))
    notes: list[str] = field(default_factory=list)

    def capture(self, octets: Octets, *, cut: bool) -> Capture:
        return Capture(
            octets,
            time=np.array(self.time, dtype=np.int64),
            offset=np.array(self.offset, dtype=np.int64),
            captured=np.array(self.captured, dtype=np.int64),
            original=np.array(self.original, dtype=np.int64),
            link=np.array(self.link, dtype=np.int64),
            cut=cut,
            notes=tuple(dict.fromkeys(self.notes)),
        )


def read_capture(data: bytes | bytearray | memoryview) -> Capture:
    """Indexes a pcap or pcapng file (micro- or nanoseconds, either byte order).

    Raises CaptureError with one line. A file that ends within its last record, as an interrupted
    capture does, is read up to there and marked `cut`.
    """
    view = memoryview(data).cast("B")
    octets = np.frombuffer(view, dtype=np.uint8)
    magic = bytes(view[:4])
    if magic in _PCAP_MAGIC:
        return _pcap(view, octets, *_PCAP_MAGIC[magic])
    if magic == _SECTION:
        return _pcapng(view, octets)
    raise CaptureError(
        f"capture: it begins with {magic.hex() or 'nothing'}; give a pcap or pcapng file, "
        "as tcpdump -w writes"
    )


def _pcap(view: memoryview, octets: Octets, order: str, scale: int) -> Capture:
    if len(view) < 24:
        raise CaptureError("capture: the file ends within its header; capture again")
    (link,) = struct.unpack_from(order + "I", view, 20)
    link &= 0x0FFFFFFF
    record = struct.Struct(order + "IIII").unpack_from
    index = _Index()
    at, end = 24, len(view)
    while at + 16 <= end:
        seconds, fraction, captured, original = record(view, at)
        if captured > _LARGEST:
            raise CaptureError(
                f"capture: record at octet {at} claims {captured} octets; it is broken"
            )
        if at + 16 + captured > end:
            break
        index.time.append(seconds * NS + fraction * scale)
        index.offset.append(at + 16)
        index.captured.append(captured)
        index.original.append(original)
        index.link.append(link)
        at += 16 + captured
    return index.capture(octets, cut=at != end)


@dataclass(frozen=True)
class _Interface:
    link: int
    to_ns: Callable[[int], int]


def _pcapng(view: memoryview, octets: Octets) -> Capture:
    order = "<"
    interfaces: list[_Interface] = []
    index = _Index()
    at, end = 0, len(view)
    while at + 12 <= end:
        if bytes(view[at : at + 4]) == _SECTION:
            mark = bytes(view[at + 8 : at + 12])
            if mark not in (b"\x1a\x2b\x3c\x4d", b"\x4d\x3c\x2b\x1a"):
                raise CaptureError(f"capture: section at octet {at} has no byte order")
            order = ">" if mark == b"\x1a\x2b\x3c\x4d" else "<"
            interfaces = []
        kind, length = struct.unpack_from(order + "II", view, at)
        if length < 12 or length % 4 or length > _LARGEST:
            raise CaptureError(f"capture: block at octet {at} claims {length} octets; it is broken")
        if at + length > end:
            break
        body, stop = at + 8, at + length - 4
        if kind == 1:
            interfaces.append(_interface(view, body, stop, order))
        elif kind == 6:
            _packet(view, body, stop, order, interfaces, index)
        elif kind in (2, 3):
            index.notes.append("capture: packets without a time or of the old form are passed over")
        at += length
    return index.capture(octets, cut=at != end)


def _interface(view: memoryview, body: int, stop: int, order: str) -> _Interface:
    if stop - body < 8:
        raise CaptureError(f"capture: interface block at octet {body - 8} is too short")
    (link,) = struct.unpack_from(order + "H", view, body)
    resolution, shift = 6, 0
    at = body + 8
    while at + 4 <= stop:
        code, length = struct.unpack_from(order + "HH", view, at)
        if code == 0 or at + 4 + length > stop:
            break
        if code == 9 and length == 1:
            resolution = view[at + 4]
        if code == 14 and length == 8:
            (shift,) = struct.unpack_from(order + "q", view, at + 4)
        at += 4 + (length + 3) // 4 * 4
    if abs(shift) > 1 << 32:
        raise CaptureError(f"capture: an interface's clock is off by {shift} s; it is broken")
    unit = 1 << (resolution & 0x7F) if resolution & 0x80 else 10 ** (resolution & 0x7F)
    return _Interface(link, lambda ticks: ticks * NS // unit + shift * NS)


def _packet(
    view: memoryview,
    body: int,
    stop: int,
    order: str,
    interfaces: list[_Interface],
    index: _Index,
) -> None:
    if stop - body < 20:
        raise CaptureError(f"capture: packet block at octet {body - 8} is too short")
    number, high, low, captured, original = struct.unpack_from(order + "IIIII", view, body)
    if number >= len(interfaces):
        raise CaptureError(f"capture: packet at octet {body - 8} names interface {number}: unknown")
    if captured > stop - body - 20:
        raise CaptureError(f"capture: packet at octet {body - 8} is longer than its block")
    time = interfaces[number].to_ns(high << 32 | low)
    if not -(1 << 62) < time < 1 << 62:
        raise CaptureError(f"capture: packet at octet {body - 8} has a time beyond reason")
    index.time.append(time)
    index.offset.append(body + 20)
    index.captured.append(captured)
    index.original.append(original)
    index.link.append(interfaces[number].link)
