"""A source driven from Python, for tests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

from drivers import _video
from drivers.frame import Frame
from drivers.video import Source

SECOND = 1_000_000_000
WAIT = 3 * SECOND


class Result(IntEnum):
    """enum rtv_result of video.h."""

    OK = 0
    TIMEOUT = 1
    SIGNAL_CHANGED = 2
    FORMAT_CHANGED = 3
    GONE = 4
    REFUSED = -1
    BROKEN = -2


def tai() -> int:
    return time.clock_gettime_ns(time.CLOCK_TAI)


class Reading:
    """One consumer of a source."""

    def __init__(self, source: Source) -> None:
        self.reader = _video.SourceReader(source.capsule())

    def start(self, slices: bool = False) -> Result:
        return Result(self.reader.start(slices))

    def next(self, timeout_ns: int = WAIT) -> tuple[Result, Frame | None, dict[str, Any]]:
        result, native, event = self.reader.next(timeout_ns)
        return Result(result), None if native is None else Frame(native), event

    def frame(self) -> Frame:
        """The next frame; no event may come before it."""
        result, frame, event = self.next()
        assert result is Result.OK, (result.name, event)
        assert frame is not None
        return frame

    def frames(self, count: int) -> list[Frame]:
        return [self.frame() for _ in range(count)]

    def until(self, wanted: Result, most: int = 50) -> tuple[list[Frame], dict[str, Any]]:
        """The frames before the event, and the event."""
        frames: list[Frame] = []
        for _ in range(most):
            result, frame, event = self.next()
            if result is wanted:
                return frames, event
            assert result is Result.OK, (result.name, event)
            assert frame is not None
            frames.append(frame)
        raise AssertionError(f"no {wanted.name} within {most} frames")

    def wait_lines(self, frame: Frame, lines: int, timeout_ns: int = WAIT) -> Result:
        return Result(self.reader.wait_lines(frame.native, lines, timeout_ns))


@contextmanager
def reading(source: Source, slices: bool = False) -> Iterator[Reading]:
    """A started consumer; stopped, and the source closed, at the end."""
    r = Reading(source)
    assert r.start(slices) is Result.OK, r.reader.error()
    try:
        yield r
    finally:
        r.reader.stop()
        source.close()
