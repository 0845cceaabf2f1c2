"""A DHCP server with leases as short as a test needs: dnsmasq's are of two minutes at least.

    python -m tests.support.dhcp_server INTERFACE SERVER ADDRESS SECONDS

Gives ADDRESS (of a /24, no router) to whoever asks at INTERFACE, for so long."""

from __future__ import annotations

import socket
import struct
import sys

_COOKIE = bytes.fromhex("63825363")
_DISCOVER, _OFFER, _REQUEST, _ACK = 1, 2, 3, 5


def kind_of(message: bytes) -> int:
    """Of a request; 0: none that is understood."""
    at = 240
    while message[236:240] == _COOKIE and at + 2 < len(message) and message[at] != 255:
        if message[at] == 53:
            return message[at + 2]
        at += 1 if message[at] == 0 else 2 + message[at + 1]
    return 0


def answer(message: bytes, kind: int, server: str, address: str, seconds: int) -> bytes:
    """RFC 2131 section 2; all answers are broadcast."""
    own = socket.inet_aton(server)
    head = struct.pack("!4B4s", 2, 1, 6, 0, message[4:8]) + struct.pack("!HH", 0, 0x8000)
    head += bytes(4) + socket.inet_aton(address) + own + bytes(4) + message[28:44] + bytes(192)
    options = bytes([53, 1, kind, 54, 4]) + own + bytes([51, 4]) + struct.pack("!I", seconds)
    return head + _COOKIE + options + bytes([1, 4, 255, 255, 255, 0, 255])


def main(interface: str, server: str, address: str, seconds: str) -> None:
    """Until killed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        own.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        own.bind(("0.0.0.0", 67))
        print("ready", flush=True)
        while True:
            message = own.recv(2048)
            says = {_DISCOVER: _OFFER, _REQUEST: _ACK}.get(kind_of(message))
            if says is not None:
                said = answer(message, says, server, address, int(seconds))
                own.sendto(said, ("255.255.255.255", 68))


if __name__ == "__main__":
    main(*sys.argv[1:])
