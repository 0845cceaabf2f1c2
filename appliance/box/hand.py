"""Services as children of this process, for a machine whose systemd does not know us: a laboratory,
a test, a namespace. What dies is started again; what dies again and again is given up."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from appliance.box.units import UnitsError

TIMES, WITHIN_S = 5, 30.0
_PAUSE_S = 0.3


class HandUnits:
    """root: where the services' folders are. options: for every converter."""

    def __init__(self, root: Path, options: Sequence[str] = ()) -> None:
        self._root, self._options = root, tuple(options)
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._failed: dict[str, str] = {}
        self._up: set[str] = set()

    async def running(self) -> frozenset[str]:
        """See Units."""
        return frozenset(unit for unit, task in self._keepers.items() if not task.done())

    async def ready(self, unit: str) -> bool:
        """See Units: it lives."""
        return unit in self._up

    async def start(self, unit: str) -> None:
        """See Units."""
        if unit not in await self.running():
            self._failed.pop(unit, None)
            self._keepers[unit] = asyncio.create_task(self._keep(unit))

    async def stop(self, unit: str) -> None:
        """See Units."""
        task = self._keepers.pop(unit, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def restart(self, unit: str) -> None:
        """See Units."""
        await self.stop(unit)
        await self.start(unit)

    async def failure(self, unit: str) -> str:
        """See Units."""
        return self._failed.get(unit, "")

    async def forgive(self, unit: str) -> None:
        """See Units."""
        self._failed.pop(unit, None)

    async def reboot(self) -> None:
        """See Units."""
        raise UnitsError("reboot: this machine is not a box of its own; restart the program")

    async def close(self) -> None:
        """Stops them all."""
        for unit in tuple(self._keepers):
            await self.stop(unit)

    async def _keep(self, unit: str) -> None:
        deaths: list[float] = []
        while True:
            child = await asyncio.create_subprocess_exec(*self._argv(unit))
            self._up.add(unit)
            try:
                code = await child.wait()
            except asyncio.CancelledError:
                child.terminate()
                try:
                    await asyncio.wait_for(child.wait(), 10)
                except TimeoutError:
                    child.kill()
                    await child.wait()
                raise
            finally:
                self._up.discard(unit)
            deaths = [*(at for at in deaths if time.monotonic() - at < WITHIN_S), time.monotonic()]
            if len(deaths) >= TIMES:
                self._failed[unit] = f"it ended {TIMES} times within {WITHIN_S:g} s (code {code})"
                return
            await asyncio.sleep(_PAUSE_S)

    def _argv(self, unit: str) -> list[str]:
        match = re.fullmatch(r"rtvbox-([a-z]+)(?:@([a-z]+))?\.service", unit)
        if match is None:
            raise UnitsError(f"{unit}: is no unit of a box")
        room, instance = match.groups()
        words = [instance, *self._options] if instance else []
        return [sys.executable, "-m", f"appliance.{room}", *words, "--root", str(self._root)]
