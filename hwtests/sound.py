"""Sound that came back with its picture: whether all of it did, and how far it is from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RATE = 48_000
_SECOND = 1_000_000_000
_LOUD = 1 << 24  # the beep is 1 << 28 and more; what a way adds to silence is less
_STILL = RATE // 20


@dataclass(frozen=True)
class Heard:
    """A frame that came back. number: of its stamp. tai: when it was made, ns, of its stamp.
    samples: [samples, channels], value in the high bits; None: it brought no sound."""

    number: int
    tai: int
    samples: npt.NDArray[np.int32] | None


def beeps(frames: Iterable[Heard]) -> list[float]:
    """By how much each beep of the pretend card is later than the second (TAI) that the pictures
    beside it say, ms. A beep is heard as such only after 50 ms of silence."""
    found: list[float] = []
    still = 0
    for one in frames:
        if one.samples is None:
            continue
        loud = np.abs(one.samples[:, 0].astype(np.int64)) > _LOUD
        for at in np.flatnonzero(loud):
            if still + at >= _STILL:
                when = one.tai + int(at) * _SECOND // RATE
                found.append(((when + _SECOND // 2) % _SECOND - _SECOND // 2) / 1e6)
            still = -int(at) - 1
        still += len(loud)
    return found


def samples_off(frames: list[Heard], period: int) -> int:
    """How many samples more (or fewer, negative) came than the frames' time holds. period: of a
    frame, ns. Frames that were left out or came twice are taken out of both sides."""
    off = 0.0
    for run in _runs(frames):
        span = run[-1].tai - run[0].tai + period
        came = sum(0 if one.samples is None else len(one.samples) for one in run)
        off += came - span * RATE / _SECOND
    return round(off)


def _runs(frames: list[Heard]) -> Iterator[list[Heard]]:
    """Stretches without a gap."""
    run: list[Heard] = []
    for one in frames:
        if run and one.number != run[-1].number + 1:
            yield run
            run = []
        run.append(one)
    if run:
        yield run
