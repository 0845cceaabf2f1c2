"""Frames as Python sees them: the same memory, not a copy.

Times are integer nanoseconds TAI. A frame's memory returns to its pool when the last holder lets
go of it; every array taken from a frame keeps the frame.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from drivers import _video
from drivers.video import FrameFlag, Layout, Signal, VideoFormat, format_from_native


class AncillaryPacket(NamedTuple):
    """A packet of a frame's blanking (SMPTE ST 291-1). line: of the interface, 0 not told.
    stream: data stream index. data: user data words without parity, 8 bit each."""

    did: int
    sdid: int
    line: int
    stream: int
    data: bytes


class Frame:
    """One picture in a pool's memory, with what is known of it.

    Made by `FramePool.acquire` (writable until `capsule` hands it on) or from a capsule that a
    source, sink or receiver gave (read-only). Writing after the hand-over raises ValueError.
    """

    __slots__ = ("native",)

    def __init__(self, native: _video.NativeFrame) -> None:
        self.native = native

    @classmethod
    def from_capsule(cls, capsule: object) -> Frame:
        """A frame over a "rtvbox.frame.1" capsule; holds its own reference."""
        return cls(_video.NativeFrame(capsule))

    def capsule(self) -> object:
        """A capsule with its own reference. From here on the frame is read-only."""
        return self.native.capsule()

    @property
    def format(self) -> VideoFormat:
        """Raster, rate and sampling."""
        return format_from_native(self.native.format())

    @property
    def layout(self) -> Layout:
        """How the samples lie in `planes`."""
        return Layout(self.native.format()["layout"])

    @property
    def planes(self) -> list[npt.NDArray[Any]]:
        """The memory itself. V210, UYVY: one uint8 [height, stride]; PLANAR16: three uint16
        [height, stride / 2], Y Cb Cr or R G B. Rows are padded; see `VideoFormat.width`."""
        return self.native.planes()

    @property
    def audio(self) -> npt.NDArray[np.int32] | None:
        """Embedded sound [samples, channels], value in the high bits, or None."""
        return self.native.audio()

    @property
    def ancillary(self) -> list[AncillaryPacket]:
        """Ancillary data of its blanking (SMPTE ST 291-1), copied."""
        return [AncillaryPacket(*one) for one in self.native.ancillary()]

    @property
    def sequence(self) -> int:
        """Counted by the card; a gap is a frame lost before the hand-over."""
        return self.native.sequence

    @property
    def capture_tai(self) -> int:
        """Start of the frame's raster, TAI ns."""
        return self.native.capture_tai

    @property
    def signal(self) -> Signal:
        """State of the input when the frame was captured."""
        return Signal(self.native.signal)

    @property
    def generation(self) -> int:
        """Of the format; changes with every change of format."""
        return self.native.generation

    @property
    def flags(self) -> FrameFlag:
        """What happened to it on the way."""
        return FrameFlag(self.native.flags)

    @property
    def lines_ready(self) -> int:
        """Rows valid from the top."""
        return self.native.lines_ready

    @property
    def origin_tai(self) -> int:
        """Capture at the sender, TAI ns; 0 unknown."""
        return self.native.origin_tai

    @property
    def presented_tai(self) -> int:
        """When the receiver handed it to the sink, TAI ns; 0 before."""
        return self.native.presented_tai

    @property
    def rtp_timestamp(self) -> int:
        """Of the video flow it came with."""
        return self.native.rtp_timestamp

    @property
    def static_id(self) -> int:
        """Which static part of the metadata belongs to it; 0 none."""
        return self.native.static_id

    @property
    def metadata(self) -> bytes:
        """Its own dynamic part and meta information, as received."""
        return self.native.metadata

    def set(self, **values: Any) -> Frame:
        """Sets attributes of a writable frame by name; returns the frame."""
        for name, value in values.items():
            setattr(self.native, name, value)
        return self

    def preview(self, width: int, height: int) -> npt.NDArray[np.uint8]:
        """Scaled down, R'G'B' full range [height, width, 3]."""
        return _video.preview(self.native, width, height)

    def to_rgb(self, bits: int = 8) -> npt.NDArray[Any]:
        """Full size, R'G'B' full range, uint8 or uint16 [height, width, 3]."""
        return _video.to_rgb(self.native, bits)


class FramePool:
    """A bounded number of frames of one format; all memory is taken when it is made."""

    def __init__(
        self,
        format: VideoFormat,
        count: int,
        layout: Layout | None = None,
        metadata: int = 0,
    ) -> None:
        """metadata: bytes beside each frame for `Frame.metadata`."""
        self._native = _video.NativePool(format.native(layout), count, metadata)

    def acquire(self) -> Frame | None:
        """A writable frame with whatever picture its memory last held, or None when all are out."""
        native = self._native.acquire()
        return None if native is None else Frame(native)


def preview(frame: object, width: int, height: int) -> npt.NDArray[np.uint8]:
    """`Frame.preview` of a Frame or a frame capsule."""
    return _frame(frame).preview(width, height)


def to_rgb(frame: object, bits: int = 8) -> npt.NDArray[Any]:
    """`Frame.to_rgb` of a Frame or a frame capsule."""
    return _frame(frame).to_rgb(bits)


def from_rgb(frame: Frame, rgb: npt.NDArray[np.uint8]) -> None:
    """Writes R'G'B' [height, width, 3], full range, into a writable frame of that raster."""
    _video.from_rgb(frame.native, np.ascontiguousarray(rgb, dtype=np.uint8))


def from_planes(frame: Frame, planes: list[npt.NDArray[np.uint16]], depth: int) -> None:
    """Writes planes Y Cb Cr (or R G B) of the frame's own sampling, values of `depth` bits."""
    _video.from_planes(frame.native, planes, depth)


def fill_black(frame: Frame) -> None:
    """Makes a writable frame black."""
    _video.fill_black(frame.native)


def _frame(frame: object) -> Frame:
    return frame if isinstance(frame, Frame) else Frame.from_capsule(frame)
