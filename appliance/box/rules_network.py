"""Contradictions among networks and the clock. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface
from itertools import combinations

from appliance.box.desired_network import Clock, Network, Networks
from appliance.box.problems import Problem


def network_problems(networks: Networks, clock: Clock) -> Iterator[Problem]:
    """All of them."""
    named = networks.named()
    for name, network in named.items():
        yield from _one(f"networks.{name}", network)
    for (first, one), (second, other) in combinations(named.items(), 2):
        yield from _two(first, one, f"networks.{second}", other)
    gateways = [name for name, network in named.items() if network.gateway]
    for name in gateways[1:]:
        yield Problem(
            f"networks.{name}.gateway",
            f"is a second way out of the box (networks.{gateways[0]}.gateway is the first)",
            "keep one gateway; write routes for what lies behind the other",
        )
    yield from _clock(named, clock)


def _one(path: str, network: Network) -> Iterator[Problem]:
    own = network.address
    if network.method == "static" and own is None:
        yield Problem(
            f"{path}.address", "is missing", "give an address, 10.20.0.31/24, or method dhcp"
        )
    if network.method == "dhcp":
        for key, value in (("address", own), ("gateway", network.gateway)):
            if value is not None:
                yield Problem(
                    f"{path}.{key}", f"{value} beside method dhcp", "leave it out, or write static"
                )
    if own is not None:
        yield from _address(f"{path}.address", own)
    if own is not None and network.gateway is not None:
        yield from _inside(f"{path}.gateway", network.gateway, own)
    for at, route in enumerate(network.routes):
        where = f"{path}.routes[{at}]"
        if own is not None:
            yield from _inside(f"{where}.via", route.via, own)
        if route.to.prefixlen == 0:
            yield Problem(f"{where}.to", "is everything", "write gateway instead")
        elif own is not None and route.to.overlaps(own.network):
            yield Problem(
                f"{where}.to", f"{route.to} overlaps {own.network} itself", "leave it out"
            )


def _address(path: str, own: IPv4Interface) -> Iterator[Problem]:
    net, address = own.network, own.ip
    if net.prefixlen > 30 or net.prefixlen < 8:
        yield Problem(path, f"prefix length {net.prefixlen}", "give 8..30, 10.20.0.31/24")
    elif address in (net.network_address, net.broadcast_address):
        yield Problem(path, f"{address} is not one host's in {net}", "give a host's address")
    if address.is_multicast or address.is_loopback or address.is_unspecified or address.is_reserved:
        yield Problem(path, f"{address} is no host's address", "give an address of the network")
    elif address.is_link_local:
        yield Problem(
            path, f"{address} is link-local, which the box chooses itself", "write method dhcp"
        )


def _inside(path: str, address: IPv4Address, own: IPv4Interface) -> Iterator[Problem]:
    if address not in own.network:
        yield Problem(path, f"{address} is outside {own.network}", "give an address inside it")
    elif address == own.ip:
        yield Problem(path, f"{address} is the box itself", "give the router's address")


def _two(first: str, one: Network, path: str, other: Network) -> Iterator[Problem]:
    if one.interface == other.interface and one.vlan == other.vlan:
        yield Problem(
            f"{path}.interface",
            f"{other.interface} is networks.{first} already",
            "choose another interface, or a VLAN of its own",
        )
    shared = one.interface == other.interface and one.vlan != other.vlan
    if shared and one.vlan is None and one.mtu < other.mtu:
        yield Problem(
            f"{path}.mtu",
            f"{other.mtu} is more than the {one.mtu} of the interface below the VLAN",
            f"give {one.mtu} or less, or raise networks.{first}.mtu",
        )
    if one.address and other.address and one.address.network.overlaps(other.address.network):
        yield Problem(
            f"{path}.address",
            f"{other.address.network} overlaps {one.address.network} of networks.{first}",
            "give each network addresses of its own",
        )


def _clock(named: dict[str, Network], clock: Clock) -> Iterator[Problem]:
    if clock.role == "free-run":
        return
    twins = {name for name in clock.networks if clock.networks.count(name) > 1}
    for name in sorted(twins):
        yield Problem("clock.networks", f"{name} stands twice", "write it once")
    if not named:
        return  # a box that is in no network yet: it runs free and says so
    for at, name in enumerate(clock.networks):
        if name not in named:
            yield Problem(
                f"clock.networks[{at}]",
                f"{name} is no network of this box",
                f"choose of {', '.join(n for n in named if n != 'hospital') or 'none'}, "
                "or role free-run",
            )
