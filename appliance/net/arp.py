"""ARP packets on Ethernet (RFC 826), as RFC 5227 uses them. Pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

ETHERTYPE = 0x0806
BROADCAST = b"\xff" * 6
NOBODY = IPv4Address(0)
_REQUEST, _REPLY = 1, 2
_HEAD = struct.Struct("!6s6sHHHBBH6s4s6s4s")


@dataclass(frozen=True)
class Arp:
    """One packet. request: asks; else it answers. mac, sender: who says it; target: who is asked
    for. A probe has no sender (0.0.0.0), an announcement asks for its sender."""

    request: bool
    mac: bytes
    sender: IPv4Address
    target: IPv4Address


def parse(frame: bytes) -> Arp:
    """Of an Ethernet frame. Raises ValueError for what is no ARP for IPv4 on Ethernet."""
    if len(frame) < _HEAD.size:
        raise ValueError(f"ARP: {len(frame)} octets are too few")
    _, _, kind, hardware, protocol, hlen, plen, operation, mac, sender, _, target = (
        _HEAD.unpack_from(frame)
    )
    if (kind, hardware, protocol, hlen, plen) != (ETHERTYPE, 1, 0x0800, 6, 4):
        raise ValueError("ARP: not for IPv4 on Ethernet")
    if operation not in (_REQUEST, _REPLY):
        raise ValueError(f"ARP: operation {operation} is unknown")
    return Arp(operation == _REQUEST, mac, IPv4Address(sender), IPv4Address(target))


def probe(mac: bytes, address: IPv4Address) -> bytes:
    """Whether somebody has this address (RFC 5227 section 2.1.1)."""
    return _request(mac, NOBODY, address)


def announcement(mac: bytes, address: IPv4Address) -> bytes:
    """That we have it (section 2.3)."""
    return _request(mac, address, address)


def _request(mac: bytes, sender: IPv4Address, target: IPv4Address) -> bytes:
    ends = mac, sender.packed, bytes(6), target.packed
    return _HEAD.pack(BROADCAST, mac, ETHERTYPE, 1, 0x0800, 6, 4, _REQUEST, *ends)


def mac_text(mac: bytes) -> str:
    """00:11:22:33:44:55"""
    return mac.hex(":")
