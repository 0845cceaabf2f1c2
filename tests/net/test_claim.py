"""Whether an address may be used (RFC 5227, RFC 3927), told the time."""

from __future__ import annotations

from ipaddress import IPv4Address
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.net.arp import Arp, announcement, parse, probe
from appliance.net.claim import RFC, WIRED, Claim, Pace, link_local

OURS, OTHER = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
ADDRESS, NOBODY = IPv4Address("10.20.0.31"), IPv4Address(0)
USES = Arp(True, OTHER, ADDRESS, IPv4Address("10.20.0.9"))
ALSO_PROBES = Arp(True, OTHER, NOBODY, ADDRESS)


def claim(**more: object) -> Claim:
    return Claim(ADDRESS, OURS, 0.0, Random(1), **more)  # type: ignore[arg-type]


def run(one: Claim, until: float, start: float = 0.0) -> list[tuple[float, Arp]]:
    """What it says until then."""
    said, now = [], start
    while (now := max(now, one.next_at)) <= until:
        said += [(now, parse(frame)) for frame in one.tick(now)]
    return said


@pytest.mark.parametrize("pace", [RFC, WIRED])
def test_three_probes_a_pause_two_announcements(pace: Pace) -> None:
    one = claim(pace=pace)
    said = run(one, 100)
    kinds = [(arp.sender, arp.target) for _, arp in said]
    assert kinds == [(NOBODY, ADDRESS)] * 3 + [(ADDRESS, ADDRESS)] * 2
    times = [at for at, _ in said]
    assert times[0] <= pace.first
    assert all(pace.least <= b - a <= pace.most for a, b in pairwise(times[:3]))
    assert times[3] - times[2] == pytest.approx(pace.settle)
    assert times[4] - times[3] == pytest.approx(2)
    assert one.granted and one.rival is None and one.next_at == float("inf")


@pytest.mark.parametrize("heard", [USES, ALSO_PROBES])
def test_a_taken_address_is_not_used_and_tried_again_when_it_is_to_be_kept(heard: Arp) -> None:
    one = claim()
    one.tick(one.next_at)
    assert one.hear(0.2, heard) == []
    assert not one.granted and one.rival == OTHER
    assert run(one, 2.0, 0.2) == []  # gives the other some time
    said = run(one, 30.0, 0.2)
    assert len(said) == 5 and one.granted and one.rival is None


def test_a_taken_address_that_is_invented_is_lost() -> None:
    one = claim(keep=False)
    one.tick(one.next_at)
    one.hear(0.2, USES)
    assert one.lost and not one.granted and one.next_at == float("inf") and one.tick(9) == []


def test_a_kept_address_is_defended_once_in_ten_seconds_until_the_other_is_silent() -> None:
    one = claim(present=True)
    assert one.granted
    run(one, 10)
    (defence,) = one.hear(20.0, USES)
    assert parse(defence) == parse(announcement(OURS, ADDRESS))
    assert one.hear(21.0, USES) == [] and one.hear(29.0, USES) == []
    assert one.granted and one.rival == OTHER
    assert len(one.hear(30.5, USES)) == 1
    said = run(one, 60.0, 30.5)
    assert said and all(arp.sender == NOBODY for _, arp in said)  # asks whether it still has it
    assert one.granted and one.rival is None


def test_an_invented_address_is_defended_once_then_given_up() -> None:
    one = claim(present=True, keep=False)
    run(one, 10)
    assert len(one.hear(20.0, USES)) == 1 and one.granted
    assert one.hear(25.0, USES) == [] and one.lost and not one.granted


def test_an_address_that_is_held_in_use_is_not_given_up_until_it_is_held_no_more() -> None:
    one = claim(keep=False)
    one.holds = True
    one.tick(one.next_at)
    one.hear(0.2, USES)
    assert one.lost  # not in use yet: another will do
    one = claim(present=True, keep=False)
    one.holds = True
    run(one, 10)
    assert len(one.hear(20.0, USES)) == 1 and one.hear(25.0, USES) == []
    assert one.granted and one.rival == OTHER and not one.lost
    one.holds = False
    assert one.hear(30.5, USES) == [] and one.lost and not one.granted


def test_what_others_say_of_others_is_nothing() -> None:
    one = claim(present=True)
    run(one, 10)
    for said in (
        Arp(True, OTHER, NOBODY, ADDRESS),  # a probe is answered by the kernel
        Arp(True, OTHER, IPv4Address("10.20.0.9"), ADDRESS),
        Arp(False, OURS, ADDRESS, ADDRESS),  # our own frame
    ):
        assert one.hear(20.0, said) == [] and one.rival is None


def test_the_same_interface_takes_the_same_link_local_address() -> None:
    every = {link_local(OURS, attempt) for attempt in range(50)}
    assert len(every) > 40 and link_local(OURS, 0) == link_local(OURS, 0)
    assert link_local(OURS, 0) != link_local(OTHER, 0)


@given(st.binary(min_size=6, max_size=6), st.integers(0, 1 << 16))
def test_link_local_addresses_are_of_the_range(mac: bytes, attempt: int) -> None:
    low, high = IPv4Address("169.254.1.0"), IPv4Address("169.254.254.255")
    assert low <= link_local(mac, attempt) <= high


@given(st.binary(max_size=80))
def test_any_octets_are_arp_or_refused(frame: bytes) -> None:
    try:
        parse(frame)
    except ValueError as error:
        assert "\n" not in str(error)


@given(st.binary(max_size=30), st.integers(0, 41))
def test_a_damaged_probe_is_read_or_refused(noise: bytes, at: int) -> None:
    whole = probe(OURS, ADDRESS)
    damaged = whole[:at] + noise + whole[at + len(noise) :]
    try:
        parse(damaged[: len(whole)])
    except ValueError:
        return
