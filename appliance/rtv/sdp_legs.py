"""Reads where a media section goes: c= lines, source filters, duplication by source address."""

from __future__ import annotations

import re

from appliance.rtv.sdp_model import SdpError, SdpLeg, check_address, is_multicast
from appliance.rtv.sdp_sections import MediaPart, Part

_CONNECTION = r"IN +IP([46]) +([0-9A-Fa-f.:]+)(?:/([0-9]{1,5}))?(?:/([0-9]{1,5}))?"


def read_legs(session: Part, part: MediaPart, notes: list[str]) -> tuple[SdpLeg, ...]:
    """One leg for each c= line of the section (or the session's), or for each source when
    `a=ssrc-group:DUP` says that two sources send the same (RFC 7104 section 4.1)."""
    lines = part.values("c") or session.values("c")
    if not lines:
        raise SdpError("c: no address; add c=IN IP4 <group>/<ttl>")
    if len(lines) > 2:
        raise SdpError(f"c: {len(lines)} addresses; two legs are the most")
    own = part.attributes("source-filter")
    filters = own or session.attributes("source-filter")
    duplicated = any(value.startswith("DUP") for value in part.attributes("ssrc-group"))
    legs: list[SdpLeg] = []
    for line in lines:
        address, ttl = _connection(line, part.name, notes)
        sources = _sources(filters, address, own=bool(own))
        if len(sources) > 1 and not (duplicated and len(sources) == 2 and len(lines) == 1):
            raise SdpError(
                f"source-filter: {len(sources)} sources for {address}; name one, or say that two "
                "send the same with a=ssrc-group:DUP"
            )
        if is_multicast(address) and not sources:
            notes.append(f"{part.name}: no source-filter for {address}; any sender is heard")
        legs += [SdpLeg(address, part.port, source, ttl) for source in sources or [""]]
    return tuple(legs)


def _connection(value: str, name: str, notes: list[str]) -> tuple[str, int]:
    match = re.fullmatch(_CONNECTION, value)
    if match is None:
        raise SdpError(f"c: {value[:64]!r} is no address; write c=IN IP4 239.1.1.1/64")
    version, text, first, second = match.groups()
    address = check_address(text, "c")
    if (":" in address) != (version == "6"):
        raise SdpError(f"c: {address} is no IP{version} address")
    # IPv6 has no TTL: its only number counts addresses.
    ttl, count = (None, first) if version == "6" else (first, second)
    if version == "6" and second is not None:
        raise SdpError(f"c: {value[:64]!r} has two numbers; IPv6 has no TTL")
    if count is not None and int(count) != 1:
        raise SdpError(f"c: {count} addresses in a row; write one c= line for each leg")
    if not is_multicast(address):
        if first is not None:
            raise SdpError(
                f"c: {address} is a host, to which /{first} means nothing; drop it, or give a group"
            )
        return address, 64
    if version == "4" and ttl is None:
        notes.append(f"{name}: c= of a group without TTL; RFC 8866 wants {address}/<ttl>")
    return address, 64 if ttl is None else int(ttl)


def _sources(filters: list[str], address: str, *, own: bool) -> list[str]:
    """Sources that the filters include for a destination, each once. own: the filters are of this
    section, so they cannot mean another one's address."""
    found: list[str] = []
    elsewhere: list[str] = []
    for value in filters:
        words = value.split()
        if len(words) < 5 or words[1] != "IN" or words[2] not in ("IP4", "IP6", "*"):
            raise SdpError(
                f"source-filter: {value[:64]!r} is incomplete; write incl IN IP4 <group> <source>"
            )
        if words[0] != "incl":
            raise SdpError(f"source-filter: {words[0][:32]!r} is not carried; include the sender")
        if words[3] != "*" and check_address(words[3], "source-filter") != address:
            elsewhere.append(words[3])
            continue
        found += [check_address(word, "source-filter") for word in words[4:12]]
    if own and elsewhere and not found:
        raise SdpError(
            f"source-filter: it speaks of {elsewhere[0]}, the c= line of {address}; make them agree"
        )
    return list(dict.fromkeys(found))
