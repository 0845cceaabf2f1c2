"""A complete pretend panel on a pseudo-terminal: it draws its glass as text, takes keys, and has
the faults of a real cable on demand."""

from __future__ import annotations

import contextlib
import os
import select
import termios
import threading
import time
import tty
from pathlib import Path

from drivers.panel.emulated import Device, Picture, device
from drivers.panel.model import MODELS, Colour, Key

_LATE_S = 0.3
_SPEEDS = {19200: termios.B19200, 115200: termios.B115200}
_LIGHT = {colour: f"● {colour.name.lower()}" for colour in Colour} | {Colour.OFF: "○ off"}


class Emulator:
    """A panel that is plugged in from the start.

    `port` is what a driver opens. With `link` that is a link of this name, as udev makes in
    /dev/serial/by-id: it stays the same when the panel is unplugged and plugged in again.
    A thread of its own answers, because a real panel does not wait for the host either.
    """

    def __init__(self, model: str, link: Path | None = None) -> None:
        """Raises ValueError for a model that is not known."""
        if model not in MODELS:
            raise ValueError(f"model: {model!r} is not known; one of {', '.join(MODELS)}")
        self._link = link
        self._device: Device = device(MODELS[model])
        self._lock = threading.RLock()
        self._main = self._held = -1
        self._unplug_after: int | None = None
        self._lose = self._swallow = self._late = self._spoil = self._halve = 0
        self._kept: list[tuple[float, bytes]] = []
        self._wake, self._woken = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.port = ""
        self.plug()
        self._running = True
        self._thread = threading.Thread(target=self._run, name="panel emulator", daemon=True)
        self._thread.start()

    @property
    def device(self) -> Device:
        """The inside."""
        return self._device

    @property
    def plugged(self) -> bool:
        """Whether the cable is in."""
        return self._main >= 0

    def picture(self) -> Picture:
        """What it shows now."""
        with self._lock:
            return self._device.picture()

    def press(self, key: Key) -> None:
        """A key down and up again."""
        with self._lock:
            self._say(self._device.press(key))
            self._say(self._device.press(key, pressed=False))

    def plug(self) -> None:
        """Plugs it in: it begins with its boot screen, on another port under the same link."""
        with self._lock:
            if self._main >= 0:
                return
            self._device.restart()
            # The far end is held open, so that a driver may come and go without an end of file.
            self._main, self._held = os.openpty()
            os.set_blocking(self._main, False)
            tty.setraw(self._held)
            self.port = os.ttyname(self._held)
            if self._link is not None:
                self._link.unlink(missing_ok=True)
                self._link.symlink_to(self.port)
                self.port = str(self._link)
            os.write(self._woken, b".")

    def unplug(self) -> None:
        """Pulls the cable: the port is gone."""
        with self._lock:
            if self._main < 0:
                return
            if self._link is not None:
                self._link.unlink(missing_ok=True)
            os.close(self._main)
            os.close(self._held)
            self._main = self._held = -1
            self._unplug_after = None
            os.write(self._woken, b".")

    def unplug_after(self, octets: int) -> None:
        """Pulls the cable when so many more octets have come, in the middle of a write."""
        with self._lock:
            self._unplug_after = octets

    def say(self, octets: bytes) -> None:
        """Octets on the line to the host: noise, half packets."""
        with self._lock:
            self._say(octets)

    def lose(self, octets: int) -> None:
        """The next so many octets from the host are lost on their way."""
        with self._lock:
            self._lose = octets

    def swallow(self, answers: int) -> None:
        """The next so many answers are lost on their way."""
        with self._lock:
            self._swallow = answers

    def late(self, answers: int) -> None:
        """The next so many answers come after the host has given up waiting for them."""
        with self._lock:
            self._late = answers

    def spoil(self, answers: int) -> None:
        """The next so many answers have a bit wrong."""
        with self._lock:
            self._spoil = answers

    def halve(self, answers: int) -> None:
        """The next so many answers break off half way."""
        with self._lock:
            self._halve = answers

    def close(self) -> None:
        """Ends it; idempotent."""
        if self._running:
            self._running = False
            os.write(self._woken, b".")
            self._thread.join()
            self.unplug()
            os.close(self._wake)
            os.close(self._woken)

    def _run(self) -> None:
        while self._running:
            main = self._main
            wait = self._kept[0][0] - time.monotonic() if self._kept else None
            fds = [fd for fd in (main, self._wake) if fd >= 0]
            try:
                ready, _, _ = select.select(fds, [], [], None if wait is None else max(0.0, wait))
            except OSError:
                continue  # the cable was pulled between the two lines
            with self._lock, contextlib.suppress(BlockingIOError):
                if self._kept and self._kept[0][0] <= time.monotonic():
                    self._say(self._kept.pop(0)[1])
                if self._wake in ready:
                    os.read(self._wake, 64)
                if main in ready and main == self._main:
                    self._hear(os.read(main, 4096))

    def _hear(self, octets: bytes) -> None:
        if termios.tcgetattr(self._held)[4] != _SPEEDS[self._device.model.baud]:
            return  # at another speed it would hear only noise
        lost = min(self._lose, len(octets))
        self._lose -= lost
        octets = octets[lost:]
        if self._unplug_after is not None:
            octets = octets[: self._unplug_after]
            self._unplug_after -= len(octets)
            if not self._unplug_after:
                self._device.take(octets)
                self.unplug()
                return
        for answer in self._device.take(octets):
            if self._swallow:
                self._swallow -= 1
            elif self._late:
                self._late -= 1
                self._kept.append((time.monotonic() + _LATE_S, answer))
            elif self._spoil:
                self._spoil -= 1
                self._say(answer[:-1] + bytes((answer[-1] ^ 0x10,)))
            elif self._halve:
                self._halve -= 1
                self._say(answer[: len(answer) // 2])
            else:
                self._say(answer)

    def _say(self, octets: bytes) -> None:
        # A host that does not listen loses octets, as on a real line.
        with contextlib.suppress(BlockingIOError):
            if self._main >= 0 and octets:
                os.write(self._main, octets)


def drawn(picture: Picture) -> list[str]:
    """The glass as text: a frame, a line for each row with its light beside, the underline below
    the row where it is."""
    wide = len(picture.rows[0])
    lines = [f"┌{'─' * wide}┐"]
    for at, text in enumerate(picture.rows):
        light = f"  {_LIGHT[picture.lights[at]]}" if at < len(picture.lights) else ""
        lines.append(f"│{text}│{light}")
    lines.append(f"└{'─' * wide}┘")
    if picture.cursor is not None:
        row, column = picture.cursor
        under = "─" * column + "▔" + "─" * (wide - column - 1)
        lines[-1] = f"└{under}┘  underline: row {row + 1}, column {column + 1}"
    if picture.backlight < 100:
        lines[-1] += f"  backlight {picture.backlight} %"
    return lines
