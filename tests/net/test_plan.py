"""Wanted networks and a machine → steps; carried out on a pretend machine they come to an end."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.box.rules import accept
from appliance.net.machine import KERNEL, Link, Machine, Route
from appliance.net.needs import needs_of, wire_mbit
from appliance.net.openings import Extra, openings
from appliance.net.plan import (
    Address,
    Granted,
    MakeVlan,
    RemoveLink,
    SetLink,
    SetRoute,
    Setting,
    Step,
    devices_of,
    plan,
    settings_of,
)
from appliance.net.ruleset import ruleset
from appliance.net.tuning import Card, not_offered, tuning
from appliance.net.wanted import Wanted, vlan_name, wanted_of
from appliance.rtv.layout import Packing
from appliance.rtv.traffic import SenderType
from drivers.video import format_named
from tests.box.documents import TX, text
from tests.net.conftest import CONFIGURATION, DATA, DATA_2, HOSPITAL, document, receiver


def wanted(tree: Any, *there: str) -> list[Wanted]:
    """there: interfaces of the machine; none named: all."""
    return wanted_of(
        accept(text(tree)), None, lambda name: name if not there or name in there else None
    )


def machine(*names: str) -> Machine:
    """Fresh from the factory."""
    links = {name: Link(at, name, bytes(6), 1500, False, True) for at, name in enumerate(names, 2)}
    return Machine(links, {}, frozenset(), {})


def granted(networks: list[Wanted]) -> dict[str, Granted]:
    return {one.name: Granted(one.address, one.gateway) for one in networks if one.address}


def after(step: Step, now: Machine) -> Machine:
    """A machine that does as it is told."""
    links, addresses = dict(now.links), dict(now.addresses)
    routes, values = set(now.routes), dict(now.settings)
    if isinstance(step, Setting):
        values[step.path] = step.value
    elif isinstance(step, MakeVlan):
        parent = links[step.parent].index
        made = Link(len(links) + 50, step.device, bytes(6), 1500, False, True)
        links[step.device] = replace(made, kind="vlan", vlan=step.vlan, parent=parent)
    elif isinstance(step, RemoveLink):
        del links[step.device]
        addresses.pop(step.device, None)
        routes = {route for route in routes if route.device != step.device}
    elif isinstance(step, SetLink):
        link = links[step.device]
        link = replace(link, mtu=step.mtu or link.mtu)
        link = replace(link, up=link.up if step.up is None else step.up)
        links[step.device] = replace(link, alias=link.alias if step.alias is None else step.alias)
    elif isinstance(step, Address):
        own = set(addresses.get(step.device, ()))
        own.symmetric_difference_update({step.address})
        addresses[step.device] = frozenset(own)
    elif isinstance(step, SetRoute):
        routes.symmetric_difference_update({step.route})
    return Machine(links, addresses, frozenset(routes), values)


def settle(networks: list[Wanted], now: Machine) -> Machine:
    for _ in range(8):
        steps = plan(networks, granted(networks), now)
        if not steps:
            return now
        for step in steps:
            now = after(step, now)
    raise AssertionError(f"no end: {steps}")


BROAD = {**CONFIGURATION, "interface": "eth1", "vlan": 20, "mtu": 1400}
DOCUMENTS = [
    document(configuration=CONFIGURATION, data=DATA, hospital=HOSPITAL),
    document(configuration={**CONFIGURATION, "gateway": "10.77.0.2"}, data={**DATA, "mtu": 9000}),
    document(configuration=BROAD, data=DATA),
    document(configuration=BROAD, hospital={**HOSPITAL, "interface": "eth1", "vlan": 30}),
    document(configuration={**BROAD, "vlan": 21}),
    document(data={**DATA, "routes": [{"to": "10.9.0.0/16", "via": "10.77.1.2"}]}, data_2=DATA_2),
    document(),
    {"schema": 1},
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(DOCUMENTS), min_size=1, max_size=4))
def test_from_any_document_to_any_other_in_a_few_rounds(path: list[Any]) -> None:
    now = machine("eth0", "eth1", "eth2", "eth3")
    for tree in path:
        networks = wanted(tree)
        now = settle(networks, now)
    fresh = settle(networks, machine("eth0", "eth1", "eth2", "eth3"))
    used = {name for name, link in now.links.items() if link.up}
    assert (
        used == {name for name, link in fresh.links.items() if link.up} == set(devices_of(networks))
    )
    for name in used:
        assert now.addresses.get(name, frozenset()) == fresh.addresses.get(name, frozenset())
        assert now.links[name].mtu == fresh.links[name].mtu
    assert now.routes == fresh.routes
    assert not any(link.kind == "vlan" for name, link in now.links.items() if name not in used)
    assert not any(own for name, own in now.addresses.items() if name not in used)


def test_what_others_left_goes_and_what_is_the_kernels_stays() -> None:
    networks = wanted(document(data=DATA))
    now = settle(networks, machine("eth0", "eth1"))
    kernel = Route(IPv4Network("10.77.1.0/24"), "eth1", protocol=KERNEL)
    theirs = Route(IPv4Network("0.0.0.0/0"), "eth1", IPv4Address("10.77.1.9"), protocol=3)
    elsewhere = Route(IPv4Network("10.5.0.0/16"), "eth0", IPv4Address("10.4.0.1"), protocol=3)
    dirty = replace(
        now,
        routes=now.routes | {kernel, theirs, elsewhere},
        addresses={
            "eth0": frozenset({IPv4Interface("192.0.2.1/24")}),
            "eth1": frozenset({IPv4Interface("10.77.1.1/24"), IPv4Interface("192.0.2.2/24")}),
        },
        settings={"net/ipv4/ip_forward": "1", "net/ipv4/conf/eth1/rp_filter": "0"},
    )
    steps = plan(networks, granted(networks), dirty)
    assert [step.what for step in steps] == [
        "net/ipv4/ip_forward = 0",
        "net/ipv4/conf/eth1/rp_filter = 1",
        "eth1: without 192.0.2.2/24",
        "no route to everywhere via 10.77.1.9 on eth1",
    ]


def test_an_address_waits_until_it_is_granted_and_routes_wait_with_it() -> None:
    networks = wanted(document(configuration={**CONFIGURATION, "gateway": "10.77.0.2"}))
    now = settle(networks, machine("eth0"))
    without = plan(networks, {}, replace(now, addresses={}, routes=frozenset()))
    assert not [step for step in without if isinstance(step, Address)]
    assert [str(step.route.to) for step in without if isinstance(step, SetRoute)] == ["224.0.0.0/4"]


def test_senders_beyond_a_gateway_have_a_way_back() -> None:
    # The strict check of sources would drop what comes from there.
    tree = receiver(data={**DATA, "gateway": "10.77.1.254"})
    sdp = tree["flows"]["receive"][0]["sdp"].replace("239.1.1.1 10.77.1.2", "239.1.1.1 10.55.0.7")
    tree["flows"]["receive"][0]["sdp"] = sdp
    now = settle(wanted(tree), machine("eth1"))
    ways = {(str(route.to), str(route.via)) for route in now.routes}
    assert ("10.55.0.7/32", "10.77.1.254") in ways


def test_strictness_of_every_interface() -> None:
    values = settings_of(["eth1", "eth0.20"])
    assert values["net/ipv4/conf/eth0.20/rp_filter"] == "1"
    assert values["net/ipv4/ip_forward"] == values["net/ipv4/conf/eth1/forwarding"] == "0"
    assert values["net/ipv4/conf/eth1/force_igmp_version"] == "3"


@pytest.mark.parametrize(
    ("parent", "vlan", "name"),
    [("eth0", 20, "eth0.20"), ("enp193s0f1np1", 4094, "enp193s0f1.4094")],
)
def test_names_of_vlans_fit_the_kernel(parent: str, vlan: int, name: str) -> None:
    assert vlan_name(parent, vlan) == name and len(name) <= 15


def test_bandwidth_of_flows() -> None:
    # 1080p50, 10 bit 4:2:2: 2.07 Gb/s of picture (ST 2110-20), sent within 1080 of 1125 lines.
    video = format_named("1080p50")
    wide = wire_mbit(video, Packing.LINES, 1460, SenderType.W)
    assert 2_073 < wide < 2_300
    assert wire_mbit(video, Packing.LINES, 1460, SenderType.N) == pytest.approx(
        wide * 1125 / 1080, abs=2
    )
    needs = needs_of(accept(text(TX)))
    assert needs["data"].send_mbit == needs["data_2"].send_mbit > wide
    assert needs["data"].receive_mbit == 0
    came = needs_of(accept(text(receiver(data=DATA))))["data"]
    assert came.mbit == came.receive_mbit == pytest.approx(needs["data"].send_mbit, abs=60)
    assert {(str(end.address), end.port, str(end.source)) for end in came.ends} == {
        ("239.1.1.1", 5000, "10.77.1.2"),
        ("239.1.1.2", 5002, "None"),
    }


def test_the_table_and_its_rules_say_the_same() -> None:
    tree = receiver(configuration=CONFIGURATION, data=DATA, hospital=HOSPITAL)
    networks = wanted(tree)
    rows = openings(networks)
    assert [row.what for row in rows if row.network == "hospital"] == []
    assert {row.port for row in rows if row.network == "configuration"} == {443, None}
    drop = Extra("out", ("data",), "udp dport 320 @th,64,8 0x0d", "ptp_errors", "PTP errors")
    rules = ruleset(networks, rows, (drop,))
    assert 'oifname { "eth1" } udp dport 320 @th,64,8 0x0d counter name ptp_errors drop' in rules
    assert "ip saddr 10.77.1.2 ip daddr . udp dport { 239.1.1.1 . 5000 } accept" in rules
    assert "policy drop" in rules.partition("hook input")[2].partition("\n")[0]
    shut = wanted(tree, "eth0")
    assert 'iifname "eth1"' not in ruleset(shut, openings(shut), (drop,))


def test_what_is_asked_of_a_card() -> None:
    card = Card(
        rings={"rx": 512, "rx_max": 4096, "tx": 4096, "tx_max": 4096},
        coalesce={"rx_usecs": 100, "adaptive_rx": 1},
        pause={"autoneg": 1, "rx": 0, "tx": 1},
        eee=True,
        features={"rx-lro": True, "rx-gro": True, "tx-udp-segmentation": False},
        fixed=frozenset({"tx-udp-segmentation"}),
    )
    assert [wish.what for wish in tuning(card)] == [
        "ring sizes rx 4096",
        "no adaptive interrupts",
        "interrupts within 16 us",
        "no pause frames",
        "no Energy Efficient Ethernet",
        "no large receive offload",
    ]
    assert tuning(Card()) == [] and len(not_offered(Card())) == 4
    tuned = Card(
        rings={"rx": 4096, "rx_max": 4096},
        coalesce={"rx_usecs": 8, "adaptive_rx": 0},
        pause={"autoneg": 0, "rx": 0, "tx": 0},
        eee=False,
        features={"rx-lro": False, "rx-gro": True},
    )
    assert tuning(tuned) == [] and not_offered(tuned) == []
