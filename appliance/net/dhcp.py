"""DHCP messages of a client (RFC 2131, RFC 2132), from the Ethernet frame up. Pure.

Every octet of an answer comes from the network: it is bounds-checked, and an option that makes no
sense is left out.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from appliance.net.querier import checksum

DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK = 1, 2, 3, 4, 5, 6
SERVER_PORT, CLIENT_PORT = 67, 68
BROADCAST = b"\xff" * 6
_COOKIE = b"\x63\x82\x53\x63"
_NOBODY = IPv4Address(0)
_EVERYBODY = IPv4Address(0xFFFFFFFF)
_HEAD = struct.Struct("!BBBBIHH4s4s4s4s16s")
_WISHES = bytes((1, 3, 6, 51, 54, 58, 59, 121))
_SHORTEST = 300  # octets of a BOOTP message, which old servers insist on


@dataclass(frozen=True)
class Answer:
    """OFFER, ACK or NAK. mac: whose frame it was (the server's, or its relay's). prefix: None: not
    said. lease_s etc.: seconds, None: not said."""

    kind: int
    xid: int
    chaddr: bytes
    mac: bytes
    address: IPv4Address
    server: IPv4Address | None
    prefix: int | None = None
    gateway: IPv4Address | None = None
    dns: tuple[IPv4Address, ...] = ()
    routes: tuple[tuple[IPv4Network, IPv4Address], ...] = ()
    lease_s: int | None = None
    renew_s: int | None = None
    rebind_s: int | None = None


@dataclass(frozen=True)
class Ask:
    """What the client says. own: its address where it has one (renewing), else 0.0.0.0; wish: the
    address it asks for; to: the server's address and MAC for a unicast, else None."""

    kind: int
    xid: int
    mac: bytes
    secs: int = 0
    own: IPv4Address = _NOBODY
    wish: IPv4Address | None = None
    server: IPv4Address | None = None
    to: tuple[IPv4Address, bytes] | None = field(default=None)


def encode(ask: Ask) -> bytes:
    """The whole Ethernet frame."""
    options = bytes((53, 1, ask.kind, 61, 7, 1)) + ask.mac
    if ask.wish is not None:
        options += b"\x32\x04" + ask.wish.packed
    if ask.server is not None:
        options += b"\x36\x04" + ask.server.packed
    if ask.kind in (DISCOVER, REQUEST):
        options += bytes((55, len(_WISHES))) + _WISHES + struct.pack("!BBH", 57, 2, 1500)
    head = _HEAD.pack(
        *(1, 1, 6, 0, ask.xid, min(max(0, ask.secs), 0xFFFF), 0),
        *(ask.own.packed, bytes(4), bytes(4), bytes(4), ask.mac + bytes(10)),
    )
    message = (head + bytes(192) + _COOKIE + options + b"\xff").ljust(_SHORTEST, b"\0")
    address, mac = ask.to or (_EVERYBODY, BROADCAST)
    return frame(ask.mac, mac, ask.own, address, CLIENT_PORT, SERVER_PORT, message)


def frame(
    source_mac: bytes,
    mac: bytes,
    source: IPv4Address,
    address: IPv4Address,
    source_port: int,
    port: int,
    data: bytes,
) -> bytes:
    """A UDP datagram in an Ethernet frame."""
    length = 8 + len(data)
    ends = source.packed + address.packed
    udp = struct.pack("!HHHH", source_port, port, length, 0) + data
    summed = checksum(ends + struct.pack("!HH", 17, length) + udp) or 0xFFFF
    udp = udp[:6] + struct.pack("!H", summed) + udp[8:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0xC0, 20 + length, 0, 0, 64, 17, 0) + ends
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return mac + source_mac + b"\x08\x00" + ip + udp


def parse(data: bytes) -> Answer:
    """A server's answer in an Ethernet frame. Raises ValueError for everything else."""
    message = _udp(data)
    if len(message) < 240:
        raise ValueError("DHCP: too short")
    op, kind, length, _, xid, _, _, _, yours, _, _, chaddr = _HEAD.unpack_from(message)
    if (op, kind, length) != (2, 1, 6) or message[236:240] != _COOKIE:
        raise ValueError("DHCP: no answer to an Ethernet client")
    options = _options(message[240:])
    what = options.get(53, b"")
    if len(what) != 1 or what[0] not in (OFFER, ACK, NAK):
        raise ValueError("DHCP: neither OFFER nor ACK nor NAK")
    routers = _addresses(options.get(3, b""))
    return Answer(
        kind=what[0],
        xid=xid,
        chaddr=chaddr[:6],
        mac=data[6:12],
        address=IPv4Address(yours),
        server=next(iter(_addresses(options.get(54, b""))), None),
        prefix=_prefix(options.get(1, b"")),
        gateway=routers[0] if routers else None,
        dns=_addresses(options.get(6, b""))[:3],
        routes=_routes(options.get(121, b"")),
        lease_s=_number(options.get(51)),
        renew_s=_number(options.get(58)),
        rebind_s=_number(options.get(59)),
    )


def _udp(data: bytes) -> bytes:
    if len(data) < 42 or data[12:14] != b"\x08\x00" or data[14] >> 4 != 4 or data[23] != 17:
        raise ValueError("DHCP: no UDP over IPv4")
    head = (data[14] & 15) * 4
    total = int.from_bytes(data[16:18], "big")
    packet = data[14 : 14 + total]
    if head < 20 or len(packet) < total or total < head + 8:
        raise ValueError("DHCP: the IP packet is cut off")
    if int.from_bytes(packet[6:8], "big") & 0x3FFF:
        raise ValueError("DHCP: a fragment")
    source, target, length = struct.unpack_from("!HHH", packet, head)
    if (source, target) != (SERVER_PORT, CLIENT_PORT) or not 8 <= length <= total - head:
        raise ValueError("DHCP: not from a server to a client")
    return packet[head + 8 : head + length]


def _options(data: bytes) -> dict[int, bytes]:
    """Those of a kind that stand several times are one long one (RFC 3396)."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data) and data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        if at + 2 > len(data) or at + 2 + data[at + 1] > len(data):
            raise ValueError("DHCP: an option is cut off")
        value = data[at + 2 : at + 2 + data[at + 1]]
        found[data[at]] = found.get(data[at], b"") + value
        at += 2 + data[at + 1]
    return found


def _number(value: bytes | None) -> int | None:
    return int.from_bytes(value, "big") if value is not None and len(value) == 4 else None


def _addresses(value: bytes) -> tuple[IPv4Address, ...]:
    whole = range(0, len(value) - 3, 4)
    found = (IPv4Address(value[at : at + 4]) for at in whole)
    return tuple(one for one in found if is_host(one))


def _prefix(value: bytes) -> int | None:
    if len(value) != 4:
        return None
    mask = int.from_bytes(value, "big")
    prefix = mask.bit_count()
    return prefix if mask == (0xFFFFFFFF << (32 - prefix)) & 0xFFFFFFFF else None


def _routes(value: bytes) -> tuple[tuple[IPv4Network, IPv4Address], ...]:
    """Classless static routes (RFC 3442)."""
    found, at = [], 0
    while at < len(value):
        bits = value[at]
        octets = (bits + 7) // 8
        if bits > 32 or at + 5 + octets > len(value):
            return ()
        to = value[at + 1 : at + 1 + octets].ljust(4, b"\0")
        via = IPv4Address(value[at + 1 + octets : at + 5 + octets])
        found.append((IPv4Network((int.from_bytes(to, "big"), bits), strict=False), via))
        at += 5 + octets
    return tuple(found[:32])


def is_host(address: IPv4Address) -> bool:
    """Whether one host can have it."""
    return not (
        address.is_multicast or address.is_loopback or address.is_unspecified or address.is_reserved
    )
