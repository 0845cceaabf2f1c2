"""How a frame or field is cut into packets: ST 2110-20 sections 6.1.4 to 6.3.

A layout is an int32 array [n, 10], one row a packet: n_srd, then three times (length in octets,
row within the frame or field, offset in pixels), zeros behind the last sample row data segment
(SRD). It is what the engine's `Transmitter(packets=)` takes. An interlaced or PsF format has the
layout of one field or segment; both are alike.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from appliance.rtv.cut import FIXED, MAX_SRDS, SRD_HEADER, across, equal_parts
from appliance.rtv.packing import UDP_STANDARD, Packing
from appliance.rtv.pgroup import line_octets, pgroup, unit_octets, unit_rows
from drivers.video import VideoFormat

Layout = npt.NDArray[np.int32]


def packet_layout(
    fmt: VideoFormat, packing: Packing = Packing.LINES, max_udp: int = UDP_STANDARD
) -> Layout:
    """The packets of a frame (progressive) or of a field or segment.

    max_udp: octets of the largest datagram, with the 8 of the UDP header: 1460, up to 8960.
    Raises ValueError with one line when format, packing and size do not go together.
    """
    if packing is Packing.LINES:
        return _lines(fmt, *equal_parts(fmt, max_udp))
    made = across(fmt, packing, max_udp)
    return np.array([one + [0] * (10 - len(one)) for one in made], dtype=np.int32)


def _lines(fmt: VideoFormat, count: int, size: int) -> Layout:
    group = pgroup(fmt.sampling, fmt.depth)
    rows = unit_rows(fmt)
    part = np.arange(count, dtype=np.int64)
    lengths = np.minimum(size * group.octets, line_octets(fmt) - part * size * group.octets)
    packets = np.zeros((rows * count, 10), dtype=np.int32)
    packets[:, 0] = 1
    packets[:, 1] = np.tile(lengths, rows)
    packets[:, 2] = np.repeat(np.arange(rows), count)
    packets[:, 3] = np.tile(part * size * group.pixels, rows)
    return packets


def udp_octets(packets: Layout) -> npt.NDArray[np.int64]:
    """Size of each packet's datagram, with the 8 octets of its UDP header."""
    srds = packets[:, 0].astype(np.int64)
    data = packets[:, [1, 4, 7]].sum(axis=1, dtype=np.int64)
    sizes: npt.NDArray[np.int64] = FIXED + SRD_HEADER * srds + data
    return sizes


def check_layout(fmt: VideoFormat, packets: Layout) -> None:
    """Raises ValueError unless the layout carries every pgroup of a unit once and in order."""
    group = pgroup(fmt.sampling, fmt.depth)
    width = line_octets(fmt)
    if packets.ndim != 2 or packets.shape[1] != 10 or len(packets) == 0:
        raise ValueError(f"packets: shape {packets.shape}, not [n, 10]")
    srds = packets[:, 1:].reshape(-1, 3, 3).astype(np.int64)
    used = np.arange(MAX_SRDS) < packets[:, :1]
    lengths, row, offset = srds[used].T
    if np.any(packets[:, 0] < 1) or np.any(packets[:, 0] > MAX_SRDS) or np.any(lengths <= 0):
        raise ValueError("packets: each has one to three segments that are not empty")
    if np.any(lengths % group.octets) or np.any(offset % group.pixels):
        raise ValueError("packets: a segment is no whole number of pgroups")
    start = row * width + offset // group.pixels * group.octets
    within = start % width + lengths <= width
    follows = start == np.concatenate(([0], np.cumsum(lengths)[:-1]))
    if not (np.all(within) and np.all(follows) and int(lengths.sum()) == unit_octets(fmt)):
        raise ValueError("packets: the segments do not carry the picture once and in order")
