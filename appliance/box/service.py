"""How every daemon runs: its tasks together, until it is told to end or one of them fails."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable

Task = Callable[[], Awaitable[None]]


async def run_until_told(*tasks: Task) -> None:
    """Runs them all until SIGTERM or SIGINT. One that ends takes the others with it, so that no
    daemon lives on half dead: what it raised comes out, alone."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    running = [asyncio.ensure_future(task()) for task in tasks]
    end = asyncio.ensure_future(told.wait())
    try:
        done, _ = await asyncio.wait([*running, end], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (*running, end):
            task.cancel()
        await asyncio.gather(*running, end, return_exceptions=True)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    for task in done:
        if task is not end and not task.cancelled():
            failed = task.exception()
            raise failed if failed else RuntimeError("a task of the service ended by itself")


def log_to_journal(name: str) -> logging.Logger:
    """The service's log: lines to standard error with the level as the journal reads it (<4>)."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Levels())
    log = logging.getLogger(name)
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False
    return log


class _Levels(logging.Formatter):
    _NUMBERS = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))

    def format(self, record: logging.LogRecord) -> str:
        number = next((n for level, n in self._NUMBERS if record.levelno >= level), 7)
        return f"<{number}>{' '.join(super().format(record).split())}"
