"""What happens ten times a second beside a running mode, and how its run ends."""

from __future__ import annotations

import argparse
import logging
from typing import Any, Generic, TypeVar

from appliance.commands.places import write_whole
from appliance.commands.running import Signals, StatusFile, run_until_end
from appliance.commands.terminal import Console, EventLog, say_how
from appliance.modes.stream import StreamMode
from appliance.report import RxReport, TxReport, to_json

Mode = TypeVar("Mode", bound=StreamMode)


class Watch(Generic[Mode]):
    """Writes events, progress and status of a mode. `args` is that of `options.add_running`."""

    def __init__(
        self, args: argparse.Namespace, mode: Mode, log: logging.Logger, terminal: Console
    ) -> None:
        self._args, self._mode, self._log = args, mode, log
        self._terminal = terminal
        self._events = EventLog(log)
        self._status = StatusFile(args.status, log)
        self._ticks = 0

    def attend(self) -> None:
        """What this mode wants done ten times a second, beside being watched."""

    def progress(self) -> str:
        """One line: how much, how fast, what went wrong."""
        raise NotImplementedError

    def status(self) -> dict[str, Any]:
        """The state of the run, for --status."""
        raise NotImplementedError

    def tick(self) -> None:
        """One look."""
        self.attend()
        self._events.write(self._mode.events())
        if self._ticks % 5 == 0:
            self._mode.look()
        if self._ticks % 10 == 0:
            self._terminal.progress(self.progress())
        if self._ticks % 5 == 0:
            self._status.write(self.status)
        self._ticks += 1

    def run(self, signals: Signals) -> int:
        """Starts the mode and watches it until the end; returns the duration, ns."""
        signals.begin()
        self._mode.start()
        seconds = self._args.seconds
        duration = run_until_end(signals, self._mode.running, self.tick, seconds=seconds)
        self._mode.look()
        return duration

    def conclude(self, report: TxReport | RxReport, what: str, signals: Signals) -> int:
        """Writes the report and says how it was; returns the exit code."""
        self._terminal.end()
        say_how(self._log, what, report.run.duration_ns, report.verdict)
        if self._args.report:
            write_whole(self._args.report, to_json(report))
        return signals.code(report.verdict.good)
