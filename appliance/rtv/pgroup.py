"""Pixel groups of ST 2110-20 (tables 1 and 2): the smallest whole number of octets of a line.

Within a pgroup samples are packed most significant bit first without padding; 4:2:2 goes
Cb Y0 Cr Y1, 4:4:4 goes Cb Y Cr, or R G B.
"""

from __future__ import annotations

from typing import NamedTuple

from drivers.video import Sampling, VideoFormat


class Pgroup(NamedTuple):
    """octets on the wire for pixels of one line."""

    octets: int
    pixels: int


_444 = {8: Pgroup(3, 1), 10: Pgroup(15, 4), 12: Pgroup(9, 2)}

PGROUPS: dict[Sampling, dict[int, Pgroup]] = {
    Sampling.YCBCR_422: {8: Pgroup(4, 2), 10: Pgroup(5, 2), 12: Pgroup(6, 2)},
    Sampling.YCBCR_444: _444,
    Sampling.RGB: _444,
}
"""What we carry, by sampling and depth."""


def pgroup(sampling: Sampling, depth: int) -> Pgroup:
    """The pgroup of a sampling and depth in bits. Raises ValueError for what we do not carry."""
    depths = PGROUPS[sampling]
    if depth not in depths:
        choices = ", ".join(str(d) for d in depths)
        raise ValueError(f"depth: {sampling} has no {depth} bit here; choose {choices}")
    return depths[depth]


def line_octets(fmt: VideoFormat) -> int:
    """Octets of one line on the wire.

    Raises ValueError when the width is no whole number of pgroups.
    """
    group = pgroup(fmt.sampling, fmt.depth)
    if fmt.width % group.pixels:
        raise ValueError(
            f"width: {fmt.width} is no multiple of the {group.pixels} pixels of a "
            f"{fmt.sampling} {fmt.depth}-bit pgroup; change the width or the depth"
        )
    return fmt.width // group.pixels * group.octets


def unit_rows(fmt: VideoFormat) -> int:
    """Rows of what one marker bit ends: a frame, or a field (segment) of two."""
    return fmt.height // 2 if fmt.interlaced else fmt.height


def unit_octets(fmt: VideoFormat) -> int:
    """Octets of a frame, or of one field (segment), on the wire."""
    return unit_rows(fmt) * line_octets(fmt)
