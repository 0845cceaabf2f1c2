"""Video files through PyAV (FFmpeg): scaled and converted by swscale, ten bits deep."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from drivers import frame as frames
from drivers.file.pictures import Picture, RgbPicture
from drivers.file.plan import letterbox
from drivers.frame import Frame
from drivers.video import Sampling

_FFMPEG_601, _FFMPEG_709, _UNSAID = 5, 1, {0, 2}
_PLANAR = {Sampling.YCBCR_422: "yuv422p10le", Sampling.YCBCR_444: "yuv444p10le"}


class VideoReader:
    """The first picture stream of a file."""

    def __init__(self, path: Path) -> None:
        try:
            import av
        except ImportError as e:
            raise ValueError(
                f"file: {path} is no image and no DICOM object, and video files need PyAV; "
                "install it with: pip install 'rtvbox[file]'"
            ) from e
        self._av = av
        self._path = path
        self._frames: int | None = None
        with self._open() as container:
            if container.format.name == "tty":  # FFmpeg would draw any text
                raise ValueError(f"file: {path} is a text, not a video")
            stream = self._stream(container)
            rate = stream.average_rate or stream.guessed_rate or Fraction(25)
            self._period = 1 / Fraction(rate)
            if stream.frames:
                self._frames = stream.frames
            elif container.duration:
                self._frames = round(Fraction(container.duration, 1_000_000) / self._period)

    def _open(self) -> Any:
        try:
            return self._av.open(str(self._path))
        except (self._av.FFmpegError, OSError, ValueError) as e:
            reason = getattr(e, "strerror", None) or e
            raise ValueError(f"file: {self._path} is no readable video: {reason}") from e

    def _stream(self, container: Any) -> Any:
        if not container.streams.video:
            raise ValueError(f"file: {self._path} has no picture, only {_what_else(container)}")
        return container.streams.video[0]

    def about(self) -> int | None:
        """Frames as far as the container says."""
        return self._frames

    def pictures(self) -> Iterator[tuple[Fraction, Fraction, Picture]]:
        """Decoded in the order of presentation. ValueError where the file is damaged."""
        with self._open() as container:
            stream = self._stream(container)
            stream.thread_type = "AUTO"
            time = Fraction(0)
            try:
                for decoded in container.decode(stream):
                    if decoded.pts is not None and decoded.time_base is not None:
                        time = decoded.pts * Fraction(decoded.time_base)
                    aspect = stream.codec_context.sample_aspect_ratio or Fraction(1)
                    yield time, self._period, _Decoded(decoded, Fraction(aspect))
                    time += self._period
            except self._av.FFmpegError as e:
                raise ValueError(f"file: {self._path} is damaged: {e.strerror or e}") from e


def _what_else(container: Any) -> str:
    kinds = sorted({stream.type for stream in container.streams})
    return " and ".join(kinds) or "nothing"


class _Decoded:
    def __init__(self, decoded: Any, aspect: Fraction) -> None:
        self._decoded = decoded
        self._aspect = aspect

    def draw(self, frame: Frame) -> None:
        f = frame.format
        source = self._decoded
        place = letterbox(source.width, source.height, self._aspect, f.width, f.height)
        matrix = int(source.colorspace)
        if matrix in _UNSAID:  # what players assume
            matrix = _FFMPEG_601 if source.height <= 576 else _FFMPEG_709
        if f.sampling is Sampling.RGB or f.full_range or f.colorimetry == "BT2020":
            rgb = source.reformat(place.width, place.height, "rgb24", src_colorspace=matrix)
            RgbPicture(rgb.to_ndarray()).draw(frame)
            return
        scaled = source.reformat(
            place.width,
            place.height,
            _PLANAR[f.sampling],
            src_colorspace=matrix,
            dst_colorspace=_FFMPEG_601 if f.colorimetry == "BT601" else _FFMPEG_709,
            dst_color_range=1,  # narrow
        )
        half = f.sampling is Sampling.YCBCR_422
        planes = []
        for i, plane in enumerate(scaled.planes):
            shift = 1 if i and half else 0
            rows = np.frombuffer(plane, np.uint16).reshape(plane.height, plane.line_size // 2)
            planes.append(
                _padded(
                    rows[:, : plane.width],
                    place.x >> shift,
                    place.y,
                    f.width >> shift,
                    f.height,
                    512 if i else 64,
                )
            )
        frames.from_planes(frame, planes, 10)


def _padded(
    rows: npt.NDArray[np.uint16], x: int, y: int, width: int, height: int, value: int
) -> npt.NDArray[np.uint16]:
    if rows.shape == (height, width):
        return rows
    out = np.full((height, width), value, np.uint16)
    out[y : y + rows.shape[0], x : x + rows.shape[1]] = rows
    return out
