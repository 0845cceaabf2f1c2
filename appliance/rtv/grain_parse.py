"""Reads a grain of a metadata flow (PS3.22 chapter 7) without decoding what nobody asked for.

What arrives here is anybody's: lengths and nesting are checked before a value is looked at, and
GrainError is the only error. Readings of the standard that differ from ours are taken where they
are unmistakable: sequences of defined or undefined length, parts and elements in any order, a
group length that is wrong or absent, unknown elements.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass, field
from io import BytesIO
from uuid import UUID

from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from . import dictionary, rtp
from .elements import Element, GrainError, check, elements, items, tag_name
from .grain import MAX_GRAIN, PREAMBLE
from .quiet import quiet_pydicom

_START = PREAMBLE + 4
_CAMERA_VECTORS = {0x00701603: 3, 0x00701604: 3, 0x00701605: 3, 0x00701606: 6}


@dataclass(frozen=True)
class Meta:
    """RTV Meta Information. None where an element is absent; source and flow are the metadata's."""

    transfer_syntax: str | None
    version: bytes | None
    sop_class: str | None
    sop_instance: str | None
    source: UUID | None
    flow: UUID | None
    rtp_rate: int | None  # Hz
    frame_duration_ms: float | None


@dataclass(frozen=True)
class CameraPosition:
    """mm in the Frame of Reference; field_of_view: left, right, top, bottom, near, far."""

    viewpoint: tuple[float, ...]
    look_at: tuple[float, ...]
    up: tuple[float, ...]
    field_of_view: tuple[float, ...]


@dataclass(frozen=True)
class Dynamic:
    """The dynamic part. origin: TAI ns. The two DT are as sent; answers None where not given."""

    origin: int | None
    acquisition: str | None
    reference: str | None
    acquisition_ms: float | None
    imaging_subject: bool | None
    information: bool | None
    camera: CameraPosition | None


@dataclass(frozen=True)
class Grain:
    """One grain. dynamic None: it has none. static: the elements of the static part, b"" without;
    patient data, so the representation does not show it."""

    meta: Meta
    dynamic: Dynamic | None
    static: bytes = field(repr=False)

    def static_dataset(self) -> Dataset:
        """The static part decoded whole, nothing left to fail later. Raises GrainError."""
        return decode_static(self.static)


def begins_grain(payload: bytes) -> bool:
    """Whether a packet's payload is the beginning of a grain: `DICM` after the preamble."""
    return payload[PREAMBLE:_START] == b"DICM"


def parse_grain(data: bytes) -> Grain:
    """Reads a whole grain, or meta information with a static part as `Receiver.static_part` gives
    it. Raises GrainError with one line of reason, without a value of it."""
    if len(data) > MAX_GRAIN:
        raise GrainError(f"grain: {len(data)} octets; {MAX_GRAIN} are the most")
    if not begins_grain(data):
        raise GrainError(f"grain: no DICM at octet {PREAMBLE}")
    meta: dict[int, Element] = {}
    frame: Element | None = None
    static: list[bytes] = []
    seen: set[int] = set()
    for found in elements(data, _START, len(data)):
        if found.tag in seen:
            raise GrainError(f"{tag_name(found.tag)}: stands twice")
        seen.add(found.tag)
        group = found.tag >> 16
        if group == 0x0002:
            meta[found.tag] = found
        elif found.tag == dictionary.CURRENT_FRAME_GROUPS:
            frame = found
        elif group != 0x0006:
            static.append(data[found.start : found.end])
    if not meta:
        raise GrainError("grain: no RTV Meta Information")
    return Grain(
        _meta(data, meta), _dynamic(data, frame) if frame is not None else None, b"".join(static)
    )


def decode_static(static: bytes) -> Dataset:
    """A static part as data set, every value decoded. Raises GrainError."""
    check(static, 0, len(static))
    try:
        with quiet_pydicom("ignore"):  # others' small faults are theirs, not our log's
            dataset = read_dataset(BytesIO(static), is_implicit_VR=False, is_little_endian=True)
            for found in dataset.iterall():
                str(found.value)  # names are decoded late otherwise
    except Exception as error:  # pydicom raises nearly anything on hostile values
        raise GrainError(f"static part: does not decode ({type(error).__name__})") from None
    return dataset


def _meta(data: bytes, found: dict[int, Element]) -> Meta:
    rate, duration = found.get(0x00020037), found.get(0x00020038)
    version = found.get(0x00020031)
    return Meta(
        transfer_syntax=_uid(data, found.get(0x00020010)),
        version=_raw(data, version) if version else None,
        sop_class=_uid(data, found.get(0x00020032)),
        sop_instance=_uid(data, found.get(0x00020033)),
        source=_uuid(data, found.get(0x00020035)),
        flow=_uuid(data, found.get(0x00020036)),
        rtp_rate=int.from_bytes(_sized(data, rate, 4), "little") if rate else None,
        frame_duration_ms=_doubles(data, duration, 1)[0] if duration else None,
    )


def _dynamic(data: bytes, frame: Element) -> Dynamic:
    spans = items(data, frame)
    if len(spans) != 1:
        raise GrainError(f"{tag_name(frame.tag)}: {len(spans)} items; it has exactly one")
    groups = _unique(data, *spans[0], depth=1)
    time = _group(data, groups.get(0x0034000D))
    content = _group(data, groups.get(0x00209111))
    useful = _group(data, groups.get(0x00340009))
    camera = _group(data, groups.get(0x0034000B))
    origin, duration = time.get(0x00340007), content.get(0x00189220)
    return Dynamic(
        origin=_stamp(data, origin) if origin else None,
        acquisition=_moment(data, content.get(0x00189074)),
        reference=_moment(data, content.get(0x00189151)),
        acquisition_ms=_doubles(data, duration, 1)[0] if duration else None,
        imaging_subject=_answer(data, useful.get(0x00340008)),
        information=_answer(data, useful.get(0x0034000C)),
        camera=_camera(data, camera) if camera else None,
    )


def _group(data: bytes, sequence: Element | None) -> dict[int, Element]:
    """The elements of a functional group's one item; {} without the group."""
    if sequence is None:
        return {}
    spans = items(data, sequence, 1)
    if len(spans) != 1:
        raise GrainError(f"{tag_name(sequence.tag)}: {len(spans)} items; it has exactly one")
    return _unique(data, *spans[0], depth=2)


def _unique(data: bytes, start: int, end: int, depth: int) -> dict[int, Element]:
    found: dict[int, Element] = {}
    for one in elements(data, start, end, depth):
        if one.tag in found:
            raise GrainError(f"{tag_name(one.tag)}: stands twice")
        found[one.tag] = one
    return found


def _camera(data: bytes, found: dict[int, Element]) -> CameraPosition:
    vectors = []
    for tag, count in _CAMERA_VECTORS.items():
        if tag not in found:
            raise GrainError(f"{tag_name(tag)}: is missing in a camera position")
        vectors.append(_doubles(data, found[tag], count))
    return CameraPosition(*vectors)


def _raw(data: bytes, found: Element) -> bytes:
    return data[found.value : found.value + found.length]


def _sized(data: bytes, found: Element, octets: int) -> bytes:
    if found.length != octets:
        raise GrainError(f"{tag_name(found.tag)}: {found.length} octets, not {octets}")
    return _raw(data, found)


def _doubles(data: bytes, found: Element, count: int) -> tuple[float, ...]:
    values = struct.unpack(f"<{count}d", _sized(data, found, 8 * count))
    if not all(map(math.isfinite, values)):
        raise GrainError(f"{tag_name(found.tag)}: is no finite number")
    return values


def _stamp(data: bytes, found: Element) -> int:
    try:
        return rtp.ptp_from(_sized(data, found, 10))
    except rtp.RtpError as error:
        raise GrainError(f"{tag_name(found.tag)}: {error}") from None


def _text(data: bytes, found: Element | None, form: str) -> str | None:
    if found is None:
        return None
    text = _raw(data, found).rstrip(b" \0").decode("latin-1") if found.length <= 64 else "?"
    if not re.fullmatch(form, text, re.ASCII):
        raise GrainError(f"{tag_name(found.tag)}: has not the form of its kind")
    return text


def _uid(data: bytes, found: Element | None) -> str | None:
    return _text(data, found, r"[0-9]+(\.[0-9]+)*")


def _moment(data: bytes, found: Element | None) -> str | None:
    return _text(data, found, r"[0-9]{4,14}(\.[0-9]{1,6})?([-+][0-9]{4})?")


def _answer(data: bytes, found: Element | None) -> bool | None:
    text = _text(data, found, "YES|NO")
    return None if text is None else text == "YES"


def _uuid(data: bytes, found: Element | None) -> UUID | None:
    return UUID(bytes=_sized(data, found, 16)) if found else None
