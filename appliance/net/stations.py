"""All stations of the box: made, kept and left as networks and interfaces come and go."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from appliance.box.observe import publish, read
from appliance.net.lease import Lease, lease_of
from appliance.net.machine import Machine
from appliance.net.plan import Granted
from appliance.net.station import Station
from appliance.net.wanted import Wanted


class Stations:
    """leases: the file in which leases outlive this process (and not the machine). wake: called
    when one has heard something. clock: of all deadlines."""

    def __init__(
        self,
        leases: Path,
        wake: Callable[[], None],
        clock: Callable[[], float],
        log: logging.Logger,
    ) -> None:
        self._path, self._wake, self._clock, self._log = leases, wake, clock, log
        self._every: dict[str, Station] = {}
        self._keys: dict[str, tuple[object, ...]] = {}
        self._leases = self._read()

    def get(self, name: str) -> Station | None:
        """Of that network; None: its interface is not there, or not up yet."""
        return self._every.get(name)

    def follow(self, wanted: Sequence[Wanted], machine: Machine, now: float) -> None:
        """What is wanted or there has changed."""
        here = {one.name for one in wanted}
        for name in [name for name in self._every if name not in here]:
            self._leave(name)
        for one in wanted:
            self._follow(one, machine, now)

    def _follow(self, one: Wanted, machine: Machine, now: float) -> None:
        link = machine.links.get(one.device or "")
        below = machine.links.get(one.parent or "")
        if link is None or below is None or not link.up:
            self._leave(one.name)
            return
        key = Station.key(one, link, below)
        present = machine.addresses.get(link.name, frozenset())
        if self._keys.get(one.name) != key:
            self._leave(one.name)
            try:
                self._every[one.name] = Station(
                    one,
                    link,
                    below,
                    now,
                    present=present,
                    held=self._leases.get(one.name),
                    wake=self._wake,
                    clock=self._clock,
                    log=self._log,
                )
            except OSError as error:  # it went away, or down, just now
                self._log.info("%s: %s", one.name, error.strerror)
                return
            self._keys[one.name] = key
        station = self._every[one.name]
        station.wanted, station.link = one, link
        station.present = frozenset(address.ip for address in present)
        station.querier.asks = one.querier
        station.cable(link.carrier, below.ups, now)

    def tick(self, now: float) -> None:
        """Sends what is due."""
        for station in self._every.values():
            station.tick(now)
        # Of a network whose interface is away the lease waits.
        held = {name: one for name, one in self._leases.items() if name not in self._every}
        for name, station in self._every.items():
            if station.lease is not None:
                held[name] = station.lease
        if held != self._leases:
            self._leases = held
            publish(self._path, {name: lease.as_json() for name, lease in held.items()})

    def next_at(self) -> float:
        """When `tick` has something to do."""
        return min((one.next_at for one in self._every.values()), default=float("inf"))

    def granted(self) -> dict[str, Granted]:
        """What the networks may use now."""
        every = {name: one.granted for name, one in self._every.items()}
        return {name: own for name, own in every.items() if own is not None}

    def close(self) -> None:
        """Leaves them all; addresses stay."""
        for name in list(self._every):
            self._leave(name)

    def _leave(self, name: str) -> None:
        station = self._every.pop(name, None)
        self._keys.pop(name, None)
        if station is not None:
            station.close()

    def _read(self) -> dict[str, Lease]:
        try:
            return {name: lease_of(one) for name, one in read(self._path).items()}
        except (ValueError, KeyError, TypeError):
            return {}
