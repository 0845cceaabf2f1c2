"""Writes an SDP: CRLF line ends, every clock in its own media section, one m= line a leg."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.rtv.packing import UDP_STANDARD
from appliance.rtv.rtp import ELEMENTS
from appliance.rtv.sdp_model import MetadataMedia, RefClock, SdpLeg, Session, VideoMedia
from drivers.video import Scan


def write_sdp(session: Session) -> str:
    """The text of an SDP. A flow with two legs becomes two media sections joined by
    `a=group:DUP` (ST 2022-7)."""
    sections: list[list[str]] = []
    groups: list[str] = []
    flows: list[tuple[str, VideoMedia | MetadataMedia]] = []
    flows += [(f"V{number}", video) for number, video in enumerate(session.videos, 1)]
    flows += [(f"M{number}", metadata) for number, metadata in enumerate(session.metadatas, 1)]
    for name, media in flows:
        mids = [name + path for path in "AB"[: len(media.legs)]]
        sections += [_section(media, leg, mid) for leg, mid in zip(media.legs, mids, strict=True)]
        if len(mids) > 1:
            groups.append(f"a=group:DUP {' '.join(mids)}")
    lines = [
        "v=0",
        f"o=- {session.session_id} {session.version} IN "
        f"{_version(session.origin)} {session.origin}",
        f"s={session.name}",
        "t=0 0",
        *groups,
    ]
    for section in sections:
        lines += section
    return "".join(f"{line}\r\n" for line in lines)


def _version(address: str) -> str:
    return "IP6" if ":" in address else "IP4"


def _section(media: VideoMedia | MetadataMedia, leg: SdpLeg, mid: str) -> list[str]:
    video = isinstance(media, VideoMedia)
    number = media.payload_type
    ttl = f"/{leg.ttl}" if leg.multicast and ":" not in leg.address else ""
    family = _version(leg.address)
    lines = [
        f"m={'video' if video else 'application'} {leg.port} RTP/AVP {number}",
        f"c=IN {family} {leg.address}{ttl}",
    ]
    if leg.source:
        lines.append(f"a=source-filter: incl IN {family} {leg.address} {leg.source}")
    if isinstance(media, VideoMedia):
        lines.append(f"a=rtpmap:{number} raw/90000")
        lines.append(f"a=fmtp:{number} {'; '.join(fmtp(media))}")
    else:
        lines.append(f"a=rtpmap:{number} dicom/{media.clock_rate}")
    lines += _extmap(media.extensions)
    if media.ref_clock is not None:
        lines.append(f"a=ts-refclk:{_ref_clock(media.ref_clock)}")
    lines.append("a=mediaclk:" + ("direct=0" if media.media_clock == "direct" else "sender"))
    lines.append(f"a=mid:{mid}")
    return lines


def fmtp(media: VideoMedia) -> list[str]:
    """The parameters of ST 2110-20 section 7 and ST 2110-21 section 8, those at their default
    left out where the standard has a default."""
    fmt = media.format
    rate = fmt.rate
    values = [
        f"sampling={fmt.sampling.value}",
        f"width={fmt.width}",
        f"height={fmt.height}",
        f"exactframerate={rate.numerator}"
        + (f"/{rate.denominator}" if rate.denominator != 1 else ""),
        f"depth={fmt.depth}",
        f"TCS={media.tcs}",
        f"colorimetry={fmt.colorimetry}",
        f"PM={media.pm}",
        f"SSN={media.ssn}",
    ]
    if fmt.scan is not Scan.PROGRESSIVE:
        values.append("interlace")
    if fmt.scan is Scan.PSF:
        values.append("segmented")
    if media.sender_type is not None:
        values.append(f"TP={media.sender_type.tp}")
    if fmt.full_range:
        values.append("RANGE=FULL")
    if media.par != (1, 1):
        values.append(f"PAR={media.par[0]}:{media.par[1]}")
    if media.max_udp > UDP_STANDARD:
        values.append(f"MAXUDP={media.max_udp}")
    for name, value in (
        ("TROFF", media.troff_us),
        ("CMAX", media.cmax),
        ("TSMODE", media.ts_mode),
        ("TSDELAY", media.ts_delay_us),
    ):
        if value is not None:
            values.append(f"{name}={value}")
    return values


def _extmap(extensions: Mapping[str, int]) -> list[str]:
    order = sorted(extensions, key=lambda name: extensions[name])
    return [f"a=extmap:{extensions[name]} {ELEMENTS[name]}" for name in order]


def _ref_clock(clock: RefClock) -> str:
    if clock.kind == "ptp":
        domain = "" if clock.domain is None else f":{clock.domain}"
        return f"ptp=IEEE1588-2008:{clock.value}{domain}"
    if clock.kind == "traceable":
        return "ptp=IEEE1588-2008:traceable"
    return clock.value if clock.kind == "other" else f"localmac={clock.value}"
