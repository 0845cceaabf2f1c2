"""Walks Explicit VR Little Endian (PS3.5 chapter 7) without decoding values.

Grains come from the network: every length is checked against what is there, nesting is bounded,
and the only error is GrainError. Every step moves forward by eight octets at least, so the time is
bounded by the length of the bytes times MAX_DEPTH.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MAX_DEPTH = 16
"""Sequences within sequences; the IODs of PS3.22 need four."""

UNDEFINED = 0xFFFFFFFF
ITEM = 0xFFFEE000
ITEM_END = 0xFFFEE00D
SEQUENCE_END = 0xFFFEE0DD

# fmt: off
_SHORT = frozenset((  # 16-bit length
    "AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH", "SL", "SS",
    "ST", "TM", "UI", "UL", "US",
))
_LONG = frozenset((  # two spare octets, 32-bit length
    "OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV",
))
# fmt: on


class GrainError(ValueError):
    """These octets are no grain; the message says in one line why (never a value of it)."""


@dataclass(frozen=True, slots=True)
class Element:
    """Where an element lies: `start` of its header, `value` up to `value + length` without
    delimiters, `end` of everything."""

    tag: int
    vr: str
    start: int
    value: int
    length: int
    end: int


def tag_name(tag: int) -> str:
    """A tag as the standard prints it."""
    return f"({tag >> 16:04x},{tag & 0xFFFF:04x})"


def elements(data: bytes, start: int, end: int, depth: int = 0) -> Iterator[Element]:
    """The elements of a data set between two offsets, in the order they stand."""
    at = start
    while at < end:
        found = element(data, at, end, depth)
        yield found
        at = found.end


def element(data: bytes, at: int, end: int, depth: int = 0) -> Element:
    """The element that starts at an offset. Raises GrainError when it does not fit before `end`."""
    if depth > MAX_DEPTH:
        raise GrainError(f"sequences nest deeper than {MAX_DEPTH}")
    tag = _tag(data, at, end)
    vr = data[at + 4 : at + 6].decode("latin-1")
    if vr in _SHORT:
        value, length = at + 8, int.from_bytes(data[at + 6 : at + 8], "little")
    elif vr in _LONG:
        if at + 12 > end:
            raise GrainError(f"{tag_name(tag)}: its header reaches past the end")
        value, length = at + 12, int.from_bytes(data[at + 8 : at + 12], "little")
    else:
        raise GrainError(f"{tag_name(tag)}: no value representation of Explicit VR")
    if length == UNDEFINED and vr in _LONG:
        if vr != "SQ":
            raise GrainError(f"{tag_name(tag)}: undefined length where only a sequence may")
        stop, after = _sequence_end(data, value, end, depth)
        return Element(tag, vr, at, value, stop - value, after)
    if value + length > end:
        raise GrainError(f"{tag_name(tag)}: its value reaches past the end")
    return Element(tag, vr, at, value, length, value + length)


def items(data: bytes, sequence: Element, depth: int = 0) -> list[tuple[int, int]]:
    """(start, end) of the data set of each item of a sequence."""
    if sequence.vr != "SQ":
        raise GrainError(f"{tag_name(sequence.tag)}: {sequence.vr} where a sequence belongs")
    spans = []
    at, end = sequence.value, sequence.value + sequence.length
    while at < end:
        start, stop, at = _item(data, at, end, depth)
        spans.append((start, stop))
    return spans


def check(data: bytes, start: int, end: int, depth: int = 0) -> None:
    """Walks everything, sequences too. Raises GrainError at the first thing that does not hold."""
    for found in elements(data, start, end, depth):
        if found.vr == "SQ":
            for item_start, item_end in items(data, found, depth):
                check(data, item_start, item_end, depth + 1)


def _tag(data: bytes, at: int, end: int) -> int:
    if at + 8 > end:
        raise GrainError(f"an element's header reaches past the end at octet {at}")
    group, number = int.from_bytes(data[at : at + 2], "little"), data[at + 2] | data[at + 3] << 8
    return group << 16 | number


def _item(data: bytes, at: int, end: int, depth: int) -> tuple[int, int, int]:
    """Start and end of the item's data set, and where the next item begins."""
    if _tag(data, at, end) != ITEM:
        raise GrainError(f"no item where one belongs, at octet {at}")
    length = int.from_bytes(data[at + 4 : at + 8], "little")
    start = at + 8
    if length != UNDEFINED:
        if start + length > end:
            raise GrainError(f"an item reaches past the end at octet {at}")
        return start, start + length, start + length
    at = start
    while (tag := _tag(data, at, end)) != ITEM_END:
        if tag >> 16 == 0xFFFE:
            raise GrainError(f"a delimiter where an element belongs, at octet {at}")
        at = element(data, at, end, depth + 1).end
    return start, at, at + 8


def _sequence_end(data: bytes, at: int, end: int, depth: int) -> tuple[int, int]:
    """Of a sequence of undefined length: where its items end, and where its delimiter does."""
    while _tag(data, at, end) != SEQUENCE_END:
        _start, _stop, at = _item(data, at, end, depth)
    return at, at + 8
