"""Contradictions among input, output and flows. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from appliance.box.desired import Desired
from appliance.box.desired_media import PACKINGS, Endpoint, Output, ReceiveFlow, SendFlow
from appliance.box.desired_network import Network
from appliance.box.problems import Problem
from appliance.overlay.layout import parse_layout
from appliance.rtv.cut import wire
from appliance.rtv.sdp import Session, parse_sdp
from appliance.rtv.traffic import SenderType, traffic_model

_IP_OCTETS = 20


def media_problems(desired: Desired) -> Iterator[Problem]:
    """All of them."""
    named = desired.networks.named()
    yield from _twin_ids(desired)
    if desired.input is not None:
        try:
            desired.input.format.video()
        except ValueError as error:
            yield _said("input.format", error)
    if desired.output is not None:
        yield from _overlay(desired.output)
    for at, flow in enumerate(desired.flows.send):
        yield from _send(f"flows.send[{at}]", flow, named)
        if desired.input is not None:
            yield from _traffic(f"flows.send[{at}]", flow, desired)
    ends = list(_ends(desired))
    for at, received in enumerate(desired.flows.receive):
        path = f"flows.receive[{at}]"
        try:
            session = parse_sdp(received.sdp.encode())
            legs = session.video.legs
        except ValueError as error:
            yield Problem(f"{path}.sdp", str(error), "copy the sender's SDP whole")
            continue
        yield from _receive(path, received, session, named)
        for leg, network in zip(legs, _spread(received.networks, len(legs)), strict=False):
            ends.append((f"{path}.sdp", network, leg.address, leg.port))
    yield from _twin_ends(ends)


def _said(path: str, error: ValueError) -> Problem:
    """A finding of the format rooms, which name field, value and remedy in one line."""
    text = str(error)
    field, colon, rest = text.partition(": ")
    what, semicolon, remedy = (rest if colon else text).partition("; ")
    own = {"format": "name", "packets": "", "sender type": "sender_type"}.get(field, field)
    place = f"{path}.{own}" if colon and own else path
    return Problem(place, what, remedy if semicolon else "choose another")


def _twin_ids(desired: Desired) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    flows = [(f"flows.send[{at}]", flow.id) for at, flow in enumerate(desired.flows.send)]
    flows += [(f"flows.receive[{at}]", flow.id) for at, flow in enumerate(desired.flows.receive)]
    for path, name in flows:
        if name in seen:
            yield Problem(f"{path}.id", f"{name} is that of {seen[name]}", "give each its own id")
        seen.setdefault(name, path)


def _overlay(output: Output) -> Iterator[Problem]:
    if isinstance(output.overlay, dict):
        try:
            parse_layout(output.overlay)
        except ValueError as error:
            yield _said("output.overlay", error)


def _send(path: str, flow: SendFlow, named: dict[str, Network]) -> Iterator[Problem]:
    for at, leg in enumerate(flow.paths):
        own = f"{path}.paths[{at}]"
        network = named.get(leg.network)
        if network is None:
            yield Problem(
                f"{own}.network", f"{leg.network} is no network of this box", "define it first"
            )
            continue
        if flow.max_udp + _IP_OCTETS > network.mtu:
            yield Problem(
                f"{path}.max_udp",
                f"{flow.max_udp} does not fit the MTU {network.mtu} of networks.{leg.network}",
                f"give {network.mtu - _IP_OCTETS} or less, or raise the MTU",
            )
        for key, end in (("video", leg.video), ("metadata", leg.metadata)):
            yield from _destination(f"{own}.{key}.address", end.address, leg.network, network)
    if len(flow.paths) == 2 and flow.paths[0].network == flow.paths[1].network:
        yield Problem(
            f"{path}.paths[1].network",
            f"{flow.paths[1].network} is that of the first path",
            "send the second path over the other data network",
        )


def _destination(path: str, address: IPv4Address, name: str, network: Network) -> Iterator[Problem]:
    if address.is_multicast:
        if int(address) >> 8 == 0xE00000:  # 224.0.0.0/24 (RFC 5771)
            yield Problem(
                path,
                f"{address} is kept for the network's own protocols",
                "give one of 239.0.0.0/8",
            )
        return
    if address.is_unspecified or address.is_loopback or int(address) == 2**32 - 1:
        yield Problem(path, f"{address} is no receiver's address", "give a group or one host's")
        return
    if network.address is None:
        return
    reached = [network.address.network, *(route.to for route in network.routes)]
    if address == network.address.ip:
        yield Problem(path, f"{address} is the box itself", "give a group or another host's")
    elif network.gateway is None and not any(address in net for net in reached):
        yield Problem(
            path,
            f"{address} is outside networks.{name} ({network.address.network})",
            "give a group or a host inside it, or write a route",
        )
    elif address == network.address.network.broadcast_address:
        yield Problem(path, f"{address} is every host's", "give a group or one host's address")


def _traffic(path: str, flow: SendFlow, desired: Desired) -> Iterator[Problem]:
    if desired.input is None:
        return
    try:
        fmt = desired.input.format.video()
    except ValueError:
        return  # said already
    try:
        packets, _ = wire(fmt, PACKINGS[flow.packing], flow.max_udp)
        traffic_model(fmt, packets, SenderType(flow.sender_type), max_udp=flow.max_udp)
    except ValueError as error:
        yield _said(path, error)


def _receive(
    path: str, flow: ReceiveFlow, session: Session, named: dict[str, Network]
) -> Iterator[Problem]:
    legs = session.video.legs
    if len(flow.networks) not in (1, len(legs)):
        yield Problem(
            f"{path}.networks",
            f"has {len(flow.networks)} for {len(legs)} path(s) of the SDP",
            "give one for each path, or one for all",
        )
    if len(set(flow.networks)) < len(flow.networks):
        yield Problem(f"{path}.networks", f"{flow.networks[0]} stands twice", "write it once")
    for at, name in enumerate(flow.networks):
        if name not in named:
            yield Problem(
                f"{path}.networks[{at}]", f"{name} is no network of this box", "define it first"
            )
    for leg, own in zip(legs, _spread(flow.networks, len(legs)), strict=False):
        network = named.get(own)
        if network is None or network.address is None or leg.multicast:
            continue
        if leg.address != str(network.address.ip):
            yield Problem(
                f"{path}.sdp",
                f"is sent to {leg.address}, and this box is {network.address.ip}",
                "send to this box or to a group",
            )


def _spread(networks: tuple[str, ...], count: int) -> tuple[str, ...]:
    return networks if len(networks) > 1 else networks * count


def _ends(desired: Desired) -> Iterator[tuple[str, str, str, int]]:
    for at, flow in enumerate(desired.flows.send):
        for number, leg in enumerate(flow.paths):
            ends: tuple[tuple[str, Endpoint], ...] = (
                ("video", leg.video),
                ("metadata", leg.metadata),
            )
            for key, end in ends:
                path = f"flows.send[{at}].paths[{number}].{key}"
                yield path, leg.network, str(end.address), end.port


def _twin_ends(ends: list[tuple[str, str, str, int]]) -> Iterator[Problem]:
    seen: dict[tuple[str, str, int], str] = {}
    for path, network, address, port in ends:
        where = network, address, port
        if where in seen:
            yield Problem(
                path, f"{address}:{port} is that of {seen[where]}", "give another group or port"
            )
        seen.setdefault(where, path)
