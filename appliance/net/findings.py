"""What is wrong with a network, from what is known of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any

from appliance.net.wanted import Wanted


@dataclass(frozen=True)
class Found:
    """One issue. name: of the catalogue; values: for its text."""

    name: str
    subject: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """What is known of one network. speed_mbit: None: it does not say. rival: an address that is
    used twice, and by whom. unserved: no DHCP server answers. ending_s: none answers, and the lease
    is over so soon. unasked: nobody asks for groups. failed: steps that the kernel refused."""

    there: bool = False
    carrier: bool = False
    speed_mbit: int | None = None
    address: str | None = None
    rival: tuple[IPv4Address, str] | None = None
    unserved: bool = False
    ending_s: int | None = None
    unasked: bool = False
    refused: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


def findings(wanted: Sequence[Wanted], seen: Mapping[str, Seen]) -> Iterator[Found]:
    """All of them."""
    load: dict[str, int] = {}
    for one in wanted:
        if one.parent is not None:
            load[one.parent] = load.get(one.parent, 0) + one.needs.mbit
    for one in wanted:
        yield from _of(one, seen.get(one.name, Seen()), load.get(one.parent or "", 0))
    for failed in seen.get("", Seen()).failed:
        yield Found("apply-failed", "box", {"what": failed, "remedy": "See the journal"})


def _of(one: Wanted, seen: Seen, load: int) -> Iterator[Found]:
    name = one.name
    for failed in seen.failed:
        remedy = "Check the network's settings; it is tried again"
        yield Found("apply-failed", name, {"what": failed, "remedy": remedy})
        break
    if not seen.there:
        yield Found("link-missing", name, {"interface": one.named})
        return
    if not seen.carrier:
        yield Found("link-down", name)
        return
    if seen.speed_mbit is not None and one.needs.mbit and load > seen.speed_mbit:
        yield Found("link-slow", name, {"speed": seen.speed_mbit, "needed": load})
    if seen.rival is not None:
        address, mac = seen.rival
        yield Found("address-conflict", name, {"address": address, "mac": mac})
    if seen.unserved:
        yield Found("no-dhcp", name, {"address": seen.address or "no address"})
    elif seen.ending_s is not None:
        values = {"address": seen.address or "the address", "seconds": seen.ending_s}
        yield Found("dhcp-ending", name, values)
    groups = any(end.address.is_multicast for end in one.needs.ends)
    if seen.unasked and groups:
        yield Found("querier-lost", name)
    if seen.refused:
        yield Found("setting-refused", name, {"what": ", ".join(seen.refused)})
