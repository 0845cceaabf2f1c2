"""Panels on a pseudo-terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.panel import Key, KeyEvent, Panel
from drivers.panel.emulator import Emulator, Picture

Make = Callable[[str], Emulator]


@pytest.fixture
def plugged(tmp_path: Path) -> Iterator[Make]:
    """Makes emulators under a link that stays."""
    made: list[Emulator] = []

    def make(model: str) -> Emulator:
        made.append(Emulator(model, tmp_path / f"panel{len(made)}"))
        return made[-1]

    yield make
    for one in made:
        one.close()


def collected(panel: Panel, count: int, seconds: float = 2.0) -> list[KeyEvent]:
    """So many keys, or those that came within the time."""
    found: list[KeyEvent] = []
    end = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < end:
        found += panel.keys(0.05)
    return found


def pressed(*keys: Key) -> list[KeyEvent]:
    """Each down and up again."""
    return [KeyEvent(key, down) for key in keys for down in (True, False)]


def seen(emulator: Emulator, until: Callable[[Picture], bool]) -> Picture:
    """The picture as soon as it is as expected; the last one when that takes too long. A panel
    that acknowledges nothing shows a little later what was written to it."""
    end = time.monotonic() + 2
    while not until(emulator.picture()) and time.monotonic() < end:
        time.sleep(0.005)
    return emulator.picture()
