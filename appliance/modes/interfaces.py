"""What this machine's network interfaces can do, asked before anything is started."""

from __future__ import annotations

import fcntl
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

_SIOCGIFFLAGS, _SIOCGIFADDR, _SIOCGIFHWADDR, _SIOCGIFMTU = 0x8913, 0x8915, 0x8927, 0x8921
_UP, _RUNNING = 0x1, 0x40


@dataclass(frozen=True)
class Interface:
    """A network device that is up and has an IPv4 address. mac: as 00-11-22-33-44-55."""

    name: str
    address: str
    mac: str
    mtu: int


def has_link(name: str) -> bool:
    """Whether a device is up and its cable leads somewhere; False for one that is gone."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        try:
            answer = fcntl.ioctl(asker, _SIOCGIFFLAGS, struct.pack("16s240x", name.encode()))
        except OSError:
            return False
    (flags,) = struct.unpack_from("H", answer, 16)
    return bool(flags & _UP and flags & _RUNNING)


class LinkWatch:
    """Says when an interface of a stream loses its link, and when it has it again.

    interfaces: in the order of the paths; one that carries two paths stands twice.
    """

    def __init__(self, interfaces: Sequence[str], now_tai: int) -> None:
        paths: dict[str, list[int]] = {}
        for number, name in enumerate(interfaces, 1):
            paths.setdefault(name, []).append(number)
        several = len(interfaces) > 1
        self._names = {
            name: f"path {' and '.join(map(str, numbers))} ({name})" if several else name
            for name, numbers in paths.items()
        }
        # Nothing is started on an interface without a link, so all had one a moment ago.
        self._since = dict.fromkeys(paths, now_tai)
        self._linked = dict.fromkeys(paths, True)

    def look(self, now_tai: int, linked: Callable[[str], bool] = has_link) -> list[dict[str, Any]]:
        """What changed since the last look, as events of an engine are. now_tai: ns."""
        events: list[dict[str, Any]] = []
        for name, path in self._names.items():
            there = linked(name)
            if there == self._linked[name]:
                continue
            self._linked[name] = there
            seconds = (now_tai - self._since[name]) / 1e9
            self._since[name] = now_tai
            if there:
                said = ("info", "link-up", f"{path}: has a link again, after {seconds:.1f} s")
            else:
                said = ("warning", "link-down", f"{path}: no link")
            words = zip(("severity", "code", "text"), said, strict=True)
            events.append(dict(words) | {"tai": now_tai})
        return events


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
