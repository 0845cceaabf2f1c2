"""Which picture of a file each frame shows, and where in the raster it stands. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

T = TypeVar("T")
_LONGEST = 1_000_000  # frames; hours at any rate


@dataclass(frozen=True)
class Place:
    """Where a picture stands in a raster, pixels; all even, so that chroma samples stay whole."""

    x: int
    y: int
    width: int
    height: int


def letterbox(
    width: int, height: int, aspect: Fraction, raster_width: int, raster_height: int
) -> Place:
    """The largest undistorted place of a picture in a raster of square pixels.

    aspect: a picture's pixel's width over its height.
    """
    wide = width * aspect
    scale = min(Fraction(raster_width) / wide, Fraction(raster_height, height))
    w = min(max(2, round(wide * scale / 2) * 2), raster_width)
    h = min(max(2, round(height * scale / 2) * 2), raster_height)
    return Place((raster_width - w) // 4 * 2, (raster_height - h) // 4 * 2, w, h)


def frames_of(
    pictures: Iterable[tuple[Fraction, Fraction, T]], rate: Fraction
) -> Iterator[tuple[T, int, int]]:
    """Gives each frame of an output at `rate` the picture nearest to it in time.

    pictures: (time, duration, picture) in seconds, times not falling; the first counts as 0.
    Yields (picture, first frame, frames) without gaps; pictures that no frame shows are left out.
    The last picture lasts for its duration. Raises ValueError when one lasts beyond reason.
    """
    start: Fraction | None = None
    held: tuple[Fraction, Fraction, T] | None = None
    at = 0
    for time, duration, picture in pictures:
        if start is None:
            start = time
        time = max(time - start, held[0] if held else Fraction(0))
        if held is not None:
            # Up to the last frame that lies no nearer to the new picture than to the held one.
            until = math.floor((held[0] + time) / 2 * rate) + 1
            _checked_gap(until - at)
            if until > at:
                yield held[2], at, until - at
                at = until
        held = (time, duration, picture)
    if held is not None:
        until = max(round((held[0] + held[1]) * rate), at + (at == 0))
        _checked_gap(until - at)
        if until > at:
            yield held[2], at, until - at


def _checked_gap(frames: int) -> None:
    # A broken time of 64 bits would mean more frames than any memory can list.
    if frames > _LONGEST:
        raise ValueError(f"file: a picture lasts for {frames} frames; its times are damaged")
