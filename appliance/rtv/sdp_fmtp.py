"""Reads the fmtp line of ST 2110-20: tolerant in spelling, strict on meaning."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from appliance.rtv.packing import UDP_STANDARD
from appliance.rtv.pgroup import pgroup
from appliance.rtv.sdp_model import SdpError
from appliance.rtv.traffic import SenderType
from drivers.video import COLORIMETRY, Sampling, Scan, VideoFormat

_RFC4175_COLORIMETRY = {"BT601-5": "BT601", "BT709-2": "BT709"}
_USUAL = {
    "23.98": "24000/1001",
    "23.976": "24000/1001",
    "29.97": "30000/1001",
    "59.94": "60000/1001",
}


def split_fmtp(text: str) -> dict[str, str | None]:
    """Parameters by lower-case name; None for one without a value. The end may be nothing, ";"
    or "; ". Raises SdpError for one that is given twice."""
    found: dict[str, str | None] = {}
    for part in text.split(";"):
        name, equals, value = part.strip().partition("=")
        name = name.strip().lower()
        if not name:
            if equals:
                raise SdpError(f"fmtp: {part.strip()[:64]!r} has no name; write name=value")
            continue
        if name in found:
            raise SdpError(f"fmtp: {name[:64]} is given twice; keep one")
        found[name] = value.strip() if equals else None
    return found


def read_video_fmtp(text: str) -> tuple[dict[str, Any], list[str]]:
    """(arguments of VideoMedia: format, pm, sender_type ..., notes). Raises SdpError."""
    values = split_fmtp(text)
    notes: list[str] = []
    fmt = _format(values, notes)
    found: dict[str, Any] = {
        "format": fmt,
        "tcs": values.get("tcs") or "SDR",
        "max_udp": _integer(values, "MAXUDP", UDP_STANDARD),
        "troff_us": _integer(values, "TROFF", None),
        "cmax": _integer(values, "CMAX", None),
        "ts_delay_us": _integer(values, "TSDELAY", None),
        "ts_mode": values.get("tsmode"),
        "par": _par(values.get("par")),
    }
    for key, name, default in (("pm", "PM", "2110GPM"), ("ssn", "SSN", "ST2110-20:2017")):
        value = values.get(name.lower())
        if not value:
            notes.append(f"{name}: missing; taken as {default}")
        found[key] = value or default
    found["max_udp"] = max(found["max_udp"], UDP_STANDARD)
    found["sender_type"] = _sender_type(values.get("tp"), notes)
    return found, notes


def _format(values: dict[str, str | None], notes: list[str]) -> VideoFormat:
    for name in ("sampling", "width", "height", "exactframerate", "depth"):
        if not values.get(name):
            raise SdpError(f"{name}: missing in the video's fmtp; add {name}=...")
    sampling = _sampling(values["sampling"] or "")
    depth = _depth(values["depth"] or "", sampling)
    scan = _scan(values)
    width, height = _integer(values, "width", 0), _integer(values, "height", 0)
    assert width is not None and height is not None
    try:
        return VideoFormat(
            width,
            height,
            frame_rate(values["exactframerate"] or "", notes),
            scan,
            sampling,
            depth,
            _colorimetry(values.get("colorimetry"), notes),
            _full_range(values.get("range"), notes),
        )
    except ValueError as error:
        raise SdpError(str(error)) from None


def _sampling(value: str) -> Sampling:
    try:
        return Sampling(value)
    except ValueError:
        choices = ", ".join(Sampling)
        raise SdpError(f"sampling: {value[:64]!r} is not carried; choose {choices}") from None


def _depth(value: str, sampling: Sampling) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", value):
        raise SdpError(f"depth: {value[:64]!r} is not carried; choose 8, 10 or 12")
    try:
        pgroup(sampling, int(value))
    except ValueError as error:
        raise SdpError(str(error)) from None
    return int(value)


def _scan(values: dict[str, str | None]) -> Scan:
    interlace, segmented = (_flag(values, name) for name in ("interlace", "segmented"))
    if segmented and not interlace:
        raise SdpError("segmented: without interlace it means nothing; add interlace or drop it")
    if segmented:
        return Scan.PSF
    return Scan.INTERLACED if interlace else Scan.PROGRESSIVE


def _flag(values: dict[str, str | None], name: str) -> bool:
    if values.get(name) is not None and values[name] != "1":
        raise SdpError(f"{name}: {values[name]!r:.64} is no value of it; write {name} alone or not")
    return name in values


def frame_rate(text: str, notes: list[str]) -> Fraction:
    """exactframerate: an integer or a ratio, never decimal (ST 2110-20 section 7.2)."""
    match = re.fullmatch(r"([0-9]{1,9})(?:/([0-9]{1,9}))?", text)
    if match is None:
        remedy = _USUAL.get(text, "25 or 60000/1001")
        raise SdpError(f"exactframerate: {text[:64]!r} is no integer and no ratio; write {remedy}")
    top, bottom = int(match[1]), int(match[2] or 1)
    if top == 0 or bottom == 0:
        raise SdpError(f"exactframerate: {text} is no frame rate; write 25 or 60000/1001")
    rate = Fraction(top, bottom)
    if match[2] and (bottom == 1 or rate.denominator != bottom):
        notes.append(f"exactframerate: {text} is not in its lowest terms")
    return rate


def _colorimetry(value: str | None, notes: list[str]) -> str:
    if not value or value == "UNSPECIFIED":
        notes.append(f"colorimetry: {value or 'missing'}; taken as BT709")
        return "BT709"
    if value in _RFC4175_COLORIMETRY:
        notes.append(f"colorimetry: {value} is RFC 4175's name of {_RFC4175_COLORIMETRY[value]}")
        return _RFC4175_COLORIMETRY[value]
    if value not in COLORIMETRY:
        choices = ", ".join(COLORIMETRY)
        raise SdpError(f"colorimetry: {value[:64]!r} is not carried; choose {choices}")
    return value


def _full_range(value: str | None, notes: list[str]) -> bool:
    if value not in (None, "NARROW", "FULL", "FULLPROTECT"):
        raise SdpError(f"RANGE: {value!r:.64} is unknown; choose NARROW or FULL")
    if value == "FULLPROTECT":
        notes.append("RANGE: FULLPROTECT is treated as FULL")
    return value in ("FULL", "FULLPROTECT")


def _par(value: str | None) -> tuple[int, int]:
    if value is None:
        return 1, 1
    match = re.fullmatch(r"([0-9]{1,5}):([0-9]{1,5})", value)
    if match is None:
        raise SdpError(f"PAR: {value[:64]!r} is no ratio; write 1:1")
    return int(match[1]), int(match[2])


def _sender_type(value: str | None, notes: list[str]) -> SenderType | None:
    if not value:
        notes.append("TP: missing; the sender promises no ST 2110-21 type")
        return None
    for kind in SenderType:
        if value == kind.tp:
            return kind
    choices = ", ".join(kind.tp for kind in SenderType)
    raise SdpError(f"TP: {value[:64]!r} is unknown; choose {choices}")


def _integer(values: dict[str, str | None], name: str, default: int | None) -> Any:
    value = values.get(name.lower())
    if name.lower() not in values:
        return default
    if value is None or not re.fullmatch(r"[0-9]{1,9}", value):
        raise SdpError(f"{name}: {value!r:.64} is no whole number; write digits only")
    return int(value)
