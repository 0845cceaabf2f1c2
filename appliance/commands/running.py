"""Runs a started mode until it ends, is told to end, or its time is over."""

from __future__ import annotations

import json
import logging
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from appliance.commands.places import write_whole
from appliance.runner import CommandError

_TICK_S = 0.1


class TerminatedError(KeyboardInterrupt):
    """SIGTERM came before the run had begun."""


class Signals:
    """SIGINT and SIGTERM end the run; SIGHUP asks for a reload.

    While a run is being prepared they break it off, as KeyboardInterrupt; from `begin` on they
    are noted, so that it ends in order and its report is written.
    """

    def __init__(self, *, preparing: bool = False) -> None:
        self._begun = not preparing
        self.interrupted = False
        self.terminated = False
        self._reload = False

    def begin(self) -> None:
        """From here on signals are noted."""
        self._begun = True

    def take_reload(self) -> bool:
        """Whether a reload was asked for since the last call."""
        asked, self._reload = self._reload, False
        return asked

    def code(self, good: bool) -> int:
        """The exit code of a run that ended."""
        return 130 if self.interrupted else int(not good)

    def unbegun(self) -> int:
        """The exit code of a run that was told to end before it had begun."""
        return 130 if self.interrupted else 143

    @property
    def end(self) -> bool:
        """Whether the run is to end."""
        return self.interrupted or self.terminated

    def _seen(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            self.interrupted = True
            if not self._begun:
                raise KeyboardInterrupt
        elif number == signal.SIGTERM:
            self.terminated = True
            if not self._begun:
                raise TerminatedError
        else:
            self._reload = True

    @contextmanager
    def caught(self) -> Iterator[Signals]:
        """Within, signals do what this class says."""
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


class StatusFile:
    """Replaces a file with the state of a run. A full disk is said once and ends no stream."""

    def __init__(self, path: Path | None, log: logging.Logger) -> None:
        self._path, self._log = path, log
        self._failing = False

    def write(self, status: Callable[[], dict[str, Any]]) -> None:
        """Writes what `status` gives, if there is a file to write."""
        if self._path is None:
            return
        try:
            write_whole(self._path, json.dumps(status()) + "\n", patience_s=0.0)
        except CommandError as error:
            if not self._failing:
                self._log.warning("status: %s; the run goes on", error)
            self._failing = True
        else:
            self._failing = False
