"""The record that a machine reads out of a picture; see stamp.hpp for how it is drawn."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.frame import Frame
from drivers.synthetic import _synthetic
from drivers.video import VideoFormat


@dataclass(frozen=True)
class Stamp:
    """What was read. tai: ns. readings: of six (three strips, two fields) that were legible.
    torn: legible ones disagree; the picture is made of two frames."""

    sequence: int
    tai: int
    readings: int
    torn: bool


def read_stamp(frame: Frame | object) -> Stamp | None:
    """Reads a Frame or frame capsule. None: nothing legible. ValueError: raster too small."""
    found = _synthetic.read_stamp(frame.native.borrow() if isinstance(frame, Frame) else frame)
    return None if found is None else Stamp(*found)


def write_stamp(
    frame: Frame,
    sequence: int,
    tai: int,
    *,
    top: bool = True,
    middle: bool = True,
    bottom: bool = True,
) -> None:
    """Draws the record into a writable frame's strips."""
    if not frame.native.writable:
        raise ValueError("frame: was handed on and is not changed any more")
    strips = top * 1 + middle * 2 + bottom * 4
    _synthetic.write_stamp(frame.native.borrow(), sequence, tai, strips)


def stamp_rows(format: VideoFormat) -> list[tuple[int, int]]:
    """(first row, rows) of the top, middle and bottom strip; empty when the raster is too small."""
    return _synthetic.stamp_rows(format.native())
