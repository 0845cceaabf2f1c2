"""One network at one interface: which address it has and by what right, who is at the other end,
who asks for groups. Joins the protocols' states with their sockets."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from contextlib import ExitStack
from ipaddress import IPv4Address, IPv4Interface
from random import Random

from appliance.net import dhcp, lldp
from appliance.net.arp import Arp, mac_text
from appliance.net.claim import RFC, Claim, link_local
from appliance.net.lease import Client, Doing, Lease
from appliance.net.machine import Link
from appliance.net.membership import Reporter
from appliance.net.plan import Granted
from appliance.net.querier import Querier, Query
from appliance.net.wanted import Wanted
from appliance.net.wire import Arps, Neighbours, Queries, Servers

FALLBACK_S = 6.0
"""Without a lease for so long, a network that may do so takes a link-local address."""
_FOREVER = float("inf")


class Station:
    """wanted: what the document says; may be replaced by one of the same `key`. link: what carries
    the address; below: what has the cable (the same, without VLAN). present: addresses that
    the interface has; may be replaced. held: a lease of before. wake: called when something was
    heard.

    An address by DHCP ends with its lease (RFC 2131 section 4.4.5), or when somebody else uses it.
    Not so that of a data network: no picture ends because a server is away, or for another's
    mistake. There it is defended while the lease lasts; after that it stays until a server gives
    another one or somebody else is seen to have it. The issues say so."""

    def __init__(
        self,
        wanted: Wanted,
        link: Link,
        below: Link,
        now: float,
        *,
        present: Collection[IPv4Interface],
        held: Lease | None,
        wake: Callable[[], None],
        clock: Callable[[], float],
        log: logging.Logger,
    ) -> None:
        self.wanted, self.link = wanted, link
        self.neighbour: lldp.Neighbour | None = None
        self.querier = Querier(now, asks=wanted.querier)
        self._reporter = Reporter(now)
        self.client: Client | None = None
        self._neighbour_until = 0.0
        self.present = frozenset(one.ip for one in present)
        self._clock, self._wake, self._log = clock, wake, log
        self._random = Random()
        self._past: Lease | None = None  # over, and kept
        self._main: Claim | None = None
        self._local: Claim | None = None
        self._attempt = self._attempt_of(link.mac)
        self._carrier, self._ups = False, 0
        self._files = ExitStack()
        try:
            self._arps = Arps(link.index, self._hear_arp)
            self._files.callback(self._arps.close)
            neighbours = Neighbours(below.index, self._hear_neighbour)
            self._files.callback(neighbours.close)
            self._queries = Queries(link.index, self._hear_query)
            self._files.callback(self._queries.close)
            self._servers: Servers | None = None
            if wanted.method == "dhcp":
                self._servers = Servers(link.index, self._hear_server)
                self._files.callback(self._servers.close)
                self.client = Client(link.mac, now, self._random, held)
                if held is not None and held.until <= now and held.address.ip in self.present:
                    self._past = held if wanted.data else None
                address = link_local(link.mac, self._attempt)
                if wanted.falls_back and self.client.lease is None and address in self.present:
                    self._local = self._invented(address, now)  # of before a restart
        except BaseException:
            self.close()
            raise

    @staticmethod
    def key(wanted: Wanted, link: Link, below: Link) -> tuple[object, ...]:
        """What makes it another station."""
        own = wanted.method, wanted.address if wanted.method == "static" else None
        return (wanted.name, link.index, link.mac, below.index, *own)

    def close(self) -> None:
        """Leaves the network; the address stays until the plan takes it away."""
        self._files.close()

    # ---- what it has

    @property
    def granted(self) -> Granted | None:
        """What may be used now."""
        own = self.wanted
        if own.method == "static":
            if self._main is None or not self._main.granted or own.address is None:
                return None
            return Granted(own.address, own.gateway)
        lease = self.lease
        if lease is not None and self._main is not None and self._main.granted:
            return Granted(lease.address, lease.gateway, lease.routes)
        if self._local is not None and self._local.granted:
            return Granted(IPv4Interface((self._local.address, 16)))
        return None

    @property
    def method(self) -> str:
        """How it came to its address: static, dhcp or link-local."""
        granted = self.granted
        return "link-local" if granted and granted.address.ip.is_link_local else self.wanted.method

    @property
    def dns(self) -> tuple[IPv4Address, ...]:
        """The document's, else the lease's."""
        return self.wanted.dns or (self.lease.dns if self.lease else ())

    @property
    def lease(self) -> Lease | None:
        """Of a DHCP server; it may be over and kept."""
        return (self.client.lease if self.client else None) or self._past

    @property
    def rival(self) -> tuple[IPv4Address, str] | None:
        """The address that somebody else has as well, and whose MAC."""
        for claim in (self._main, self._local):
            if claim is not None and claim.rival is not None:
                return claim.address, mac_text(claim.rival)
        return None

    def unserved(self, now: float) -> bool:
        """Whether DHCP was asked for long and nobody answers."""
        client = self.client
        if client is None or not self._carrier or client.doing is Doing.ASKING:
            return False
        return client.lease is None and now - client.looked_since > FALLBACK_S

    def ending_s(self, now: float) -> int | None:
        """Until the lease is over, where a server was asked for long and none answers; else
        None."""
        since = self.client.asked_since if self.client else None
        lease = self.client.lease if self.client else None
        if lease is None or since is None or not self._carrier or now - since <= FALLBACK_S:
            return None
        return max(0, int(lease.until - now))

    # ---- time and the cable

    @property
    def next_at(self) -> float:
        """When `tick` has something to do."""
        if not self._carrier:
            return _FOREVER
        times = [self.querier.next_at, self._reporter.next_at] if self.granted else []
        times += [claim.next_at for claim in (self._main, self._local) if claim is not None]
        if self.client is not None:
            times.append(self.client.next_at)
            if self.client.lease is None and self._local is None and self.wanted.falls_back:
                times.append(self.client.looked_since + FALLBACK_S)
        if self.neighbour is not None:
            times.append(self._neighbour_until)
        return min(times, default=_FOREVER)

    def cable(self, carrier: bool, ups: int, now: float) -> None:
        """Whether it is in, and how often it was put in."""
        if carrier and (not self._carrier or ups != self._ups):
            self.querier.link_up(now)
            self._reporter.link_up(now)
            if self.client is not None:
                self.client.link_up(now)
                self.client.looked_since = now
            for claim in (self._main, self._local):
                if claim is not None:
                    claim.announce(now)
        if not carrier:
            self.neighbour = None
        self._carrier, self._ups = carrier, ups

    def tick(self, now: float) -> None:
        """Sends what is due."""
        if self.neighbour is not None and now >= self._neighbour_until:
            self.neighbour = None
        if not self._carrier:
            return
        if self.client is not None:
            self._follow_lease(self.client, now)
        elif self._main is None and self.wanted.address is not None:
            self._main = self._claim(self.wanted.address.ip, now, keep=True)
        for claim in (self._main, self._local):
            for frame in claim.tick(now) if claim is not None else ():
                self._arps.send(frame)
        granted = self.granted
        own = granted.address.ip if granted and granted.address.ip in self.present else None
        for message in self.querier.tick(now, own):
            if own is not None:
                self._queries.send(message, own)
        if own is not None and self._reporter.tick(now):
            self._queries.report(self.wanted.needs.ends, own)

    def _follow_lease(self, client: Client, now: float) -> None:
        if self._main is not None and self._main.lost:
            self._log.warning(
                "%s: %s is used by another; declined", self.wanted.name, self._main.address
            )
            self._main = self._past = None
            self._say(client.decline(now))
        before = client.lease
        self._say(client.tick(now))
        if client.lease is not None:
            self._past = None
        elif before is not None and self.wanted.data:
            self._past = before  # nobody refused it: it is over
            self._log.warning("%s: the lease is over; %s is kept", self.wanted.name, before.address)
        lease = self.lease
        if lease is None:
            self._main = None
        elif self._main is None or self._main.address != lease.address.ip:
            self._main = self._claim(lease.address.ip, now, keep=False)
        if self._main is not None:
            self._main.holds = self.wanted.data and client.lease is not None
        if self._main is not None and self._main.granted:
            self._local = None
            return
        if self._local is not None and self._local.lost:
            self._local, self._attempt = None, self._attempt + 1
        waited = lease is None and now - client.looked_since >= FALLBACK_S
        if self._local is None and waited and self.wanted.falls_back:
            self._local = self._invented(link_local(self.link.mac, self._attempt), now)

    def _claim(self, address: IPv4Address, now: float, *, keep: bool) -> Claim:
        present = address in self.present
        return Claim(address, self.link.mac, now, self._random, keep=keep, present=present)

    def _invented(self, address: IPv4Address, now: float) -> Claim:
        present, mac = address in self.present, self.link.mac
        return Claim(address, mac, now, self._random, pace=RFC, keep=False, present=present)

    def _attempt_of(self, mac: bytes) -> int:
        """The one whose address is there already, after a restart of the service."""
        tries = (n for n in range(10) if link_local(mac, n) in self.present)
        return next(tries, 0)

    # ---- what is heard

    def _hear_arp(self, said: Arp) -> None:
        now = self._clock()
        for claim in (self._main, self._local):
            if claim is None:
                continue
            before = claim.rival
            for frame in claim.hear(now, said):
                self._arps.send(frame)
            if claim.rival != before or claim.lost:
                self._wake()

    def _hear_neighbour(self, said: lldp.Neighbour) -> None:
        before = self.neighbour
        self.neighbour = said if said.ttl_s else None
        self._neighbour_until = self._clock() + said.ttl_s
        if self.neighbour != before:
            self._wake()

    def _hear_query(self, source: IPv4Address, query: Query) -> None:
        granted = self.granted
        if granted is None or source != granted.address.ip:
            self.querier.hear(self._clock(), source, query)
            self._reporter.hear(self._clock(), query)

    def _hear_server(self, said: dhcp.Answer) -> None:
        if self.client is not None:
            self._say(self.client.hear(self._clock(), said))
            self._wake()

    def _say(self, ask: dhcp.Ask | None) -> None:
        if ask is not None and self._servers is not None:
            self._servers.send(ask)
