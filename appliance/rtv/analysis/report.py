"""What `rtvbox inspect` found, as values; `schema.report_schema` documents the same as JSON Schema.

Durations are integer nanoseconds unless the name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from appliance.rtv.pcap import Int64s


@dataclass(frozen=True)
class Spread:
    """Distribution of a figure: its smallest, middle and largest values."""

    min: int
    p50: int
    p99: int
    p999: int
    max: int


def spread(values: Int64s) -> Spread | None:
    """The distribution of integers (each figure is one of the values); None without any."""
    if len(values) == 0:
        return None
    order = np.sort(values)
    ranks = [0, len(order) // 2, len(order) * 99 // 100, len(order) * 999 // 1000, len(order) - 1]
    return Spread(*(int(order[min(rank, len(order) - 1)]) for rank in ranks))


TRUNCATED = "cannot be judged: truncated; capture whole packets (tcpdump -s 0)"
"""Why a check was not made where the capture kept only the first octets of packets."""


@dataclass(frozen=True)
class Check:
    """One thing that was judged. ok: None when it could not be, with the reason in text."""

    name: str
    ok: bool | None
    text: str


@dataclass(frozen=True)
class Sequence:
    """Sequence numbers. lost: gaps never filled; reordered: packets after a later one; glued:
    packets that the capture showed stuck to the one before (segmentation or receive offload), so
    they share its time; largest_burst: most packets in one captured datagram; other_ssrc: packets
    of further synchronisation sources in the flow, which are not analysed."""

    packets: int
    lost: int
    gaps: int
    duplicates: int
    reordered: int
    glued: int
    largest_burst: int
    other_ssrc: int


@dataclass(frozen=True)
class TypeVerdict:
    """One sender type of ST 2110-21 against the flow. frames_share: per mille of the frames that
    keep the limits of VRX from their first packet to their last; packets_share: of the packets at
    whose arrival it is kept. vrx: packets in the virtual receiver's buffer; below 0: underflow."""

    sender_type: str
    met: bool
    cmax: int
    cinst_max: int
    vrx_full: int
    vrx_min: int
    vrx_max: int
    frames_share: int
    packets_share: int
    troff_us: int | None = None  # with this TROFF it would be met, when it is not by default


@dataclass(frozen=True)
class Pacing:
    """ST 2110-21 figures. cinst: packets in the network model's bucket at each arrival, the one
    that arrives counted. anchor: what the read schedule was hung on."""

    packets_per_frame: int
    drain_ps: int
    cinst: Spread
    vrx: Spread | None
    anchor: str
    tro_ns: int
    late_ns: int  # the latest packet behind the gapped read schedule; negative is in time
    best: str | None  # narrowest sender type met
    types: list[TypeVerdict] = field(default_factory=list)


@dataclass(frozen=True)
class Video:
    """An ST 2110-20 flow. units: frames, or fields when it is interlaced, whose begin and end are
    in the capture. format: as the SDP says, or as the packets look."""

    format: str
    format_from: str  # "sdp" or "packets"
    packing: str
    rate: str | None
    units: int
    incomplete: int
    packets_per_unit: Spread | None
    udp_octets: int
    timestamp_steps: list[int]
    aligned: int  # units whose timestamp is that of an alignment point
    first_packet_ns: Spread | None  # first packet's time less the RTP time
    pacing: Pacing | None


@dataclass(frozen=True)
class Grain:
    """One metadata grain, read: the first of each kind (with and without static part)."""

    timestamp: int
    packets: int
    octets: int
    static: bool
    text: list[str]


@dataclass(frozen=True)
class Metadata:
    """A DICOM-RTV metadata flow."""

    grains: int
    incomplete: int
    packets_per_grain: Spread | None
    octets_per_grain: Spread | None
    with_static: int
    static_gap_ns: int | None  # longest time between two static parts
    stamp_matches: int  # grains whose sync (or lone origin) timestamp gives their RTP timestamp
    stamp_differs: int
    origin_age_ns: Spread | None  # RTP time less origin: how old the picture was when stamped
    flow_id: str | None
    source_id: str | None
    elements: list[str]
    samples: list[Grain] = field(default_factory=list)


@dataclass(frozen=True)
class FlowReport:
    """One UDP flow. kind: "video", "metadata", "rtp" (another essence) or "udp" (no RTP)."""

    number: int
    source: str
    destination: str
    kind: str
    in_sdp: bool
    packets: int
    octets: int
    duration_ns: int
    payload_type: int | None = None
    ssrc: int | None = None
    sequence: Sequence | None = None
    video: Video | None = None
    metadata: Metadata | None = None
    checks: list[Check] = field(default_factory=list)


@dataclass(frozen=True)
class Agreement:
    """Timestamps of a video flow against those of a metadata flow, where both are captured."""

    video: int
    metadata: int
    matched: int
    video_only: int
    metadata_only: int
    ok: bool


@dataclass(frozen=True)
class Twin:
    """Two flows that carry the same packets (ST 2022-7). lost: on both. skew_ns: second path's
    arrival less the first's."""

    first: int
    second: int
    both: int
    lost: int
    skew_ns: Spread | None


@dataclass(frozen=True)
class Report:
    """A whole capture. ok: every check that could be made came out well, and there is a flow."""

    ok: bool
    records: int
    datagrams: int
    duration_ns: int
    tai_offset_ns: int | None  # TAI less the capture's clock, given or inferred
    passed_over: dict[str, int]
    notes: list[str]
    flows: list[FlowReport]
    agreements: list[Agreement]
    twins: list[Twin]
