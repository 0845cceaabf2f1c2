"""What the stand-in's camera draws (decklink/picture.hpp), drawn a second time in numpy."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from drivers.frame import Frame, FramePool
from drivers.synthetic import Stamp, read_stamp, write_stamp
from drivers.video import Layout, VideoFormat

LAYOUTS = {"v210": (Layout.V210, 10), "2vuy": (Layout.UYVY, 8)}


def row_bytes(pixels: str, width: int) -> int:
    """Bytes from row to row."""
    return (width + 47) // 48 * 128 if pixels == "v210" else width * 2


def frame_of(pixels: str, width: int, height: int, rate: Fraction, data: bytes) -> Frame:
    """A frame over a copy of raw bytes."""
    layout, depth = LAYOUTS[pixels]
    frame = FramePool(VideoFormat(width, height, rate, depth=depth), 1, layout).acquire()
    assert frame is not None
    rows = np.frombuffer(data, np.uint8).reshape(height, row_bytes(pixels, width))
    frame.planes[0][:, : rows.shape[1]] = rows
    return frame


def drawn(
    pixels: str, width: int, height: int, rate: Fraction, sequence: int, tai: int
) -> npt.NDArray[np.uint8]:
    """Frame `sequence` whose first line was at `tai`: uint8 [height, bytes of a row]."""
    row = row_bytes(pixels, width)
    base = 13 * np.arange(height)[:, None] + 29 * (sequence % 4)
    if pixels == "2vuy":
        data = (16 + (7 * np.arange(row)[None, :] + base) % 219).astype(np.uint8)
    else:
        ten = (64 + (7 * np.arange(row // 4 * 3)[None, :] + base) % 877).astype("<u4")
        part = ten.reshape(height, row // 4, 3)
        words = part[..., 0] | part[..., 1] << 10 | part[..., 2] << 20
        data = words.astype("<u4").view(np.uint8).reshape(height, row)
    frame = frame_of(pixels, width, height, rate, data.tobytes())
    write_stamp(frame, sequence, tai)
    return np.array(frame.planes[0][:, :row])


def stamp_of(pixels: str, width: int, height: int, rate: Fraction, data: bytes) -> Stamp | None:
    """The stamp in raw bytes; None: nothing legible."""
    return read_stamp(frame_of(pixels, width, height, rate, data))


def check_exact(pixels: str, width: int, height: int, rate: Fraction, data: bytes) -> Stamp:
    """Asserts that every byte is what the camera drew; gives the stamp."""
    stamp = stamp_of(pixels, width, height, rate, data)
    assert stamp is not None, "no stamp"
    assert stamp.readings == 6
    assert not stamp.torn
    assert drawn(pixels, width, height, rate, stamp.sequence, stamp.tai).tobytes() == data
    return stamp
