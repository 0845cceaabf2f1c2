"""Crystalfontz panels: one command at a time, each acknowledged, and a shadow of the glass."""

from __future__ import annotations

import time
from collections.abc import Sequence

from drivers.panel.cfa_packet import KEY_REPORT, Command, Decoder, Kind, Packet
from drivers.panel.charset import GLYPHS, encode
from drivers.panel.glass import fitted, spans
from drivers.panel.line import Line, until
from drivers.panel.model import Colour, Key, KeyEvent, NoAnswer, PanelModel, PanelRefused

ACK_S = 0.25
"""The vendor's time for an answer."""
TRIES = 3
_QUIET_S = 0.1  # octets of a packet come in one go; a USB converter holds them 16 ms at most
_PING_S = 1.0
_UNDERLINE = 2

_KEYS = (Key.UP, Key.DOWN, Key.LEFT, Key.RIGHT, Key.ENTER, Key.EXIT)
# CFA-631 has four keys in its corners: upper left and right, lower left and right.
_CORNERS = (Key.UP, Key.ENTER, Key.DOWN, Key.EXIT)


def key_event(code: int) -> KeyEvent | None:
    """The key of a report's octet; None for one that is not known."""
    if 1 <= code <= 12:
        return KeyEvent(_KEYS[(code - 1) % 6], code <= 6)
    if 13 <= code <= 20:
        return KeyEvent(_CORNERS[(code - 13) % 4], code <= 16)
    return None


class Exchange:
    """Commands over a line, one outstanding at a time; keys that come meanwhile are kept."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._decoder = Decoder()
        self._events: list[KeyEvent] = []
        self.repeated = 0
        """Commands sent again because no answer came."""

    @property
    def garbage(self) -> int:
        """Octets received that belonged to no packet."""
        return self._decoder.dropped

    def command(self, code: int, data: bytes = b"", tries: int = TRIES) -> bytes:
        """Sends a command, again when no answer comes; returns the answer's data.

        Raises PanelRefused, or NoAnswer after so many tries.
        """
        octets = Packet(Kind.COMMAND, code, data).encode()
        for attempt in range(tries):
            self.repeated += attempt > 0
            self._line.send(octets)
            answers = self._answers(code, time.monotonic() + ACK_S, 1)
            if answers:
                if attempt:
                    # Answers to the earlier tries may be on their way. Were they left for the
                    # next command of this code, it would seem done before it is.
                    self._answers(code, time.monotonic() + ACK_S, attempt)
                if answers[0].kind is Kind.ERROR:
                    raise PanelRefused(f"the panel refuses command {code} with {data.hex()}")
                return answers[0].data
        raise NoAnswer(f"no answer to command {code} after {tries} tries of {ACK_S:g} s")

    def events(self, timeout: float) -> list[KeyEvent]:
        """Keys that came, waiting so long for the first."""
        if not self._events:
            self._answers(-1, time.monotonic() + timeout, 1, until_key=True)
        taken, self._events = self._events, []
        return taken

    def _answers(
        self, code: int, deadline: float, count: int, *, until_key: bool = False
    ) -> list[Packet]:
        """Answers to a command until a deadline, at most `count`."""
        answers: list[Packet] = []
        while len(answers) < count and not (until_key and self._events):
            left = until(deadline)
            wait = min(left, _QUIET_S) if self._decoder.waiting else left
            octets = self._line.receive(wait)
            packets = self._decoder.feed(octets) if octets else self._decoder.quiet()
            for packet in packets:
                if packet.kind is Kind.REPORT:
                    self._report(packet)
                elif packet.code == code:
                    answers.append(packet)
            # Also when the line never falls silent: noise must not hold anyone here.
            if left <= 0 or (not octets and left <= wait):
                break
        return answers

    def _report(self, packet: Packet) -> None:
        # Fans and temperatures are reported too; here only the keys matter.
        if packet.code == KEY_REPORT and len(packet.data) == 1:
            event = key_event(packet.data[0])
            if event is not None:
                self._events.append(event)


class Crystalfontz:
    """A Panel (see model) of the packet family."""

    def __init__(self, line: Line, exchange: Exchange, model: PanelModel, about: str) -> None:
        """Takes over a line on which this model answered; makes the glass known and empty."""
        self._line, self._exchange = line, exchange
        self.model, self.about = model, about
        self._shown: tuple[bytes, ...] | None = None
        self._glyphs: tuple[str, ...] = ()
        self._lights: list[Colour | None] = [None] * model.lights
        self._percent = -1
        self._cursor: tuple[int, int] | None = None
        self._asked = time.monotonic()
        self._do(Command.CURSOR_STYLE, b"\0")
        self._do(Command.CLEAR)
        self._shown = tuple(b" " * model.columns for _ in range(model.rows))
        mask = 0x3F if Key.LEFT in model.keys else 0x0F
        self._do(Command.KEY_REPORTING, bytes((mask, mask)))

    @property
    def garbage(self) -> int:
        """Octets received that belonged to no packet."""
        return self._exchange.garbage

    @property
    def repeated(self) -> int:
        """Commands that were sent again."""
        return self._exchange.repeated

    def show(self, lines: Sequence[str], cursor: tuple[int, int] | None = None) -> None:
        """See Panel."""
        model = self.model
        new = encode(fitted(lines, model.columns, model.rows), model.charset, self._glyphs)
        for slot, char in enumerate(new.glyphs):
            if self._glyphs[slot : slot + 1] != (char,):
                self._do(Command.GLYPH, bytes((slot, *GLYPHS[char])))
                self._glyphs = (*self._glyphs[:slot], char, *self._glyphs[slot + 1 :])
        for span in spans(self._shown, new.rows, model.span):
            self._do(Command.WRITE, bytes((span.column, span.row)) + span.codes)
            self._note(span.row, span.column, span.codes)
        if cursor != self._cursor:
            if cursor is not None:
                self._do(Command.CURSOR_POSITION, bytes((cursor[1], cursor[0])))
            self._do(Command.CURSOR_STYLE, bytes((0 if cursor is None else _UNDERLINE,)))
            self._cursor = cursor

    def light(self, colours: Sequence[Colour]) -> None:
        """See Panel."""
        for at, (colour, (green, red)) in enumerate(zip(colours, self.model.outputs, strict=False)):
            if self._lights[at] is not colour:
                self._do(Command.SET_OUTPUT, bytes((green, 100 if colour.green else 0)))
                self._do(Command.SET_OUTPUT, bytes((red, 100 if colour.red else 0)))
                self._lights[at] = colour

    def backlight(self, percent: int) -> None:
        """See Panel."""
        percent = max(0, min(100, percent))
        if percent != self._percent:
            self._do(Command.BACKLIGHT, bytes((percent,)))
            self._percent = percent

    def keys(self, timeout: float) -> list[KeyEvent]:
        """See Panel."""
        events = self._exchange.events(timeout)
        if not events and time.monotonic() - self._asked > _PING_S:
            self._do(Command.PING)
        return events

    def store_boot_screen(self, lines: Sequence[str]) -> None:
        """See Panel."""
        self.show(lines)
        self._do(Command.STORE_BOOT_STATE)

    def close(self) -> None:
        """See Panel."""
        self._line.close()

    def _do(self, code: Command, data: bytes = b"") -> bytes:
        answer = self._exchange.command(code, data)
        self._asked = time.monotonic()
        return answer

    def _note(self, row: int, column: int, codes: bytes) -> None:
        """Writes a span that was acknowledged into the shadow."""
        assert self._shown is not None
        old = self._shown[row]
        new = old[:column] + codes + old[column + len(codes) :]
        self._shown = (*self._shown[:row], new, *self._shown[row + 1 :])
