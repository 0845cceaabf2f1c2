"""What a video flow looks like from its segment headers alone, when no SDP says."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from appliance.rtv.dissect import Segments
from appliance.rtv.pcap import Int64s
from appliance.rtv.pgroup import pgroup
from drivers.video import Scan, VideoFormat

_OCTETS_A_PIXEL = {
    Fraction(2): "4:2:2 8 bit",
    Fraction(5, 2): "4:2:2 10 bit",
    Fraction(3): "4:2:2 12 bit or 4:4:4 8 bit",
    Fraction(15, 4): "4:4:4 10 bit",
    Fraction(9, 2): "4:4:4 12 bit",
}

_RATES = [Fraction(n) for n in (24, 25, 30, 48, 50, 60, 100, 120)] + [
    Fraction(n, 1001) for n in (24_000, 30_000, 60_000, 120_000)
]


@dataclass(frozen=True)
class Raster:
    """width in pixels and rows of a unit (frame or field) as octets lie on the wire.

    group: octets and pixels that lengths and offsets must be multiples of.
    """

    width: int
    rows: int
    line_octets: int
    group: tuple[int, int]
    interlaced: bool
    text: str


def raster_of(fmt: VideoFormat) -> Raster:
    """The raster of a format that an SDP gave."""
    group = pgroup(fmt.sampling, fmt.depth)
    scan = {Scan.PROGRESSIVE: "p", Scan.INTERLACED: "i", Scan.PSF: "psf"}[fmt.scan]
    return Raster(
        fmt.width,
        fmt.height // 2 if fmt.interlaced else fmt.height,
        fmt.width // group.pixels * group.octets,
        (group.octets, group.pixels),
        fmt.interlaced,
        f"{fmt.width}x{fmt.height}{scan} {fmt.sampling.value} {fmt.depth} bit",
    )


def guess_raster(parts: Segments, last: Int64s) -> Raster | None:
    """The raster that the packets fill. last: packets that end a unit, whose row is the last.

    None without such a packet, when lines travel as single segments, which do not
    show how many octets a pixel has, or when they fit no pgroup that we know."""
    length, row, offset = parts.length[:, 0], parts.row[:, 0], parts.offset[:, 0]
    follows = (row[1:] == row[:-1]) & (offset[1:] > offset[:-1]) & (parts.count[:-1] == 1)
    if not np.any(follows) or len(last) == 0:
        return None
    pixels = (offset[1:] - offset[:-1])[follows]
    pairs, counts = np.unique(
        np.stack([length[:-1][follows], pixels], axis=1), axis=0, return_counts=True
    )
    octets, across = pairs[int(np.argmax(counts))].tolist()
    ratio = Fraction(octets, across)
    if ratio not in _OCTETS_A_PIXEL:
        return None
    used = np.arange(3) < parts.count[:, None]
    ends = parts.offset + parts.length * ratio.denominator // ratio.numerator
    width, rows = int(ends[used].max()), int(parts.row[last].max()) + 1
    interlaced = bool(np.any(parts.field[used] == 1))
    height = rows * 2 if interlaced else rows
    kind = _OCTETS_A_PIXEL[ratio]
    return Raster(
        width,
        rows,
        int(width * ratio),
        (ratio.numerator, ratio.denominator),
        interlaced,
        f"looks like {width}x{height}{'i' if interlaced else 'p'} {kind}",
    )


def guess_rate(steps: list[int], clock_rate: int) -> Fraction | None:
    """Units (frames or fields) a second from the differences of their RTP timestamps: a usual
    rate whose steps they are, else the exact rate of a single step that never varies."""
    if not steps:
        return None
    low, high = min(steps), max(steps)
    mean = Fraction(sum(steps), len(steps))
    fits = []
    for rate in _RATES:
        exact = clock_rate / rate
        if exact - 1 < low and high < exact + 1:
            fits.append((abs(mean - exact), rate))
    if fits:
        return min(fits)[1]
    for rate in sorted(_RATES):  # frames were left out: whole numbers of periods, the longest
        exact = clock_rate / rate
        periods = [round(step / exact) for step in steps]
        if all(
            n >= 1 and abs(step - n * exact) < 1 for n, step in zip(periods, steps, strict=True)
        ):
            return rate
    return Fraction(clock_rate, low) if low == high and low > 0 else None


def nominal(raster: Raster, unit_rate: Fraction) -> VideoFormat:
    """A format of that raster and rate for the figures of ST 2110-21, which ask for the raster's
    height, scan and rate only."""
    height = raster.rows * 2 if raster.interlaced else raster.rows
    return VideoFormat(
        width=max(2, raster.width // 2 * 2),
        height=height,
        rate=unit_rate / 2 if raster.interlaced else unit_rate,
        scan=Scan.INTERLACED if raster.interlaced else Scan.PROGRESSIVE,
    )
