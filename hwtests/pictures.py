"""Pictures that a test shows and knows again: every frame another one, known from its number, so
that what comes back can be compared bit for bit; and the banners that stand over one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from appliance.overlay import RX_SLATES, TX_SLATES, Composer, Layout, default_layout
from drivers.frame import Frame, FramePool
from drivers.synthetic import Stamp, read_stamp, write_stamp
from drivers.video import Layout as Memory
from drivers.video import VideoFormat

Octets = npt.NDArray[np.uint8]
_STEPS = 61
_FULL = 1023


class Texture:
    """Noise within what every digital video interface carries, elsewhere in each frame, with the
    stamp on it. 8 bit 4:2:2 (UYVY)."""

    def __init__(self, fmt: VideoFormat) -> None:
        if fmt.layout is not Memory.UYVY:
            raise ValueError(f"format: {fmt.depth} bit; the test's pictures have 8")
        noise = np.random.default_rng(fmt.width * fmt.height)
        octets = fmt.width * 2
        self._noise = noise.integers(16, 236, (fmt.height, octets + 4 * _STEPS), np.uint8)
        self._octets = octets
        self._pool = FramePool(fmt, 2)

    def paint(self, frame: Frame, number: int, due: int) -> None:
        """Picture `number` with its stamp. due: TAI ns, part of the stamp."""
        at = number % _STEPS * 4
        frame.planes[0][:, : self._octets] = self._noise[:, at : at + self._octets]
        write_stamp(frame, number, due)

    def stamp_of(self, octets: Octets) -> Stamp | None:
        """What the picture says of itself; None: nothing that one can read."""
        frame = self._frame()
        frame.planes[0][:, : self._octets] = octets
        return read_stamp(frame)

    def is_exact(self, octets: Octets, stamp: Stamp) -> bool:
        """Whether each octet is that of the picture that the stamp names."""
        frame = self._frame()
        self.paint(frame, stamp.sequence, stamp.tai)
        return frame.planes[0][:, : self._octets].tobytes() == octets.tobytes()

    def _frame(self) -> Frame:
        frame = self._pool.acquire()
        assert frame is not None, "both frames of the comparison are in use"
        return frame


class Banners:
    """Reads which banner stands in a received picture (UYVY)."""

    def __init__(self, fmt: VideoFormat) -> None:
        self._fmt = fmt
        drawn = Composer(Layout(zones={}), fmt).slates((*TX_SLATES, *RX_SLATES))
        self._solid = {name: _solid(raster) for name, raster in drawn.items()}

    def over(self, octets: Octets) -> str | None:
        """The reason whose banner is in the picture, None for none. Only pixels that the banner
        covers wholly are looked at, and all of these must be there."""
        for name, (wanted, mask) in self._solid.items():
            high, wide = wanted.shape
            x = (self._fmt.width - wide) // 2 & ~1
            for y in self._tops(high):
                there = octets[y : y + high, 2 * x + 1 : 2 * (x + wide) : 2]
                if _alike(there[::9], wanted[::9], mask[::9]) and _alike(there, wanted, mask):
                    return name
        return None

    def _tops(self, high: int) -> tuple[int, ...]:
        """Where a banner may stand: in the middle, above or below."""
        middle = max(0, (self._fmt.height - high) // 2)
        above = min(middle, self._fmt.height // 6)
        return middle, above, self._fmt.height - high - above


class OverlayText:
    """A zone of the receiver's built-in overlay as it must stand on a screen that shows the
    picture, centred where the screen is larger."""

    def __init__(self, fmt: VideoFormat, zone: str, **patient: str) -> None:
        """patient: attributes of the static part by their keywords."""
        self._fmt = fmt
        dataset = Dataset()
        for keyword, value in patient.items():
            setattr(dataset, keyword, value)
        layout = default_layout()
        only = replace(layout, zones={zone: layout.zones[zone]})
        ((self._x, self._y, raster),) = Composer(only, fmt).overlay(dataset).layers
        solid = raster[..., 3] == _FULL
        # With neighbours of the same kind, so that chroma of 4:2:2 does not come from outside.
        self._mask = solid & np.roll(solid, 1, axis=1) & np.roll(solid, -1, axis=1)
        self._wanted = (raster[..., 0].astype(np.float64) - 64) * 255 / 876
        bright = self._wanted[self._mask] > 200
        assert bright.sum() > 50, "there is no text in this zone that could be looked for"

    def stands(self, screen: Octets) -> bool:
        """Whether all of it is on that screen, R'G'B' [height, width, 3]."""
        rows, columns = screen.shape[:2]
        top = ((rows - self._fmt.height) // 2 & ~1) + self._y
        left = ((columns - self._fmt.width) // 2 & ~1) + self._x
        high, wide = self._mask.shape
        there = screen[top : top + high, left : left + wide] @ np.array([0.2126, 0.7152, 0.0722])
        off = np.abs(there[self._mask] - self._wanted[self._mask])
        return bool((off <= 12).mean() > 0.98)


def _alike(there: Octets, wanted: npt.NDArray[np.int16], mask: npt.NDArray[np.bool_]) -> bool:
    return bool(np.abs(there[mask].astype(np.int16) - wanted[mask]).max(initial=0) <= 2)


def _solid(raster: Any) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.bool_]]:
    """Luma of a banner at 8 bit, and where nothing shows through."""
    return (raster[..., 0] >> 2).astype(np.int16), raster[..., 3] == _FULL
