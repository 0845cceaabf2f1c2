"""Addresses as digits that keys change, and whether what was typed can be. Pure.

Errors are ValueErrors of a few words: they are shown on the glass.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from appliance.panel.status import Network


def digits_of(address: str | None) -> str:
    """Twelve digits; zeros for no address."""
    try:
        octets = ipaddress.IPv4Address(address or "0.0.0.0").packed
    except ValueError:
        octets = bytes(4)
    return "".join(f"{octet:03}" for octet in octets)


def dotted(digits: str) -> str:
    """Digits with dots, zeros kept: as edited."""
    return ".".join(digits[at : at + 3] for at in range(0, len(digits), 3))


def turned(digits: str, at: int, by: int) -> str:
    """One digit up or down, from the last back to the first."""
    hundreds = len(digits) == 12 and at % 3 == 0
    tens_of_prefix = len(digits) == 2 and at == 0
    count = 3 if hundreds else 4 if tens_of_prefix else 10
    return digits[:at] + str((int(digits[at]) + by) % count) + digits[at + 1 :]


def address_of(digits: str) -> str:
    """The address that the digits say; raises ValueError."""
    octets = [int(digits[at : at + 3]) for at in range(0, 12, 3)]
    for octet in octets:
        if octet > 255:
            raise ValueError(f"{octet} is above 255")
    return ".".join(map(str, octets))


def host_of(digits: str) -> str:
    """An address that a box may have; raises ValueError."""
    address = ipaddress.IPv4Address(address_of(digits))
    if address.is_multicast or address.is_reserved or address.is_loopback:
        raise ValueError(f"{address} is no address of a box")
    if int(address) >> 24 == 0:
        raise ValueError("Address must not begin with 0")
    return str(address)


def prefix_of(digits: str, address: str) -> int:
    """The prefix length, where the address fits it; raises ValueError."""
    prefix = int(digits)
    if not 1 <= prefix <= 31:
        raise ValueError(f"Prefix /{prefix} is not 1 to 31")
    interface = ipaddress.IPv4Interface(f"{address}/{prefix}")
    if prefix < 31 and interface.ip == interface.network.network_address:
        raise ValueError(f"{address}/{prefix} is the network itself")
    if prefix < 31 and interface.ip == interface.network.broadcast_address:
        raise ValueError(f"{address}/{prefix} is for broadcast")
    return prefix


def gateway_of(digits: str, address: str, prefix: int) -> str | None:
    """The gateway, None for all zeros; raises ValueError."""
    if not int(digits):
        return None
    gateway = ipaddress.IPv4Address(address_of(digits))
    interface = ipaddress.IPv4Interface(f"{address}/{prefix}")
    if gateway == interface.ip:
        raise ValueError("Gateway is the box itself")
    if gateway not in interface.network:
        raise ValueError(f"Gateway is not in {interface.network}")
    edges = (interface.network.network_address, interface.network.broadcast_address)
    if prefix < 31 and gateway in edges:
        raise ValueError(f"{gateway} is no gateway")
    return str(gateway)


def apart_of(name: str, address: str, prefix: int, networks: Mapping[str, Network]) -> None:
    """Raises ValueError when another network of the box has these addresses too: the box's
    networks are separate."""
    own = ipaddress.IPv4Interface(f"{address}/{prefix}").network
    for other, network in networks.items():
        if other == name or network.address is None or network.prefix is None:
            continue
        try:
            theirs = ipaddress.IPv4Interface(f"{network.address}/{network.prefix}").network
        except ValueError:
            continue
        if own.overlaps(theirs):
            raise ValueError(f"Overlaps {other} net {theirs}")
