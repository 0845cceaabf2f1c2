"""Sockets below IP for one interface: ARP, LLDP, DHCP, and IGMP.

Each hears only its own kind: a filter in the kernel keeps a picture's packets away.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from array import array
from collections.abc import Callable, Iterable
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path

from appliance.net import arp, dhcp, lldp, membership, querier
from appliance.net.needs import End

_IPV4 = 0x0800
_LONGEST = 9216
_AT_ONCE = 64  # frames taken before others have their turn
_PACKET_ADD_MEMBERSHIP, _MULTICAST_MEMBER = 1, 0
_ATTACH_FILTER = 26
_GROUPS = Path("/proc/self/net/igmp")
_ROUTER_ALERT = bytes.fromhex("94040000")

Hear = Callable[[bytes], None]


class Packets:
    """Frames of one Ethernet type at one interface. hear: is given each, with its header."""

    def __init__(
        self, index: int, ethertype: int, hear: Hear, *, group: bytes = b"", port: int | None = None
    ) -> None:
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        name = socket.if_indextoname(index)
        self._socket = socket.socket(socket.AF_PACKET, kind, 0)  # hears nothing before bind
        self._hear = hear
        try:
            if port is not None:
                _attach(self._socket, _udp_port(port))
            if group:
                member = struct.pack("iHH8s", index, _MULTICAST_MEMBER, 6, group)
                level = getattr(socket, "SOL_PACKET", 263)
                self._socket.setsockopt(level, _PACKET_ADD_MEMBERSHIP, member)
            self._socket.bind((name, ethertype))
        except OSError:
            self._socket.close()
            raise
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._read)

    def send(self, frame: bytes) -> None:
        """A cable that is out, or a full queue, loses it as a network may."""
        with suppress(OSError):
            self._socket.send(frame)

    def close(self) -> None:
        """Hears no more."""
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()

    def _read(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                frame = self._socket.recv(_LONGEST)
            except OSError:  # nothing more, or the interface went down
                return
            self._hear(frame)


class Arps:
    """ARP at one interface."""

    def __init__(self, index: int, hear: Callable[[arp.Arp], None]) -> None:
        def heard(frame: bytes) -> None:
            with suppress(ValueError):
                hear(arp.parse(frame))

        self._packets = Packets(index, arp.ETHERTYPE, heard)
        self.send, self.close = self._packets.send, self._packets.close


class Neighbours:
    """LLDP at one interface. hear: a neighbour, each time it speaks."""

    def __init__(self, index: int, hear: Callable[[lldp.Neighbour], None]) -> None:
        def heard(frame: bytes) -> None:
            with suppress(ValueError):
                hear(lldp.parse(frame))

        self._packets = Packets(index, lldp.ETHERTYPE, heard, group=lldp.GROUP)
        self.close = self._packets.close


class Servers:
    """DHCP servers at one interface."""

    def __init__(self, index: int, hear: Callable[[dhcp.Answer], None]) -> None:
        def heard(frame: bytes) -> None:
            with suppress(ValueError):
                hear(dhcp.parse(frame))

        self._packets = Packets(index, _IPV4, heard, port=dhcp.CLIENT_PORT)
        self.close = self._packets.close

    def send(self, ask: dhcp.Ask) -> None:
        """To all, or to one."""
        self._packets.send(dhcp.encode(ask))


class Queries:
    """IGMP at one interface. hear: who asked, and how."""

    def __init__(self, index: int, hear: Callable[[IPv4Address, querier.Query], None]) -> None:
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        name = socket.if_indextoname(index)
        self._index, self._hear = index, hear
        self._socket = socket.socket(socket.AF_INET, kind, socket.IPPROTO_IGMP)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name.encode())
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0xC0)
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, _ROUTER_ALERT)
        except OSError:
            self._socket.close()
            raise
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._read)

    def send(self, message: bytes, own: IPv4Address) -> None:
        """A question to all hosts of the network."""
        self._send(message, own, querier.ALL_HOSTS)

    def report(self, ends: Iterable[End], own: IPv4Address) -> None:
        """What this machine has joined at the interface, as if somebody had asked."""
        igmp = _GROUPS.read_text()
        for message in membership.encode(membership.joined(igmp, self._index, ends)):
            self._send(message, own, membership.ALL_ROUTERS)

    def _send(self, message: bytes, own: IPv4Address, to: IPv4Address) -> None:
        request = struct.pack("4s4si", bytes(4), own.packed, self._index)
        with suppress(OSError):
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, request)
            self._socket.sendto(message, (str(to), 0))

    def close(self) -> None:
        """Hears no more."""
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()

    def _read(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                packet, (source, _) = self._socket.recvfrom(_LONGEST)
            except OSError:
                return
            head = (packet[0] & 15) * 4 if packet else 0
            try:
                asked = querier.parse(packet[head:]) if 20 <= head <= len(packet) else None
            except ValueError:
                continue
            if asked is not None:
                self._hear(IPv4Address(source), asked)


def _udp_port(port: int) -> list[tuple[int, int, int, int]]:
    """Unfragmented UDP over IPv4 to a port, as a classic BPF program on an Ethernet frame."""
    load_half, load_byte, jump_equal, jump_set, head, load_at, give = (
        *(0x28, 0x30, 0x15, 0x45, 0xB1, 0x48, 0x06),
    )
    return [
        (load_half, 0, 0, 12),
        (jump_equal, 0, 8, _IPV4),
        (load_byte, 0, 0, 23),
        (jump_equal, 0, 6, socket.IPPROTO_UDP),
        (load_half, 0, 0, 20),
        (jump_set, 4, 0, 0x1FFF),
        (head, 0, 0, 14),
        (load_at, 0, 0, 16),
        (jump_equal, 0, 1, port),
        (give, 0, 0, 0xFFFF),
        (give, 0, 0, 0),
    ]


def _attach(own: socket.socket, program: list[tuple[int, int, int, int]]) -> None:
    code = b"".join(struct.pack("HBBI", *line) for line in program)
    held = array("B", code)
    # The kernel copies it in this call. Without ctypes, which wants memory to write and execute.
    entry = struct.pack("@HP", len(program), held.buffer_info()[0])
    own.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, entry)
