"""Keeps ptp4l and phc2sys alive. A healthy one is never restarted, also not when this daemon is:
losing the clock for a look at it would be a poor trade. A dead one always is."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from appliance import runner
from appliance.box.units import Units, UnitsError

PAUSE_S = 1.0
"""Between two starts of a program that does not stay."""


class Programs(Protocol):
    """Who runs them."""

    async def keep(self, name: str, argv: Sequence[str]) -> str:
        """The program runs with exactly these arguments and files, now or soon; () : it does not
        run. Returns why it does not, one line, "" where all is well."""

    async def close(self) -> None:
        """What was started here stays, and is found again by the next one."""


class HandPrograms:
    """Children of nobody: they outlive this process, and their process ids lie in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._next: dict[str, float] = {}
        self._children: dict[str, runner.Child] = {}

    async def keep(self, name: str, argv: Sequence[str]) -> str:
        """See Programs."""
        child = self._children.get(name)
        code = child.poll() if child is not None else None  # also reaps it
        pid, mark = self._known(name)
        wanted = mark_of(argv)
        if pid and (mark != wanted or not argv):
            self._end(name, pid)
            pid = 0
        if pid or not argv:
            return ""
        if time.monotonic() < self._next.get(name, 0.0):
            return f"ended with code {code}; starts again" if code is not None else ""
        self._next[name] = time.monotonic() + PAUSE_S
        log = (self._folder / f"{name}.log").open("ab")
        try:
            with log:
                child = runner.start(argv, stdout=log, stderr=log, start_new_session=True)
        except runner.CommandError as error:
            return str(error)
        self._children[name] = child
        (self._folder / f"{name}.pid").write_text(f"{child.pid} {wanted}\n")
        return ""

    async def end(self) -> None:
        """Ends all of them, for a laboratory that is over."""
        for path in self._folder.glob("*.pid"):
            pid, _ = self._known(path.stem)
            if pid:
                self._end(path.stem, pid)

    async def close(self) -> None:
        """See Programs."""

    def _known(self, name: str) -> tuple[int, str]:
        """The process that lives, and the mark of what it was started with; 0: none."""
        try:
            word, mark = (self._folder / f"{name}.pid").read_text().split()
            pid = int(word)
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, ValueError):
            return 0, ""
        # Another program may have got its number since.
        alive = state != "Z" and Path(os.fsdecode(command[0])).name == name
        return (pid, mark) if alive else (0, "")

    def _end(self, name: str, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + 2
        while self._known(name)[0] and time.monotonic() < until:
            child = self._children.get(name)
            if child is not None:
                child.poll()
            time.sleep(0.01)
        (self._folder / f"{name}.pid").unlink(missing_ok=True)


class UnitPrograms:
    """systemd's: rtvbox-NAME.service, whose arguments lie in folder/NAME.args. systemd starts a
    dead one again; this only tells it when what shall run has changed, and looks once a second
    whether it was given up."""

    def __init__(self, folder: Path, units: Units) -> None:
        self._folder, self._units = folder, units
        self._looked: dict[str, float] = {}
        self._said: dict[str, str] = {}

    async def keep(self, name: str, argv: Sequence[str]) -> str:
        """See Programs."""
        unit = f"rtvbox-{name}.service"
        place = self._folder / f"{name}.args"
        wanted = f"ARGS={' '.join(argv[1:])}\n# {mark_of(argv)}\n" if argv else ""
        try:
            before = place.read_text() if place.exists() else ""
            if before != wanted:
                self._looked.pop(name, None)
                if not argv:
                    await self._units.stop(unit)
                    place.unlink()
                    return ""
                beside = place.with_suffix(".new")
                beside.write_text(wanted)
                beside.replace(place)
                try:
                    await self._units.restart(unit)
                except UnitsError:
                    place.unlink()  # so that it is tried again
                    raise
            now = time.monotonic()
            if argv and now - self._looked.get(name, -PAUSE_S) >= PAUSE_S:
                self._looked[name] = now
                self._said[name] = await self._units.failure(unit)
                if not self._said[name] and not await self._units.ready(unit):
                    await self._units.start(unit)
        except UnitsError as error:
            return str(error)
        return self._said.get(name, "") if argv else ""

    async def close(self) -> None:
        """See Programs."""


def mark_of(argv: Sequence[str]) -> str:
    """Of arguments and of the files that they name: another mark is another program."""
    made = hashlib.sha256("\0".join(argv).encode())
    for word in argv[1:]:
        path = Path(word)
        if word.startswith("/") and path.is_file():
            made.update(path.read_bytes())
    return made.hexdigest()[:16]
