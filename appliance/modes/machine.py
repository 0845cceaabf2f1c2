"""What the machine gives to a run: CPU by thread, memory, clock; and what it refused."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

from appliance.report import LateWake, Notice, Run, Thread

CLOCK_TAI = 11
# Events of the engine that say what the machine would not give.
_REFUSALS = {"no-realtime", "no-memlock", "no-cpu", "rt-throttle", "rcvbuf-small", "no-timestamps"}
_REALTIME = {"no-realtime", "rt-throttle"}
_KEPT, _LATE_KEPT = 200, 1000


def tai_now() -> int:
    """Now, ns TAI as far as the kernel was told its offset."""
    return time.clock_gettime_ns(CLOCK_TAI)


def tai_utc_s() -> int:
    """TAI - UTC as the kernel holds it, seconds."""
    return round((time.clock_gettime_ns(CLOCK_TAI) - time.time_ns()) / 1e9)


class Diary:
    """Notes what happens in a run and writes its `Run` at the end."""

    def __init__(self) -> None:
        self._started = tai_now()
        self._clock = time.monotonic_ns()
        self._memory = 0
        self._notices: dict[tuple[str, str], Notice] = {}
        self._threads: dict[int, Thread] = {}
        self._late: dict[LateWake, None] = {}

    def note(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Remembers what the engine said; each different line once, with its count."""
        for event in events:
            if event["severity"] == "info" and event["code"] not in _REFUSALS:
                continue
            key = (event["code"], event["text"])
            known = self._notices.get(key)
            if known is not None:
                self._notices[key] = replace(known, times=known.times + 1)
            elif len(self._notices) < _KEPT:
                self._notices[key] = Notice(event["code"], event["text"], 1)

    def note_late(self, thread: str, wakes: Iterable[tuple[int, int]]) -> None:
        """Remembers when a thread meant to go on and when it did; the same again is no news."""
        for due, woke in wakes:
            self._late[LateWake(thread, due, woke - due)] = None
        while len(self._late) > _LATE_KEPT:
            del self._late[next(iter(self._late))]

    def look(self) -> None:
        """Reads CPU by thread (a thread that ends takes its figure with it) and, once the run is
        a second old, memory."""
        for task in FilePath("/proc/self/task").iterdir():
            try:
                name = (task / "comm").read_text(encoding="utf-8", errors="replace").strip()
                spent = int((task / "schedstat").read_text(encoding="ascii").split()[0])
            except OSError:
                continue  # it ended while we looked
            self._threads[int(task.name)] = Thread(name, spent, 0.0)
        if not self._memory and self.age_ns() > 1_000_000_000:
            self._memory = resident()

    def age_ns(self) -> int:
        """Since the start, ns."""
        return time.monotonic_ns() - self._clock

    def run(self, duration_ns: int) -> Run:
        """The account of the run."""
        span = max(1, duration_ns)
        threads = sorted(self._threads.values(), key=lambda t: -t.cpu_ns)
        shared = [replace(t, share=round(t.cpu_ns / span, 4)) for t in threads]
        notices = list(self._notices.values())
        return Run(
            started_tai=self._started,
            duration_ns=duration_ns,
            tai_utc_s=tai_utc_s(),
            cpus=len(os.sched_getaffinity(0)),
            realtime=not any(n.code in _REALTIME for n in notices),
            threads=shared,
            cpu_share=round(sum(t.cpu_ns for t in threads) / span, 4),
            memory_start=self._memory or resident(),
            memory_end=resident(),
            refused=[n for n in notices if n.code in _REFUSALS],
            late_wakes=sorted(self._late, key=lambda wake: wake.due_tai),
            notices=[n for n in notices if n.code not in _REFUSALS],
        )


def resident() -> int:
    """Resident memory of this process, octets."""
    pages = FilePath("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
