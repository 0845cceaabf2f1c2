"""A pretend panel in the terminal: draws its glass, and takes keys for it."""

from __future__ import annotations

import logging
import os
import select
import shutil
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from appliance.commands.running import Signals
from appliance.panel.daemon import serve
from appliance.panel.requests import Requests
from appliance.panel.status import Status
from drivers.panel import Key, Panel
from drivers.panel.emulator import Emulator, drawn

_KEYS = {
    b"\x1b[A": Key.UP,
    b"\x1b[B": Key.DOWN,
    b"\x1b[C": Key.RIGHT,
    b"\x1b[D": Key.LEFT,
    b"\x1bOA": Key.UP,
    b"\x1bOB": Key.DOWN,
    b"\x1bOC": Key.RIGHT,
    b"\x1bOD": Key.LEFT,
    b"\r": Key.ENTER,
    b"\n": Key.ENTER,
    b"e": Key.ENTER,
    b"\x1b": Key.EXIT,
    b"\x7f": Key.EXIT,
    b"x": Key.EXIT,
}
_HELP = "arrows, Enter, Escape: the panel's keys   p: pull or plug its cable   Ctrl-C: end"
_ESCAPE_S = 0.05  # the octets of an arrow key come together; a lone Escape comes alone
_DRAW_S = 0.05
_SETTLED_S = 0.5
_LONGEST_S = 10.0


class Service:
    """The panel service in a thread, as it would run in a process of its own."""

    def __init__(
        self, find: Callable[[], Panel], look: Callable[[], Status], requests: Requests
    ) -> None:
        self._ended = threading.Event()
        self._error: BaseException | None = None
        self._log, self._last = logging.Logger("panel"), _Last()
        self._log.addHandler(self._last)
        self._work = (find, look, requests)
        self._thread = threading.Thread(target=self._run, name="panel service", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._thread.is_alive()

    @property
    def said(self) -> str:
        """The last line of its log."""
        return self._last.line

    @contextmanager
    def running(self) -> Iterator[None]:
        """Runs it; raises afterwards what it failed with."""
        self._thread.start()
        try:
            yield
        finally:
            self._ended.set()
            self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            serve(*self._work, self._ended.is_set, self._log)
        except BaseException as error:
            self._error = error


class _Last(logging.Handler):
    """Keeps the last line."""

    line = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.line = record.getMessage()


def show_once(emulator: Emulator, service: Service) -> int:
    """Prints the glass as soon as it stands still."""
    with service.running():
        begin = changed = time.monotonic()
        first = shown = emulator.picture()
        while service.alive and time.monotonic() - begin < _LONGEST_S:
            time.sleep(_DRAW_S)
            picture, now = emulator.picture(), time.monotonic()
            if picture != shown:
                shown, changed = picture, now
            if shown != first and now - changed > _SETTLED_S:
                break
    print("\n".join(drawn(shown)))
    return 0


def show_until_end(emulator: Emulator, service: Service) -> int:
    """Draws the glass where the cursor stands and takes keys until Ctrl-C, which is how this
    ends and no failure."""
    lines: list[str] = []
    with Signals().caught() as signals, keyboard() as number, service.running():
        while not signals.end and service.alive:
            glass = drawn(emulator.picture()) if emulator.plugged else _NO_CABLE
            new = [*glass, f"log: {service.said}", _HELP]
            if new != lines:
                _draw(new, len(lines))
                lines = new
            for octets in _typed(number):
                _press(emulator, octets)
    return 0


_NO_CABLE = ["", "  (the cable is out)"]


def _press(emulator: Emulator, octets: bytes) -> None:
    if octets == b"p":
        if emulator.plugged:
            emulator.unplug()
        else:
            emulator.plug()
    elif octets in _KEYS:
        emulator.press(_KEYS[octets])


def keys_of(keyboard: int) -> Iterator[Key]:
    """Those of the panel that were typed within a moment."""
    return (_KEYS[octets] for octets in _typed(keyboard) if octets in _KEYS)


def _typed(keyboard: int) -> Iterator[bytes]:
    """Keys within a moment, each as its octets."""
    ready, _, _ = select.select([keyboard], [], [], _DRAW_S)
    if not ready:
        return
    octets = b""
    with suppress(InterruptedError):
        octets = os.read(keyboard, 64)
    if octets == b"\x1b" and select.select([keyboard], [], [], _ESCAPE_S)[0]:
        octets += os.read(keyboard, 64)
    while octets:
        size = 3 if octets[:3] in _KEYS else 1
        yield octets[:size]
        octets = octets[size:]


def _draw(lines: list[str], before: int) -> None:
    wide = shutil.get_terminal_size().columns - 1  # a line that breaks would spoil the way back up
    lines = [line[:wide] for line in lines]
    up = f"\x1b[{before}A" if before else ""
    text = "".join(f"\r\x1b[K{line}\n" for line in lines)
    sys.stdout.write(f"{up}{text}\x1b[J")
    sys.stdout.flush()


@contextmanager
def keyboard() -> Iterator[int]:
    """The terminal, key by key and unechoed; as it was afterwards."""
    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)
    try:
        tty.setcbreak(number)
        yield number
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)
