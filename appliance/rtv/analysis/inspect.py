"""A capture in, a report out: what `rtvbox inspect` does, without a file or a socket."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from appliance.rtv.analysis.clockmap import ClockMap, find_clock
from appliance.rtv.analysis.metadata import GrainReader, analyse_metadata, is_metadata
from appliance.rtv.analysis.report import (
    TRUNCATED,
    Agreement,
    Check,
    FlowReport,
    Report,
    Sequence,
    Twin,
    spread,
)
from appliance.rtv.analysis.sequence import Order, order_packets
from appliance.rtv.analysis.video import analyse_video
from appliance.rtv.datagrams import Datagrams, udp_flows
from appliance.rtv.dissect import Flow, dissect
from appliance.rtv.pcap import Octets, read_capture
from appliance.rtv.rtp import DEFAULT_IDS
from appliance.rtv.sdp_model import MetadataMedia, Session, VideoMedia

_MOST_FLOWS = 64
_RTP_SHARE = 0.9


@dataclass
class _Found:
    """A flow on its way to its report."""

    number: int
    datagrams: Datagrams
    flow: Flow
    kind: str
    media: VideoMedia | MetadataMedia | None
    order: Order | None
    ticks: list[int] = field(default_factory=list)


def inspect_capture(
    data: bytes | bytearray | memoryview,
    *,
    session: Session | None = None,
    tai_offset_ns: int | None = None,
    read_grain: GrainReader | None = None,
    show_grains: bool = True,
) -> Report:
    """Dissects a capture and judges the flows in it.

    data: a pcap or pcapng file. session: its SDP; without one, flows are told apart by what they
    carry. tai_offset_ns: TAI less the capture's clock (37 s for UTC); None infers it.
    read_grain: turns a grain into lines for a person, its faults as lines that begin with "! "
    (`grain_text.grain_lines`). show_grains: the report keeps the lines, patient data included;
    otherwise only the faults. Raises CaptureError (ValueError).
    """
    capture = read_capture(data)
    flows, passed_over = udp_flows(capture)
    notes = list(capture.notes)
    if capture.cut:
        notes.append("the file ends within a record; what came before was read")
    if len(flows) > _MOST_FLOWS:
        notes.append(f"{len(flows)} UDP flows; the {_MOST_FLOWS} largest were looked at")
    found = [
        _find(number, datagrams, capture.octets, session)
        for number, datagrams in enumerate(flows[:_MOST_FLOWS], 1)
    ]
    clock = find_clock(tai_offset_ns, _seen(found))
    if not clock.known and any(item.order is not None for item in found):
        notes.append(
            "the capture's clock and the sender's are not related (no PTP, or another epoch): "
            "instants are relative; give the distance from TAI if you know it"
        )
    reader = read_grain if show_grains or read_grain is None else _faults_only(read_grain)
    reports = [_flow_report(item, capture.octets, clock, reader) for item in found]
    if session is not None:
        notes += _missing(session, found)
    if any(item.sequence is not None and item.sequence.glued for item in reports):
        notes.append(
            "the capture shows bursts as single datagrams (offload); they were cut apart, and the "
            "packets of a burst share its time"
        )
    agreements = _agreements(found)
    times = capture.time
    checks = [check for report in reports for check in report.checks]
    judged = any(report.kind in ("video", "metadata") for report in reports)
    return Report(
        ok=judged
        and all(check.ok is not False for check in checks)
        and all(agreement.ok for agreement in agreements)
        and not (session is not None and _missing(session, found)),
        records=len(times),
        datagrams=sum(len(flow.time) for flow in flows),
        duration_ns=int(times.max() - times.min()) if len(times) else 0,
        tai_offset_ns=clock.tai_offset_ns if clock.known else None,
        passed_over=passed_over,
        notes=notes,
        flows=reports,
        agreements=agreements,
        twins=_twins(found),
    )


def _faults_only(read: GrainReader) -> GrainReader:
    return lambda grain: [line for line in read(grain) if line.startswith("! ")]


def _find(number: int, datagrams: Datagrams, octets: Octets, session: Session | None) -> _Found:
    flow = dissect(octets, datagrams)
    media = _of_session(datagrams, session)
    rtp = len(flow.packets) > 0 and flow.foreign <= (1 - _RTP_SHARE) * len(datagrams.time)
    if not rtp or (media is None and len(flow.packets) < 2):
        return _Found(number, datagrams, flow, "udp", media, None)
    if flow.segments is not None:
        kind = "video"
    elif isinstance(media, MetadataMedia) or is_metadata(flow, octets):
        kind = "metadata"
    else:
        kind = "rtp"
    return _Found(number, datagrams, flow, kind, media, order_packets(flow))


def _of_session(datagrams: Datagrams, session: Session | None) -> VideoMedia | MetadataMedia | None:
    key = datagrams.key
    for media in _media(session):
        for leg in media.legs:
            if (leg.address, leg.port) == (key.destination, key.port) and leg.source in (
                "",
                key.source,
            ):
                return media
    return None


def _media(session: Session | None) -> list[VideoMedia | MetadataMedia]:
    found: list[VideoMedia | MetadataMedia] = []
    if session is not None:
        found += session.videos
        found += session.metadatas
    return found


def _missing(session: Session, found: list[_Found]) -> list[str]:
    lines = []
    for media in _media(session):
        for leg in media.legs:
            ends = {
                (item.datagrams.key.destination, item.datagrams.key.port)
                for item in found
                if item.media is media
            }
            if (leg.address, leg.port) not in ends:
                lines.append(f"the SDP's flow to {leg.address}:{leg.port} is not in the capture")
    return lines


def _seen(found: list[_Found]) -> list[tuple[int, int]]:
    seen = []
    for item in found:
        if item.order is not None and item.kind in ("video", "metadata"):
            row = int(item.order.rows[0])
            seen.append((int(item.flow.packets.time[row]), int(item.flow.packets.timestamp[row])))
    return seen


def _flow_report(
    item: _Found, octets: Octets, clock: ClockMap, read: GrainReader | None
) -> FlowReport:
    key, datagrams = item.datagrams.key, item.datagrams
    video = metadata = None
    checks: list[Check] = []
    packets = item.flow.packets
    if item.order is not None:
        checks += _order_checks(item.order.report, item.flow)
        if item.media is not None:
            types = np.unique(packets.payload_type[item.order.rows]).tolist()
            checks.append(
                Check(
                    "payload type",
                    types == [item.media.payload_type],
                    f"{', '.join(str(n) for n in types[:4])}; "
                    f"the SDP says {item.media.payload_type}",
                )
            )
        if item.kind == "video":
            media = item.media if isinstance(item.media, VideoMedia) else None
            video, more, item.ticks = analyse_video(item.flow, item.order, clock, media)
            checks += more
        elif item.kind == "metadata":
            ids, rate = DEFAULT_IDS, 90_000
            if isinstance(item.media, MetadataMedia):
                ids, rate = dict(item.media.extensions), item.media.clock_rate
            metadata, more, item.ticks = analyse_metadata(
                item.flow, item.order, octets, ids, rate, clock, read
            )
            checks += more
    elif item.media is not None and item.flow.cut:
        text = f"{TRUNCATED} ({item.flow.cut} datagrams, before the end of their RTP headers)"
        checks.append(Check("payload", None, text))
    elif item.media is not None:
        checks.append(Check("payload", False, "the SDP's flow carries no RTP"))
    first = int(item.order.rows[0]) if item.order is not None else 0
    time = datagrams.time
    return FlowReport(
        number=item.number,
        source=f"{key.source}:{key.source_port}",
        destination=f"{key.destination}:{key.port}",
        kind=item.kind,
        in_sdp=item.media is not None,
        packets=len(packets) if item.order is not None else len(time),
        octets=int(datagrams.length.sum()),
        duration_ns=int(time.max() - time.min()),
        payload_type=int(packets.payload_type[first]) if item.order is not None else None,
        ssrc=int(packets.ssrc[first]) if item.order is not None else None,
        sequence=item.order.report if item.order is not None else None,
        video=video,
        metadata=metadata,
        checks=checks,
    )


def _order_checks(sequence: Sequence, flow: Flow) -> list[Check]:
    """Sequence numbers, and whether what offloads glued was told apart."""
    text = (
        f"{sequence.lost} lost in {sequence.gaps} gaps, {sequence.duplicates} duplicates, "
        f"{sequence.reordered} out of order, {sequence.other_ssrc} of another source"
    )
    good = sequence.lost == sequence.duplicates == sequence.other_ssrc == 0
    if not flow.unsplit:
        return [Check("sequence", good, text)]
    glued = f"{flow.unsplit} glued datagrams could not be cut apart"
    if flow.cut:  # what seems lost may stand in the octets that the capture left out
        return [
            Check("sequence", None, f"{text}; {TRUNCATED}"),
            Check("offload", None, f"{glued}; {TRUNCATED}"),
        ]
    return [
        Check("sequence", good, text),
        Check("offload", False, f"{glued}; turn GRO off (ethtool -K IF gro off)"),
    ]


def _agreements(found: list[_Found]) -> list[Agreement]:
    """Each metadata flow against the video flow that shares most timestamps with it. A field of
    an interlaced frame may have no grain of its own, so only video_only of a flow whose grains
    come for every second field is forgiven."""
    videos = [item for item in found if item.kind == "video" and item.ticks]
    agreements = []
    for item in found:
        if item.kind != "metadata" or not item.ticks or not videos:
            continue
        mine = set(item.ticks)
        video = max(videos, key=lambda other: len(mine & set(other.ticks)))
        theirs = set(video.ticks)
        low, high = max(min(mine), min(theirs)), min(max(mine), max(theirs))
        mine = {value for value in mine if low <= value <= high}
        theirs = {value for value in theirs if low <= value <= high}
        alone = sorted(theirs - mine)
        fields = video.flow.segments is not None and bool(np.any(video.flow.segments.field))
        forgiven = fields and len(alone) <= len(mine) + 1
        agreements.append(
            Agreement(
                video=video.number,
                metadata=item.number,
                matched=len(mine & theirs),
                video_only=len(alone),
                metadata_only=len(mine - theirs),
                ok=bool(mine & theirs) and mine <= theirs and (not alone or forgiven),
            )
        )
    return agreements


def _twins(found: list[_Found]) -> list[Twin]:
    """Flows of one kind and one SSRC that share sequence numbers and timestamps (ST 2022-7)."""
    twins = []
    rtp = [item for item in found if item.order is not None]
    for n, one in enumerate(rtp):
        for two in rtp[n + 1 :]:
            if one.kind != two.kind or one.order is None or two.order is None:
                continue
            twin = _twin(one, two, one.order, two.order)
            if twin is not None:
                twins.append(twin)
    return twins


def _twin(one: _Found, two: _Found, order_one: Order, order_two: Order) -> Twin | None:
    first, second = one.flow.packets.pick(order_one.first), two.flow.packets.pick(order_two.first)
    if first.ssrc[0] != second.ssrc[0]:
        return None
    # Put both on one count: the difference of the first raw numbers, nearest to zero.
    wrap = 1 << 16
    apart = int(second.sequence[0] - first.sequence[0]) % wrap
    apart = apart - wrap if apart >= wrap // 2 else apart
    numbers = order_two.first_number - order_two.first_number[0] + apart
    base = order_one.first_number - order_one.first_number[0]
    both, here, there = np.intersect1d(base, numbers, return_indices=True)
    if len(both) == 0 or np.mean(first.timestamp[here] == second.timestamp[there]) < 0.99:
        return None
    union = np.union1d(base, numbers)
    return Twin(
        first=one.number,
        second=two.number,
        both=len(both),
        lost=int(union[-1] - union[0] + 1 - len(union)),
        skew_ns=spread(second.time[there] - first.time[here]),
    )
