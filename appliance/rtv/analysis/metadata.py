"""Judges a DICOM-RTV metadata flow: grains, header extensions, origin timestamps, static parts."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from appliance.rtv.analysis.clockmap import ClockMap
from appliance.rtv.analysis.report import TRUNCATED, Check, Grain, Metadata, Spread, spread
from appliance.rtv.analysis.sequence import Order
from appliance.rtv.dissect import Flow, RtpPackets
from appliance.rtv.pcap import Octets
from appliance.rtv.rtp import (
    DEFAULT_IDS,
    GrainElements,
    RtpError,
    RtpPacket,
    decode_elements,
    decode_packet,
)
from appliance.rtv.timing import rtp_timestamp, tai_from_rtp

GrainReader = Callable[[bytes], list[str]]
"""A whole grain's octets to lines for a person, faults as lines that begin with "! ". May raise
ValueError with one line."""

_SECOND = 1_000_000_000
_DICM = b"DICM"
_ODDITIES = 8


@dataclass
class _Grain:
    """Packets of one timestamp, in sequence order."""

    timestamp: int
    time: int
    numbers: list[int] = field(default_factory=list)
    packets: list[RtpPacket] = field(default_factory=list)
    cut: bool = False  # the capture kept only the first octets of a packet

    def payload(self) -> bytes:
        return b"".join(packet.payload for packet in self.packets)


def is_metadata(flow: Flow, octets: Octets) -> bool:
    """Whether a flow carries grains: a packet of it has DICM behind a preamble of 128 octets or,
    where the capture cut that off, the identities of a grain in its header extension."""
    packets = flow.packets
    at = packets.offset + packets.header + 128
    captured = at + 4 <= packets.offset + packets.captured
    inside = np.flatnonzero(captured)[:1000]
    if any(octets[start : start + 4].tobytes() == _DICM for start in at[inside].tolist()):
        return True
    cut = np.flatnonzero(~captured & (packets.captured < packets.length))[:100]
    return any(_names_a_grain(packets, int(row), octets) for row in cut)


def _names_a_grain(packets: RtpPackets, row: int, octets: Octets) -> bool:
    start = int(packets.offset[row])
    try:
        packet = decode_packet(octets[start : start + int(packets.captured[row])].tobytes())
        head = decode_elements(packet.elements, DEFAULT_IDS)
    except RtpError:
        return False
    return None not in (head.origin, head.sync, head.flow, head.source)


def analyse_metadata(
    flow: Flow,
    order: Order,
    octets: Octets,
    ids: Mapping[str, int],
    clock_rate: int,
    clock: ClockMap,
    read: GrainReader | None,
) -> tuple[Metadata, list[Check], list[int]]:
    """(what the flow is, what was judged, RTP timestamps of its whole grains as ticks)."""
    grains, broken = _grains(flow, order, octets)
    whole = [grain for n, grain in enumerate(grains) if _whole(grain, n, len(grains), ids)]
    faults: list[str] = list(broken)
    heads = [_elements(grain.packets[0], ids, faults) for grain in whole]
    cut = sum(grain.cut for grain in grains)
    statics = [n for n, grain in enumerate(whole) if not grain.cut and _has_static(grain.payload())]
    times = [whole[n].time for n in statics]
    gaps = [late - early for early, late in pairwise(times)]
    stamps, ages = _stamps(whole, heads, clock_rate)
    # An instant floored to a nanosecond can show a tick less than its exact alignment point.
    matches = sum(1 for got, want in stamps if (want - got) % (1 << 32) in (0, 1))
    inner = max(0, len(grains) - 2)
    incomplete = sum(
        1 for n, grain in enumerate(grains[1:-1], 1) if not _whole(grain, n, len(grains), ids)
    )
    known = [head for head in heads if head is not None]
    samples = _samples(whole, set(statics), read, faults)
    metadata = Metadata(
        grains=len(whole),
        incomplete=incomplete,
        packets_per_grain=_spread([len(grain.packets) for grain in whole]),
        octets_per_grain=_spread([len(grain.payload()) for grain in whole if not grain.cut]),
        with_static=len(statics),
        static_gap_ns=max(gaps, default=None),
        stamp_matches=matches,
        stamp_differs=len(stamps) - matches,
        origin_age_ns=_spread(ages),
        flow_id=_uuid(known[0].flow) if known else None,
        source_id=_uuid(known[0].source) if known else None,
        elements=_names(known),
        samples=samples,
    )
    checks = [
        Check("grains", incomplete == 0, f"{incomplete} of {inner} incomplete"),
        Check("grain contents", not faults, "; ".join(faults[:_ODDITIES]) or "as they should be"),
        _extension_check(known, len(whole)),
        _stamp_check(stamps, matches, ages, clock_rate),
        _static_check(metadata, [grain.time for grain in whole], times),
    ]
    if cut:
        # What was captured of a grain may show a fault; that there is none it does not show.
        checks[0] = Check("grains", None, f"{TRUNCATED} ({cut} of {len(grains)})")
        checks[1] = Check("grain contents", False if faults else None, checks[1].text)
        if not faults:
            checks[1] = Check("grain contents", None, TRUNCATED)
        checks[4] = Check("static part", None, TRUNCATED)
    ticks = [clock.ticks(grain.timestamp, grain.time, clock_rate) for grain in whole]
    return metadata, checks, ticks


def _grains(flow: Flow, order: Order, octets: Octets) -> tuple[list[_Grain], list[str]]:
    grains: list[_Grain] = []
    broken: list[str] = []
    packets = flow.packets.pick(order.first)
    for n, number in enumerate(order.first_number.tolist()):
        start = int(packets.offset[n])
        try:
            packet = decode_packet(octets[start : start + int(packets.captured[n])].tobytes())
        except RtpError as error:
            broken.append(str(error))
            continue
        if not grains or grains[-1].timestamp != packet.timestamp:
            grains.append(_Grain(packet.timestamp, int(packets.time[n])))
        grains[-1].cut |= bool(packets.captured[n] < packets.length[n])
        grains[-1].numbers.append(number)
        grains[-1].packets.append(packet)
    return grains, list(dict.fromkeys(broken))


def _whole(grain: _Grain, place: int, count: int, ids: Mapping[str, int]) -> bool:
    """Nothing missing within, DICM at the start, and an end: a marker, or the E flag, or another
    grain behind it (PS3.22 leaves the end open)."""
    head, tail = grain.packets[0], grain.packets[-1]
    unbroken = grain.numbers[-1] - grain.numbers[0] + 1 == len(grain.numbers)
    flags = dict(tail.elements).get(ids.get("flags", -1), b"\0")
    ended = tail.marker or bool(flags[:1] and flags[0] & 0x40) or place + 1 < count
    begun = head.payload[128:132] == _DICM or (grain.cut and len(head.payload) < 132)
    return unbroken and ended and begun


def _elements(packet: RtpPacket, ids: Mapping[str, int], faults: list[str]) -> GrainElements | None:
    try:
        return decode_elements(packet.elements, ids)
    except RtpError as error:
        if str(error) not in faults:
            faults.append(str(error))
        return None


def _stamps(
    whole: list[_Grain], heads: list[GrainElements | None], clock_rate: int
) -> tuple[list[tuple[int, int]], list[int]]:
    """((timestamp of the sync instant, RTP timestamp) of each grain, age of each origin in ns).

    The RTP timestamp is that of the sync instant, which the video has too. Origin is the capture:
    the same, unless a frame synchroniser held the picture until its alignment point.
    """
    stamps, ages = [], []
    for grain, head in zip(whole, heads, strict=True):
        if head is None or head.origin is None:
            continue
        sync = head.origin if head.sync is None else head.sync
        stamps.append((rtp_timestamp(sync, clock_rate), grain.timestamp))
        ages.append(tai_from_rtp(grain.timestamp, head.origin, clock_rate) - head.origin)
    return stamps, ages


def _stamp_check(
    stamps: list[tuple[int, int]], matches: int, ages: list[int], clock_rate: int
) -> Check:
    early = sum(1 for age in ages if age < -_SECOND // clock_rate - 1)
    old = sum(1 for age in ages if age > _SECOND)
    return Check(
        "grain timestamps",
        None if not stamps else matches == len(stamps) and early == old == 0,
        f"{matches} of {len(stamps)} sync instants give their RTP timestamp, "
        f"{early} origins are later than it, {old} more than a second older",
    )


def _spread(values: list[int]) -> Spread | None:
    return spread(np.array(values, dtype=np.int64))


def _names(known: list[GrainElements]) -> list[str]:
    names = ("origin", "sync", "flow", "source", "start", "end", "duration")
    return [name for name in names if any(getattr(head, name) is not None for head in known)]


def _uuid(value: bytes | None) -> str | None:
    return None if value is None else str(uuid.UUID(bytes=value))


def _has_static(payload: bytes) -> bool:
    """Whether top-level elements of group 0008 or above follow the dynamic part. Explicit VR
    little endian (PS3.22 section 7); broken lengths end the walk."""
    at = 132
    while at + 8 <= len(payload):
        group = int.from_bytes(payload[at : at + 2], "little")
        if group >= 0x0008:
            return True
        if payload[at + 4 : at + 6] in (b"OB", b"OW", b"SQ", b"UN", b"UT", b"OD", b"OF", b"UC"):
            length, header = int.from_bytes(payload[at + 8 : at + 12], "little"), 12
        else:
            length, header = int.from_bytes(payload[at + 6 : at + 8], "little"), 8
        if length == 0xFFFFFFFF:
            end = payload.find(b"\xfe\xff\xdd\xe0\0\0\0\0", at)
            if end < 0:
                return False
            at = end + 8
        else:
            at += header + length
    return False


def _samples(
    whole: list[_Grain], statics: set[int], read: GrainReader | None, faults: list[str]
) -> list[Grain]:
    """The first grain with a static part and the first without. With a reader all grains that are
    wholly captured are read, so that one that cannot be is told."""
    found: dict[bool, Grain] = {}
    for n, grain in enumerate(whole):
        payload, text = grain.payload(), list[str]()
        if read is not None and not grain.cut:
            try:
                text = read(payload)
                found_faults = [line[2:] for line in text if line.startswith("! ")]
            except ValueError as error:
                found_faults = [" ".join(str(error).split())[:200]]
            faults += [line for line in found_faults if line not in faults]
        if (n in statics) not in found:
            found[n in statics] = Grain(
                grain.timestamp, len(grain.packets), len(payload), n in statics, text
            )
    return [found[static] for static in (True, False) if static in found]


def _extension_check(known: list[GrainElements], grains: int) -> Check:
    need = ("origin", "sync", "flow", "source")
    bare = sum(1 for head in known if any(getattr(head, name) is None for name in need))
    bare += grains - len(known)
    identities = {(head.flow, head.source) for head in known}
    return Check(
        "header extension",
        grains > 0 and bare == 0 and len(identities) == 1,
        f"{bare} of {grains} grains without all of {', '.join(need)}; "
        f"{len(identities)} flow identities",
    )


def _static_check(metadata: Metadata, grains: list[int], statics: list[int]) -> Check:
    """grains, statics: times of all whole grains and of those with the static part, ns."""
    text = f"{metadata.with_static} of {metadata.grains} grains have the static part"
    if metadata.static_gap_ns is not None:
        text += f", {metadata.static_gap_ns // 1_000_000} ms apart at most"
    ends = [grains[0], *statics, grains[-1]] if grains else []
    # Before the first and after the last it was missing for as long as the capture shows.
    if any(late - early > _SECOND for early, late in pairwise(ends)):
        return Check("static part", False, text + "; one a second is the least (PS3.22)")
    if len(statics) < 2 and (not grains or grains[-1] - grains[0] <= _SECOND):
        return Check("static part", None, text + "; not judged: the capture is too short")
    return Check("static part", True, text)
