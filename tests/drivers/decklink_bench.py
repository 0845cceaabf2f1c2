"""What the tests of DeckLink cards have in common: the stand-in library and its cards."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from drivers.decklink import Driver
from drivers.video import format_named
from tests.support.standin import Local, library

HD = format_named("720p50")
FRAME = 20_000_000
DUO, RECORDER, MONITOR = str(0x1A2B0010), str(0x1A2B0020), str(0x1A2B0030)
INACTIVE = str(0x1A2B0011)
DUO_AT, RECORDER_AT, MONITOR_AT = 0, 2, 3  # as commands name them


@cache
def local() -> Local:
    """The stand-in, loaded once in this process."""
    return Local()


def driver() -> Driver:
    """A driver over the stand-in."""
    return Driver(str(library()))


@pytest.fixture
def cards() -> Iterator[Local]:
    """Every card as new, 720p50 at the Duo's input; afterwards nobody may hold anything."""
    command = local()
    command("reset")
    command(f"source {DUO_AT} hp50 10")
    command(f"source {RECORDER_AT} hp50 10")
    yield command
    gc.collect()  # what an exception's traceback holds
    until(lambda: not any(held().values()), "objects of the library are still held", held)


def held() -> dict[str, Any]:
    """References to the stand-in's objects that are alive, by kind."""
    return local()("objects")


def until(
    there: Callable[[], bool],
    what: str,
    value: Callable[[], object] = lambda: "",
    seconds: float = 10,
) -> None:
    """Waits for a condition; AssertionError says which did not come, and how it stands."""
    end = time.monotonic() + seconds
    while not there():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: {value()}")
        time.sleep(0.005)
