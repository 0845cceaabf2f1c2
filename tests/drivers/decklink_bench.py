"""What the tests of DeckLink cards have in common."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache

import pytest

from drivers.decklink import Driver
from drivers.video import VideoFormat
from tests.support.decklink_card import Pretend, build

TINY = VideoFormat(320, 180, Fraction(100))


@cache
def pretend() -> Pretend:
    """The library without cards, loaded once."""
    return Pretend(build())


def driver() -> Driver:
    """A driver over it."""
    return Driver(str(pretend().path))


@pytest.fixture
def cards() -> Iterator[Pretend]:
    """Every card as new; afterwards nobody may hold anything of the library."""
    made = pretend()
    made.as_new()
    yield made
    gc.collect()  # what an exception's traceback holds
    until(lambda: made.living() == 0, "objects of the library are still held", made.living)


def until(
    there: Callable[[], bool],
    what: str,
    value: Callable[[], object] = lambda: "",
    seconds: float = 5,
) -> None:
    """Waits for a condition; AssertionError says which did not come, and how it stands."""
    end = time.monotonic() + seconds
    while not there():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: {value()}")
        time.sleep(0.005)
