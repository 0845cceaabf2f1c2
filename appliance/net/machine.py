"""What was observed of this machine's network, as values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from types import MappingProxyType

MARK = "rtvbox:"
"""Begins the alias of every interface that the service looks after (`ip link` shows it)."""
PROTOCOL = 142
"""Of our routes (`ip route` shows it as proto 142)."""
KERNEL = 2


@dataclass(frozen=True)
class Link:
    """An interface. parent: index of the one below a VLAN. ups: how often its cable came in, which
    shows a flap that is over before anybody looks. counters: since it exists."""

    index: int
    name: str
    mac: bytes
    mtu: int
    up: bool
    carrier: bool
    alias: str = ""
    kind: str = ""
    vlan: int | None = None
    parent: int | None = None
    ups: int = 0
    counters: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}), compare=False)


@dataclass(frozen=True, order=True)
class Route:
    """A route of the main table. via None: on the link itself."""

    to: IPv4Network
    device: str
    via: IPv4Address | None = None
    metric: int = 0
    protocol: int = PROTOCOL
    link_scope: bool = False


@dataclass(frozen=True)
class Machine:
    """links: by name. addresses: by interface. settings: of /proc/sys, by path below it; what the
    kernel does not have is left out."""

    links: Mapping[str, Link]
    addresses: Mapping[str, frozenset[IPv4Interface]]
    routes: frozenset[Route]
    settings: Mapping[str, str]
