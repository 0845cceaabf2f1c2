"""Files as pictures in time: what every reader gives, and still images."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from drivers import frame as frames
from drivers.file.plan import Place, letterbox
from drivers.frame import Frame

IMAGES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"}


class Picture(Protocol):
    """One decoded picture, not yet converted."""

    def draw(self, frame: Frame) -> None:
        """Scales it into a writable frame, black around it, square pixels."""


class Reader(Protocol):
    """A file that was found readable."""

    def pictures(self) -> Iterator[tuple[Fraction, Fraction, Picture]]:
        """(time, duration, picture) from the beginning, seconds. ValueError when unreadable."""

    def about(self) -> int | None:
        """How many pictures there are, as far as the file says."""


class RgbPicture:
    """R'G'B' [height, width, 3], full range; pixel `aspect` = width / height."""

    def __init__(self, rgb: npt.NDArray[np.uint8], aspect: Fraction = Fraction(1)) -> None:
        self._rgb = rgb
        self._aspect = aspect

    def draw(self, frame: Frame) -> None:
        """Scales with Pillow, converts with the frame's own matrix and range."""
        f = frame.format
        h, w = self._rgb.shape[:2]
        place = letterbox(w, h, self._aspect, f.width, f.height)
        image = Image.fromarray(self._rgb)
        if (w, h) != (place.width, place.height):
            image = image.resize((place.width, place.height), Image.Resampling.BICUBIC)
        frames.from_rgb(frame, _on_black(np.asarray(image), place, f.width, f.height))


def _on_black(
    rgb: npt.NDArray[np.uint8], place: Place, width: int, height: int
) -> npt.NDArray[np.uint8]:
    canvas = np.zeros((height, width, 3), np.uint8)
    canvas[place.y : place.y + place.height, place.x : place.x + place.width] = rgb
    return canvas


def _open_image(path: Path) -> npt.NDArray[np.uint8]:
    try:
        with Image.open(path) as image:
            if image.mode.startswith("I;16"):  # sixteen-bit grey: its high byte
                return np.asarray(np.asarray(image) >> 8, np.uint8)[..., None].repeat(3, axis=2)
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, Image.DecompressionBombError) as e:
        raise ValueError(f"file: {path} is no readable image: {e}") from e


class ImageReader:
    """Still images one after the other."""

    def __init__(self, paths: list[Path], rate: Fraction) -> None:
        """rate: images a second."""
        self._paths = paths
        self._rate = rate
        _open_image(paths[0])

    def pictures(self) -> Iterator[tuple[Fraction, Fraction, Picture]]:
        """In the order of the paths."""
        for i, path in enumerate(self._paths):
            yield i / self._rate, 1 / self._rate, RgbPicture(_open_image(path))

    def about(self) -> int | None:
        """The number of files."""
        return len(self._paths)


def image_files(path: str) -> list[Path] | None:
    """The images of a folder, a glob or one image file in natural order (2 before 10); None when
    the path means none of these. ValueError when a folder or glob holds none."""
    place = Path(path)
    if place.is_dir():
        found = [p for p in place.iterdir() if p.suffix.lower() in IMAGES]
    elif place.is_file():
        return [place] if place.suffix.lower() in IMAGES else None
    elif any(c in path for c in "*?["):
        anchor = Path(place.anchor) if place.is_absolute() else Path()
        pattern = str(place.relative_to(anchor)) if place.is_absolute() else path
        found = [p for p in anchor.glob(pattern) if p.suffix.lower() in IMAGES]
    else:
        return None
    if not found:
        raise ValueError(f"file: {path} holds no image ({', '.join(sorted(IMAGES))})")
    return sorted(found, key=lambda p: [int(s) if s.isdigit() else s for s in _parts(p)])


def _parts(path: Path) -> list[str]:
    return re.split(r"(\d+)", path.name.lower())
