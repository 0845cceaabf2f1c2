"""What an SDP of ours says, as values: session, video and metadata media, legs, clocks.

Clauses: ST 2110-10 section 8 (clocks, MAXUDP, TSMODE), ST 2110-20 section 7 (video), ST 2110-21
section 8 (TP, TROFF, CMAX), ST 2022-7 and RFC 7104 (legs), PS3.22 chapter 6 (metadata), RFC 4570
(source filters), RFC 7273 (clocks), RFC 8285 (extmap).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

from appliance.rtv.packing import UDP_EXTENDED, UDP_STANDARD
from appliance.rtv.pgroup import line_octets
from appliance.rtv.rtp import DEFAULT_IDS, ELEMENTS
from appliance.rtv.traffic import SenderType
from drivers.video import VideoFormat

PACKING_MODES = ("2110GPM", "2110BPM")
TRANSFERS = (
    "SDR",
    "PQ",
    "HLG",
    "LINEAR",
    "BT2100LINPQ",
    "BT2100LINHLG",
    "ST2065-1",
    "ST428-1",
    "DENSITY",
    "ST2115LOGS3",
    "UNSPECIFIED",
)
TS_MODES = ("SAMP", "NEW", "PRES")


T = TypeVar("T")


class SdpError(ValueError):
    """One line: the field, its value and what to do about it."""


def check_address(text: str, what: str = "address") -> str:
    """An IPv4 or IPv6 address in its usual spelling. Raises SdpError, also for addresses that no
    flow can go to (unspecified, broadcast)."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise SdpError(
            f"{what}: {text[:64]!r} is no IP address; write one like 239.1.1.1"
        ) from None
    if address.is_unspecified or str(address) == "255.255.255.255" or "%" in text:
        raise SdpError(f"{what}: {text} is nobody's address; give the group or the host")
    return str(address)


def is_multicast(text: str) -> bool:
    """Whether an address is a group."""
    return ipaddress.ip_address(text).is_multicast


def _one_line(what: str, text: str) -> None:
    if not text or len(text) > 255 or not text.isprintable() or text != text.strip():
        raise SdpError(f"{what}: {text[:64]!r} is no line of text; give 1..255 characters")


@dataclass(frozen=True)
class RefClock:
    """`a=ts-refclk`. kind: "ptp" (value: grandmaster as 39-A7-94-FF-FE-07-CB-D0, domain 0..127 or
    None), "traceable" (PTP from any traceable grandmaster), "localmac" (value: the sender's MAC as
    00-11-22-33-44-55; not locked to PTP) or "other" (value as it stood in the SDP)."""

    kind: str
    value: str = ""
    domain: int | None = None

    def __post_init__(self) -> None:
        octets = {"ptp": 8, "localmac": 6}.get(self.kind)
        if octets and not re.fullmatch(
            rf"[0-9A-F]{{2}}(-[0-9A-F]{{2}}){{{octets - 1}}}", self.value
        ):
            raise SdpError(
                f"ts-refclk: {self.value[:64]!r} is no identity of {octets} octets; write "
                "upper-case hexadecimal with dashes"
            )
        if self.kind == "traceable" and self.value:
            raise SdpError(f"ts-refclk: traceable names no grandmaster, not {self.value[:64]!r}")
        if self.kind == "other":
            _one_line("ts-refclk", self.value)
        elif not octets and self.kind != "traceable":
            raise SdpError(f"ts-refclk: {self.kind!r} is unknown; choose ptp, traceable, localmac")
        if self.domain is not None and (self.kind != "ptp" or not 0 <= self.domain <= 127):
            raise SdpError(f"ts-refclk: domain {self.domain} is out of place; give 0..127 with ptp")


@dataclass(frozen=True)
class SdpLeg:
    """One path of a flow (ST 2022-7): where it goes and, for source-specific groups, from where.

    ttl: of a multicast IPv4 address, 0..255; not used for others.
    """

    address: str
    port: int
    source: str = ""
    ttl: int = 64

    def __post_init__(self) -> None:
        object.__setattr__(self, "address", check_address(self.address))
        if not 1 <= self.port <= 65535:
            raise SdpError(f"port: {self.port} is out of range; choose 1..65535")
        if not 0 <= self.ttl <= 255:
            raise SdpError(f"TTL: {self.ttl} is out of range; choose 1..255")
        if self.source:
            object.__setattr__(self, "source", check_address(self.source, "source"))
            if is_multicast(self.source):
                raise SdpError(
                    f"source: {self.source} is a group, which sends nothing; give the sender's "
                    "own address"
                )
            if (":" in self.source) != (":" in self.address):
                raise SdpError(f"source: {self.source} and {self.address} are of two IP versions")
        if not self.multicast or ":" in self.address:
            object.__setattr__(self, "ttl", 64)

    @property
    def multicast(self) -> bool:
        """Whether the leg goes to a group."""
        return is_multicast(self.address)


def _check_legs(legs: tuple[SdpLeg, ...]) -> None:
    if not 1 <= len(legs) <= 2:
        raise SdpError(f"legs: {len(legs)} paths; give one, or two for ST 2022-7")
    ends = [(leg.address, leg.source) for leg in legs]
    if len(set(ends)) != len(ends):
        raise SdpError(
            f"legs: both go to {legs[0].address} from {legs[0].source or 'anywhere'}; separate "
            "them by group or by source"
        )


def _check_payload_type(payload_type: int) -> None:
    if not 96 <= payload_type <= 127:
        raise SdpError(f"payload type: {payload_type} is not dynamic; choose 96..127")


def _frozen_ids(extensions: Mapping[str, int]) -> Mapping[str, int]:
    for name, ident in extensions.items():
        if name not in ELEMENTS:
            raise SdpError(f"extmap: {name!r} is unknown; choose {', '.join(ELEMENTS)}")
        if not 1 <= ident <= 14:
            raise SdpError(f"extmap: identifier {ident} of {name} does not fit; choose 1..14")
    if len(set(extensions.values())) != len(extensions):
        raise SdpError("extmap: one identifier names two elements; give each its own")
    return MappingProxyType(dict(sorted(extensions.items())))


@dataclass(frozen=True)
class VideoMedia:
    """An ST 2110-20 flow.

    sender_type: None when the SDP has no TP. max_udp: octets with the UDP header. troff_us: µs,
    None is the default. cmax: packets, None is the type's. ts_delay_us: µs. par: pixel aspect.
    extensions: short element name (rtp.ELEMENTS) to identifier, for what the flow announces.
    """

    format: VideoFormat
    legs: tuple[SdpLeg, ...]
    payload_type: int = 96
    pm: str = "2110GPM"
    sender_type: SenderType | None = SenderType.N
    ssn: str = "ST2110-20:2017"
    tcs: str = "SDR"
    par: tuple[int, int] = (1, 1)
    max_udp: int = UDP_STANDARD
    troff_us: int | None = None
    cmax: int | None = None
    ts_mode: str | None = None
    ts_delay_us: int | None = None
    extensions: Mapping[str, int] = field(default_factory=dict)
    ref_clock: RefClock | None = None
    media_clock: str = "direct"  # "direct" (offset 0) or "sender"

    def __post_init__(self) -> None:
        _check_legs(self.legs)
        _check_payload_type(self.payload_type)
        object.__setattr__(self, "extensions", _frozen_ids(self.extensions))
        _choice("PM", self.pm, PACKING_MODES)
        _choice("TCS", self.tcs, TRANSFERS)
        _choice("SSN", self.ssn, ("ST2110-20:2017", "ST2110-20:2022"))
        _choice("mediaclk", self.media_clock, ("direct", "sender"))
        if self.ts_mode is not None:
            _choice("TSMODE", self.ts_mode, TS_MODES)
        if not UDP_STANDARD <= self.max_udp <= UDP_EXTENDED:
            raise SdpError(
                f"MAXUDP: {self.max_udp} is out of range; choose {UDP_STANDARD}..{UDP_EXTENDED}"
            )
        if self.pm == "2110BPM" and self.max_udp > UDP_STANDARD:
            raise SdpError(
                f"MAXUDP: {self.max_udp} does not go with block packing (PM=2110BPM); leave it out"
            )
        for name, value in (("TROFF", self.troff_us), ("CMAX", self.cmax)):
            if value is not None and not 1 <= value <= 10_000_000:
                raise SdpError(f"{name}: {value} is no positive number; leave it out")
        if self.ts_delay_us is not None and not 0 <= self.ts_delay_us <= 1_000_000_000:
            raise SdpError(f"TSDELAY: {self.ts_delay_us} is out of range; give microseconds")
        if not all(1 <= side <= 65535 for side in self.par):
            raise SdpError(f"PAR: {self.par[0]}:{self.par[1]} is no ratio; write 1:1")
        try:
            line_octets(self.format)
        except ValueError as error:
            raise SdpError(str(error)) from None


@dataclass(frozen=True)
class MetadataMedia:
    """A DICOM-RTV metadata flow (PS3.22 chapter 6): `m=application`, `rtpmap dicom/90000`.

    clock_rate: Hz, that of the flow it describes.
    """

    legs: tuple[SdpLeg, ...]
    payload_type: int = 104
    clock_rate: int = 90_000
    extensions: Mapping[str, int] = field(default_factory=lambda: DEFAULT_IDS)
    ref_clock: RefClock | None = None
    media_clock: str = "direct"

    def __post_init__(self) -> None:
        _check_legs(self.legs)
        _check_payload_type(self.payload_type)
        object.__setattr__(self, "extensions", _frozen_ids(self.extensions))
        _choice("mediaclk", self.media_clock, ("direct", "sender"))
        if not 1 <= self.clock_rate <= 1_000_000_000:
            raise SdpError(f"rtpmap: clock {self.clock_rate} Hz is out of range; write dicom/90000")


def _choice(what: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise SdpError(f"{what}: {value[:64]!r} is not carried; choose {', '.join(choices)}")


@dataclass(frozen=True)
class Session:
    """An SDP. notes: what the parser accepted although it is not as it should be, a line each."""

    name: str
    origin: str  # address of the sender that made the SDP
    videos: tuple[VideoMedia, ...] = ()
    metadatas: tuple[MetadataMedia, ...] = ()
    session_id: int = 0
    version: int = 0
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        _one_line("s", self.name)
        try:
            ipaddress.ip_address(self.origin)
        except ValueError:
            raise SdpError(f"o: {self.origin[:64]!r} is no IP address") from None
        if not self.videos and not self.metadatas:
            raise SdpError("media: the session carries nothing; give a video or a metadata flow")
        if min(self.session_id, self.version) < 0:
            raise SdpError("o: session id and version count from 0")

    @property
    def video(self) -> VideoMedia:
        """The video of an SDP with exactly one. Raises SdpError with the remedy."""
        return _only(self.videos, "m=video", "raw video")

    @property
    def metadata(self) -> MetadataMedia | None:
        """The metadata flow, or None. Raises SdpError when there are several: which of them
        describes the video, no SDP can say (PS3.22 pairs flows by their UUIDs)."""
        return _only(self.metadatas, "m=application", "dicom") if self.metadatas else None


def _only(media: tuple[T, ...], line: str, what: str) -> T:
    if len(media) != 1:
        raise SdpError(
            f"{line}: the SDP has {len(media) or 'no'} {what} sections; one is wanted"
            + (", split the SDP" if media else f", add an {line} section")
        )
    return media[0]
