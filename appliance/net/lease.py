"""A DHCP client as a state machine (RFC 2131 section 4.4), told the time and what it heard. Pure.

It asks for ever: a server that comes back is found within half a minute. Times: seconds of the
clock that runs on while the machine sleeps and never jumps (CLOCK_BOOTTIME); the wall clock is
PTP's to set.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from random import Random
from typing import Any

from appliance.net.dhcp import ACK, DECLINE, DISCOVER, NAK, OFFER, REQUEST, Answer, Ask, is_host

_FIRST_S, _LONGEST_S = 2.0, 32.0  # between tries, doubled from one to the other
_TRIES = 4  # of a request before it begins anew
_SHORTEST_S = 20
_FOREVER_S = 10 * 365 * 86_400
_DECLINED_S = 10.0  # RFC 2131 section 3.1 (5)


@dataclass(frozen=True)
class Lease:
    """What a server gave. until, renew_at, rebind_at: when it ends and when to ask again."""

    address: IPv4Interface
    server: IPv4Address
    server_mac: bytes
    until: float
    renew_at: float
    rebind_at: float
    gateway: IPv4Address | None = None
    dns: tuple[IPv4Address, ...] = ()
    routes: tuple[tuple[IPv4Network, IPv4Address], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """To be kept over a restart of the service."""
        return {
            "address": str(self.address),
            "server": str(self.server),
            "server_mac": self.server_mac.hex(),
            "until": self.until,
            "renew_at": self.renew_at,
            "rebind_at": self.rebind_at,
            "gateway": str(self.gateway) if self.gateway else None,
            "dns": [str(one) for one in self.dns],
            "routes": [[str(to), str(via)] for to, via in self.routes],
        }


def lease_of(tree: Any) -> Lease:
    """As it was kept. Raises ValueError, KeyError or TypeError."""
    return Lease(
        IPv4Interface(tree["address"]),
        IPv4Address(tree["server"]),
        bytes.fromhex(tree["server_mac"]),
        float(tree["until"]),
        float(tree["renew_at"]),
        float(tree["rebind_at"]),
        IPv4Address(tree["gateway"]) if tree["gateway"] else None,
        tuple(IPv4Address(one) for one in tree["dns"]),
        tuple((IPv4Network(to), IPv4Address(via)) for to, via in tree["routes"]),
    )


class Doing(StrEnum):
    """What the client is at."""

    LOOKING = "looking"  # DISCOVER
    ASKING = "asking"  # REQUEST of an offer
    HOLDING = "holding"
    RENEWING = "renewing"  # asks the server that gave it
    REBINDING = "rebinding"  # asks any
    CHECKING = "checking"  # holds one of before, and asks whether it still counts


class Client:
    """One interface. held: a lease of before that may still count."""

    def __init__(self, mac: bytes, now: float, random: Random, held: Lease | None = None) -> None:
        self.mac = mac
        self.lease: Lease | None = held if held and held.until > now else None
        self.looked_since = now
        """Since when there is no lease."""
        self._random = random
        self._offer: Answer | None = None
        self._begin(Doing.CHECKING if self.lease else Doing.LOOKING, now)

    @property
    def next_at(self) -> float:
        """When `tick` has something to do."""
        if self.lease is None:
            return self._next
        edges = {Doing.HOLDING: self.lease.renew_at, Doing.RENEWING: self.lease.rebind_at}
        return min(self._next, self.lease.until, edges.get(self.doing, self.lease.until))

    @property
    def asked_since(self) -> float | None:
        """Since when a server is asked whether the lease goes on; None: it needs not be."""
        if self.lease is None or self.doing is Doing.HOLDING:
            return None
        return self._since if self.doing is Doing.CHECKING else self.lease.renew_at

    def link_up(self, now: float) -> None:
        """The cable is back, perhaps in another network: asks whether the lease still counts."""
        self._begin(Doing.CHECKING if self.lease else Doing.LOOKING, now)

    def decline(self, now: float) -> Ask | None:
        """Somebody else has the address. Returns what to send; begins anew after a while."""
        lease, self.lease = self.lease, None
        self.looked_since = now
        self._begin(Doing.LOOKING, now)
        self._next = now + _DECLINED_S
        if lease is None:
            return None
        return Ask(DECLINE, self._xid, self.mac, wish=lease.address.ip, server=lease.server)

    def tick(self, now: float) -> Ask | None:
        """What to send now. A lease that has run out is gone afterwards."""
        if self.lease is not None:
            if now >= self.lease.until:
                self.lease, self.looked_since = None, now
                self._begin(Doing.LOOKING, now)
            elif self.doing in (Doing.HOLDING, Doing.RENEWING) and now >= self.lease.rebind_at:
                self._begin(Doing.REBINDING, now)
            elif self.doing is Doing.HOLDING and now >= self.lease.renew_at:
                self._begin(Doing.RENEWING, now)
        if now < self._next:
            return None
        if self._tries >= _TRIES and self.doing is Doing.ASKING:
            self._begin(Doing.LOOKING, now)
        return self._say(now)

    def _begin(self, doing: Doing, now: float) -> None:
        self.doing = doing
        self._xid = self._random.getrandbits(32)
        self._since = self._next = now
        self._wait, self._tries = _FIRST_S, 0

    def _say(self, now: float) -> Ask:
        self._tries += 1
        self._next = now + self._wait + self._random.uniform(-0.25, 0.25)
        self._wait = min(self._wait * 2, _LONGEST_S)
        secs, lease, offer = int(now - self._since), self.lease, self._offer
        if self.doing is Doing.ASKING and offer is not None:
            return Ask(REQUEST, self._xid, self.mac, secs, wish=offer.address, server=offer.server)
        if lease is None:
            return Ask(DISCOVER, self._xid, self.mac, secs)
        if self.doing is Doing.CHECKING:
            return Ask(REQUEST, self._xid, self.mac, secs, wish=lease.address.ip)
        to = (lease.server, lease.server_mac) if self.doing is Doing.RENEWING else None
        return Ask(REQUEST, self._xid, self.mac, secs, own=lease.address.ip, to=to)

    def hear(self, now: float, said: Answer) -> Ask | None:
        """An answer of a server. Returns what to send at once."""
        if said.xid != self._xid or said.chaddr != self.mac:
            return None
        if said.kind == OFFER and self.doing is Doing.LOOKING:
            if said.server is None or not _sane(said):
                return None
            xid = self._xid
            self._begin(Doing.ASKING, now)
            self._xid, self._offer = xid, said
            return self._say(now)
        waits = self.doing in (Doing.ASKING, Doing.RENEWING, Doing.REBINDING, Doing.CHECKING)
        if said.kind == NAK and waits:
            if self.lease is not None:
                self.looked_since = now
            self.lease = None
            self._begin(Doing.LOOKING, now)
        elif said.kind == ACK and waits and _sane(said):
            asked = self._offer.address if self.doing is Doing.ASKING and self._offer else None
            if self.lease is not None:
                asked = self.lease.address.ip
            if said.address == asked:
                self._hold(said)
        return None

    def _hold(self, said: Answer) -> None:
        lasts = min(max(said.lease_s or 0, _SHORTEST_S), _FOREVER_S)
        rebind = said.rebind_s if said.rebind_s and said.rebind_s < lasts else lasts * 7 // 8
        renew = said.renew_s if said.renew_s and said.renew_s < rebind else min(lasts // 2, rebind)
        address = IPv4Interface((said.address, said.prefix or 24))
        inside = said.gateway is not None and said.gateway in address.network
        server = said.server or (self.lease.server if self.lease else said.address)
        self.lease = Lease(
            address,
            server,
            said.mac,
            self._since + lasts,
            self._since + renew,
            self._since + rebind,
            said.gateway if inside else None,
            said.dns,
            tuple((to, via) for to, via in said.routes if via in address.network and to.prefixlen),
        )
        self.doing, self._offer, self._next = Doing.HOLDING, None, float("inf")


def _sane(said: Answer) -> bool:
    """Whether a box can stand in a network with this address."""
    if said.prefix is None or not 8 <= said.prefix <= 30 or not is_host(said.address):
        return False
    network = IPv4Interface((said.address, said.prefix)).network
    ends = network.network_address, network.broadcast_address
    return said.address not in ends and said.lease_s is not None
