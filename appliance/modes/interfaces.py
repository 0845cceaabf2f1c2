"""What this machine's network interfaces can do, asked before anything is started."""

from __future__ import annotations

import fcntl
import socket
import struct
from dataclasses import dataclass

_SIOCGIFFLAGS, _SIOCGIFADDR, _SIOCGIFHWADDR, _SIOCGIFMTU = 0x8913, 0x8915, 0x8927, 0x8921
_UP, _RUNNING = 0x1, 0x40


@dataclass(frozen=True)
class Interface:
    """A network device that is up and has an IPv4 address. mac: as 00-11-22-33-44-55."""

    name: str
    address: str
    mac: str
    mtu: int


def interface(name: str, field: str = "interface") -> Interface:
    """The device of that name. Raises ValueError with one line when it cannot carry a flow."""
    known = ", ".join(sorted(found for _, found in socket.if_nameindex()))
    if not 0 < len(name.encode()) < 16 or name not in known.split(", "):
        raise ValueError(f"{field}: {name!r} does not exist; choose {known}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:

        def ask(request: int) -> bytes:
            return fcntl.ioctl(asker, request, struct.pack("16s240x", name.encode()))

        (flags,) = struct.unpack_from("H", ask(_SIOCGIFFLAGS), 16)
        if not flags & _UP:
            raise ValueError(f"{field}: {name} is down; run: ip link set {name} up")
        if not flags & _RUNNING:
            raise ValueError(f"{field}: {name} has no link; plug its cable in")
        try:
            address = socket.inet_ntoa(ask(_SIOCGIFADDR)[20:24])
        except OSError:
            raise ValueError(
                f"{field}: {name} has no IPv4 address; run: ip address add A.B.C.D/LEN dev {name}"
            ) from None
        mac = "-".join(f"{octet:02X}" for octet in ask(_SIOCGIFHWADDR)[18:24])
        (mtu,) = struct.unpack_from("i", ask(_SIOCGIFMTU), 16)
    return Interface(name, address, mac, mtu)
