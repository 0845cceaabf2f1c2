"""RTP headers (RFC 3550), header extensions (RFC 8285) and the NMOS elements a grain carries.

DICOM-RTV (PS3.22 chapter 6) puts origin and sync timestamps, flow and source identifiers into an
RTP header extension; their layout is that of AMWA's "NMOS Mapping of Identity and Timing
Information to RTP". Bytes from the network come in here: every length is checked, and the only
error is RtpError.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

ONE_BYTE_PROFILE = 0xBEDE
"""RFC 8285 section 4.2: identifiers 1..14, values of 1..16 octets."""

TWO_BYTE_PROFILE = 0x1000
"""RFC 8285 section 4.3: the upper 12 bits; the lower four are the application's."""

URI_PREFIX = "urn:x-nmos:rtp-hdrext:"

ELEMENTS: dict[str, str] = {
    "origin": URI_PREFIX + "origin-timestamp",
    "sync": URI_PREFIX + "sync-timestamp",
    "flow": URI_PREFIX + "flow-id",
    "source": URI_PREFIX + "source-id",
    "flags": URI_PREFIX + "grain-flags",
    "duration": URI_PREFIX + "grain-duration",
}
"""Our short names of the elements and what `a=extmap` calls them."""

DEFAULT_IDS: dict[str, int] = {"origin": 1, "flow": 3, "source": 4, "flags": 5, "sync": 7}
"""Identifiers that we send; the NMOS examples use the same. A receiver follows the SDP."""

FLAG_START = 0x80
FLAG_END = 0x40

_HEADER = struct.Struct("!BBHII")
_NS = 1_000_000_000


class RtpError(ValueError):
    """These octets are no RTP packet, or its extension breaks its own lengths."""


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One RTP packet, decoded. `profile` is None without a header extension; an extension of a
    profile other than RFC 8285's keeps its octets in `extension` and has no elements.

    `payload_offset` is where the payload starts in the datagram; `payload` is without padding.
    """

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    csrc: tuple[int, ...]
    profile: int | None
    extension: bytes
    elements: tuple[tuple[int, bytes], ...]
    payload: bytes
    payload_offset: int


def encode_header(
    payload_type: int,
    sequence: int,
    timestamp: int,
    ssrc: int,
    *,
    marker: bool = False,
    extension: bytes = b"",
) -> bytes:
    """The 12 octets of RFC 3550 section 5.1, with a whole extension (`encode_extension`) behind.

    Sequence and timestamp are taken modulo 2**16 and 2**32.
    """
    if not 0 <= payload_type <= 127:
        raise ValueError(f"payload type: {payload_type} does not fit; choose 96..127")
    if extension and (len(extension) < 4 or len(extension) % 4):
        raise ValueError("extension: its length is no multiple of 4; use encode_extension")
    first = 0x90 if extension else 0x80
    second = payload_type | (0x80 if marker else 0)
    return (
        _HEADER.pack(first, second, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc & 0xFFFFFFFF)
        + extension
    )


def encode_extension(elements: list[tuple[int, bytes]]) -> bytes:
    """A whole header extension of the one-byte form, 0xBEDE and length first, padded to 32 bits.

    elements: (identifier 1..14, value of 1..16 octets) in the order wanted. No elements give b"".
    Raises ValueError for what the one-byte form cannot carry.
    """
    body = bytearray()
    for ident, value in elements:
        if not 1 <= ident <= 14:
            raise ValueError(f"extension id: {ident} does not fit; choose 1..14")
        if not 1 <= len(value) <= 16:
            raise ValueError(f"extension id {ident}: {len(value)} octets; give 1..16")
        body.append(ident << 4 | (len(value) - 1))
        body += value
    if not body:
        return b""
    body += bytes(-len(body) % 4)
    return struct.pack("!HH", ONE_BYTE_PROFILE, len(body) // 4) + bytes(body)


def decode_extension(profile: int, body: bytes) -> tuple[tuple[int, bytes], ...]:
    """The elements of an extension's body, one-byte and two-byte form; others give none.

    Raises RtpError when an element reaches past the end.
    """
    if profile == ONE_BYTE_PROFILE:
        return tuple(_one_byte(body))
    if profile & 0xFFF0 == TWO_BYTE_PROFILE:
        return tuple(_two_byte(body))
    return ()


def _one_byte(body: bytes) -> Iterable[tuple[int, bytes]]:
    at = 0
    while at < len(body):
        ident, length = body[at] >> 4, (body[at] & 15) + 1
        if body[at] == 0:  # padding
            at += 1
            continue
        if ident == 15:  # RFC 8285: stop here, ignore the rest
            return
        if at + 1 + length > len(body):
            raise RtpError(f"extension: element {ident} reaches past the end")
        if ident:  # identifier 0 with a length is to be skipped
            yield ident, body[at + 1 : at + 1 + length]
        at += 1 + length


def _two_byte(body: bytes) -> Iterable[tuple[int, bytes]]:
    at = 0
    while at < len(body):
        if body[at] == 0:
            at += 1
            continue
        if at + 2 > len(body) or at + 2 + body[at + 1] > len(body):
            raise RtpError(f"extension: element {body[at]} reaches past the end")
        yield body[at], body[at + 2 : at + 2 + body[at + 1]]
        at += 2 + body[at + 1]


def decode_packet(data: bytes) -> RtpPacket:
    """Decodes the payload of one UDP datagram. Raises RtpError with one line of reason."""
    if len(data) < 12:
        raise RtpError(f"RTP: {len(data)} octets are no header; 12 are the least")
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if first >> 6 != 2:
        raise RtpError(f"RTP: version {first >> 6}, not 2")
    at = 12 + 4 * (first & 15)
    if at > len(data):
        raise RtpError("RTP: the list of contributing sources reaches past the end")
    csrc = struct.unpack_from(f"!{first & 15}I", data, 12)
    profile: int | None = None
    body = b""
    if first & 0x10:
        if at + 4 > len(data):
            raise RtpError("RTP: the header extension reaches past the end")
        profile, words = struct.unpack_from("!HH", data, at)
        if at + 4 + 4 * words > len(data):
            raise RtpError("RTP: the header extension reaches past the end")
        body = bytes(data[at + 4 : at + 4 + 4 * words])
        at += 4 + 4 * words
    end = len(data)
    if first & 0x20:
        padding = data[-1]
        if not 1 <= padding <= end - at:
            raise RtpError(f"RTP: {padding} octets of padding do not fit the payload")
        end -= padding
    elements = decode_extension(profile, body) if profile is not None else ()
    return RtpPacket(
        payload_type=second & 0x7F,
        marker=bool(second & 0x80),
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        csrc=csrc,
        profile=profile,
        extension=body,
        elements=elements,
        payload=bytes(data[at:end]),
        payload_offset=at,
    )


def ptp_bytes(tai_ns: int) -> bytes:
    """TAI in ns as the 10 octets of IEEE 1588 (48-bit seconds, 32-bit nanoseconds, big-endian).

    This is also DICOM's Frame Origin Timestamp (PS3.3 C.7.6.27.1.1).
    """
    seconds, ns = divmod(tai_ns, _NS)
    if not 0 <= seconds < 1 << 48:
        raise ValueError(f"TAI: {tai_ns} ns does not fit a PTP timestamp")
    return seconds.to_bytes(6, "big") + ns.to_bytes(4, "big")


def ptp_from(data: bytes) -> int:
    """The reverse of ptp_bytes: TAI in ns. Raises RtpError for other than 10 octets, or for a
    nanosecond field of a second or more."""
    if len(data) != 10:
        raise RtpError(f"PTP timestamp: {len(data)} octets, not 10")
    ns = int.from_bytes(data[6:], "big")
    if ns >= _NS:
        raise RtpError(f"PTP timestamp: {ns} nanoseconds in a second")
    return int.from_bytes(data[:6], "big") * _NS + ns


@dataclass(frozen=True, slots=True)
class GrainElements:
    """The NMOS elements of one packet; None where the packet has none.

    origin, sync: TAI ns. flow, source: 16 octets of a UUID in network order. start, end: the
    grain flags. duration: (numerator, denominator) of seconds.
    """

    origin: int | None = None
    sync: int | None = None
    flow: bytes | None = None
    source: bytes | None = None
    start: bool | None = None
    end: bool | None = None
    duration: tuple[int, int] | None = None


def encode_elements(
    elements: GrainElements, ids: Mapping[str, int] = DEFAULT_IDS
) -> list[tuple[int, bytes]]:
    """The elements that are set: origin, sync, flow, source, duration, flags, always in this order,
    so that the flags octet is the last one before the padding.

    ids: short name (see ELEMENTS) to identifier. Raises ValueError when an element that is set
    has no identifier, or a UUID is not 16 octets.
    """
    found: dict[str, bytes] = {}
    if elements.origin is not None:
        found["origin"] = ptp_bytes(elements.origin)
    if elements.sync is not None:
        found["sync"] = ptp_bytes(elements.sync)
    for name, value in (("flow", elements.flow), ("source", elements.source)):
        if value is not None:
            if len(value) != 16:
                raise ValueError(f"{name}: {len(value)} octets; a UUID has 16")
            found[name] = bytes(value)
    if elements.duration is not None:
        found["duration"] = struct.pack("!II", *elements.duration)
    if elements.start is not None or elements.end is not None:
        flags = (FLAG_START if elements.start else 0) | (FLAG_END if elements.end else 0)
        found["flags"] = bytes([flags])
    missing = [name for name in found if name not in ids]
    if missing:
        raise ValueError(f"extension ids: none for {', '.join(missing)}; add them to the map")
    order = ("origin", "sync", "flow", "source", "duration", "flags")
    return [(ids[name], found[name]) for name in order if name in found]


def decode_elements(
    elements: Iterable[tuple[int, bytes]], ids: Mapping[str, int] = DEFAULT_IDS
) -> GrainElements:
    """Reads the elements that `ids` names; others are passed over.

    Raises RtpError when one has a length that it cannot have.
    """
    names = {ident: name for name, ident in ids.items()}
    values: dict[str, bytes] = {}
    for ident, value in elements:
        name = names.get(ident)
        if name is not None:
            values[name] = value
    for name, length in (("flow", 16), ("source", 16), ("flags", 1), ("duration", 8)):
        if name in values and len(values[name]) != length:
            raise RtpError(f"{name}: {len(values[name])} octets, not {length}")
    flags = values["flags"][0] if "flags" in values else None
    duration: tuple[int, int] | None = None
    if "duration" in values:
        duration = struct.unpack("!II", values["duration"])
    return GrainElements(
        origin=ptp_from(values["origin"]) if "origin" in values else None,
        sync=ptp_from(values["sync"]) if "sync" in values else None,
        flow=values.get("flow"),
        source=values.get("source"),
        start=None if flags is None else bool(flags & FLAG_START),
        end=None if flags is None else bool(flags & FLAG_END),
        duration=duration,
    )
