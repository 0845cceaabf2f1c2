"""What a video format, a frame, a source and a sink are.

The picture itself never passes through Python: sources and sinks hand the engine a capsule with
the function table of `include/rtvbox/video.h`; ownership and slices are described there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import IntEnum, IntFlag, StrEnum
from fractions import Fraction
from typing import Any, Protocol, runtime_checkable


class Sampling(StrEnum):
    """Sampling structure, spelled as in ST 2110-20."""

    YCBCR_422 = "YCbCr-4:2:2"
    YCBCR_444 = "YCbCr-4:4:4"
    RGB = "RGB"


class Scan(IntEnum):
    """How a frame's lines are ordered in time; the first field holds the even rows."""

    PROGRESSIVE = 0
    INTERLACED = 1
    PSF = 2


class Layout(IntEnum):
    """How samples lie in a card's memory; numbers as in video.h."""

    V210 = 1
    UYVY = 2
    PLANAR16 = 3


class Signal(IntEnum):
    """State of an input's signal. Only LOCKED is live."""

    ABSENT = 0
    UNLOCKED = 1
    LOCKED = 2
    MISMATCH = 3
    UNSUPPORTED = 4
    GONE = 5


class FrameFlag(IntFlag):
    """Marks on a frame; numbers as in video.h."""

    CONCEALED = 1
    LATE = 2
    REPEATED = 4
    SLATE = 8
    NO_METADATA = 16
    NO_PATIENT = 32
    NO_LOCK = 64


NATIVE_SAMPLING = {Sampling.YCBCR_422: 1, Sampling.YCBCR_444: 2, Sampling.RGB: 3}
COLORIMETRY = {"BT601": 1, "BT709": 2, "BT2020": 3}
_SAMPLING = {number: sampling for sampling, number in NATIVE_SAMPLING.items()}
_COLORIMETRY = {number: name for name, number in COLORIMETRY.items()}


@dataclass(frozen=True)
class VideoFormat:
    """Raster and rate of a video signal.

    width, height: pixels of the whole frame. rate: frames (not fields) a second.
    """

    width: int
    height: int
    rate: Fraction
    scan: Scan = Scan.PROGRESSIVE
    sampling: Sampling = Sampling.YCBCR_422
    depth: int = 10
    colorimetry: str = "BT709"
    full_range: bool = False

    def __post_init__(self) -> None:
        if self.depth not in (8, 10, 12):
            raise ValueError(f"depth: {self.depth} is not carried; choose 8, 10 or 12")
        if self.colorimetry not in COLORIMETRY:
            raise ValueError(
                f"colorimetry: {self.colorimetry} is not carried; choose {', '.join(COLORIMETRY)}"
            )
        if self.width < 2 or self.height < 1 or self.width > 32767 or self.height > 32767:
            raise ValueError(f"raster: {self.width}x{self.height} is out of range")
        if self.sampling is Sampling.YCBCR_422 and self.width % 2:
            raise ValueError(f"width: {self.width} is odd, which 4:2:2 cannot carry")
        if self.scan is not Scan.PROGRESSIVE and self.height % 2:
            raise ValueError(f"height: {self.height} is odd, which two fields cannot carry")
        if self.rate <= 0:
            raise ValueError(f"rate: {self.rate} is not a frame rate")

    @property
    def interlaced(self) -> bool:
        """Whether the frame travels as two fields or segments."""
        return self.scan is not Scan.PROGRESSIVE

    @property
    def frame_ns(self) -> Fraction:
        """Duration of a frame, ns, exact."""
        return 1_000_000_000 / self.rate

    @property
    def layout(self) -> Layout:
        """The layout cards use for this sampling and depth."""
        if self.sampling is Sampling.YCBCR_422 and self.depth == 10:
            return Layout.V210
        if self.sampling is Sampling.YCBCR_422 and self.depth == 8:
            return Layout.UYVY
        return Layout.PLANAR16

    def native(self, layout: Layout | None = None) -> dict[str, int]:
        """The fields of `rtv_format` by name, plain values for the native half."""
        return {
            "width": self.width,
            "height": self.height,
            "rate_num": self.rate.numerator,
            "rate_den": self.rate.denominator,
            "sampling": NATIVE_SAMPLING[self.sampling],
            "depth": self.depth,
            "scan": int(self.scan),
            "layout": int(layout or self.layout),
            "colorimetry": COLORIMETRY[self.colorimetry],
            "full_range": int(self.full_range),
        }


_RATES = {
    "23.98": Fraction(24000, 1001),
    "24": Fraction(24),
    "25": Fraction(25),
    "29.97": Fraction(30000, 1001),
    "30": Fraction(30),
    "50": Fraction(50),
    "59.94": Fraction(60000, 1001),
    "60": Fraction(60),
}


def format_from_native(native: dict[str, int]) -> VideoFormat:
    """The reverse of `VideoFormat.native`; the layout is not part of a VideoFormat."""
    return VideoFormat(
        native["width"],
        native["height"],
        Fraction(native["rate_num"], native["rate_den"]),
        Scan(native["scan"]),
        _SAMPLING[native["sampling"]],
        native["depth"],
        _COLORIMETRY[native["colorimetry"]],
        bool(native["full_range"]),
    )


def _table() -> dict[str, VideoFormat]:
    table = {}
    for name in ("50", "59.94", "60"):
        table[f"720p{name}"] = VideoFormat(1280, 720, _RATES[name])
    for name in ("50", "59.94"):  # named by fields, as the trade does; rate is the frame's
        table[f"1080i{name}"] = VideoFormat(1920, 1080, _RATES[name] / 2, Scan.INTERLACED)
    for name, rate in _RATES.items():
        table[f"1080p{name}"] = VideoFormat(1920, 1080, rate)
        table[f"2160p{name}"] = VideoFormat(3840, 2160, rate)
    return table


FORMATS: dict[str, VideoFormat] = _table()
"""The usual SDI formats by name, 10-bit 4:2:2."""


_RASTER = re.compile(r"([1-9][0-9]{1,4})x([1-9][0-9]{0,4})([pi])([0-9]{1,3}(?:\.[0-9]{2})?)")


def format_named(name: str, **changes: Any) -> VideoFormat:
    """A format of the table, or any other raster as WIDTHxHEIGHT, p or i, RATE (computers' and
    older equipment's: 1280x1024p60, 720x576i50), with changes (depth, sampling, colorimetry ...).

    Raises ValueError with one line that names the field and the remedy.
    """
    found = FORMATS.get(name) or _raster(name)
    if found is None:
        raise ValueError(
            f"format: {name[:60]!r} is unknown; choose {', '.join(FORMATS)}, or write a raster: "
            "1280x1024p60"
        )
    return replace(found, **changes)


def _raster(name: str) -> VideoFormat | None:
    match = _RASTER.fullmatch(name)
    if match is None:
        return None
    width, height, scan, rate = match.groups()
    # x.94 and the like are 1000/1001 of the whole rate above.
    exact = _RATES.get(rate) or (Fraction(rate) if "." not in rate else None)
    if not exact or exact > 120:
        return None
    if scan == "i":
        return VideoFormat(int(width), int(height), exact / 2, Scan.INTERLACED)
    return VideoFormat(int(width), int(height), exact)


@runtime_checkable
class Source(Protocol):
    """Where frames come from. The engine takes `capsule()` and runs the table in its own thread."""

    @property
    def format(self) -> VideoFormat:
        """What it was asked to deliver."""

    def capsule(self) -> object:
        """The `rtv_source` table; keeps the source alive as long as somebody holds it."""

    def stats(self) -> dict[str, int]:
        """Counters: frames made, dropped before the hand-over, signal losses ..."""

    def close(self) -> None:
        """Stops and lets go of the device; idempotent."""


@runtime_checkable
class Sink(Protocol):
    """Where frames go. The engine takes `capsule()` and runs the table in its own thread."""

    def capsule(self) -> object:
        """The `rtv_sink` table; keeps the sink alive as long as somebody holds it."""

    def stats(self) -> dict[str, int]:
        """Counters: frames shown, late, dropped ..."""

    def close(self) -> None:
        """Stops and lets go of the device; idempotent."""


@runtime_checkable
class Punctual(Protocol):
    """A pretend card, which depends on this machine's CPUs to keep time."""

    def late_wakes(self) -> list[tuple[int, int]]:
        """When its thread meant to go on and when it did, ns TAI, where that was 1 ms later or
        more; the last 256, oldest first."""


@runtime_checkable
class Refreshing(Protocol):
    """An output that shows pictures at refreshes of its own: a monitor."""

    def matching(self) -> list[str]:
        """Its modes of any raster that show the flow's rate, or a multiple, without a slip; for a
        person, the largest first."""


@runtime_checkable
class Telling(Protocol):
    """A card that has something to say beside its counts."""

    def events(self) -> list[tuple[int, str, str]]:
        """What happened since the last call: when (TAI ns), "info", "warning" or "error", and one
        line for the log without patient data."""
