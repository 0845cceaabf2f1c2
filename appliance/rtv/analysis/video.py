"""Judges an ST 2110-20 flow: frames, segments, markers, timestamps and its pacing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from appliance.rtv.analysis.clockmap import ClockMap
from appliance.rtv.analysis.pacing import Arrivals, judge
from appliance.rtv.analysis.raster import Raster, guess_raster, guess_rate, nominal, raster_of
from appliance.rtv.analysis.report import TRUNCATED, Check, Pacing, Video, spread
from appliance.rtv.analysis.sequence import Order
from appliance.rtv.dissect import Flow, RtpPackets, Segments
from appliance.rtv.packing import UDP_STANDARD
from appliance.rtv.pcap import Int64s
from appliance.rtv.sdp_model import VideoMedia
from appliance.rtv.timing import RTP_VIDEO, nearest_index
from appliance.rtv.traffic import sender_limits
from drivers.video import Scan

_WRAP = 1 << 32


@dataclass(frozen=True)
class Units:
    """Frames (fields) in sequence order. begin: rows of the ordered packets where each starts;
    whole: it began and ended within the capture and lost nothing."""

    begin: Int64s
    count: Int64s
    timestamp: Int64s
    field: Int64s
    whole: np.ndarray[tuple[int], np.dtype[np.bool_]]


def analyse_video(
    flow: Flow, order: Order, clock: ClockMap, media: VideoMedia | None
) -> tuple[Video, list[Check], list[int]]:
    """(what the flow is, what was judged, RTP timestamps of its whole frames as ticks)."""
    assert flow.segments is not None
    packets, parts = flow.packets.pick(order.first), flow.segments.pick(order.first)
    units = _units(packets, parts, order)
    if media is not None:
        raster: Raster | None = raster_of(media.format)
    else:
        seen = parts.pick(packets.seen)
        raster = guess_raster(seen, np.flatnonzero(packets.marker[packets.seen]))
    steps = _steps(units)
    stamp_rate, unit_rate = _rates(media, steps, raster)
    steps = [step for step in steps if step]  # both segments of PsF share a timestamp
    ticks = [
        clock.ticks(int(units.timestamp[n]), int(packets.time[units.begin[n]]), RTP_VIDEO)
        for n in range(len(units.begin))
    ]
    off = _off_grid(ticks, stamp_rate) if clock.known else []
    aligned = sum(1 for value in off if value == 0)
    first_ns = np.array(
        [
            packets.time[units.begin[n]] - clock.time(ticks[n], RTP_VIDEO)
            for n in np.flatnonzero(units.whole)
        ],
        dtype=np.int64,
    )
    checks = list(_checks(flow, order, packets, parts, units, raster, media))
    checks.append(_timestamp_check(steps, stamp_rate, off, clock))
    pacing = None
    if raster is not None and unit_rate is not None:
        pacing = _pacing(flow, order, packets, units, raster, unit_rate, ticks, off, clock, media)
    checks.append(_pacing_check(pacing, media))
    checks.append(_first_packet_check(first_ns, clock))
    whole_counts = units.count[units.whole]
    rate = (
        None
        if unit_rate is None
        else (unit_rate / 2 if raster and raster.interlaced else unit_rate)
    )
    video = Video(
        format=raster.text if raster is not None else "not known without an SDP",
        format_from="sdp" if media is not None else "packets",
        packing=_packing(parts.pick(packets.seen)),
        rate=None if rate is None else str(rate),
        units=int(np.sum(units.whole)),
        incomplete=int(np.sum(~units.whole[1:-1])) if len(units.whole) > 2 else 0,
        packets_per_unit=spread(whole_counts),
        udp_octets=int(packets.length.max()) + 8,
        timestamp_steps=sorted(set(steps))[:16],
        aligned=aligned,
        first_packet_ns=spread(first_ns) if clock.known else None,
        pacing=pacing,
    )
    return video, checks, [ticks[n] for n in np.flatnonzero(units.whole)]


def _units(packets: RtpPackets, parts: Segments, order: Order) -> Units:
    stamp, field = packets.timestamp, parts.field[:, 0]
    change = (stamp[1:] != stamp[:-1]) | (field[1:] != field[:-1])
    begin = np.concatenate(([0], np.flatnonzero(change) + 1))
    end = np.append(begin[1:], len(stamp))
    count = end - begin
    number = order.first_number
    # Nothing lost within, nothing lost at its edges, its end marked and its begin the first row.
    # Where the capture cut the last header off, the next unit must follow without a gap and begin
    # with a header that was captured.
    span = number[end - 1] - number[begin] + 1
    starts = (parts.row[begin, 0] == 0) & (parts.offset[begin, 0] == 0)
    follows = np.append((number[begin[1:]] == number[end[:-1] - 1] + 1) & starts[1:], False)
    ends = packets.marker[end - 1] | (~packets.seen[end - 1] & follows)
    whole = (span == count) & starts & ends
    return Units(begin, count, stamp[begin], field[begin], whole)


def _steps(units: Units) -> list[int]:
    """Differences of the timestamps of neighbouring units that are both whole."""
    both = units.whole[1:] & units.whole[:-1]
    steps = np.diff(units.timestamp)[both] % _WRAP
    return [int(step) for step in steps]


def _rates(
    media: VideoMedia | None, steps: list[int], raster: Raster | None
) -> tuple[Fraction | None, Fraction | None]:
    """(timestamps a second, frames or fields a second)."""
    if media is not None:
        units = media.format.rate * (2 if media.format.interlaced else 1)
        psf = media.format.scan is Scan.PSF
        return (media.format.rate if psf else units), units
    stamps = guess_rate([step for step in steps if step], RTP_VIDEO)
    psf = raster is not None and raster.interlaced and steps.count(0) * 3 > len(steps)
    return stamps, stamps * 2 if psf and stamps is not None else stamps


def _off_grid(ticks: list[int], rate: Fraction | None) -> list[int]:
    if rate is None:
        return []
    return [nearest_index(value, rate)[1] for value in ticks]


def _packing(parts: Segments) -> str:
    data = parts.length.sum(axis=1)
    return "2110BPM" if np.mean(data == 1260) > 0.99 and np.all(data % 180 == 0) else "2110GPM"


def _checks(
    flow: Flow,
    order: Order,
    packets: RtpPackets,
    parts: Segments,
    units: Units,
    raster: Raster | None,
    media: VideoMedia | None,
) -> Iterator[Check]:
    broken = int(np.sum((parts.count == 0) & packets.seen)) + flow.foreign
    yield Check("payload", broken == 0, f"{broken} packets are no ST 2110-20 payload")
    last = np.append(units.begin[1:], len(packets)) - 1
    inner = np.ones(len(packets), dtype=bool)
    inner[last] = False
    early = int(np.sum(packets.marker & inner))
    complete = np.append(np.diff(order.first_number)[last[:-1]] == 1, False)
    missing = int(np.sum(~packets.marker[last] & packets.seen[last] & complete))
    hidden = int(np.sum(~packets.seen))
    text = f"{early} within a frame or field, {missing} ends without one"
    if hidden:
        text += f"; {hidden} headers are not in the capture"
    yield Check("marker", False if early or missing else None if hidden else True, text)
    yield _segment_check(parts, units, raster, hidden)
    counts = np.unique(units.count[units.whole])
    yield Check(
        "packets per frame",
        None if len(counts) == 0 else len(counts) == 1,
        "no whole frame or field in the capture"
        if len(counts) == 0
        else f"{', '.join(str(n) for n in counts[:8].tolist())} a frame or field",
    )
    size = int(packets.length.max()) + 8
    if media is None:
        text = f"largest {size} octets; not judged: the limit stands in the SDP (MAXUDP)"
        yield Check("UDP size", None, text)
    else:
        text = f"largest {size} octets, {media.max_udp} allowed"
        yield Check("UDP size", size <= media.max_udp, text)


def _segment_check(parts: Segments, units: Units, raster: Raster | None, hidden: int) -> Check:
    if hidden:
        text = f"{TRUNCATED} ({hidden} packets without their headers)"
        return Check("segments", None, text)
    if raster is None:
        return Check("segments", None, "not judged: the raster is not known without an SDP")
    used = np.arange(3) < parts.count[:, None]
    length, row, offset = parts.length[used], parts.row[used], parts.offset[used]
    octets, pixels = raster.group
    outside = (
        (length % octets != 0)
        | (offset % pixels != 0)
        | (row >= raster.rows)
        | (offset + length // octets * pixels > raster.width)
    )
    start = row * raster.line_octets + offset // pixels * octets
    first = np.concatenate(([0], np.cumsum(parts.count)))[units.begin]
    starts = np.zeros(len(start) + 1, dtype=bool)
    starts[first] = True
    wrong = np.flatnonzero((start[1:] != start[:-1] + length[:-1]) & ~starts[1:-1]) + 1
    bad = np.zeros(len(units.begin), dtype=bool)
    bad[np.searchsorted(first, wrong, side="right") - 1] = True
    octets_sent = np.concatenate(([0], np.cumsum(length)))
    totals = np.diff(octets_sent[np.append(first, len(length))])
    bad |= totals != raster.line_octets * raster.rows
    bad_units = int(np.sum(bad & units.whole))
    return Check(
        "segments",
        not np.any(outside) and bad_units == 0,
        f"{int(np.sum(outside))} outside the raster or not of whole pixel groups, "
        f"{bad_units} frames or fields not covered once and in order",
    )


def _timestamp_check(
    steps: list[int], rate: Fraction | None, off: list[int], clock: ClockMap
) -> Check:
    if rate is None:
        return Check(
            "timestamps", None, f"steps {sorted(set(steps))[:8]}: no rate to judge them by"
        )
    exact = RTP_VIDEO / rate
    irregular = sum(1 for step in steps if not exact - 1 < step < exact + 1)
    text = f"{irregular} of {len(steps)} steps are not those of {rate} a second"
    if not clock.known:
        text += "; alignment not judged, the capture's clock is not related to the sender's"
    elif off:
        text += f"; {sum(1 for value in off if value == 0)} of {len(off)} on alignment points"
    return Check("timestamps", irregular == 0, text)


def _first_packet_check(first_ns: Int64s, clock: ClockMap) -> Check:
    if not clock.known or len(first_ns) == 0:
        return Check("first packet", None, "not judged: no whole frame, or clocks not related")
    early = int(np.sum(first_ns < 0))
    return Check("first packet", early == 0, f"{early} frames (fields) begin before their RTP time")


def _pacing(
    flow: Flow,
    order: Order,
    packets: RtpPackets,
    units: Units,
    raster: Raster,
    unit_rate: Fraction,
    ticks: list[int],
    off: list[int],
    clock: ClockMap,
    media: VideoMedia | None,
) -> Pacing | None:
    whole = np.flatnonzero(units.whole)
    if len(whole) == 0:
        return None
    counts, shares = np.unique(units.count[whole], return_counts=True)
    per_unit = int(counts[int(np.argmax(shares))])
    fmt = media.format if media is not None else nominal(raster, unit_rate)
    models = sender_limits(
        fmt,
        per_unit,
        max_udp=media.max_udp if media is not None else UDP_STANDARD,
        troff_us=media.troff_us if media is not None else None,
    )
    whole = whole[units.count[whole] == per_unit]
    rows = (units.begin[whole][:, None] + np.arange(per_unit)).reshape(-1)
    tro = int(next(iter(models.values())).tro)
    aligned = clock.known and bool(off) and all(value == 0 for value in off)
    if aligned:
        anchor, text = [], "alignment points (ST 2059-1)"
        for unit in whole:
            first = int(packets.time[units.begin[unit]]) + clock.tai_offset_ns
            # The period that the packets fill, which need not be the one of their timestamp.
            index = round((first - tro) * unit_rate / 1_000_000_000)
            point = index * unit_rate.denominator * 1_000_000_000 // unit_rate.numerator
            anchor.append(point - clock.tai_offset_ns)
    else:
        text = "RTP timestamps, which are on no alignment points"
        anchor = [clock.time(ticks[unit], RTP_VIDEO) for unit in whole]
        if not clock.known:
            text = "RTP timestamps, put where the earliest frame starts on its schedule"
            starts = packets.time[units.begin[whole]] - np.array(anchor, dtype=np.int64)
            shift = int(starts.min()) - tro
            anchor = [value + shift for value in anchor]
    arrivals = Arrivals(
        time=packets.time[rows],
        unit=np.repeat(np.arange(len(whole)), per_unit),
        index=np.tile(np.arange(per_unit), len(whole)),
        anchor=np.array(anchor, dtype=np.int64),
    )
    return judge(flow.packets.time[order.rows], arrivals, models, per_unit, text)


def _pacing_check(pacing: Pacing | None, media: VideoMedia | None) -> Check:
    if pacing is None:
        return Check("ST 2110-21", None, "not judged: no whole frame, or raster or rate unknown")
    wanted = media.sender_type if media is not None else None
    met = [verdict.sender_type for verdict in pacing.types if verdict.met]
    text = f"meets {', '.join(met) or 'no sender type'}"
    if wanted is not None:
        text += f"; the SDP promises {wanted.value}"
    # What is narrow is wide too: a receiver of the wider type takes it.
    accepted = {"N": ("N",), "NL": ("N", "NL"), "W": ("N", "NL", "W")}
    good = bool(met) if wanted is None else any(kind in met for kind in accepted[wanted.value])
    return Check("ST 2110-21", good, text)
