"""Asks for group memberships as a switch does (IGMPv3), until killed.

    python -m tests.support.querier INTERFACE ADDRESS SECONDS

ADDRESS: whose questions these are. SECONDS: between two; answers come within one."""

from __future__ import annotations

import socket
import struct
import sys
import time


def query(interval: int) -> bytes:
    """A general query: max response 1.0 s, robustness 2 (RFC 3376 section 4.1)."""
    words = [0x1100 | 10, 0, 0, 0, 2 << 8 | interval, 0]
    total = sum(words)
    words[1] = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    return struct.pack("!6H", *words)


def main(interface: str, address: str, seconds: str) -> None:
    """For ever."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IGMP) as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        own.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
        own.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, bytes.fromhex("94040000"))
        while True:
            own.sendto(query(int(seconds)), ("224.0.0.1", 0))
            time.sleep(int(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
