"""The DHCP client against a pretend server, told the time; and its messages, octet by octet."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.net.dhcp import (
    ACK,
    DECLINE,
    DISCOVER,
    NAK,
    OFFER,
    REQUEST,
    Answer,
    Ask,
    encode,
    frame,
    parse,
)
from appliance.net.lease import Client, Doing, lease_of

MAC, SERVER_MAC = bytes.fromhex("020000000001"), bytes.fromhex("0200000000fe")
SERVER, OWN = IPv4Address("10.20.0.1"), IPv4Address("10.20.0.50")


def answer(kind: int, ask: Ask, **more: object) -> Answer:
    words = {"address": OWN, "server": SERVER, "prefix": 24, "gateway": SERVER, "lease_s": 3600}
    words |= more
    return Answer(kind, ask.xid, MAC, SERVER_MAC, **words)  # type: ignore[arg-type]


def say(client: Client, until: float) -> tuple[float, Ask]:
    """The next thing that it says."""
    now = 0.0
    while (now := max(now, client.next_at)) <= until:
        ask = client.tick(now)
        if ask is not None:
            return now, ask
    raise AssertionError("it says nothing")


def bound(lease_s: int = 3600) -> Client:
    client = Client(MAC, 0.0, Random(1))
    _, discover = say(client, 1)
    request = client.hear(0.1, answer(OFFER, discover, lease_s=lease_s))
    assert request is not None
    client.hear(0.2, answer(ACK, request, lease_s=lease_s))
    assert client.doing is Doing.HOLDING and client.lease is not None
    return client


def test_discover_offer_request_ack() -> None:
    client = Client(MAC, 0.0, Random(1))
    _, discover = say(client, 1)
    assert (discover.kind, discover.wish, discover.to) == (DISCOVER, None, None)
    request = client.hear(0.1, answer(OFFER, discover))
    assert request is not None
    assert (request.kind, request.wish, request.server) == (REQUEST, OWN, SERVER)
    assert request.xid == discover.xid
    assert client.lease is None
    client.hear(0.2, answer(ACK, request))
    lease = client.lease
    assert lease is not None and lease.address == IPv4Interface("10.20.0.50/24")
    assert (lease.gateway, lease.until) == (SERVER, pytest.approx(3600, abs=1))
    assert lease_of(lease.as_json()) == lease


def test_it_asks_for_ever_and_ever_less_often() -> None:
    client = Client(MAC, 0.0, Random(1))
    times = []
    for _ in range(12):
        now, ask = say(client, 1e9)
        assert ask.kind == DISCOVER
        times.append(now)
    gaps = [b - a for a, b in pairwise(times)]
    assert gaps[0] == pytest.approx(2, abs=0.3) and gaps[3] == pytest.approx(16, abs=0.3)
    assert all(31 < gap < 33 for gap in gaps[4:])


def test_renews_with_its_server_then_with_any_then_ends() -> None:
    client = bound()
    now, ask = say(client, 1e9)
    assert now == pytest.approx(1800, abs=1) and ask.own == OWN and ask.wish is None
    assert ask.to == (SERVER, SERVER_MAC) and ask.server is None
    client.hear(now, answer(ACK, ask))
    assert client.lease is not None and client.lease.until == pytest.approx(now + 3600, abs=1)

    first = client.lease.until - 3600
    kinds = set()
    while client.lease is not None:
        now, ask = say(client, 1e9)
        kinds.add((client.doing, ask.to is None))
    assert (Doing.RENEWING, False) in kinds and (Doing.REBINDING, True) in kinds
    assert now == pytest.approx(first + 3600, abs=1)
    assert client.doing is Doing.LOOKING and ask.kind == DISCOVER


def test_a_refusal_or_another_cable_begins_anew() -> None:
    client = bound()
    client.link_up(100.0)
    assert client.lease is not None  # stays in use until somebody says no
    ask = client.tick(100.0)
    assert ask is not None and (ask.wish, ask.server, ask.own) == (OWN, None, IPv4Address(0))
    client.hear(100.1, answer(NAK, ask, prefix=None, lease_s=None))
    assert client.lease is None and client.doing is Doing.LOOKING

    client = bound()
    decline = client.decline(50.0)
    assert decline is not None and (decline.kind, decline.wish) == (DECLINE, OWN)
    assert client.lease is None and client.next_at == 60.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"prefix": None},
        {"prefix": 31},
        {"prefix": 4},
        {"address": IPv4Address("10.20.0.255")},
        {"address": IPv4Address("224.0.0.9")},
        {"address": IPv4Address(0)},
        {"server": None},
        {"lease_s": None},
    ],
)
def test_an_offer_that_makes_no_sense_is_left(wrong: dict[str, object]) -> None:
    client = Client(MAC, 0.0, Random(1))
    _, discover = say(client, 1)
    assert client.hear(0.1, answer(OFFER, discover, **wrong)) is None
    assert client.doing is Doing.LOOKING


def test_answers_to_others_and_other_addresses_are_left() -> None:
    client = Client(MAC, 0.0, Random(1))
    _, discover = say(client, 1)
    stranger = Ask(DISCOVER, discover.xid ^ 1, MAC)
    assert client.hear(0.1, answer(OFFER, stranger)) is None
    request = client.hear(0.1, answer(OFFER, discover))
    assert request is not None
    client.hear(0.2, answer(ACK, request, address=IPv4Address("10.20.0.77")))
    assert client.lease is None
    client.hear(0.2, answer(ACK, request, gateway=IPv4Address("192.0.2.1")))
    assert client.lease is not None and client.lease.gateway is None


def reply(options: bytes) -> bytes:
    """A server's answer on the wire."""
    head = struct.pack("!BBBBIHH", 2, 1, 6, 0, 7, 0, 0) + bytes(4) + OWN.packed + bytes(8)
    message = head + MAC + bytes(10) + bytes(192) + b"\x63\x82\x53\x63" + options
    return frame(SERVER_MAC, MAC, SERVER, OWN, 67, 68, message)


def test_every_option_is_read() -> None:
    options = bytes.fromhex("350105 0104ffffff00 0304 0a140001 0608 0a140009 0a14000a")
    options += bytes.fromhex("3604 0a140001 3304 00000e10 3a04 00000708 3b04 00000c4e")
    options += bytes.fromhex("790c 10 0a42 0a140001 00 0a140001 ff")
    said = parse(reply(options))
    assert (said.kind, said.xid, said.chaddr, said.mac) == (ACK, 7, MAC, SERVER_MAC)
    assert (said.address, said.server, said.prefix, said.gateway) == (OWN, SERVER, 24, SERVER)
    assert said.dns == (IPv4Address("10.20.0.9"), IPv4Address("10.20.0.10"))
    assert (said.lease_s, said.renew_s, said.rebind_s) == (3600, 1800, 3150)
    assert said.routes[0] == (IPv4Network("10.66.0.0/16"), SERVER)


@given(st.binary(max_size=120))
def test_any_options_are_read_or_refused(options: bytes) -> None:
    try:
        said = parse(reply(b"\x35\x01\x02" + options))
    except ValueError as error:
        assert str(error).startswith("DHCP: ")
        return
    assert said.prefix is None or 0 <= said.prefix <= 32
    assert len(said.dns) <= 3 and len(said.routes) <= 32


@given(st.binary(max_size=40), st.integers(0, 330), st.integers(0, 330))
def test_any_damage_is_read_or_refused(noise: bytes, at: int, length: int) -> None:
    whole = reply(b"\x35\x01\x05\x01\x04\xff\xff\xff\x00\xff")
    damaged = (whole[:at] + noise + whole[at + len(noise) :])[:length]
    try:
        parse(damaged)
    except ValueError as error:
        assert "\n" not in str(error)


def test_what_the_client_says_is_no_answer() -> None:
    whole = encode(Ask(DISCOVER, 7, MAC))
    assert len(whole) >= 14 + 28 + 300
    with pytest.raises(ValueError, match="not from a server"):
        parse(whole)
