"""UDP datagrams of a capture, found by arrays rather than packet by packet.

Ethernet (also with VLAN tags), Linux "cooked" captures of `-i any` (SLL, SLL2) and raw IP;
IPv4. What is not read is counted, never guessed.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

import numpy as np

from appliance.rtv.pcap import Capture, Int64s, Octets

_ETHERNET, _RAW, _SLL, _SLL2 = 1, (12, 14, 101, 228), 113, 276
_TAGS = (0x8100, 0x88A8, 0x9100)


def u8(octets: Octets, at: Int64s) -> Int64s:
    """Octets at positions; positions past the end read the last one (the caller has checked)."""
    return octets[np.minimum(at, len(octets) - 1)].astype(np.int64)


def u16(octets: Octets, at: Int64s) -> Int64s:
    """Big-endian 16 bit at positions."""
    return u8(octets, at) << 8 | u8(octets, at + 1)


def u32(octets: Octets, at: Int64s) -> Int64s:
    """Big-endian 32 bit at positions."""
    return u16(octets, at) << 16 | u16(octets, at + 2)


@dataclass(frozen=True)
class FlowKey:
    """Who sends what where."""

    source: str
    source_port: int
    destination: str
    port: int


@dataclass(frozen=True)
class Datagrams:
    """UDP payloads of one flow in the order of the capture.

    time: ns of the capture's clock. offset: of the payload in the file. length: of the payload as
    it was sent; captured: how much of it is in the file.
    """

    key: FlowKey
    time: Int64s
    offset: Int64s
    length: Int64s
    captured: Int64s


def udp_flows(capture: Capture) -> tuple[list[Datagrams], dict[str, int]]:
    """The UDP flows of a capture, largest first, and what was passed over by reason."""
    passed: dict[str, int] = {}
    octets = capture.octets
    if len(capture.time) == 0:
        return [], passed
    layer3, kind = _link_layer(capture)
    end = capture.offset + capture.captured
    passed_over = {
        "IPv6": int(np.sum(kind == 0x86DD)),
        "other protocols": int(np.sum((kind != 0x0800) & (kind != 0x86DD))),
    }
    ok = (kind == 0x0800) & (layer3 + 20 <= end)
    passed_over["cut in the IP header"] = int(np.sum((kind == 0x0800) & ~ok))
    pick = np.flatnonzero(ok)
    layer3, end = layer3[pick], end[pick]
    first = u8(octets, layer3)
    header = (first & 15) * 4
    udp = (u8(octets, layer3 + 9) == 17) & (first >> 4 == 4) & (header >= 20)
    fragment = (u16(octets, layer3 + 6) & 0x3FFF) != 0
    passed_over["not UDP"] = int(np.sum(~udp))
    passed_over["IP fragments"] = int(np.sum(udp & fragment))
    whole = udp & ~fragment & (layer3 + header + 8 <= end)
    passed_over["cut in the UDP header"] = int(np.sum(udp & ~fragment & ~whole))
    pick, layer3, header, end = pick[whole], layer3[whole], header[whole], end[whole]
    # An IP length of zero is that of a packet that the card has still to cut up.
    total = u16(octets, layer3 + 2)
    original_end = capture.offset[pick] + capture.original[pick]
    total = np.where(total == 0, original_end - layer3, total)
    at = layer3 + header
    length = total - header - 8
    sane = length >= 0
    passed_over["broken lengths"] = int(np.sum(~sane))
    pick, layer3, at, length, end = pick[sane], layer3[sane], at[sane], length[sane], end[sane]
    passed.update({reason: count for reason, count in passed_over.items() if count})
    if len(pick) == 0:
        return [], passed
    ends = np.stack([u32(octets, layer3 + 12), u32(octets, layer3 + 16), u32(octets, at)], axis=1)
    keys, which = np.unique(ends, axis=0, return_inverse=True)
    which = which.reshape(-1)
    captured = np.minimum(length, end - at - 8)
    flows = []
    for number, (source, destination, ports) in enumerate(keys.tolist()):
        rows = np.flatnonzero(which == number)
        key = FlowKey(
            str(ipaddress.IPv4Address(source)),
            ports >> 16,
            str(ipaddress.IPv4Address(destination)),
            ports & 0xFFFF,
        )
        flows.append(
            Datagrams(key, capture.time[pick[rows]], at[rows] + 8, length[rows], captured[rows])
        )
    return sorted(flows, key=lambda flow: -len(flow.time)), passed


def _link_layer(capture: Capture) -> tuple[Int64s, Int64s]:
    """(position of the network header, its EtherType; 0 where the record is too short)."""
    octets, start = capture.octets, capture.offset
    layer3, kind = start.copy(), np.zeros_like(start)
    end = start + capture.captured
    for link in np.unique(capture.link).tolist():
        rows = np.flatnonzero(capture.link == link)
        at = start[rows]
        if link == _ETHERNET:
            at = at + 14
            found = np.where(at <= end[rows], u16(octets, at - 2), 0)
            for _ in range(3):
                tagged = np.isin(found, _TAGS)
                at = np.where(tagged, at + 4, at)
                found = np.where(tagged, np.where(at <= end[rows], u16(octets, at - 2), 0), found)
        elif link in (_SLL, _SLL2):
            size, where = (16, 14) if link == _SLL else (20, 0)
            found = np.where(at + size <= end[rows], u16(octets, at + where), 0)
            at = at + size
        elif link in _RAW:
            version = np.where(at < end[rows], u8(octets, at) >> 4, 0)
            found = np.where(version == 4, 0x0800, np.where(version == 6, 0x86DD, 0))
        else:
            continue
        layer3[rows], kind[rows] = at, found
    return layer3, kind
