"""Addresses as typed: what can be, and the words for what cannot."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.panel.addresses import (
    address_of,
    apart_of,
    digits_of,
    dotted,
    gateway_of,
    host_of,
    prefix_of,
    turned,
)
from appliance.panel.status import Network


@given(st.ip_addresses(v=4))
@settings(max_examples=50)
def test_there_and_back(address: ipaddress.IPv4Address) -> None:
    digits = digits_of(str(address))
    assert address_of(digits) == str(address)
    assert len(dotted(digits)) == 15


def test_no_address_is_zeros() -> None:
    assert digits_of(None) == digits_of("nonsense") == "0" * 12


@given(st.text("0123456789", min_size=12, max_size=12), st.integers(0, 11), st.integers(-1, 1))
@settings(max_examples=50)
def test_turned_and_back(digits: str, at: int, by: int) -> None:
    begin = turned(turned(digits, at, 0), at, by)
    assert turned(begin, at, -by) == turned(digits, at, 0)
    assert begin[:at] + begin[at + 1 :] == digits[:at] + digits[at + 1 :]


def test_a_digit_goes_round() -> None:
    assert turned("29", 0, 1) == "39"
    assert turned("39", 0, 1) == "09"
    assert turned("200" * 4, 0, 1) == "000" + "200" * 3
    assert turned("000" * 4, 1, -1) == "090" + "000" * 3


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("256000000001", "256 is above 255"),
        ("010299000001", "299 is above 255"),
        ("224000000001", "no address of a box"),
        ("255255255255", "no address of a box"),
        ("127000000001", "no address of a box"),
        ("000000000000", "must not begin with 0"),
        ("000001002003", "must not begin with 0"),
    ],
)
def test_no_host(address: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        host_of(address)


@pytest.mark.parametrize(
    ("prefix", "address", "words"),
    [
        ("00", "10.0.0.1", "not 1 to 31"),
        ("32", "10.0.0.1", "not 1 to 31"),
        ("39", "10.0.0.1", "not 1 to 31"),
        ("24", "10.0.0.0", "network itself"),
        ("24", "10.0.0.255", "broadcast"),
        ("08", "10.255.255.255", "broadcast"),
    ],
)
def test_no_prefix(prefix: str, address: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        prefix_of(prefix, address)


def test_a_pair_of_addresses_has_neither_network_nor_broadcast() -> None:
    assert prefix_of("31", "10.0.0.0") == 31
    assert gateway_of("010000000001", "10.0.0.0", 31) == "10.0.0.1"


@pytest.mark.parametrize(
    ("gateway", "words"),
    [
        ("010000000005", "the box itself"),
        ("010000001001", "not in 10.0.0.0/24"),
        ("010000000000", "no gateway"),
        ("010000000255", "no gateway"),
        ("010000000256", "above 255"),
    ],
)
def test_no_gateway(gateway: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        gateway_of(gateway, "10.0.0.5", 24)


def test_gateway() -> None:
    assert gateway_of("0" * 12, "10.0.0.5", 24) is None
    assert gateway_of("010000000001", "10.0.0.5", 24) == "10.0.0.1"


def test_networks_of_a_box_are_apart() -> None:
    networks = {"data": Network("static", "10.1.0.9", 16), "hospital": Network("dhcp", None, None)}
    with pytest.raises(ValueError, match=r"Overlaps data net 10\.1\.0\.0/16"):
        apart_of("configuration", "10.1.5.5", 24, networks)
    apart_of("configuration", "10.2.5.5", 24, networks)
    apart_of("data", "10.1.5.5", 24, networks)
