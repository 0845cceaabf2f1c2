"""Whether an address may be used: conflict detection of RFC 5227, and what link-local adds (RFC
3927). A state machine that is told the time and what it heard, and says what to send. Pure.

Times: seconds of one clock that never jumps.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from random import Random

from appliance.net.arp import NOBODY, Arp, announcement, probe

DEFEND_S = 10.0
"""DEFEND_INTERVAL of RFC 5227 section 1.1."""
_ASK_S = 1.5  # while two have the address: whether the other still does
_OVER_S = 5.0  # nothing heard of the other for so long: it is gone
_AGAIN_S = 3.0  # before an address that was taken is tried again


@dataclass(frozen=True)
class Pace:
    """first: at most so long before the first probe; least, most: between probes; settle: from
    the last probe to the use; probes: how many. Seconds."""

    first: float
    least: float
    most: float
    settle: float
    probes: int = 3


RFC = Pace(1.0, 1.0, 2.0, 2.0)
"""The figures of RFC 5227 section 1.1 and RFC 3927 section 9; for addresses that we invent."""
WIRED = Pace(0.1, 0.2, 0.3, 0.4)
"""Shorter, for an address that a person or a server gave us: RFC 5227 has its seconds from
networks that lose and delay more than an Ethernet switch does, and a picture waits for this."""


class Claim:
    """One address on one interface.

    keep: True: once in use it is defended and kept, and the conflict is said (RFC 5227 section
    2.4 (c)); False: it is defended once, then given up (b). `holds` may be set for one that is not
    kept: while it is, the address is not given up once it is in use. present: it is in use
    already, so it is announced and not probed. A taken address that is kept is tried again; one
    that is not kept is `lost` for good, and its owner takes another.
    """

    def __init__(
        self,
        address: IPv4Address,
        mac: bytes,
        now: float,
        random: Random,
        *,
        pace: Pace = WIRED,
        keep: bool = True,
        present: bool = False,
    ) -> None:
        self.address, self.mac = address, mac
        self.granted = present
        self.lost = False
        self.holds = keep
        self.rival: bytes | None = None
        """Who has the address as well."""
        self._pace, self._keep, self._random = pace, keep, random
        self._probes_left = 0 if present else pace.probes
        self._announces_left = 2 if present else 0
        self._rival_heard = self._defended = float("-inf")
        self._next = now + (0.0 if present else random.uniform(0, pace.first))

    @property
    def next_at(self) -> float:
        """When `tick` has something to do; infinity: never."""
        return float("inf") if self.lost else self._next

    def announce(self, now: float) -> None:
        """The link was down: tells the network again who has the address."""
        if self.granted:
            self._announces_left, self._next = 2, now

    def tick(self, now: float) -> list[bytes]:
        """Frames to send now."""
        if self.lost or now < self._next:
            return []
        if not self.granted:
            return self._probe(now)
        if self.rival is not None and now - self._rival_heard > _OVER_S:
            self.rival = None
        if self._announces_left:
            self._announces_left -= 1
            self._next = now + 2.0
            return [announcement(self.mac, self.address)]
        if self.rival is not None:
            self._next = now + _ASK_S
            return [probe(self.mac, self.address)]
        self._next = float("inf")
        return []

    def _probe(self, now: float) -> list[bytes]:
        if self._probes_left:
            if self._probes_left == self._pace.probes:
                self.rival = None if now - self._rival_heard > _OVER_S else self.rival
            self._probes_left -= 1
            last = not self._probes_left
            wait = self._pace.settle if last else self._between()
            self._next = now + wait
            return [probe(self.mac, self.address)]
        self.granted, self.rival = True, None
        self._announces_left, self._next = 2, now
        return self.tick(now)

    def _between(self) -> float:
        return self._random.uniform(self._pace.least, self._pace.most)

    def hear(self, now: float, said: Arp) -> list[bytes]:
        """What was heard on the interface. Returns frames to send at once."""
        if self.lost or said.mac == self.mac:
            return []
        uses = said.sender == self.address
        also_probes = said.request and said.sender == NOBODY and said.target == self.address
        if not uses and (self.granted or not also_probes):
            return []
        again = now - self._rival_heard <= DEFEND_S
        self.rival, self._rival_heard = said.mac, now
        if not self.granted:
            if not self._keep:
                self.lost = True
            self._probes_left, self._next = self._pace.probes, now + _AGAIN_S
            return []
        if not self.holds and again:
            self.lost, self.granted = True, False
            return []
        self._next = min(self._next, now + _ASK_S)
        if now - self._defended < DEFEND_S:
            return []
        self._defended = now
        return [announcement(self.mac, self.address)]


def link_local(mac: bytes, attempt: int) -> IPv4Address:
    """The address to try: of 169.254.1.0 .. 169.254.254.255, the same for the same interface each
    time (RFC 3927 section 2.1). attempt: 0, and one more after each conflict."""
    random = Random(int.from_bytes(mac, "big") * 1_000_003 + attempt)
    return IPv4Address(0xA9FE0100 + random.randrange(0xFE00))
