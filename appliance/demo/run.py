"""The demonstration from beginning to end."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from appliance.commands.places import write_whole
from appliance.commands.running import Signals
from appliance.demo.asked import Asked
from appliance.demo.blame import how_well, seen, words
from appliance.demo.boxes import Choice, Line
from appliance.demo.measure import Look, asked_for, between, faults, look, table
from appliance.demo.namespaces import Lab
from appliance.demo.page import Page
from appliance.demo.pictures import Stream
from appliance.modes.machine import tai_now, tai_utc_s
from appliance.report import VERSION, Measured, Standstill
from appliance.rtv.packing import UDP_EXTENDED, UDP_STANDARD
from appliance.runner import CommandError

_START_S = 90.0  # a clip is converted before its sender starts
_SETTLE_S = 3.0
_PROBE_S = 4.0
_STATUS_AGE_NS = 1_000_000_000  # what is measured begins with a status at most so old


@dataclass(frozen=True)
class Wishes:
    """What was asked for. seconds: None = until told to end. sender_type: "auto" takes the best
    that this machine carries, see `ways`. port: 0 = any free one."""

    format: str
    depth: int
    sender_type: str
    seconds: float | None
    headless: bool
    port: int
    report: Path | None
    realtime: bool


def ways(sender_type: str, streams: int, cpus: int) -> list[tuple[str, int]]:
    """Sender types and UDP size limits to try, best first.

    A narrow sender waits awake and so has a CPU to itself. Datagrams of the extended size limit
    (ST 2110-10, 8960 octets) cost a quarter of the wake-ups of the standard one, so that a CPU
    carries both ends of a stream.
    """
    if sender_type != "auto":
        return [(sender_type, UDP_STANDARD), (sender_type, UDP_EXTENDED)]
    narrow = [("N", UDP_STANDARD)] if cpus > 2 * streams else []
    wide = [("W", UDP_STANDARD)] if cpus > streams else []
    return [*narrow, *wide, ("W", UDP_EXTENDED)]


def run_demo(streams: tuple[Stream, ...], wishes: Wishes, log: logging.Logger) -> int:
    """Runs it; the exit code. Raises ValueError or CommandError, one line, when it cannot."""
    signals = Signals()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rtvbox-demo-")))
        stack.enter_context(signals.caught())
        lab = stack.enter_context(Lab(["tx", "rx"], mtu=9000))
        possible = ways(wishes.sender_type, len(streams), os.cpu_count() or 1)
        for way in possible:
            choice = Choice(wishes.format, wishes.depth, *way, wishes.realtime)
            log.info(
                "starting %d streams of %s %d bit, sender type %s, datagrams of up to %d octets",
                *(len(streams), choice.format, choice.depth, *way),
            )
            lines = [Line(each, number, folder, choice) for number, each in enumerate(streams, 1)]
            with ExitStack() as running:
                for line in lines:
                    running.callback(line.stop)
                if not _start(lines, lab, signals):
                    return signals.unbegun()
                if way != possible[-1] and not _holds(lines, choice, log, signals):
                    continue
                if signals.end:
                    return signals.unbegun()
                return _show(lines, wishes, log, signals, running)
    raise AssertionError("unreachable: the last way is always shown")


def _start(lines: list[Line], lab: Lab, signals: Signals) -> bool:
    """Everything, senders first; False when interrupted."""
    for line in lines:
        line.forget()
        line.start_tx(lab["tx"])
    for line in lines:
        line.await_sdp(_START_S, lambda: signals.end)
        if signals.end:
            return False
        line.start_rx(lab["rx"])
    for line in lines:
        line.await_picture(_START_S, lambda: signals.end)
    return _pause(_SETTLE_S, lines, signals)


def _pause(seconds: float, lines: list[Line], signals: Signals) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if signals.end:
            return False
        _alive(lines)
        time.sleep(0.05)
    return True


def _alive(lines: list[Line]) -> None:
    for line in lines:
        words = line.dead()
        if words:
            raise CommandError(f"a box died: {words}")


def _look(line: Line) -> Look:
    return look(line.status("tx"), line.status("rx"))


class _Measuring:
    """The lines from now on, and what a person asks of them meanwhile."""

    def __init__(self, lines: list[Line]) -> None:
        self._lines = lines
        self._before = [_look(line) for line in lines]
        self._asked = [Asked() for _ in lines]
        self._started = time.monotonic()

    def ask(self, line: Line, lasts: bool) -> None:
        """Somebody is about to change that line, see `Asked.begin`."""
        asked = self._asked[self._lines.index(line)]
        asked.begin(_look(line), time.monotonic(), lasts=lasts)

    def rows(self) -> list[Measured]:
        """The figures until now."""
        now = time.monotonic()
        rows = []
        for line, before, asked in zip(self._lines, self._before, self._asked, strict=True):
            after = _look(line)
            asked.tick(after, now)
            seconds = now - self._started
            rows.append(between(line.stream.title, before, after, seconds, asked.moved(after)))
        return rows


def _holds(lines: list[Line], choice: Choice, log: logging.Logger, signals: Signals) -> bool:
    """Whether this machine carries the streams with this sender type; says so where not."""
    measuring = _Measuring(lines)
    if not _pause(_PROBE_S, lines, signals):
        return True
    found = [fault for row in measuring.rows() for fault in faults(row)]
    if found:
        log.warning(
            "sender type %s in datagrams of %d octets is more than this machine can pace:",
            *(choice.sender_type, choice.max_udp),
        )
        for fault in found:
            log.warning("  %s in %.0f s", fault, _PROBE_S)
    return not found


def _show(
    lines: list[Line], wishes: Wishes, log: logging.Logger, signals: Signals, running: ExitStack
) -> int:
    measuring, started_tai = _Measuring(lines), tai_now()
    if wishes.headless:
        log.info("measuring for %.0f s", wishes.seconds or 0)
        _pause(wishes.seconds or 0, lines, signals)
    else:
        page = Page(lines, lambda: [asdict(row) for row in measuring.rows()], measuring.ask)
        asyncio.run(_serve(page, measuring, lines, wishes, log, signals))
    measured = measuring.rows()
    ended_tai = tai_now()
    running.close()
    found = [fault for row in measured for fault in faults(row)]
    reports = {line.stream.title: (line.report("tx"), line.report("rx")) for line in lines}
    stills = seen(reports, started_tai - _STATUS_AGE_NS, ended_tai)
    print(table(measured))
    for row in measured:
        for said in asked_for(row):
            print(f"asked for on the page: {said}")
    for fault in found:
        print(f"fault: {fault}")
    for still in stills:
        print(words(still, tai_utc_s()))
    print(how_well(measured, stills, wishes.format, lines[0].sender_type))
    if wishes.report:
        write_whole(wishes.report, _report(lines, measured, stills, found))
    return signals.code(not found)


async def _serve(
    page: Page,
    measuring: _Measuring,
    lines: list[Line],
    wishes: Wishes,
    log: logging.Logger,
    signals: Signals,
) -> None:
    async with page.served(wishes.port) as url:
        print(f"\n  Look at {url}\n  Stop with Ctrl-C or the button on the page.\n", flush=True)
        end = None if wishes.seconds is None else time.monotonic() + wishes.seconds
        looked = time.monotonic()
        while not (signals.end or page.stopped) and (end is None or time.monotonic() < end):
            _alive(lines)
            if time.monotonic() - looked > 0.5:  # also when nobody looks at the page
                measuring.rows()
                looked = time.monotonic()
            await asyncio.sleep(0.1)
        log.info("stopping")


def _report(
    lines: list[Line], measured: list[Measured], stills: list[Standstill], found: list[str]
) -> str:
    names = [line.stream.name for line in lines]
    whole: dict[str, Any] = {
        "measured": dict(zip(names, [asdict(row) for row in measured], strict=True)),
        "standstills": [asdict(still) for still in stills],
        "transmitters": {line.stream.name: line.report("tx") for line in lines},
        "receivers": {line.stream.name: line.report("rx") for line in lines},
        "verdict": {"good": not found, "faults": found},
        "role": "demo",
        "version": VERSION,
    }
    return json.dumps(whole, indent=2) + "\n"
