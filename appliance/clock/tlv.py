"""PTP management messages (IEEE 1588-2008 clause 15) as octets, with linuxptp's own identifiers.

Pure. Every octet may come from anybody: what is short, long or contradicts itself is refused with
ValueError, never read beyond its end.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

GET, SET, RESPONSE, ACKNOWLEDGE = 0, 1, 2, 4
_MANAGEMENT_TYPE, _TLV_MANAGEMENT, _TLV_ERROR = 0xD, 0x0001, 0x0002
_HEADER = struct.Struct(">BBHBBHqI8sHHBb")
_TARGET = struct.Struct(">8sHBBBB")
_TLV = struct.Struct(">HHH")
LEAST = _HEADER.size + _TARGET.size
LARGEST = 1500
_ANY = b"\xff" * 8


class Id(IntEnum):
    """Management identifiers that are asked for; 0xC... are linuxptp's."""

    DEFAULT = 0x2000
    CURRENT = 0x2001
    PARENT = 0x2002
    TIME_PROPERTIES = 0x2003
    PORT = 0x2004
    TIME_STATUS = 0xC000
    GRANDMASTER_SETTINGS = 0xC001


class PortState(IntEnum):
    """IEEE 1588-2008 table 8."""

    INITIALIZING = 1
    FAULTY = 2
    DISABLED = 3
    LISTENING = 4
    PRE_MASTER = 5
    MASTER = 6
    PASSIVE = 7
    UNCALIBRATED = 8
    SLAVE = 9


@dataclass(frozen=True)
class Current:
    """steps: boundary clocks to the grandmaster. offset_ns, delay_ns: of the last exchange."""

    steps: int
    offset_ns: int
    delay_ns: int


@dataclass(frozen=True)
class Parent:
    """grandmaster: as 39-A7-94-FF-FE-07-CB-D0. clock_class, accuracy: what it says of itself."""

    grandmaster: str
    clock_class: int
    accuracy: int
    priority1: int
    priority2: int


@dataclass(frozen=True)
class TimeProperties:
    """utc_offset: TAI - UTC, seconds. ptp: whether the timescale is PTP's (TAI)."""

    utc_offset: int
    utc_valid: bool
    ptp: bool
    traceable: bool


@dataclass(frozen=True)
class Port:
    """number: from 1, in the order of the configuration."""

    number: int
    state: PortState


@dataclass(frozen=True)
class TimeStatus:
    """present: whether a grandmaster other than this clock is followed."""

    offset_ns: int
    present: bool
    grandmaster: str


@dataclass(frozen=True)
class GrandmasterSettings:
    """What this clock says of itself where it gives the time."""

    clock_class: int
    accuracy: int
    variance: int
    utc_offset: int
    utc_valid: bool
    ptp: bool
    source: int


Data = Current | Parent | TimeProperties | Port | TimeStatus | GrandmasterSettings


@dataclass(frozen=True)
class Answer:
    """data: None for an identifier that is not read here, or a refusal (error: its number)."""

    id: int
    sequence: int
    data: Data | None
    error: int = 0


def request(id: Id, sequence: int, *, domain: int, data: bytes = b"", action: int = GET) -> bytes:
    """A message to the clock on this machine."""
    body = _TLV.pack(_TLV_MANAGEMENT, 2 + len(data), id) + data
    header = _HEADER.pack(
        _MANAGEMENT_TYPE, 2, LEAST + len(body), domain, 0, 0, 0, 0, bytes(8), 1, sequence, 4, 0x7F
    )
    return header + _TARGET.pack(_ANY, 0xFFFF, 0, 0, action, 0) + body


def settings(values: GrandmasterSettings) -> bytes:
    """Data of GRANDMASTER_SETTINGS_NP."""
    flags = values.utc_valid << 2 | values.ptp << 3
    return struct.pack(
        ">BBHhBB",
        values.clock_class,
        values.accuracy,
        values.variance,
        values.utc_offset,
        flags,
        values.source,
    )


def answer(octets: bytes) -> Answer:
    """What a clock answered. Raises ValueError."""
    if not LEAST + _TLV.size <= len(octets) <= LARGEST:
        raise ValueError(f"management: {len(octets)} octets")
    kind, version, length, *_, sequence, _, _ = _HEADER.unpack_from(octets)
    if kind & 0xF != _MANAGEMENT_TYPE or version & 0xF != 2 or length > len(octets):
        raise ValueError("management: no message of PTP version 2")
    action = octets[LEAST - 2] & 0xF
    if action not in (RESPONSE, ACKNOWLEDGE):
        raise ValueError(f"management: action {action} is no answer")
    tlv, size, id = _TLV.unpack_from(octets, LEAST)
    end = LEAST + 4 + size
    if end > length or size < 2:
        raise ValueError("management: a TLV beyond the message's end")
    if tlv == _TLV_ERROR:
        # The error's number stands where a response has its identifier, which follows.
        error, own = id, struct.unpack_from(">H", octets, LEAST + 6)[0] if size >= 4 else 0
        return Answer(own, sequence, None, error or 0xFFFF)
    if tlv != _TLV_MANAGEMENT:
        raise ValueError(f"management: TLV {tlv:#06x}")
    return Answer(id, sequence, _data(id, octets[LEAST + _TLV.size : end]))


def identity(octets: bytes) -> str:
    """A clock identity as SDPs spell it."""
    return "-".join(f"{octet:02X}" for octet in octets)


def _data(id: int, data: bytes) -> Data | None:
    reader = _READERS.get(id)
    if reader is None:
        return None
    form, make = reader
    if len(data) < form.size:
        raise ValueError(f"management: {id:#06x} with {len(data)} octets")
    return make(*form.unpack_from(data))


def _current(steps: int, offset: int, delay: int) -> Current:
    return Current(steps, offset >> 16, delay >> 16)


def _parent(
    _: bytes, p1: int, clock_class: int, accuracy: int, __: int, p2: int, own: bytes
) -> Parent:
    return Parent(identity(own), clock_class, accuracy, p1, p2)


def _properties(utc: int, flags: int, _: int) -> TimeProperties:
    return TimeProperties(utc, bool(flags & 4), bool(flags & 8), bool(flags & 16))


def _port(_: bytes, number: int, state: int) -> Port:
    try:
        return Port(number, PortState(state))
    except ValueError:
        raise ValueError(f"management: port state {state}") from None


def _status(offset: int, _: bytes, present: int, own: bytes) -> TimeStatus:
    return TimeStatus(offset, present != 0, identity(own))


def _settings(
    clock_class: int, accuracy: int, variance: int, utc: int, flags: int, source: int
) -> GrandmasterSettings:
    return GrandmasterSettings(
        clock_class, accuracy, variance, utc, bool(flags & 4), bool(flags & 8), source
    )


_READERS: dict[int, tuple[struct.Struct, Callable[..., Data]]] = {
    Id.CURRENT: (struct.Struct(">Hqq"), _current),
    Id.PARENT: (struct.Struct(">18sBBBHB8s"), _parent),
    Id.TIME_PROPERTIES: (struct.Struct(">hBB"), _properties),
    Id.PORT: (struct.Struct(">8sHB"), _port),
    Id.TIME_STATUS: (struct.Struct(">q30si8s"), _status),
    Id.GRANDMASTER_SETTINGS: (struct.Struct(">BBHhBB"), _settings),
}
