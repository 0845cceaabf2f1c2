"""Wanted networks and the machine as it is → the steps from one to the other. Pure.

No steps: all is as wanted. What somebody changed by hand on an interface of the box is put right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from appliance.net.machine import KERNEL, MARK, PROTOCOL, Link, Machine, Route
from appliance.net.wanted import METRICS, Wanted

_MULTICAST = IPv4Network("224.0.0.0/4")
_EVERYWHERE = IPv4Network("0.0.0.0/0")


@dataclass(frozen=True)
class Granted:
    """What a network may use now: its address once nobody else has it, and what came with it."""

    address: IPv4Interface
    gateway: IPv4Address | None = None
    routes: tuple[tuple[IPv4Network, IPv4Address], ...] = ()


@dataclass(frozen=True)
class Step:
    """One thing to do. network: whose; "" for the box. what: for the log and for a person."""

    network: str
    what: str
    # a repr would say the same twice
    device: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class Setting(Step):
    path: str
    value: str


@dataclass(frozen=True)
class MakeVlan(Step):
    parent: str
    vlan: int


@dataclass(frozen=True)
class RemoveLink(Step):
    pass


@dataclass(frozen=True)
class SetLink(Step):
    """mtu, up, alias: None: leave."""

    mtu: int | None = None
    up: bool | None = None
    alias: str | None = None


@dataclass(frozen=True)
class Address(Step):
    """add: else remove."""

    address: IPv4Interface
    add: bool


@dataclass(frozen=True)
class SetRoute(Step):
    """add: else remove."""

    route: Route
    add: bool


GLOBAL: Mapping[str, str] = {
    # No way from one network to another. Written first: it resets what interfaces have.
    "net/ipv4/ip_forward": "0",
    "net/ipv6/conf/all/forwarding": "0",
    # Of this and an interface's own value the kernel takes the greater one.
    "net/ipv4/conf/all/rp_filter": "1",
    "net/ipv4/conf/all/accept_redirects": "0",
    "net/ipv4/conf/all/send_redirects": "0",
    "net/ipv4/conf/all/accept_source_route": "0",
    "net/ipv4/conf/default/rp_filter": "1",
    "net/ipv4/icmp_echo_ignore_broadcasts": "1",
    # 20 in the kernel: two paths of ten flows with their metadata are more.
    "net/ipv4/igmp_max_memberships": "256",
    "net/ipv6/conf/all/disable_ipv6": "1",
    "net/ipv6/conf/default/disable_ipv6": "1",
}

OF_DEVICE: Mapping[str, str] = {
    "net/ipv4/conf/{}/forwarding": "0",
    "net/ipv4/conf/{}/mc_forwarding": "0",
    "net/ipv4/conf/{}/proxy_arp": "0",
    "net/ipv4/conf/{}/bc_forwarding": "0",
    # A packet whose answer would leave by another interface is not from there.
    "net/ipv4/conf/{}/rp_filter": "1",
    "net/ipv4/conf/{}/accept_redirects": "0",
    "net/ipv4/conf/{}/secure_redirects": "0",
    "net/ipv4/conf/{}/send_redirects": "0",
    "net/ipv4/conf/{}/accept_source_route": "0",
    "net/ipv4/conf/{}/route_localnet": "0",
    # ARP says of an interface only its own addresses: two data networks may share a switch.
    "net/ipv4/conf/{}/arp_ignore": "1",
    "net/ipv4/conf/{}/arp_announce": "2",
    "net/ipv4/conf/{}/ignore_routes_with_linkdown": "1",
    # ST 2110-10 section 6.5 wants source-specific joins: never answer in an older version.
    "net/ipv4/conf/{}/force_igmp_version": "3",
    "net/ipv6/conf/{}/disable_ipv6": "1",
}


def settings_of(devices: Sequence[str]) -> dict[str, str]:
    """Every kernel setting that is wanted, by path below /proc/sys."""
    every = dict(GLOBAL)
    for device in devices:
        every |= {path.format(device): value for path, value in OF_DEVICE.items()}
    return every


def devices_of(wanted: Sequence[Wanted]) -> list[str]:
    """The interfaces of the box, those below VLANs too."""
    names = [name for one in wanted for name in (one.parent, one.device) if name is not None]
    return list(dict.fromkeys(names))


def plan(wanted: Sequence[Wanted], granted: Mapping[str, Granted], machine: Machine) -> list[Step]:
    """The steps, in their order. An interface that is not there yet (or was just made) gets the
    rest of its steps the next time."""
    steps = list(_settings(wanted, machine))
    steps += _released(wanted, machine)
    steps += _links(wanted, machine)
    addresses = _addresses(wanted, granted)
    for device in devices_of(wanted):
        steps += _addressed(device, addresses, wanted, machine)
    steps += _routed(wanted, granted, machine)
    return steps


def _settings(wanted: Sequence[Wanted], machine: Machine) -> Iterator[Step]:
    for path, value in settings_of(devices_of(wanted)).items():
        if machine.settings.get(path, value) != value:
            yield Setting("", f"{path} = {value}", path, value)


def _released(wanted: Sequence[Wanted], machine: Machine) -> Iterator[Step]:
    ours = set(devices_of(wanted))
    for name, link in machine.links.items():
        if not link.alias.startswith(MARK) or name in ours:
            continue
        before = link.alias.removeprefix(MARK)
        if link.kind == "vlan":
            yield RemoveLink(before, f"{name}: removed", device=name)
            continue
        for address in sorted(machine.addresses.get(name, ())):
            yield Address(before, f"{name}: without {address}", address, False, device=name)
        yield SetLink(before, f"{name}: released, down", up=False, alias="", device=name)


def _links(wanted: Sequence[Wanted], machine: Machine) -> Iterator[Step]:
    for parent, users in _by_parent(wanted).items():
        below = machine.links.get(parent)
        if below is None:
            continue
        direct = next((one for one in users if one.vlan is None), None)
        mtu = max(one.mtu for one in users)
        owner = direct.name if direct else users[0].name
        yield from _link(owner, below, mtu, alias=MARK + (direct.name if direct else "vlans"))
        for one in users:
            if one.vlan is None or one.device is None:
                continue
            own = machine.links.get(one.device)
            if own is not None and (own.kind, own.vlan, own.parent) != (
                "vlan",
                one.vlan,
                below.index,
            ):
                yield RemoveLink(one.name, f"{one.device}: is another VLAN", device=one.device)
                own = None
            if own is None:
                what = f"{one.device}: VLAN {one.vlan} on {parent}"
                yield MakeVlan(one.name, what, parent, one.vlan, device=one.device)
            else:
                yield from _link(one.name, own, one.mtu, alias=MARK + one.name)


def _by_parent(wanted: Sequence[Wanted]) -> dict[str, list[Wanted]]:
    found: dict[str, list[Wanted]] = {}
    for one in wanted:
        if one.parent is not None:
            found.setdefault(one.parent, []).append(one)
    return found


def _link(network: str, link: Link, mtu: int, *, alias: str) -> Iterator[Step]:
    name = link.name
    if link.alias != alias:
        yield SetLink(network, f"{name}: is {alias}", alias=alias, device=name)
    if link.mtu != mtu:
        yield SetLink(network, f"{name}: MTU {mtu}", mtu=mtu, device=name)
    if not link.up:
        yield SetLink(network, f"{name}: up", up=True, device=name)


def _addresses(
    wanted: Sequence[Wanted], granted: Mapping[str, Granted]
) -> dict[str, set[IPv4Interface]]:
    found: dict[str, set[IPv4Interface]] = {}
    for one in wanted:
        if one.device is not None and one.name in granted:
            found.setdefault(one.device, set()).add(granted[one.name].address)
    return found


def _addressed(
    device: str,
    addresses: Mapping[str, set[IPv4Interface]],
    wanted: Sequence[Wanted],
    machine: Machine,
) -> Iterator[Step]:
    if device not in machine.links:
        return
    network = next((one.name for one in wanted if one.device == device), "")
    have, want = machine.addresses.get(device, frozenset()), addresses.get(device, set())
    for address in sorted(have - want):
        yield Address(network, f"{device}: without {address}", address, False, device=device)
    for address in sorted(want - have):
        yield Address(network, f"{device}: address {address}", address, True, device=device)


def _routed(
    wanted: Sequence[Wanted], granted: Mapping[str, Granted], machine: Machine
) -> Iterator[Step]:
    want: dict[Route, str] = {}
    for one in wanted:
        device = one.device
        link = machine.links.get(device) if device is not None else None
        own = granted.get(one.name)
        if link is None or not link.up or own is None:
            continue
        for route in _routes(one, own, link.name):
            want.setdefault(route, one.name)
    ours = set(devices_of(wanted))
    names = {one.device: one.name for one in wanted}
    for route in _all_groups(wanted, machine):
        want.setdefault(route, names[route.device])
    for route in sorted(machine.routes, key=str):
        foreign = route.protocol != KERNEL and route.device in ours
        if (foreign or route.protocol == PROTOCOL) and route not in want:
            what = f"no route to {_said(route)}"
            network = names.get(route.device, "")
            yield SetRoute(network, what, route, False, device=route.device)
    for route, network in want.items():
        if route not in machine.routes:
            what = f"route to {_said(route)}"
            yield SetRoute(network, what, route, True, device=route.device)


def _routes(one: Wanted, own: Granted, device: str) -> Iterator[Route]:
    metric = METRICS[one.name]
    inside = own.address.network
    for to, via in (*one.routes, *own.routes):
        if via in inside:
            yield Route(to, device, via, metric)
    gateway = own.gateway
    if gateway is not None and gateway in inside:
        yield Route(_EVERYWHERE, device, gateway, metric)
        reached = [inside, *(to for to, _ in one.routes)]
        for end in one.needs.ends:
            # The strict check of sources looks for the way back to the sender.
            if end.source and not any(end.source in net for net in reached):
                yield Route(IPv4Network((end.source, 32)), device, gateway, metric)
    if one.data:
        groups = [end.address for end in one.needs.ends if end.address.is_multicast]
        for group in sorted({*groups, *one.needs.groups_sent}):
            yield Route(IPv4Network((group, 32)), device, None, metric, link_scope=True)


def _all_groups(wanted: Sequence[Wanted], machine: Machine) -> Iterator[Route]:
    """Groups that no flow of the document has leave by the first data network, for programs that
    name no interface; without one, by the first network."""
    every = [one for one in wanted if one.device is not None]
    every.sort(key=lambda one: not one.data)
    for one in every[:1]:
        link = machine.links.get(one.device or "")
        if link is not None and link.up:
            yield Route(_MULTICAST, link.name, None, METRICS[one.name], link_scope=True)


def _said(route: Route) -> str:
    to = "everywhere" if route.to == _EVERYWHERE else str(route.to)
    return f"{to} via {route.via} on {route.device}" if route.via else f"{to} on {route.device}"
