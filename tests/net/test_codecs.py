"""LLDP and IGMP: what is read, what is refused, what is asked."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.net import lldp, querier
from appliance.net.querier import INTERVAL_S, SILENT_S, Querier, Query, checksum

HEAD = bytes.fromhex("0180c200000e0011223344aa88cc")
OWN, LOW, HIGH = IPv4Address("10.20.0.31"), IPv4Address("10.20.0.1"), IPv4Address("10.20.0.99")


def tlv(kind: int, value: bytes) -> bytes:
    return (kind << 9 | len(value)).to_bytes(2, "big") + value


NEEDED = tlv(1, b"\x04\0\x11\x22\x33\x44\x55") + tlv(2, b"\x07eth7") + tlv(3, b"\0\x78")


def test_a_neighbour_with_all_that_it_may_say() -> None:
    more = tlv(4, b"to OR 3") + tlv(5, "Gerät".encode()) + tlv(6, b"x" * 500)
    more += tlv(8, b"\x05\x01\x0a\x14\x00\x02\x02\0\0\0\x01\0") + tlv(7, b"\0\x04\0\x04")
    more += tlv(127, b"\0\x80\xc2\x01\0\x14") + tlv(127, b"\0\x12\x0f\x01") + tlv(0, b"")
    said = lldp.parse(HEAD + NEEDED + more)
    assert (said.chassis, said.port, said.ttl_s) == ("00:11:22:33:44:55", "eth7", 120)
    assert (said.port_description, said.system_name) == ("to OR 3", "Gerät")
    assert len(said.system_description) == 120
    assert (said.management, said.vlan) == ("10.20.0.2", 20)
    network = tlv(1, b"\x05\x01\x0a\0\0\x09") + tlv(2, b"\x03\0\x11\x22\x33\x44\x66")
    said = lldp.parse(HEAD + network + tlv(3, b"\0\0"))
    assert (said.chassis, said.port, said.ttl_s) == ("10.0.0.9", "00:11:22:33:44:66", 0)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        HEAD[:12] + b"\x08\0" + NEEDED,
        HEAD + NEEDED[11:],
        HEAD + NEEDED[:-1],
        HEAD + tlv(1, b"\x04") + tlv(2, b"\x07e") + tlv(3, b"\0\x78"),
        HEAD + NEEDED[:-4] + tlv(3, b"\0"),
        HEAD + NEEDED + b"\x0a\xffabc",
    ],
)
def test_what_is_no_neighbour_is_refused(frame: bytes) -> None:
    with pytest.raises(ValueError, match="LLDP"):
        lldp.parse(frame)


@given(st.lists(st.tuples(st.integers(0, 127), st.binary(max_size=60)), max_size=8), st.binary())
def test_any_neighbour_is_printable_or_refused(tlvs: list[tuple[int, bytes]], rest: bytes) -> None:
    frame = HEAD + NEEDED + b"".join(tlv(kind, value) for kind, value in tlvs) + rest
    try:
        said = lldp.parse(frame)
    except ValueError:
        return
    for value in said.as_json().values():
        assert isinstance(value, int) or (value.isprintable() and len(value) <= 120)


@given(st.binary(max_size=80))
def test_any_octets_are_a_neighbour_or_refused(frame: bytes) -> None:
    try:
        lldp.parse(HEAD + frame)
    except ValueError as error:
        assert "\n" not in str(error)


@given(st.binary(max_size=40))
def test_any_octets_are_a_query_or_not(message: bytes) -> None:
    body = message[:2] + b"\0\0" + message[4:] if len(message) >= 8 else message
    if len(body) >= 8:
        body = body[:2] + checksum(body).to_bytes(2, "big") + body[4:]
    try:
        asked = querier.parse(body)
    except ValueError:
        return
    assert asked is None or (asked.interval_s > 0 and asked.robustness > 0)


def test_queries_of_every_version() -> None:
    ours = querier.encode(Query(2.0, 20.0, 2))
    # 0x11, 2.0 s, checksum, any group, robustness 2, 20 s, no sources (RFC 3376 section 4.1).
    assert ours.hex() == "1114ecd7" + "00000000" + "0214" + "0000"
    assert querier.parse(ours) == Query(2.0, 20.0, 2)
    old = b"\x11\x64\xee\x9b\0\0\0\0"
    assert querier.parse(old) == Query(10.0, 125.0, 2)
    group = b"\x11\x0a\0\0\xef\1\1\1"
    assert querier.parse(group[:2] + checksum(group).to_bytes(2, "big") + group[4:]) is None
    with pytest.raises(ValueError, match="checksum"):
        querier.parse(old[:-1] + b"\1")
    # 0x8b: (0x1b) << 3 = 216 s (section 4.1.7).
    slow = b"\x11\x14\0\0\0\0\0\0\2\x8b\0\0"
    asked = querier.parse(slow[:2] + checksum(slow).to_bytes(2, "big") + slow[4:])
    assert asked is not None and asked.interval_s == 216


def test_the_box_asks_where_nobody_with_a_lower_address_does() -> None:
    one = Querier(0.0, asks=True)
    assert one.tick(0.0, None) == [] and not one.unasked(0.0, OWN)
    times, now = [], 0.0
    while now < 50:
        times += [now for _ in one.tick(now, OWN)]
        now += 0.5
    assert times == [0.0, 2.0, 2.0 + INTERVAL_S, 2.0 + 2 * INTERVAL_S]
    one.hear(50.0, HIGH, Query(10, 125, 2))
    one.hear(50.0, IPv4Address(0), Query(10, 125, 2))
    assert one.tick(70.0, OWN)
    one.hear(71.0, LOW, Query(2, 20, 2))
    assert not one.tick(91.0, OWN) and one.others_ask(91.0)
    # A snooping switch asks as well: that changes nothing of who was elected.
    one.hear(95.0, IPv4Address(0), Query(10, 125, 2))
    assert not one.tick(one.next_at, OWN)
    # It has fallen silent for two of its intervals and half an answer's time.
    assert one.next_at == 71 + 2 * 20 + 1 and not one.tick(111.9, OWN)
    (again,) = one.tick(112.0, OWN)
    assert querier.parse(again) == Query(0.5, 20.0, 2) and one.next_at == 114


@pytest.mark.parametrize(("response", "interval", "robustness"), [(10, 125, 2), (1, 4, 2)])
def test_where_the_other_stops_the_box_asks_before_a_switch_forgets(
    response: float, interval: float, robustness: int
) -> None:
    one, now = Querier(0.0, asks=True), 0.0
    one.hear(0.0, LOW, Query(response, interval, robustness))
    while not (asked := one.tick(now, OWN)):
        now = max(now + 0.001, one.next_at)
    said = querier.parse(asked[0])
    assert said is not None and now > (robustness - 1) * interval
    # A switch forgets so long after an answer (RFC 3376 section 8.4), which came at once at best.
    assert now + said.response_s < robustness * interval + response
    assert said.interval_s == min(INTERVAL_S, interval)


def test_a_querier_that_is_lost_is_noticed() -> None:
    one = Querier(0.0, asks=False)
    assert one.tick(0.0, OWN) == [] and one.next_at == float("inf")
    assert not one.unasked(SILENT_S - 1, OWN) and one.unasked(SILENT_S + 1, OWN)
    one.hear(300.0, LOW, Query(10, 125, 2))
    assert not one.unasked(500.0, OWN) and one.others_ask(500.0)
    assert one.unasked(300 + 2 * 125 + 10 + 10 + 1, OWN)
    one.link_up(1000.0)
    assert not one.unasked(1000.0, OWN)
