"""Takes the small pictures that a receiver offers, and pairs those of the same instant."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LONGEST = 4 << 20
_SLOT_NS = 100_000_000
_KEPT = 8


@dataclass(frozen=True)
class Picture:
    """One small picture. about: what the receiver says of the frame, see commands.preview."""

    about: dict[str, Any]
    jpeg: bytes

    @property
    def slot(self) -> int:
        """The tenth of a TAI second in which it was on the output."""
        return int(self.about["presented_tai"]) // _SLOT_NS


class Outputs:
    """The latest pictures of several outputs."""

    def __init__(self, sockets: Sequence[Path]) -> None:
        self._sockets = list(sockets)
        self._seen: list[dict[int, Picture]] = [{} for _ in sockets]
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begins to read."""
        self._tasks = [
            asyncio.create_task(self._follow(number)) for number in range(len(self._sockets))
        ]

    async def stop(self) -> None:
        """Ends the reading."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def next(self, after: int) -> tuple[int, list[Picture | None]]:
        """The pictures of the newest instant after slot `after`: of all outputs where they have
        it; an output that shows nothing new for half a second is None."""
        while True:
            whole = set.intersection(*(set(seen) for seen in self._seen))
            newest = max((max(seen, default=0) for seen in self._seen), default=0)
            slot = max(whole, default=0)
            if slot > after:
                return slot, [seen[slot] for seen in self._seen]
            if newest > after + 5:  # one output is silent: the others go on without it
                return newest, [seen.get(newest) for seen in self._seen]
            self._changed.clear()
            await self._changed.wait()

    async def _follow(self, number: int) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(str(self._sockets[number]))
            except OSError:
                await asyncio.sleep(0.2)
                continue
            try:
                while True:
                    self._keep(number, await _read(reader))
            except (OSError, asyncio.IncompleteReadError, ValueError):
                await asyncio.sleep(0.2)
            finally:
                writer.close()

    def _keep(self, number: int, picture: Picture) -> None:
        seen = self._seen[number]
        seen[picture.slot] = picture
        for old in sorted(seen)[:-_KEPT]:
            del seen[old]
        self._changed.set()


async def _read(reader: asyncio.StreamReader) -> Picture:
    about = json.loads(await reader.readline())
    length = int(about["length"])
    if not 0 < length <= _LONGEST:
        raise ValueError("preview: a picture of no sensible length")
    return Picture(about, await reader.readexactly(length))
