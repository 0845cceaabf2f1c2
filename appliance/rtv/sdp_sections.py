"""Cuts the text of an SDP into its session part and its media sections (RFC 8866 section 5)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from appliance.rtv.sdp_model import SdpError

MAX_OCTETS = 65_536
_MAX_LINES = 2_000


@dataclass(frozen=True)
class Part:
    """Lines of the session or of one media section, in order: (letter, value)."""

    lines: tuple[tuple[str, str], ...]

    def values(self, letter: str) -> list[str]:
        """Values of all lines of a letter."""
        return [value for key, value in self.lines if key == letter]

    def attributes(self, name: str) -> list[str]:
        """Values of all `a=name:value` lines; "" for `a=name`."""
        found = []
        for value in self.values("a"):
            key, _, rest = value.partition(":")
            if key.strip().lower() == name:
                found.append(rest.strip())
        return found

    def by_payload_type(self, name: str, payload_type: int) -> list[str]:
        """Values of `a=name:PT value` for one payload type."""
        found = []
        for value in self.attributes(name):
            number, _, rest = value.partition(" ")
            if number == str(payload_type):
                found.append(rest.strip())
        return found


@dataclass(frozen=True)
class MediaPart(Part):
    """A media section. kind: as on the m= line. payload_types: those of its numbers that are."""

    kind: str
    port: int
    protocol: str
    payload_types: tuple[int, ...]

    @property
    def name(self) -> str:
        """How errors and notes name the section."""
        return f"m={self.kind[:32]} {self.port}"


def split_sdp(data: str | bytes) -> tuple[Part, list[MediaPart]]:
    """(session part, media sections). Raises SdpError for what is no SDP at all."""
    lines = _lines(data)
    parts: list[list[tuple[str, str]]] = [[]]
    for line in lines:
        if line[0] == "m":
            parts.append([])
        parts[-1].append(line)
    if lines[0] != ("v", "0"):
        raise SdpError(f"SDP: it begins with {'='.join(lines[0])[:64]!r}, not with v=0")
    return Part(tuple(parts[0])), [_media(part) for part in parts[1:]]


def _lines(data: str | bytes) -> list[tuple[str, str]]:
    if len(data) > MAX_OCTETS:
        raise SdpError(f"SDP: {len(data)} octets; {MAX_OCTETS} are the most")
    if isinstance(data, bytes):
        try:
            data = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise SdpError("SDP: the text is not UTF-8; save it as UTF-8") from None
    found = []
    for number, raw in enumerate(re.split(r"\r\n|\n|\r", data.removeprefix("\ufeff")), 1):
        line = raw.strip(" \t")
        if not line:
            continue
        if not re.fullmatch(r"[a-z]=[^\x00-\x08\x0a-\x1f\x7f]*", line):
            raise SdpError(f"SDP: line {number} ({line[:40]!r}) is not of the form letter=value")
        found.append((line[0], line[2:].strip(" \t")))
        if len(found) > _MAX_LINES:
            raise SdpError(f"SDP: more than {_MAX_LINES} lines; this is no session of ours")
    if not found:
        raise SdpError("SDP: the text is empty; give a session description")
    return found


def _media(part: list[tuple[str, str]]) -> MediaPart:
    value = part[0][1]
    match = re.fullmatch(r"(\S+) +([0-9]{1,6})(?:/([0-9]{1,6}))? +(\S+)(?: +(.*))?", value)
    if match is None:
        raise SdpError(f"m: {value[:64]!r} is incomplete; write m=video 20000 RTP/AVP 96")
    kind, port, count, protocol, numbers = match.groups()
    if int(port) > 65535:
        raise SdpError(f"port: {port} is out of range; choose 1..65535")
    if count is not None and int(count) != 1:
        raise SdpError(f"port: {port}/{count} names several ports; write one m= section for each")
    types = tuple(
        int(word) for word in (numbers or "").split() if re.fullmatch(r"[0-9]{1,3}", word)
    )
    return MediaPart(tuple(part), kind, int(port), protocol, types)
