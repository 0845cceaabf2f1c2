"""Crystalfontz packets: the frame on the wire, its check and how to find it again in noise. Pure.

A packet is type, length, data and CRC (low byte first). The two top bits of the type say what it
is, the six low ones which command it belongs to. The CRC is CRC-16/X-25 over all bytes before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

MAX_DATA = 22
"""Octets of data at most: CFA-631 and CFA-635; the smaller models take fewer (see models)."""
_OVERHEAD = 4


class Kind(IntEnum):
    """The two top bits of a packet's type."""

    COMMAND = 0x00  # host to panel
    RESPONSE = 0x40  # the panel did it
    REPORT = 0x80  # the panel says something by itself
    ERROR = 0xC0  # a whole packet whose content the panel refuses


class Command(IntEnum):
    """The commands that are used here, and CONTRAST, which others like to set."""

    PING = 0
    VERSION = 1
    STORE_BOOT_STATE = 4
    RESTART = 5
    CLEAR = 6
    GLYPH = 9
    CURSOR_POSITION = 11
    CURSOR_STYLE = 12
    CONTRAST = 13
    BACKLIGHT = 14
    KEY_REPORTING = 23
    WRITE = 31
    SET_OUTPUT = 34


KEY_REPORT = 0
"""Code of the report that carries a key."""


def _table() -> tuple[int, ...]:
    rows = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ 0x8408 if value & 1 else value >> 1
        rows.append(value)
    return tuple(rows)


_CRC = _table()


def crc(octets: bytes | bytearray | memoryview) -> int:
    """CRC-16/X-25 (polynomial 0x1021 reflected, begins with ones, inverted at the end)."""
    value = 0xFFFF
    for octet in octets:
        value = value >> 8 ^ _CRC[(value ^ octet) & 0xFF]
    return value ^ 0xFFFF


@dataclass(frozen=True)
class Packet:
    """One packet. code: 0..63. data: at most MAX_DATA octets, as long as the model takes them."""

    kind: Kind
    code: int
    data: bytes = b""

    def __post_init__(self) -> None:
        if not 0 <= self.code <= 63:
            raise ValueError(f"code: {self.code} does not fit six bits; give 0..63")
        if len(self.data) > MAX_DATA:
            raise ValueError(f"data: {len(self.data)} octets; a packet takes {MAX_DATA}")

    def encode(self) -> bytes:
        """The octets on the wire."""
        body = bytes((self.kind | self.code, len(self.data))) + self.data
        return body + crc(body).to_bytes(2, "little")


FROM_PANEL = frozenset({Kind.RESPONSE, Kind.REPORT, Kind.ERROR})
FROM_HOST = frozenset({Kind.COMMAND})


class Decoder:
    """Finds packets in whatever comes.

    What cannot begin a packet is dropped octet by octet, never more: a good packet right behind
    half of another one, or behind noise, is found whole. Time is linear in what was fed, because
    every octet is looked at as a beginning once and a packet is short.
    """

    def __init__(self, kinds: Iterable[Kind] = FROM_PANEL) -> None:
        """kinds: those that the other side sends; another is noise."""
        self._kinds = frozenset(kinds)
        self._rest = bytearray()
        self.dropped = 0
        """Octets that belonged to no packet."""

    @property
    def waiting(self) -> int:
        """Octets held that may be the beginning of a packet."""
        return len(self._rest)

    def feed(self, octets: bytes) -> list[Packet]:
        """Takes octets; returns the packets that are whole now."""
        self._rest += octets
        return self._scan(quiet=False)

    def quiet(self) -> list[Packet]:
        """Says that the line fell silent: half a packet will not be completed any more. What was
        held behind its false beginning is found now."""
        return self._scan(quiet=True)

    def _scan(self, *, quiet: bool) -> list[Packet]:
        found = []
        rest, at = self._rest, 0
        while at < len(rest):
            length = _length_at(rest, at, self._kinds)
            if length is None or (quiet and at + length > len(rest)):
                self.dropped += 1
                at += 1
            elif at + length > len(rest):
                break
            elif int.from_bytes(rest[at + length - 2 : at + length], "little") != crc(
                rest[at : at + length - 2]
            ):
                self.dropped += 1
                at += 1
            else:
                kind = Kind(rest[at] & 0xC0)
                found.append(Packet(kind, rest[at] & 0x3F, bytes(rest[at + 2 : at + length - 2])))
                at += length
        del rest[:at]
        return found


def _length_at(octets: bytearray, at: int, kinds: frozenset[Kind]) -> int | None:
    """Octets of the packet that may begin here, as far as that can be said; None: none does."""
    if octets[at] & 0xC0 not in kinds:
        return None
    if at + 1 == len(octets):
        return _OVERHEAD
    length = octets[at + 1]
    return length + _OVERHEAD if length <= MAX_DATA else None
