"""Carries a plan out until nothing of it is left, and loads the firewall."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from appliance.net.filter import Filter
from appliance.net.kernel import Kernel
from appliance.net.machine import Machine
from appliance.net.openings import Extra, openings
from appliance.net.plan import Granted, devices_of, plan, settings_of
from appliance.net.ruleset import ruleset
from appliance.net.wanted import Wanted
from appliance.runner import CommandError

_MOST_ROUNDS = 6
"""What was just made gets its own steps in the next round: VLAN, up, address, route."""


class Applier:
    """steps: how many were taken since the start. failed: by network ("" for the box), what the
    kernel refused, while it does."""

    def __init__(
        self, kernel: Kernel, filter_: Filter, extra: tuple[Extra, ...], log: logging.Logger
    ) -> None:
        self._kernel, self._filter, self._extra, self._log = kernel, filter_, extra, log
        self.failed: dict[str, tuple[str, ...]] = {}
        self.steps = 0

    async def observe(self, wanted: Sequence[Wanted]) -> Machine:
        """The machine as it is."""
        return await self._kernel.observe(settings_of(devices_of(wanted)))

    async def firewall(self, wanted: Sequence[Wanted]) -> bool:
        """Before anything else: no interface comes up that is open. False: nothing is closed, so
        nothing may be opened now; what is up stays as it is."""
        rules = ruleset(wanted, openings(wanted), self._extra)
        if await self._filter.as_wanted(rules):
            self._failed_now({"": ()})
            return True
        try:
            await self._filter.load(rules)
        except CommandError as error:
            self._failed_now({"": (f"firewall: {error}",)})
            return await self._filter.stands()
        self.steps += 1
        self._log.info("firewall loaded")
        self._failed_now({"": ()})
        return True

    async def settle(
        self, wanted: Sequence[Wanted], granted: Mapping[str, Granted], machine: Machine
    ) -> Machine:
        """Takes steps until there are none. Returns the machine as it is then."""
        failed: dict[str, list[str]] = {one.name: [] for one in wanted}
        refused = set()
        for _ in range(_MOST_ROUNDS):
            todo = [step for step in plan(wanted, granted, machine) if step not in refused]
            if not todo:
                break
            for step in todo:
                try:
                    await self._kernel.take(step, machine)
                except (OSError, KeyError) as error:
                    refused.add(step)
                    why = error.strerror if isinstance(error, OSError) else "it went away"
                    failed.setdefault(step.network, []).append(f"{step.what}: {why}")
                    continue
                self.steps += 1
                self._log.info("%s: %s", step.network or "box", step.what)
            machine = await self.observe(wanted)
        self._failed_now({name: tuple(some) for name, some in failed.items()})
        return machine

    def _failed_now(self, failed: Mapping[str, tuple[str, ...]]) -> None:
        for name, some in failed.items():
            if self.failed.get(name, ()) != some:
                for what in some:
                    self._log.error("%s: %s; tried again", name or "box", what)
                self.failed[name] = some
