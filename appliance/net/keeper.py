"""Keeps the networks as they are wanted: reads the document, follows stations and plan, and says
what is."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from appliance.box.desired import Desired
from appliance.box.paths import Paths
from appliance.box.store import Store
from appliance.net.apply import Applier
from appliance.net.cards import Cards
from appliance.net.filter import Filter
from appliance.net.kernel import Kernel
from appliance.net.machine import Machine
from appliance.net.openings import EXTRA
from appliance.net.plan import Granted
from appliance.net.speaker import Speaker, State
from appliance.net.stations import Stations
from appliance.net.trusted import Trusted
from appliance.net.wanted import Wanted, networks_of, wanted_of

ROUND_S = 1.0
"""At most between two looks at what is wanted."""
GRACE_S = 1.0
"""Before a change of the configuration network is carried out: who ordered it through that network
gets the answer first."""
_CHECK_S = 5.0
_PUBLISH_S = 2.0
_NOTHING = Machine({}, {}, frozenset(), {})

Ports = Callable[[], Mapping[str, str]]
"""Interfaces of this machine by the keys of `rtvbox devices`, with their kernel names."""
Tell = Callable[[Mapping[str, Any]], None]


def now_s() -> float:
    """The clock of all deadlines here: it never jumps, and runs on in sleep."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Keeper:
    """first: the interface of a box that was told no configuration network; None: the first of
    `ports` that is free."""

    def __init__(
        self,
        paths: Paths,
        kernel: Kernel,
        trusted: Trusted,
        ports: Ports,
        log: logging.Logger,
        *,
        first: str | None,
    ) -> None:
        self._kernel, self._trusted, self._ports, self._log = kernel, trusted, ports, log
        self._first = first
        self._store = Store(paths.state)
        self._filter = Filter(paths.run / "network.rules")
        self._applier = Applier(kernel, self._filter, EXTRA, log)
        self._stations = Stations(paths.run / "network-leases.json", self._wake, now_s, log)
        self._cards = Cards(log)
        self._speaker = Speaker(paths, log)
        self._desired: Desired | None = None
        self._generation: int | None = None
        self._pointed = "unread"
        self._known: Mapping[str, str] = {}
        self._machine = _NOTHING
        self._wanted: list[Wanted] = []
        self._granted: dict[str, Granted] = {}
        self._check_at = self._publish_at = 0.0
        self._asked: list[asyncio.Future[dict[str, Any]]] = []
        self._events: list[dict[str, Any]] = []
        self._hold_until = 0.0
        self._look_later = False

    # ---- from outside

    async def reload(self) -> dict[str, Any]:
        """Looks at once at what is wanted; answers when the plan is carried out, or when a change
        has begun to wait for its confirmation: that one is carried out after GRACE_S. An address
        that is new to its network is there a second later: it is asked for first."""
        asked: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._asked.append(asked)
        self._pointed = "unread"
        self._wake()
        return await asked

    def confirm(self, generation: int | None) -> dict[str, Any]:
        """Raises ValueError, one line, where nothing waits for it."""
        stands = self._trusted.confirm(generation)
        self._events.append({"what": "confirmed", "generation": stands})
        self._publish_at = 0.0
        self._wake()
        return {"generation": stands}

    def line(self) -> str:
        """One line for `systemctl status`."""
        own = [
            f"{one.name} {self._granted[one.name].address}"
            if one.name in self._granted
            else f"{one.name} without address"
            for one in self._wanted
        ]
        return ", ".join(own) or "no network is wanted"

    # ---- the loop

    async def run(self, tell: Tell, done: Callable[[], None]) -> None:
        """Until cancelled. tell: events; done: called after every round."""
        self._filter.open(self._kernel.changed)
        try:
            while True:
                await self._round()
                for event in self._events:
                    tell(event)
                self._events.clear()
                done()
                await self._wait()
        finally:
            self._filter.close()
            self._stations.close()

    def _wake(self) -> None:
        self._kernel.changed.set()

    async def _wait(self) -> None:
        next_at = self._stations.next_at()
        if self._look_later:
            next_at = min(next_at, self._hold_until)
        seconds = min(ROUND_S, max(0.01, next_at - now_s()))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._kernel.changed.wait(), seconds)
            # Changes come in heaps: one look for all of them.
            await asyncio.sleep(0.02)

    async def _round(self) -> None:
        now = now_s()
        look = self._kernel.changed.is_set() or now >= self._check_at
        self._kernel.changed.clear()
        self._take_back(now)
        look |= self._follow_document(now)
        answering, self._asked = self._asked, []
        self._stations.tick(now)
        if now < self._hold_until:
            self._look_later |= look
        elif look or self._look_later or self._stations.granted() != self._granted:
            self._look_later = False
            await self._reconcile(now)
            self._check_at = now + _CHECK_S
            self._publish_at = 0.0
        for asked in answering:
            if not asked.done():
                answer = {"generation": self._generation, "steps": self._applier.steps}
                asked.set_result({**answer, "confirm_within_s": self._trusted.left_s(now)})
        if now >= self._publish_at:
            await self._say(now)
            self._publish_at = now + _PUBLISH_S

    async def _reconcile(self, now: float) -> None:
        self._machine = await self._applier.observe(self._wanted)
        self._name_interfaces()
        if not await self._applier.firewall(self._wanted):
            return
        # Twice: what was made or came up in the first turn gets its station in the second.
        for _ in range(2):
            self._stations.follow(self._wanted, self._machine, now)
            self._stations.tick(now)
            self._granted = self._stations.granted()
            before, steps = self._machine, self._applier.steps
            self._machine = await self._applier.settle(self._wanted, self._granted, before)
            if self._applier.steps == steps:
                break
        await self._cards.follow(self._wanted, self._machine)

    async def _say(self, now: float) -> None:
        counted = await self._filter.counters()
        links = await self._kernel.links()
        state = State(
            generation=self._generation,
            wanted=self._wanted,
            links=links,
            granted=self._granted,
            stations={one.name: self._stations.get(one.name) for one in self._wanted},
            cards=self._cards,
            failed=self._applier.failed,
            counters=counted,
            left_s=self._trusted.left_s(now),
            taken_back=self._trusted.trust is not None
            and self._trusted.trust.taken_back is not None,
            steps=self._applier.steps,
        )
        self._events += self._speaker.say(state, now)

    # ---- what is wanted

    def _take_back(self, now: float) -> None:
        fallback = networks_of(None, self._first_port()).configuration
        if self._trusted.take_back(now, fallback):
            self._pointed = "unread"
            self._events.append({"what": "taken-back"})

    def _follow_document(self, now: float) -> bool:
        pointed = self._store.wanted()
        if pointed == self._pointed:
            return False
        self._pointed = pointed
        loaded = self._store.load()
        generation = loaded.generation.number if loaded.generation else None
        said = f"generation {generation}" if generation else "the box was never told what to be"
        self._log.info("%s", said)
        self._generation, self._desired = generation, loaded.desired
        networks = networks_of(self._desired, self._first_port())
        waited = self._trusted.left_s(now) is not None
        self._trusted.follow(generation, networks, now)
        if self._wanted and self._trusted.left_s(now) is not None and not waited:
            self._hold_until = now + GRACE_S
        self._name_interfaces()
        return True

    def _name_interfaces(self) -> None:
        """Interfaces come and go; so do their names."""
        self._wanted = wanted_of(self._desired, self._first_port(), self._resolve)

    def _resolve(self, named: str) -> str | None:
        if named in self._machine.links:
            return named
        if ":" not in named:
            return None
        if self._known.get(named) not in self._machine.links:
            self._known = self._ports()
        found = self._known.get(named)
        return found if found in self._machine.links else None

    def _first_port(self) -> str | None:
        """Where the box is found that was told no configuration network: the first interface that
        none of its other networks has."""
        if not self._known:
            self._known = self._ports()
        named = self._desired.networks.named() if self._desired else {}
        others = (network for name, network in named.items() if name != "configuration")
        taken = {self._resolve(network.interface) for network in others}
        if self._first is not None:
            return self._first if self._resolve(self._first) not in taken else None
        free = (key for key, name in self._known.items() if name not in taken)
        return min(free, default=None)
