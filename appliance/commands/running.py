"""Runs a started mode until it ends, is told to end, or its time is over."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from appliance.runner import CommandError

_TICK_S = 0.1


class Signals:
    """SIGINT and SIGTERM end the run; SIGHUP asks for a reload."""

    def __init__(self) -> None:
        self.interrupted = False
        self.terminated = False
        self._reload = False

    def take_reload(self) -> bool:
        """Whether a reload was asked for since the last call."""
        asked, self._reload = self._reload, False
        return asked

    def code(self, good: bool) -> int:
        """The exit code of a run that ended."""
        return 130 if self.interrupted else int(not good)

    @property
    def end(self) -> bool:
        """Whether the run is to end."""
        return self.interrupted or self.terminated

    def _seen(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            self.interrupted = True
        elif number == signal.SIGTERM:
            self.terminated = True
        else:
            self._reload = True

    @contextmanager
    def caught(self) -> Iterator[Signals]:
        """From here on signals are noted rather than deadly."""
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, self._seen) for number in numbers}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def run_until_end(
    signals: Signals,
    running: Callable[[], bool],
    tick: Callable[[], None],
    *,
    seconds: float | None,
) -> int:
    """Calls `tick` ten times a second until the end; returns the duration, ns."""
    started = time.monotonic_ns()
    end = None if seconds is None else started + int(seconds * 1e9)
    while running() and not signals.end:
        left = _TICK_S if end is None else min(_TICK_S, (end - time.monotonic_ns()) / 1e9)
        if left <= 0:
            break
        time.sleep(left)  # a signal is handled at once, at the latest a tick later
        tick()
    return time.monotonic_ns() - started


def write_whole(path: Path, text: str) -> None:
    """Replaces a file in one step, so that nobody reads half of it. Raises CommandError."""
    beside = path.with_name(f".{path.name[:64]}.{os.getpid()}")
    try:
        if path.exists() and not path.is_file():  # a pipe or device is written as it is
            path.write_text(text, encoding="utf-8")
            return
        try:
            beside.write_text(text, encoding="utf-8")
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise CommandError(f"{path}: cannot be written: {error.strerror}") from None


def write_status(path: Path | None, status: dict[str, Any]) -> None:
    """Replaces the status file, if there is one."""
    if path is not None:
        write_whole(path, json.dumps(status) + "\n")
