"""Faults of a pretend card, as a person writes them: `loss@250+50,drift=100`.

    NAME[=VALUE][@FRAME[+FRAMES]], separated by commas

    loss     no signal: frames stop           black    frames come, black and marked as no signal
    freeze   the picture stands still         drift    the card's clock runs VALUE ppm faster
    format   another signal, VALUE by name    unplug   the card is gone
    restore  signal and picture are back      replug   the card is there again (live only)

FRAME counts frames of the source from 0, without it the fault comes at once; after FRAMES more
the source is as it was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from drivers.video import Layout, Signal, VideoFormat, format_named

_WORD = re.compile(r"([a-z]+)(?:=([^@,]+))?(?:@([0-9]{1,12})(?:\+([0-9]{1,12}))?)?")
_VALUED = {"drift", "format"}
_LASTING = {"loss", "black", "freeze", "drift", "format"}
_NAMES = (*sorted(_LASTING), "unplug", "restore", "replug")


@runtime_checkable
class FaultyCard(Protocol):
    """A pretend card; `at` is the sequence number of the first frame concerned, 0 = the next."""

    def lose_signal(
        self, signal: Signal = Signal.ABSENT, *, frames: bool = False, at: int = 0
    ) -> None:
        """The signal goes."""

    def restore(self, *, at: int = 0) -> None:
        """The signal is back."""

    def set_drift(self, ppm: float, *, at: int = 0) -> None:
        """The card's clock runs faster."""

    def freeze(self, frozen: bool = True, *, at: int = 0) -> None:
        """The picture stands still."""

    def unplug(self, *, at: int = 0) -> None:
        """The card is gone."""

    def replug(self) -> None:
        """The card is there again."""


@runtime_checkable
class ChangingCard(FaultyCard, Protocol):
    """A pretend card at whose input another signal can be put."""

    @property
    def format(self) -> VideoFormat:
        """What it was asked to deliver."""

    def change_format(
        self, format: VideoFormat, layout: Layout | None = None, *, at: int = 0
    ) -> None:
        """Another signal."""


@dataclass(frozen=True)
class Fault:
    """One fault. at: frame, 0 = now. frames: how long, 0 = for good."""

    name: str
    value: str = ""
    at: int = 0
    frames: int = 0


def parse_faults(text: str) -> tuple[Fault, ...]:
    """The faults of a text. Raises ValueError, one line."""
    return tuple(_fault(word.strip()) for word in text.split(","))


def _fault(word: str) -> Fault:
    match = _WORD.fullmatch(word)
    if match is None:
        raise ValueError(f"fault: {word[:60]!r} is none; write NAME[=VALUE][@FRAME[+FRAMES]]")
    name, value, at, frames = match.groups()
    if name not in _NAMES:
        raise ValueError(f"fault: {name!r} is unknown; choose {', '.join(_NAMES)}")
    if (name in _VALUED) != (value is not None):
        need = "needs =VALUE" if name in _VALUED else "takes no =VALUE"
        raise ValueError(f"fault: {name} {need}, as in drift=100 or loss@250+50")
    if frames is not None and name not in _LASTING:
        raise ValueError(f"fault: {name} takes no +FRAMES; leave it out")
    if name == "replug" and at is not None:
        raise ValueError("fault: replug cannot wait for a frame; a card that is gone has none")
    if name == "drift":
        try:
            if not abs(float(value)) <= 100_000:
                raise ValueError
        except ValueError:
            raise ValueError(f"fault: drift={value} is out of range; give ppm") from None
    if name == "format":
        format_named(value)
    return Fault(name, value or "", int(at or 0), int(frames or 0))


def apply_faults(card: object, faults: tuple[Fault, ...]) -> None:
    """Tells the card. Raises ValueError when the source is no pretend card."""
    if faults and not isinstance(card, FaultyCard):
        raise ValueError("fault: a real source has its own; use --source synthetic or file:PATH")
    if any(fault.name == "format" for fault in faults) and not isinstance(card, ChangingCard):
        raise ValueError("fault: a file has one format; use --source synthetic")
    for fault in faults:
        if fault.name == "format" and isinstance(card, ChangingCard):
            card.change_format(format_named(fault.value), at=fault.at)
            if fault.frames:
                card.change_format(card.format, at=fault.at + fault.frames)
        elif isinstance(card, FaultyCard):
            _apply(card, fault)


def _apply(card: FaultyCard, fault: Fault) -> None:
    name, at, end = fault.name, fault.at, fault.at + fault.frames
    if name in ("loss", "black"):
        card.lose_signal(Signal.ABSENT, frames=name == "black", at=at)
    elif name == "freeze":
        card.freeze(True, at=at)
    elif name == "drift":
        card.set_drift(float(fault.value), at=at)
    elif name == "unplug":
        card.unplug(at=at)
    elif name == "replug":
        card.replug()
    elif name == "restore":
        card.restore(at=at)
        card.freeze(False, at=at)
    if not fault.frames:
        return
    if name in ("loss", "black"):
        card.restore(at=end)
    elif name == "freeze":
        card.freeze(False, at=end)
    elif name == "drift":
        card.set_drift(0.0, at=end)
