"""Who asks for group memberships on a network (IGMPv3, RFC 3376), and asking where nobody does.

A switch forwards a group only where somebody lately said, when asked, that it wants it. Without a
querier it stops doing so after some minutes, or never begins. Pure; times as in claim.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

ALL_HOSTS = IPv4Address("224.0.0.1")
QUERY = 0x11
INTERVAL_S = 20.0
"""Between our queries: the default of RFC 3376 section 8.2 is 125; a switch that was restarted
shall know of the flows sooner than that."""
_ROBUSTNESS = 2
_RESPONSE_S = 2.0
SILENT_S = 260.0
"""Group Membership Interval with the defaults of RFC 3376 section 8.4: what a switch has heard
before it forgets."""


@dataclass(frozen=True)
class Query:
    """A general query. response_s: in which hosts answer; interval_s, robustness: the querier's
    own, which others take over."""

    response_s: float
    interval_s: float
    robustness: int


def encode(query: Query) -> bytes:
    """The IGMP message of a general query (RFC 3376 section 4.1)."""
    code = min(255, max(1, round(query.response_s * 10)))
    interval = min(127, max(1, round(query.interval_s)))
    code = min(code, 127)  # above, both would be floating point codes
    body = struct.pack("!BBH4sBBH", QUERY, code, 0, bytes(4), query.robustness & 7, interval, 0)
    return body[:2] + struct.pack("!H", checksum(body)) + body[4:]


def parse(message: bytes) -> Query | None:
    """A general query of any IGMP version; None for other messages. Raises ValueError for damage.
    A version 1 or 2 querier says no interval: the RFC's default stands in."""
    if len(message) < 8:
        raise ValueError(f"IGMP: {len(message)} octets are too few")
    if checksum(message) != 0:
        raise ValueError("IGMP: the checksum is wrong")
    if message[0] != QUERY or message[4:8] != bytes(4):
        return None
    if len(message) < 12:
        return Query(message[1] / 10 or 10.0, 125.0, _ROBUSTNESS)
    robustness = message[8] & 7 or _ROBUSTNESS
    return Query(_code(message[1]) / 10, float(_code(message[9]) or 125), robustness)


def _code(value: int) -> int:
    """Numbers of RFC 3376 section 4.1.1: above 127 they are floating point."""
    return value if value < 128 else (value & 15 | 16) << ((value >> 4 & 7) + 3)


def checksum(message: bytes) -> int:
    """RFC 1071."""
    if len(message) % 2:
        message += b"\0"
    total: int = sum(struct.unpack(f"!{len(message) // 2}H", message))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Querier:
    """One network. asks: whether the box does it where nobody else does."""

    def __init__(self, now: float, *, asks: bool) -> None:
        self.asks = asks
        self.other: IPv4Address | None = None
        """Who was heard last."""
        self._heard = now
        self._patience = SILENT_S
        self._elected: IPv4Address | None = None
        self._other_until = now
        self._interval, self._response = INTERVAL_S, _RESPONSE_S
        self._next = now
        self._startup = 2

    @property
    def next_at(self) -> float:
        """When `tick` has something to do."""
        return self._next if self.asks else float("inf")

    def link_up(self, now: float) -> None:
        """The link is back: asks at once, and gives others their time."""
        self._startup, self._next, self._heard = 2, now, now

    def hear(self, now: float, source: IPv4Address, query: Query) -> None:
        """Somebody asked. 0.0.0.0 is a snooping switch that is no querier itself: its asking
        counts, but it never wins (RFC 4541 section 2.1.1). Where it stops, this box goes on in its
        rhythm, from RFC 3376's Other Querier Present Interval on (sections 4.1.7 and 8.5), and
        wants answers fast: before a switch forgets, at its Group Membership Interval."""
        self.other, self._heard = source, now
        silent = query.robustness * query.interval_s
        self._patience = max(10.0, silent + 2 * query.response_s)
        if source == IPv4Address(0):
            return
        self._elected, self._other_until = source, now + silent + query.response_s / 2
        self._interval = min(INTERVAL_S, max(1.0, query.interval_s))
        self._response = min(_RESPONSE_S, query.response_s / 4)

    def others_ask(self, now: float) -> bool:
        """Whether somebody else was heard in time."""
        return self.other is not None and now - self._heard <= self._patience

    def unasked(self, now: float, own: IPv4Address | None) -> bool:
        """Whether nobody asks: neither this box nor anybody else for as long as that may take."""
        return not (self.asks and own is not None) and now - self._heard > self._patience

    def tick(self, now: float, own: IPv4Address | None) -> list[bytes]:
        """Messages to send to ALL_HOSTS. own: the box's address, None while it has none. Among
        several the lowest address asks (RFC 3376 section 6.6.2)."""
        if not self.asks or own is None or now < self._next:
            return []
        lower = self._elected is not None and self._elected < own
        if lower and now < self._other_until:
            self._startup = 2
            self._next = min(now + self._interval, self._other_until)
            return []
        self._startup = max(0, self._startup - 1)
        self._next = now + min(self._interval, 2.0 if self._startup else self._interval)
        return [encode(Query(self._response, self._interval, _ROBUSTNESS))]
