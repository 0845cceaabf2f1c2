"""What a run says: a progress line that a terminal rewrites, and a log that does not break it."""

from __future__ import annotations

import io
import logging
import os
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from appliance.modes.machine import tai_now
from appliance.report import Verdict

_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
# The same event so often in one interval is said once more with its count, not each time.
_REPEAT_S = 5.0


class Console(logging.Handler):
    """Log lines and one progress line on the same stream."""

    def __init__(self, stream: TextIO, *, quiet: bool) -> None:
        super().__init__(logging.WARNING if quiet else logging.INFO)
        self._stream = stream
        self._quiet = quiet
        self._terminal = stream.isatty()
        self._shown = False
        self._next = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """One line of the log."""
        self._wipe()
        at = getattr(record, "at", record.created)
        clock = f"{time.strftime('%H:%M:%S', time.localtime(at))}.{int(at * 1000) % 1000:03d}"
        self._write(f"{clock} {record.levelname.lower()}: {record.getMessage()}\n")

    def progress(self, line: str) -> None:
        """The state now: rewritten on a terminal, a plain line every ten seconds elsewhere."""
        if self._quiet:
            return
        if self._terminal:
            self._wipe()
            self._write(line[: _columns(self._stream) - 1])
            self._shown = True
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + 10
            self._write(line + "\n")

    def end(self) -> None:
        """Leaves the cursor on a fresh line."""
        self._wipe()

    def _wipe(self) -> None:
        if self._shown:
            self._write("\r\x1b[K")
            self._shown = False

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # nobody reads any more: go on without words
            self._quiet = True


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except OSError:
        return 80


def console(name: str, *, quiet: bool) -> tuple[logging.Logger, Console]:
    """The log of a command, on standard error."""
    handler = Console(sys.stderr or io.StringIO(), quiet=quiet)
    log = logging.getLogger(f"rtvbox.{name}")
    log.handlers = [handler]
    log.propagate = False
    log.setLevel(logging.INFO)
    return log, handler


class EventLog:
    """Puts the engine's events into the log; the same one again at most every five seconds."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._held: dict[tuple[str, str], tuple[float, int]] = {}

    def write(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Logs events, each with its own time. They hold no patient data; that is the engine's
        promise."""
        now, tai, wall = time.monotonic(), tai_now(), time.time()
        for event in events:
            key = (event["code"], event["text"])
            until, times = self._held.get(key, (0.0, 0))
            if now < until:
                self._held[key] = (until, times + 1)
                continue
            if len(self._held) > 1000:
                self._held.clear()
            self._held[key] = (now + _REPEAT_S, 0)
            more = f" ({times} times more meanwhile)" if times else ""
            at = wall - (tai - event["tai"]) / 1e9
            self._log.log(_LEVELS[event["severity"]], "%s: %s%s", *key, more, extra={"at": at})


def say_how(log: logging.Logger, what: str, duration_ns: int, verdict: Verdict) -> None:
    """The end of a run in the log: what, how long, and each fault."""
    for fault in verdict.faults:
        log.warning("fault: %s", fault)
    log.info("%s in %.1f s: %s", what, duration_ns / 1e9, "good" if verdict.good else "faults")
