"""Reads an SDP that somebody else wrote. The only error is SdpError, always one line."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import replace
from typing import Any

from appliance.rtv.rtp import DEFAULT_IDS, ELEMENTS
from appliance.rtv.sdp_fmtp import read_video_fmtp
from appliance.rtv.sdp_legs import read_legs
from appliance.rtv.sdp_model import MetadataMedia, RefClock, SdpError, Session, VideoMedia
from appliance.rtv.sdp_sections import MediaPart, Part, split_sdp

_ORIGIN = r"\S+ +([0-9]{1,20}) +([0-9]{1,20}) +IN +IP[46] +([0-9A-Fa-f.:]+)"
_Media = VideoMedia | MetadataMedia


def parse_sdp(data: str | bytes) -> Session:
    """The session that a text describes.

    Media of other kinds (audio, ancillary) are passed over with a note; an SDP without any video
    or metadata of ours is refused. Raises SdpError with field, value and remedy.
    """
    session, parts = split_sdp(data)
    notes: list[str] = []
    origin, session_id, version = _origin(session, notes)
    flows: list[tuple[MediaPart, _Media]] = []
    others: list[str] = []
    for part in parts:
        try:
            media = _media(session, part, notes, others)
        except SdpError as error:
            raise SdpError(f"{part.name}: {error}") from None
        if media is not None:
            flows.append((part, media))
    if not flows:
        found = ", ".join(others) or "no media"
        raise SdpError(
            f"media: neither raw video nor dicom metadata is in it ({found}); give the SDP of a "
            "DICOM-RTV or ST 2110-20 sender"
        )
    merged = _merge(session, flows, notes)
    names = session.values("s")
    return Session(
        name=_printable(names[0] if names else "") or "-",
        origin=origin,
        videos=tuple(media for media in merged if isinstance(media, VideoMedia)),
        metadatas=tuple(media for media in merged if isinstance(media, MetadataMedia)),
        session_id=session_id,
        version=version,
        notes=tuple(dict.fromkeys(notes)),
    )


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:255].strip()


def _origin(session: Part, notes: list[str]) -> tuple[str, int, int]:
    for value in session.values("o"):
        match = re.fullmatch(_ORIGIN, value)
        if match is not None:
            try:
                return str(ipaddress.ip_address(match[3])), int(match[1]), int(match[2])
            except ValueError:
                break
    notes.append("o: missing or no IP address; taken as 0.0.0.0")
    return "0.0.0.0", 0, 0


def _media(session: Part, part: MediaPart, notes: list[str], others: list[str]) -> _Media | None:
    """The media of a section; None, with a note, when it is not ours."""
    if part.port == 0:
        notes.append(f"{part.name}: port 0 means switched off; passed over")
        return None
    ours = _ours(part)
    if ours is None:
        encodings = " ".join(value.split(" ")[-1] for value in part.attributes("rtpmap"))
        others.append(f"{_printable(part.kind)[:32]} {_printable(encodings)[:64]}".strip())
        notes.append(f"{part.name}: not ours ({others[-1]}); passed over")
        return None
    payload_type, encoding, clock = ours
    if part.protocol != "RTP/AVP":
        raise SdpError(f"protocol: {part.protocol[:32]!r} is not carried; ST 2110-10 wants RTP/AVP")
    common: dict[str, Any] = {
        "legs": read_legs(session, part, notes),
        "payload_type": payload_type,
        "ref_clock": _ref_clock(session, part, notes),
        "media_clock": _media_clock(session, part, notes),
    }
    extensions = _extmap(session, part)
    if encoding == "dicom":
        if not extensions:
            notes.append(f"{part.name}: no extmap; the usual NMOS identifiers are assumed")
        return MetadataMedia(clock_rate=clock, extensions=extensions or DEFAULT_IDS, **common)
    if clock != 90_000:
        raise SdpError(f"rtpmap: raw/{clock} is no ST 2110-20 clock; write raw/90000")
    lines = part.by_payload_type("fmtp", payload_type)
    if len(lines) != 1:
        raise SdpError(f"fmtp: {len(lines) or 'no'} lines for {payload_type}; one is wanted")
    values, remarks = read_video_fmtp(lines[0])
    notes += [f"{part.name}: {remark}" for remark in remarks]
    return VideoMedia(extensions=extensions, **common, **values)


def _ours(part: MediaPart) -> tuple[int, str, int] | None:
    """(payload type, encoding name, clock in Hz) of the first payload that we carry."""
    want = {"video": "raw", "application": "dicom"}.get(part.kind)
    if want is None:
        return None
    for number in part.payload_types:
        for value in part.by_payload_type("rtpmap", number):
            match = re.fullmatch(r"([^/]+)/([0-9]{1,10})(?:/.*)?", value)
            if match is not None and match[1].lower() == want:
                return number, want, int(match[2])
    if not part.attributes("rtpmap"):
        raise SdpError(f"rtpmap: missing; add a=rtpmap:<payload type> {want}/90000")
    return None


def _ref_clock(session: Part, part: MediaPart, notes: list[str]) -> RefClock | None:
    values = part.attributes("ts-refclk")
    if not values:
        values = session.attributes("ts-refclk")
        where = "stands at session level only" if values else "missing"
        notes.append(f"{part.name}: ts-refclk {where}; ST 2110-10 wants it in each media section")
    if not values:
        return None
    value = values[0]
    kind, _, rest = value.partition("=")
    if kind == "localmac":
        return RefClock("localmac", rest.upper())
    match = re.fullmatch(r"IEEE1588-20(?:08|19):([^:]+)(?::(?:domain-nmbr=)?([0-9]{1,3}))?", rest)
    if kind == "ptp" and rest == "traceable":
        notes.append(f"{part.name}: ts-refclk ptp=traceable should be ptp=IEEE1588-2008:traceable")
        return RefClock("traceable")
    if kind == "ptp" and match is not None:
        if match[1] == "traceable":
            return RefClock("traceable")
        return RefClock("ptp", match[1].upper(), None if match[2] is None else int(match[2]))
    notes.append(f"{part.name}: ts-refclk is no PTP and no MAC; the sender's clock is unknown")
    return RefClock("other", _printable(value) or "-")


def _media_clock(session: Part, part: MediaPart, notes: list[str]) -> str:
    values = part.attributes("mediaclk")
    if not values:
        values = session.attributes("mediaclk")
        where = "stands at session level only" if values else "missing"
        notes.append(f"{part.name}: mediaclk {where}; ST 2110-10 wants it in each media section")
    word = (values[0].split() or [""])[0] if values else "direct=0"
    if word == "direct=0":
        return "direct"
    if word == "sender":
        return "sender"
    raise SdpError(f"mediaclk: {word[:64]!r} is not carried; ST 2110-10 wants direct=0 or sender")


def _extmap(session: Part, part: MediaPart) -> dict[str, int]:
    """Identifiers of the elements that we know, by short name; others are passed over."""
    names = {uri: name for name, uri in ELEMENTS.items()}
    found: dict[str, int] = {}
    for value in session.attributes("extmap") + part.attributes("extmap"):
        match = re.match(r"([0-9]{1,5})(?:/[a-z]+)?[ \t]+(\S+)", value)
        name = names.get(match[2]) if match is not None else None
        if match is None or name is None:
            continue
        if found.get(name, int(match[1])) != int(match[1]):
            raise SdpError(f"extmap: {name} has two identifiers; keep one")
        found[name] = int(match[1])
    return found


def _merge(session: Part, flows: list[tuple[MediaPart, _Media]], notes: list[str]) -> list[_Media]:
    """Joins the sections of each `a=group:DUP` into one flow of two legs, in the group's order."""
    by_mid: dict[str, int] = {}
    for index, (part, _) in enumerate(flows):
        for mid in part.attributes("mid"):
            if by_mid.setdefault(mid, index) != index:
                raise SdpError(f"mid: {mid[:64]!r} names two sections; give each its own")
    merged: list[_Media | None] = [media for _, media in flows]
    for value in session.attributes("group"):
        semantics, *mids = value.split()[:16] or [""]
        if semantics != "DUP":
            notes.append(f"group: {semantics[:32]} has no meaning here; passed over")
            continue
        known = [by_mid[mid] for mid in mids if mid in by_mid]
        if not known:
            continue  # legs of a flow that is not ours
        if len(known) != len(mids) or len(set(known)) != 2:
            raise SdpError(f"group: DUP {' '.join(mids)[:64]} does not join two sections of ours")
        first, second = (merged[index] for index in known)
        if first is None or second is None:
            raise SdpError(f"group: {' '.join(mids)[:64]} has a section of another group")
        merged[min(known)] = _joined(first, second, flows[known[1]][0].name)
        merged[max(known)] = None
    return [media for media in merged if media is not None]


def _joined(first: _Media, second: _Media, name: str) -> _Media:
    if type(first) is not type(second):
        raise SdpError(f"{name}: the legs differ in kind; both must be the same flow")
    fields: tuple[str, ...] = ("payload_type", "extensions", "media_clock")
    if isinstance(first, VideoMedia):
        fields += ("format", "pm", "sender_type", "ssn", "tcs", "par", "max_udp")
        fields += ("troff_us", "cmax", "ts_mode", "ts_delay_us")
    else:
        fields += ("clock_rate",)
    for field in fields:
        if getattr(first, field) != getattr(second, field):
            raise SdpError(f"{name}: the legs differ in {field}; both must carry the same flow")
    return replace(first, legs=first.legs + second.legs)
