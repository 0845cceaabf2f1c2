"""A multi-frame DICOM object as pictures in time (PS3.3 C.7.6.5 cine, C.7.6.3 image pixel)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import iter_pixels

from drivers.file.pictures import Picture, RgbPicture


class DicomReader:
    """Frames of one object; colour in R'G'B', grey through its window."""

    def __init__(self, path: Path, rate: Fraction | None) -> None:
        """rate: frames a second where the object does not say; then 25."""
        try:
            self._data = pydicom.dcmread(path)
        except Exception as e:
            raise ValueError(f"file: {path} is no readable DICOM object: {e}") from e
        self._path = path
        self._rate = rate
        if "PixelData" not in self._data:
            raise ValueError(f"file: {path} is a DICOM object without a picture")

    def about(self) -> int | None:
        """Number of Frames (0028,0008)."""
        return int(self._data.get("NumberOfFrames") or 1)

    def pictures(self) -> Iterator[tuple[Fraction, Fraction, Picture]]:
        """In the order of the object."""
        data = self._data
        aspect = _aspect(data)
        durations = self._durations()
        time = Fraction(0)
        try:
            for i, pixels in enumerate(iter_pixels(data)):
                duration = durations[min(i, len(durations) - 1)]
                yield time, duration, RgbPicture(_rgb(pixels, data), aspect)
                time += duration
        except GeneratorExit:
            raise
        except Exception as e:
            raise ValueError(
                f"file: {self._path}: its pixel data cannot be decoded "
                f"({data.file_meta.TransferSyntaxUID.name}): {str(e).splitlines()[0]}"
            ) from e

    def _durations(self) -> list[Fraction]:
        """Seconds that each frame lasts; the last one goes on for all further frames."""
        data = self._data
        vector = data.get("FrameTimeVector")
        if vector:  # time from the frame before; the first is 0
            steps = [_seconds(v) for v in list(vector)[1:]]
            good = [s for s in steps if s > 0]
            if good:
                return [s if s > 0 else good[0] for s in steps]
        if self._rate is not None:
            return [1 / self._rate]
        frame_time = data.get("FrameTime")
        if frame_time and _seconds(frame_time) > 0:
            return [_seconds(frame_time)]
        for name in ("CineRate", "RecommendedDisplayFrameRate"):
            if data.get(name):
                return [Fraction(1, int(data[name].value))]
        return [Fraction(1, 25)]


def _seconds(milliseconds: Any) -> Fraction:
    return Fraction(str(milliseconds)) / 1000


def _aspect(data: pydicom.Dataset) -> Fraction:
    """Width of a pixel over its height; Pixel Aspect Ratio (0028,0034) is vertical, horizontal."""
    ratio = data.get("PixelAspectRatio")
    if ratio and len(ratio) == 2 and int(ratio[0]) > 0 and int(ratio[1]) > 0:
        return Fraction(int(ratio[1]), int(ratio[0]))
    return Fraction(1)


def _rgb(pixels: npt.NDArray[Any], data: pydicom.Dataset) -> npt.NDArray[np.uint8]:
    kind = str(data.PhotometricInterpretation)
    if kind == "PALETTE COLOR":
        pixels = apply_color_lut(pixels, data)
        return np.asarray(pixels >> 8 if pixels.dtype == np.uint16 else pixels, np.uint8)
    if pixels.ndim == 3:
        shift = int(data.BitsStored) - 8
        return np.asarray(pixels >> shift if shift > 0 else pixels, np.uint8)
    grey = _windowed(pixels, data)
    if kind == "MONOCHROME1":
        grey = 255 - grey
    return grey[..., None].repeat(3, axis=2)


def _windowed(pixels: npt.NDArray[Any], data: pydicom.Dataset) -> npt.NDArray[np.uint8]:
    """Grey through rescale and first linear window, or over all stored values (PS3.3 C.11.2)."""
    slope = float(data.get("RescaleSlope") or 1)
    intercept = float(data.get("RescaleIntercept") or 0)
    bits = int(data.BitsStored)
    low = -(1 << (bits - 1)) if data.PixelRepresentation else 0
    bottom, top = low * slope + intercept, (low + (1 << bits) - 1) * slope + intercept
    if data.get("WindowCenter") is not None and data.get("WindowWidth") is not None:
        centre, width = _first(data.WindowCenter), _first(data.WindowWidth)
        if width > 1:
            bottom, top = centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2
    scaled = (pixels.astype(np.float32) * slope + intercept - bottom) * (255 / (top - bottom))
    grey: npt.NDArray[np.uint8] = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return grey


def _first(value: Any) -> float:
    return float(value[0] if isinstance(value, (list, pydicom.multival.MultiValue)) else value)
