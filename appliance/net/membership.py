"""The box's own groups, told unasked where nobody asks (IGMPv3 reports, RFC 3376).

The kernel tells the network when a group is joined, and after that only who asks. A switch that
hears neither forgets the group and the picture stops: so while questions are missing, and when the
cable was out, the box says by itself what it has joined. Pure; times as in claim.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from appliance.net.needs import End
from appliance.net.querier import Query, checksum

ALL_ROUTERS = IPv4Address("224.0.0.22")
"""Where reports go (section 4.2.14)."""
REPORT = 0x22
LONGEST_S = 30.0
"""At most between two reports that nobody asked for."""
_INCLUDE, _EXCLUDE = 1, 2
_UNREPORTED = IPv4Network("224.0.0.0/24")  # never reported, always forwarded
_ONE_MESSAGE = 1200  # octets of records


@dataclass(frozen=True)
class Membership:
    """A group that is joined. sources: who may send to it; none: anybody."""

    group: IPv4Address
    sources: tuple[IPv4Address, ...] = ()


def joined(igmp: str, index: int, ends: Iterable[End]) -> tuple[Membership, ...]:
    """That programs have joined at an interface. igmp: the kernel's file of that name in /proc/net.
    ends: what the document's flows join there: the kernel does not say from whom (its mcfilter
    leaves interfaces out). Raises ValueError for what never was that file."""
    sources: dict[IPv4Address, set[IPv4Address | None]] = {}
    for end in ends:
        sources.setdefault(end.address, set()).add(end.source)
    groups = sorted(group for group in _groups(igmp, index) if group not in _UNREPORTED)
    return tuple(Membership(group, _named(sources.get(group, set()))) for group in groups)


def _named(sources: set[IPv4Address | None]) -> tuple[IPv4Address, ...]:
    """None where one of the flows takes any."""
    return tuple(sorted(one for one in sources if one)) if None not in sources else ()


def _groups(igmp: str, index: int) -> Iterator[IPv4Address]:
    here = False
    for line in igmp.splitlines()[1:]:
        words = line.split()
        if line[:1].isdigit():
            here = int(words[0]) == index
        elif here:
            # Written as a number of this machine, though its octets are the network's.
            yield IPv4Address(int(words[0], 16).to_bytes(4, sys.byteorder))


def encode(every: Sequence[Membership]) -> list[bytes]:
    """Messages that say so: current-state records (section 4.2.12)."""
    messages: list[list[bytes]] = [[]]
    for one in every:
        kind = _INCLUDE if one.sources else _EXCLUDE
        record = struct.pack("!BBH4s", kind, 0, len(one.sources), one.group.packed)
        record += b"".join(source.packed for source in one.sources)
        if messages[-1] and sum(map(len, messages[-1])) + len(record) > _ONE_MESSAGE:
            messages.append([])
        messages[-1].append(record)
    return [_message(records) for records in messages if records]


def _message(records: Sequence[bytes]) -> bytes:
    body = struct.pack("!BBHHH", REPORT, 0, 0, 0, len(records)) + b"".join(records)
    return body[:2] + struct.pack("!H", checksum(body)) + body[4:]


class Reporter:
    """When one network is to be told. Nobody was ever heard to ask: every LONGEST_S. Somebody was:
    once a question is missing, at least twice before a switch forgets."""

    def __init__(self, now: float) -> None:
        self._wait = LONGEST_S
        self.next_at = now + LONGEST_S
        """When `tick` has something to do."""

    def link_up(self, now: float) -> None:
        """The cable is back: what is behind it may know nothing."""
        self.next_at = now

    def hear(self, now: float, query: Query) -> None:
        """Somebody asked; the kernel answers."""
        self._wait = min(LONGEST_S, max(1.0, query.interval_s / 2))
        self.next_at = now + max(2.0, 1.5 * query.interval_s)

    def tick(self, now: float) -> bool:
        """Whether to tell now."""
        if now < self.next_at:
            return False
        self.next_at = now + self._wait
        return True
