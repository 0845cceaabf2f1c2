"""What a front panel is to the rest of the box: a small glass, some keys, a few lights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Protocol


class Key(StrEnum):
    """A key by what it does. A panel with four keys has no LEFT and RIGHT."""

    UP = "up"
    DOWN = "down"
    LEFT = "left"
    RIGHT = "right"
    ENTER = "enter"
    EXIT = "exit"


@dataclass(frozen=True)
class KeyEvent:
    """A key went down (pressed) or up again."""

    key: Key
    pressed: bool = True


class Colour(Enum):
    """Of a light of two colours."""

    OFF = (False, False)
    GREEN = (True, False)
    RED = (False, True)
    AMBER = (True, True)

    @property
    def green(self) -> bool:
        """Whether its green half is lit."""
        return self.value[0]

    @property
    def red(self) -> bool:
        """Whether its red half is lit."""
        return self.value[1]


class Family(StrEnum):
    """Who speaks alike."""

    CRYSTALFONTZ = "Crystalfontz"
    MATRIX_ORBITAL = "Matrix Orbital"


@dataclass(frozen=True)
class PanelModel:
    """A kind of panel.

    columns, rows: of characters. baud: symbols per second after power-on. charset: name of the
    table in `charset`. keys: what it has. outputs: for each light, top to bottom, the numbers of
    its green and red output. span: characters that one write takes.
    """

    name: str
    family: Family
    columns: int
    rows: int
    baud: int
    charset: str
    keys: frozenset[Key]
    outputs: tuple[tuple[int, int], ...]
    span: int

    @property
    def lights(self) -> int:
        """How many lights it has."""
        return len(self.outputs)


_SIX = frozenset(Key)
_FOUR = frozenset({Key.UP, Key.DOWN, Key.ENTER, Key.EXIT})

MODELS: dict[str, PanelModel] = {
    model.name: model
    for model in (
        PanelModel("cfa533", Family.CRYSTALFONTZ, 16, 2, 19200, "hd44780", _SIX, (), 16),
        PanelModel("cfa631", Family.CRYSTALFONTZ, 20, 2, 115200, "cfa63x", _FOUR, (), 20),
        PanelModel("cfa633", Family.CRYSTALFONTZ, 16, 2, 19200, "hd44780", _SIX, (), 16),
        PanelModel(
            "cfa635",
            Family.CRYSTALFONTZ,
            20,
            4,
            115200,
            "cfa63x",
            _SIX,
            ((11, 12), (9, 10), (7, 8), (5, 6)),
            20,
        ),
        PanelModel(
            "lk204",
            Family.MATRIX_ORBITAL,
            20,
            4,
            19200,
            "hd44780",
            _SIX,
            ((1, 2), (3, 4), (5, 6)),
            20,
        ),
    )
}
"""Every panel that is known here: Crystalfontz CFA-533, -631, -633 and -635, and Matrix Orbital
LK204-7T-1U with its own keys and lights (keys on other modules of that make are wired by whoever
builds them in)."""


class PanelGone(OSError):
    """The panel does not answer, or its port went away: close it and open it again."""


class NoAnswer(PanelGone):
    """The port is there, and nothing on it answers."""


class PanelRefused(RuntimeError):
    """The panel understood a command and would not do it."""


class Panel(Protocol):
    """A panel that is there. One thread uses it; each command ends within a second, done or not.

    Every method raises PanelGone when it went away, and is then of no more use. What was shown is
    remembered: only what changed is sent.
    """

    @property
    def model(self) -> PanelModel:
        """Its kind."""

    @property
    def about(self) -> str:
        """What it says of itself: its make, hardware and firmware."""

    def show(self, lines: Sequence[str], cursor: tuple[int, int] | None = None) -> None:
        """Shows text: a line for each row, cut or filled to the width. cursor: row and column of
        an underline that marks the place where keys act."""

    def light(self, colours: Sequence[Colour]) -> None:
        """Sets its lights, top to bottom; those it does not have are not said."""

    def backlight(self, percent: int) -> None:
        """0..100."""

    def keys(self, timeout: float) -> list[KeyEvent]:
        """Waits at most `timeout` seconds for keys; asks now and then whether the panel lives."""

    def store_boot_screen(self, lines: Sequence[str]) -> None:
        """Makes the panel show this by itself at power-on, before any program speaks to it. Wears
        a memory of limited writes: for set-up, not for every start."""

    def close(self) -> None:
        """Lets the port go; what is shown stays. Idempotent."""
