"""The box's groups, told unasked: what the kernel says of them, the octets, and when."""

from __future__ import annotations

import struct
import sys
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.demo.namespaces import Lab
from appliance.net.membership import LONGEST_S, Membership, Reporter, encode, joined
from appliance.net.needs import End
from appliance.net.querier import Query, checksum

ONE, TWO, PTP = IPv4Address("239.1.1.1"), IPv4Address("239.1.1.2"), IPv4Address("224.0.1.129")
HERE, THERE = IPv4Address("10.77.1.2"), IPv4Address("10.77.1.9")


def igmp(index: int, *groups: IPv4Address) -> str:
    """/proc/net/igmp of one interface beside lo."""
    rows = [f"\t\t\t\t{_number(group):08X}     1 0:00000000\t\t0\n" for group in groups]
    lo = f"1\tlo        :     1      V3\n\t\t\t\t{_number(ONE):08X}     1 0:00000000\t\t0\n"
    own = f"{index}\tenp0s31f6 : {len(groups):5d}      V3\n" + "".join(rows)
    return "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n" + lo + own


def _number(group: IPv4Address) -> int:
    return int.from_bytes(group.packed, sys.byteorder)


def test_groups_of_the_kernel_with_the_sources_of_the_flows() -> None:
    text = igmp(7, TWO, ONE, PTP, IPv4Address("224.0.0.251"))
    ends = [End(ONE, 5000, "a", HERE), End(ONE, 6000, "b", THERE)]
    ends += [End(TWO, 5002, "a", HERE), End(TWO, 6002, "b")]
    # Of TWO one flow takes any source; 224.0.0.x is never reported.
    every = (Membership(PTP), Membership(ONE, (HERE, THERE)), Membership(TWO))
    assert joined(text, 7, ends) == every
    assert joined(text, 7, [End(IPv4Address("239.9.9.9"), 1, "c")])[1] == Membership(ONE)
    assert joined(text, 1, []) == (Membership(ONE),) and joined(igmp(7), 7, ends) == ()


@pytest.mark.netns
def test_what_this_kernel_says() -> None:
    join = "import socket; own = socket.inet_aton; "
    join += "a, b = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in 'ab']; "
    join += "a.setsockopt(0, 39, own('239.1.1.1') + own('10.77.0.1') + own('10.77.1.2')); "
    join += "b.setsockopt(0, 35, own('224.0.1.129') + own('10.77.0.1')); "
    join += "print(open('/proc/self/net/igmp').read(), socket.if_nametoindex('eth0'), sep='#')"
    with Lab(["box"]) as lab:
        said = lab["box"].run([sys.executable, "-W", "ignore", "-c", join]).split("#")
    mine = (Membership(PTP), Membership(ONE, (HERE,)))
    assert joined(said[0], int(said[1]), [End(ONE, 5000, "a", HERE)]) == mine


def test_octets_of_a_report() -> None:
    (said,) = encode([Membership(ONE, (HERE, THERE)), Membership(TWO)])
    assert checksum(said) == 0
    # Type, reserved, two records; include with two sources; exclude none (section 4.2).
    assert said[:2].hex() + said[4:8].hex() == "2200" + "00000002"
    assert said[8:].hex() == "01000002ef0101010a4d01020a4d0109" + "02000000ef010102"
    assert encode([]) == []


@given(st.integers(1, 256), st.integers(0, 3))
def test_many_groups_are_several_messages_that_fit(groups: int, sources: int) -> None:
    own = tuple(HERE + n for n in range(sources))
    said = encode([Membership(ONE + n, own) for n in range(groups)])
    assert all(len(message) <= 1280 - 24 and checksum(message) == 0 for message in said)
    assert sum(struct.unpack("!H", message[6:8])[0] for message in said) == groups


def times(one: Reporter, until: float, start: float = 0.0) -> list[float]:
    said, now = [], start
    while now <= until:
        if one.tick(now):
            said.append(now)
        assert one.next_at > now
        now = one.next_at
    return said


def test_where_nobody_ever_asks_it_tells_by_itself() -> None:
    assert times(Reporter(0.0), 100.0) == [LONGEST_S, 2 * LONGEST_S, 3 * LONGEST_S]


@pytest.mark.parametrize("asked", [Query(10, 125, 2), Query(1, 4, 2)])
def test_it_waits_for_who_asks_and_tells_twice_before_a_switch_forgets(asked: Query) -> None:
    one, now = Reporter(0.0), 0.0
    for _ in range(5):
        one.hear(now, asked)
        assert times(one, now + asked.interval_s, now) == []
        now += asked.interval_s
    last = now - asked.interval_s
    forgets = last + asked.robustness * asked.interval_s + asked.response_s
    assert len(times(one, forgets, now)) >= 2


def test_a_cable_that_is_in_again_is_told_at_once() -> None:
    one = Reporter(0.0)
    one.hear(10.0, Query(10, 125, 2))
    one.link_up(20.0)
    assert one.tick(20.0) and not one.tick(20.1)
