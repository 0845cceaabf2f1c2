"""Matrix Orbital panels (LK204-7T-1U): plain text with commands behind an 0xFE, and no check.

Nothing is acknowledged, so that a write was lost is not seen; the module's type, asked for when
nothing else is said, shows that it lives. The whole glass is written again now and then.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from drivers.panel.charset import GLYPHS, encode
from drivers.panel.glass import fitted, spans
from drivers.panel.line import Line, until
from drivers.panel.model import Colour, Key, KeyEvent, NoAnswer, PanelModel

PREFIX = 0xFE
CLEAR = 0x58
CURSOR_AT = 0x47  # column, row, from 1
UNDERLINE_ON, UNDERLINE_OFF = 0x4A, 0x4B
BLOCK_OFF = 0x54
WRAP_OFF, SCROLL_OFF = 0x44, 0x52
GLYPH = 0x4E  # slot, eight rows
BRIGHTNESS = 0x99  # 0..255
OUTPUT_OFF, OUTPUT_ON = 0x56, 0x57  # which, from 1
KEYS_AT_ONCE = 0x41
KEY_MODE = 0x7E  # 1: a key says when it goes down and when it comes up
BOOT_SCREEN = 0x40  # all its characters
MODULE_TYPE = 0x37

TYPES = {0x2B: "LK204-7T-1U", 0x2C: "LK204-7T-1U-USB"}
"""Answers to MODULE_TYPE of what is known here. No key has these codes."""

# The keypad's letters; small ones when a key comes up. A and G are the two round keys to the left.
KEYS = {
    ord("A"): Key.EXIT,
    ord("B"): Key.UP,
    ord("C"): Key.RIGHT,
    ord("D"): Key.LEFT,
    ord("E"): Key.ENTER,
    ord("G"): Key.EXIT,
    ord("H"): Key.DOWN,
}

_ANSWER_S = 0.25
_ASK_S = 1.0
_MISSES = 3
_WHOLE_S = 60.0


def event_of(code: int) -> KeyEvent | None:
    """The key of an octet; None for none."""
    if code in KEYS:
        return KeyEvent(KEYS[code])
    if code - 32 in KEYS:
        return KeyEvent(KEYS[code - 32], False)
    return None


def ask_type(line: Line) -> int | None:
    """Asks what is there; None when it does not answer as one of TYPES."""
    line.send(bytes((PREFIX, MODULE_TYPE)))
    deadline = time.monotonic() + _ANSWER_S
    while left := until(deadline):
        for octet in line.receive(left):
            if octet in TYPES:
                return octet
    return None


class MatrixOrbital:
    """A Panel (see model) of the byte-stream family."""

    def __init__(self, line: Line, model: PanelModel, about: str) -> None:
        """Takes over a line on which this model answered; makes the glass known and empty."""
        self._line = line
        self.model, self.about = model, about
        blank = b" " * model.columns
        self._shown: tuple[bytes, ...] | None = (blank,) * model.rows
        self._glyphs: tuple[str, ...] = ()
        self._lights: list[Colour | None] = [None] * model.lights
        self._percent = -1
        self._cursor: tuple[int, int] | None = None
        self._events: list[KeyEvent] = []
        self._misses = 0
        self._heard = self._whole = time.monotonic()
        # Bytes that another program left half said are taken as text by the first octets here.
        self._line.send(b" " * 10)
        for command in (CLEAR, WRAP_OFF, SCROLL_OFF, UNDERLINE_OFF, BLOCK_OFF, KEYS_AT_ONCE):
            self._do(command)
        self._do(KEY_MODE, b"\1")

    def show(self, lines: Sequence[str], cursor: tuple[int, int] | None = None) -> None:
        """See Panel."""
        model = self.model
        new = encode(fitted(lines, model.columns, model.rows), model.charset, self._glyphs)
        if time.monotonic() - self._whole > _WHOLE_S:
            self._shown, self._whole = None, time.monotonic()
        for slot, char in enumerate(new.glyphs):
            if self._shown is None or self._glyphs[slot : slot + 1] != (char,):
                self._do(GLYPH, bytes((slot, *GLYPHS[char])))
        self._glyphs = new.glyphs
        changed = spans(self._shown, new.rows, model.span)
        for span in changed:
            self._at(span.row, span.column)
            self._line.send(span.codes)
        self._shown = new.rows
        if cursor is not None and (changed or cursor != self._cursor):
            self._at(*cursor)
        if (cursor is None) != (self._cursor is None):
            self._do(UNDERLINE_OFF if cursor is None else UNDERLINE_ON)
        self._cursor = cursor

    def light(self, colours: Sequence[Colour]) -> None:
        """See Panel."""
        for at, (colour, (green, red)) in enumerate(zip(colours, self.model.outputs, strict=False)):
            if self._lights[at] is not colour:
                # The outputs sink: an output that is on takes its half of the light away.
                self._do(OUTPUT_OFF if colour.green else OUTPUT_ON, bytes((green,)))
                self._do(OUTPUT_OFF if colour.red else OUTPUT_ON, bytes((red,)))
                self._lights[at] = colour

    def backlight(self, percent: int) -> None:
        """See Panel."""
        percent = max(0, min(100, percent))
        if percent != self._percent:
            self._do(BRIGHTNESS, bytes((percent * 255 // 100,)))
            self._percent = percent

    def keys(self, timeout: float) -> list[KeyEvent]:
        """See Panel."""
        deadline = time.monotonic() + timeout
        while not self._events:
            left = until(deadline)
            octets = self._line.receive(left)
            self._take(octets)
            if not octets or left <= 0:  # noise that does not end must not hold anyone here
                break
        if not self._events:
            self._still_there()
        taken, self._events = self._events, []
        return taken

    def store_boot_screen(self, lines: Sequence[str]) -> None:
        """See Panel."""
        model = self.model
        rows = encode(fitted(lines, model.columns, model.rows), model.charset).rows
        # It writes its memory as the characters come, about ten milliseconds each.
        self._line.send(bytes((PREFIX, BOOT_SCREEN)))
        for code in b"".join(rows):
            self._line.send(bytes((code,)))
            time.sleep(0.01)

    def close(self) -> None:
        """See Panel."""
        self._line.close()

    def _do(self, command: int, data: bytes = b"") -> None:
        self._line.send(bytes((PREFIX, command)) + data)

    def _at(self, row: int, column: int) -> None:
        self._do(CURSOR_AT, bytes((column + 1, row + 1)))

    def _take(self, octets: bytes) -> None:
        for octet in octets:
            if (event := event_of(octet)) is not None:
                self._events.append(event)
        if octets:
            self._heard, self._misses = time.monotonic(), 0

    def _still_there(self) -> None:
        if time.monotonic() - self._heard < _ASK_S:
            return
        self._misses += 1
        self._do(MODULE_TYPE)
        self._take(self._line.receive(_ANSWER_S))
        if self._misses >= _MISSES:
            raise NoAnswer(f"no answer to {_MISSES} questions")
