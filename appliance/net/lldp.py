"""Who is at the other end of the cable: LLDP (IEEE 802.1AB), received only. Pure.

Every octet comes from the network: lengths are checked, texts are cut and made printable.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

ETHERTYPE = 0x88CC
GROUP = bytes.fromhex("0180c200000e")
"""Nearest bridge: no switch hands these on."""
_LONGEST = 120


@dataclass(frozen=True)
class Neighbour:
    """What it said of itself. ttl_s: for how long that counts; 0: it says good-bye. vlan: the
    port's own VLAN (802.1), or None."""

    chassis: str
    port: str
    ttl_s: int
    port_description: str = ""
    system_name: str = ""
    system_description: str = ""
    management: str = ""
    vlan: int | None = None

    def as_json(self) -> dict[str, Any]:
        """As published; what it did not say is left out."""
        every = {
            "chassis": self.chassis,
            "port": self.port,
            "port_description": self.port_description,
            "system_name": self.system_name,
            "system_description": self.system_description,
            "management": self.management,
            "vlan": self.vlan,
        }
        return {key: value for key, value in every.items() if value not in ("", None)}


def parse(frame: bytes) -> Neighbour:
    """Of an Ethernet frame. Raises ValueError, one line."""
    if len(frame) < 14 or int.from_bytes(frame[12:14], "big") != ETHERTYPE:
        raise ValueError("LLDP: another kind of frame")
    tlvs = _tlvs(frame[14:])
    if [kind for kind, _ in tlvs[:3]] != [1, 2, 3]:
        raise ValueError("LLDP: does not begin with chassis, port and time to live")
    (_, chassis), (_, port), (_, ttl) = tlvs[:3]
    if len(ttl) < 2:
        raise ValueError("LLDP: time to live is cut off")
    texts = {kind: _text(value) for kind, value in reversed(tlvs[3:]) if kind in (4, 5, 6)}
    return Neighbour(
        chassis=_identity(chassis, {4: "mac", 5: "address"}, "chassis"),
        port=_identity(port, {3: "mac", 4: "address"}, "port"),
        ttl_s=int.from_bytes(ttl[:2], "big"),
        port_description=texts.get(4, ""),
        system_name=texts.get(5, ""),
        system_description=texts.get(6, ""),
        management=next((_management(value) for kind, value in tlvs[3:] if kind == 8), ""),
        vlan=next((_vlan(value) for kind, value in tlvs[3:] if kind == 127 and _vlan(value)), None),
    )


def _tlvs(data: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 0
    while at + 2 <= len(data):
        head = int.from_bytes(data[at : at + 2], "big")
        kind, length = head >> 9, head & 0x1FF
        if kind == 0:
            break
        if at + 2 + length > len(data):
            raise ValueError("LLDP: a value is cut off")
        found.append((kind, data[at + 2 : at + 2 + length]))
        at += 2 + length
    return found


def _identity(value: bytes, kinds: dict[int, str], what: str) -> str:
    if len(value) < 2:
        raise ValueError(f"LLDP: {what} is cut off")
    kind, rest = kinds.get(value[0], "text"), value[1:]
    if kind == "mac" and len(rest) == 6:
        return rest.hex(":")
    if kind == "address" and rest[0] == 1 and len(rest) == 5:
        return str(IPv4Address(rest[1:]))
    return _text(rest) if kind == "text" else rest[:32].hex()


def _management(value: bytes) -> str:
    if len(value) >= 6 and value[0] == 5 and value[1] == 1:
        return str(IPv4Address(value[2:6]))
    return ""


def _vlan(value: bytes) -> int | None:
    if len(value) == 6 and value[:4] == b"\x00\x80\xc2\x01":
        return int.from_bytes(value[4:], "big") or None
    return None


def _text(value: bytes) -> str:
    words = value[: 4 * _LONGEST].decode("utf-8", "replace")
    clean = "".join(char if char.isprintable() else " " for char in words)
    return " ".join(clean.split())[:_LONGEST]
