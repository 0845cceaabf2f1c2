"""What the inside of a panel does with octets, of both families. Pure: `emulator` gives a port."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from drivers.panel import matrix_orbital as mo
from drivers.panel.cfa_packet import FROM_HOST, KEY_REPORT, Command, Decoder, Kind, Packet
from drivers.panel.charset import decode
from drivers.panel.model import Colour, Family, Key, PanelModel


@dataclass(frozen=True)
class Picture:
    """What a person sees: text of each row, the underline, lights, backlight in per cent."""

    rows: tuple[str, ...]
    cursor: tuple[int, int] | None
    lights: tuple[Colour, ...]
    backlight: int


class Device(Protocol):
    """The inside of a panel."""

    @property
    def model(self) -> PanelModel:
        """Its kind."""

    def take(self, octets: bytes) -> list[bytes]:
        """Octets from the host; returns its answers, one each."""

    def press(self, key: Key, *, pressed: bool = True) -> bytes:
        """What it says when a key goes down or up; b"" for a key that it does not have."""

    def picture(self) -> Picture:
        """What it shows."""

    def restart(self) -> None:
        """Power off and on again."""


class EmulatedCrystalfontz:
    """The inside of a Crystalfontz panel."""

    def __init__(self, model: PanelModel) -> None:
        self.model = model
        name = model.name.upper()
        self.boot_screen = [
            line.ljust(model.columns).encode() for line in (name, "waiting for the host", "", "")
        ][: model.rows]
        self.boot_screen = [row[: model.columns] for row in self.boot_screen]
        self.heard: deque[Packet] = deque(maxlen=4096)
        """Commands that came whole, for a person and for tests."""
        self.restart()

    def restart(self) -> None:
        """See Device."""
        self._decoder = Decoder(FROM_HOST)
        self._rows = [bytearray(row) for row in self.boot_screen]
        self._glyphs: dict[int, tuple[int, ...]] = {}
        self._outputs: dict[int, int] = {}
        self._backlight = 100
        self._cursor = (0, 0)
        self._style = 0
        self._masks = (0x3F, 0x3F)

    def take(self, octets: bytes) -> list[bytes]:
        """See Device."""
        return [self._answer(packet).encode() for packet in self._decoder.feed(octets)]

    def press(self, key: Key, *, pressed: bool = True) -> bytes:
        """See Device."""
        if key not in self.model.keys or not self._masks[0 if pressed else 1]:
            return b""
        if Key.LEFT in self.model.keys:
            code = [Key.UP, Key.DOWN, Key.LEFT, Key.RIGHT, Key.ENTER, Key.EXIT].index(key) + 1
            code += 0 if pressed else 6
        else:
            code = [Key.UP, Key.ENTER, Key.DOWN, Key.EXIT].index(key) + 13
            code += 0 if pressed else 4
        return Packet(Kind.REPORT, KEY_REPORT, bytes((code,))).encode()

    def picture(self) -> Picture:
        """See Device."""
        model = self.model
        return Picture(
            tuple(decode(bytes(row), model.charset, self._glyphs) for row in self._rows),
            self._cursor if self._style else None,
            tuple(
                Colour((self._outputs.get(green, 0) > 0, self._outputs.get(red, 0) > 0))
                for green, red in model.outputs
            ),
            self._backlight,
        )

    def _answer(self, packet: Packet) -> Packet:
        self.heard.append(packet)
        answer = self._do(packet.code, packet.data)
        if answer is None:
            return Packet(Kind.ERROR, packet.code)
        return Packet(Kind.RESPONSE, packet.code, answer)

    def _do(self, code: int, data: bytes) -> bytes | None:
        """Does a command; None for one that is refused."""
        length = len(data)
        if code == Command.PING:
            return data
        if code == Command.VERSION and not length:
            return f"{self.model.name.upper()}:h1.0,v1.5".encode()
        if code == Command.STORE_BOOT_STATE and not length:
            self.boot_screen = [bytes(row) for row in self._rows]
        elif code == Command.CLEAR and not length:
            self._rows = [bytearray(b" " * self.model.columns) for _ in self._rows]
        elif code == Command.GLYPH and length == 9 and data[0] < 8:
            self._glyphs[data[0]] = tuple(data[1:])
        elif code == Command.CURSOR_POSITION and length == 2 and self._inside(*data):
            self._cursor = (data[1], data[0])
        elif code == Command.CURSOR_STYLE and length == 1 and data[0] <= 4:
            self._style = data[0]
        elif code == Command.CONTRAST and length == 1:
            pass  # text has no contrast
        elif code == Command.BACKLIGHT and length in (1, 2) and max(data) <= 100:
            self._backlight = data[0]
        elif code == Command.KEY_REPORTING and length == 2:
            self._masks = (data[0], data[1])
        elif code == Command.SET_OUTPUT and length == 2 and data[1] <= 100 and self.model.outputs:
            self._outputs[data[0]] = data[1]
        elif code == Command.WRITE and length > 2 and self._inside(*data[:2]):
            column, row, text = data[0], data[1], data[2:]
            if len(text) > self.model.span:
                return None
            self._rows[row][column : column + len(text)] = text
            del self._rows[row][self.model.columns :]
        else:
            return None
        return b""

    def _inside(self, column: int, row: int) -> bool:
        return column < self.model.columns and row < self.model.rows


# Octets behind each command of Matrix Orbital; one that is not here has none.
_LENGTHS = {mo.CURSOR_AT: 2, mo.GLYPH: 9, mo.BRIGHTNESS: 1, mo.OUTPUT_ON: 1, mo.OUTPUT_OFF: 1}
_LENGTHS |= {mo.KEY_MODE: 1, mo.BOOT_SCREEN: 80}


class EmulatedMatrixOrbital:
    """The inside of a Matrix Orbital panel."""

    def __init__(self, model: PanelModel) -> None:
        self.model = model
        self.boot_screen = b"Matrix Orbital LK204".ljust(model.columns * model.rows)
        self.restart()

    def restart(self) -> None:
        """See Device."""
        self._cells = bytearray(self.boot_screen)
        self._place = 0
        self._glyphs: dict[int, tuple[int, ...]] = {}
        self._outputs_on: set[int] = set()
        self._backlight = 255
        self._underline = False
        self._say_up = False
        self._command = bytearray()

    def take(self, octets: bytes) -> list[bytes]:
        """See Device."""
        answers = []
        for octet in octets:
            if not self._command and octet != mo.PREFIX:
                self._cells[self._place] = octet
                self._place = (self._place + 1) % len(self._cells)
                continue
            self._command.append(octet)
            if len(self._command) < 2:
                continue
            if len(self._command) - 2 == _LENGTHS.get(self._command[1], 0):
                command, self._command = self._command, bytearray()
                answers.append(self._do(command[1], bytes(command[2:])))
        return [answer for answer in answers if answer]

    def press(self, key: Key, *, pressed: bool = True) -> bytes:
        """See Device."""
        letter = {own: code for code, own in reversed(mo.KEYS.items())}[key]
        if pressed:
            return bytes((letter,))
        return bytes((letter + 32,)) if self._say_up else b""

    def picture(self) -> Picture:
        """See Device."""
        wide = self.model.columns
        rows = [self._cells[at : at + wide] for at in range(0, len(self._cells), wide)]
        return Picture(
            tuple(decode(bytes(row), self.model.charset, self._glyphs) for row in rows),
            divmod(self._place, wide) if self._underline else None,
            tuple(
                Colour((green not in self._outputs_on, red not in self._outputs_on))
                for green, red in self.model.outputs
            ),
            self._backlight * 100 // 255,
        )

    def _do(self, command: int, data: bytes) -> bytes:
        if command == mo.CLEAR:
            self._cells, self._place = bytearray(b" " * len(self._cells)), 0
        elif command == mo.CURSOR_AT:
            self._place = min(data[0] - 1 + (data[1] - 1) * self.model.columns, 79) % 80
        elif command in (mo.UNDERLINE_ON, mo.UNDERLINE_OFF):
            self._underline = command == mo.UNDERLINE_ON
        elif command == mo.GLYPH:
            self._glyphs[data[0] & 7] = tuple(data[1:])
        elif command == mo.BRIGHTNESS:
            self._backlight = data[0]
        elif command == mo.OUTPUT_ON:
            self._outputs_on.add(data[0])
        elif command == mo.OUTPUT_OFF:
            self._outputs_on.discard(data[0])
        elif command == mo.KEY_MODE:
            self._say_up = data[0] == 1
        elif command == mo.BOOT_SCREEN:
            self.boot_screen = data
        elif command == mo.MODULE_TYPE:
            return bytes((0x2B,))
        return b""


def device(model: PanelModel) -> Device:
    """The inside of this kind of panel."""
    if model.family is Family.CRYSTALFONTZ:
        return EmulatedCrystalfontz(model)
    return EmulatedMatrixOrbital(model)
