"""Makes the wanted mode the running one, by difference: what shall run is started first, and what
shall not is stopped when that delivers."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from appliance.box.desired import Desired
from appliance.box.modes import MODES, Decision, Health, difference, resolve, units_of
from appliance.box.units import Units, UnitsError

PATIENCE_S = 10.0
"""For a new converter to get ready before the old one is stopped all the same."""


class Switcher:
    """One box's modes. `tick` about twice a second."""

    def __init__(self, units: Units, log: logging.Logger) -> None:
        self._units, self._log = units, log
        self._failed: dict[str, str] = {}
        self._generation: int | None = -1
        self._since: dict[str, float] = {}
        self.decision: Decision = resolve(None)
        self.trouble = ""
        """Why units could not be changed; "" where all is well."""

    async def tick(
        self, desired: Desired | None, generation: int | None, missing: Mapping[str, str]
    ) -> Decision:
        """One step towards what is wanted. missing: cards that are not there."""
        try:
            if generation != self._generation:
                for unit in {unit for mode in MODES.values() for unit in units_of(mode)}:
                    await self._units.forgive(unit)
                self._generation = generation
                self._failed.clear()
            await self._note_failures()
            before = self.decision
            self.decision = resolve(desired, Health(dict(self._failed), missing))
            if self.decision.mode != before.mode:
                self._log.info("mode: %s", self.decision.mode)
            await self._step(self.decision)
            self.trouble = ""
        except UnitsError as error:
            if str(error) != self.trouble:
                self._log.error("%s", error)
            self.trouble = str(error)
        return self.decision

    async def _note_failures(self) -> None:
        for name, mode in MODES.items():
            for unit in units_of(mode):
                if why := await self._units.failure(unit):
                    if name not in self._failed:
                        self._log.error("%s: %s", unit, why)
                    self._failed[name] = why

    async def _step(self, decision: Decision) -> None:
        running = await self._units.running()
        change = difference(decision, running)
        for unit in change.start:
            if not await self._units.failure(unit):
                self._since[unit] = time.monotonic()
                await self._units.start(unit)
        if not change.stop:
            return
        for unit in decision.units:
            waited = time.monotonic() - self._since.get(unit, 0.0)
            if not await self._units.ready(unit) and waited < PATIENCE_S:
                return  # the old one goes on until the new one is there
        for unit in change.stop:
            await self._units.stop(unit)
