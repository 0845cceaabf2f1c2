"""How a frame or field is cut into packets: ST 2110-20 sections 6.1.4 to 6.3.

A layout is an int32 array [n, 10], one row a packet: n_srd, then three times (length in octets,
row within the frame or field, offset in pixels), zeros behind the last sample row data segment
(SRD). It is what the engine's `Transmitter(packets=)` takes. An interlaced or PsF format has the
layout of one field or segment; both are alike.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import numpy.typing as npt

from appliance.rtv.pgroup import line_octets, pgroup, unit_octets, unit_rows
from drivers.video import VideoFormat

Layout = npt.NDArray[np.int32]

UDP_STANDARD = 1460
"""ST 2110-10 standard UDP size limit: octets of a datagram with its 8-octet UDP header."""
UDP_EXTENDED = 8960
"""ST 2110-10 extended UDP size limit; the SDP must then say MAXUDP."""

MAX_SRDS = 3
_FIXED = 8 + 12 + 2  # UDP header, RTP header, extended sequence number
_SRD_HEADER = 6
_BLOCK = 180
_BLOCKS = 7


class Packing(StrEnum):
    """How packets are filled. LINES and FILL are both the general packing mode."""

    LINES = "lines"  # a line is cut into equal parts; no packet crosses a line
    FILL = "fill"  # packets as full as may be, across lines
    BLOCKS = "blocks"  # 7 blocks of 180 octets, across lines

    @property
    def pm(self) -> str:
        """The value of PM in the SDP."""
        return "2110BPM" if self is Packing.BLOCKS else "2110GPM"


def packet_layout(
    fmt: VideoFormat, packing: Packing = Packing.LINES, max_udp: int = UDP_STANDARD
) -> Layout:
    """The packets of a frame (progressive) or of a field or segment.

    max_udp: octets of the largest datagram, with the 8 of the UDP header: 1460, up to 8960.
    Raises ValueError with one line when format, packing and size do not go together.
    """
    if not 100 <= max_udp <= UDP_EXTENDED:
        raise ValueError(
            f"max_udp: {max_udp} is out of range; choose {UDP_STANDARD} or {UDP_EXTENDED}"
        )
    if packing is Packing.LINES:
        return _lines(fmt, max_udp)
    if packing is Packing.FILL:
        return _across(fmt, max_udp - _FIXED, exact=0)
    block = _BLOCK * _BLOCKS
    if max_udp < _FIXED + MAX_SRDS * _SRD_HEADER + block:
        raise ValueError(
            f"max_udp: {max_udp} is too small for block packing; choose {UDP_STANDARD}"
        )
    if line_octets(fmt) * (MAX_SRDS - 1) < block:
        raise ValueError(
            f"width: lines of {line_octets(fmt)} octets are too short for block packing "
            "(three lines at most in a packet); choose the general packing mode"
        )
    return _across(fmt, block + MAX_SRDS * _SRD_HEADER, exact=block)


def _parts(groups: int, most: int) -> tuple[int, int]:
    """Packets of a line of `groups` pgroups with at most `most` each: (packets, pgroups of each
    but the last). Equal parts are worth one packet more (or a third more on long lines), because
    packets of one size leave in one UDP_SEGMENT send."""
    least = -(-groups // most)
    for count in range(least, least + max(1, least // 3) + 1):
        if count <= groups and groups % count == 0:
            return count, groups // count
    return least, -(-groups // least)


def _lines(fmt: VideoFormat, max_udp: int) -> Layout:
    group = pgroup(fmt.sampling, fmt.depth)
    octets = line_octets(fmt)
    most = (max_udp - _FIXED - _SRD_HEADER) // group.octets
    if most < 1:
        raise ValueError(f"max_udp: {max_udp} does not hold one pgroup; choose {UDP_STANDARD}")
    count, size = _parts(octets // group.octets, most)
    # With parts of ceil(groups / least) the last one may be shorter, and never empty.
    count = -(-(octets // group.octets) // size)
    rows = unit_rows(fmt)
    part = np.arange(count, dtype=np.int64)
    lengths = np.minimum(size * group.octets, octets - part * size * group.octets)
    packets = np.zeros((rows * count, 10), dtype=np.int32)
    packets[:, 0] = 1
    packets[:, 1] = np.tile(lengths, rows)
    packets[:, 2] = np.repeat(np.arange(rows), count)
    packets[:, 3] = np.tile(part * size * group.pixels, rows)
    return packets


def _across(fmt: VideoFormat, room: int, *, exact: int) -> Layout:
    """Packets filled across lines. room: octets for SRD headers and data; exact: octets of data
    in each packet but the last, or 0 for as many as fit."""
    group = pgroup(fmt.sampling, fmt.depth)
    width, rows = line_octets(fmt), unit_rows(fmt)
    packets: list[list[int]] = []
    row = at = 0  # at: octets within the row
    while row < rows:
        packet, left, data = [0], room, exact or room
        while row < rows and packet[0] < MAX_SRDS:
            length = min(width - at, (left - _SRD_HEADER) // group.octets * group.octets, data)
            if length <= 0:
                break
            packet[0] += 1
            packet += [length, row, at // group.octets * group.pixels]
            left -= _SRD_HEADER + length
            data -= length
            at += length
            if at == width:
                row, at = row + 1, 0
        if packet[0] == 0:
            raise ValueError(f"max_udp: no pgroup fits; choose {UDP_STANDARD}")
        packets.append(packet + [0] * (10 - len(packet)))
    return np.array(packets, dtype=np.int32)


def udp_octets(packets: Layout) -> npt.NDArray[np.int64]:
    """Size of each packet's datagram, with the 8 octets of its UDP header."""
    srds = packets[:, 0].astype(np.int64)
    data = packets[:, [1, 4, 7]].sum(axis=1, dtype=np.int64)
    sizes: npt.NDArray[np.int64] = _FIXED + _SRD_HEADER * srds + data
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
