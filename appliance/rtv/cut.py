"""How a frame or field is cut into packets, as plain numbers: ST 2110-20 sections 6.1.4 to 6.3.

`layout` makes of it what the engine takes; who only wants to know how much a flow is on the wire
asks `wire`, and needs no numpy.
"""

from __future__ import annotations

from appliance.rtv.packing import UDP_EXTENDED, UDP_STANDARD, Packing
from appliance.rtv.pgroup import line_octets, pgroup, unit_rows
from drivers.video import VideoFormat

MAX_SRDS = 3
FIXED = 8 + 12 + 2  # UDP header, RTP header, extended sequence number
SRD_HEADER = 6
_BLOCK = 180
_BLOCKS = 7


def wire(
    fmt: VideoFormat, packing: Packing = Packing.LINES, max_udp: int = UDP_STANDARD
) -> tuple[int, int]:
    """Packets of a frame (progressive) or of a field or segment, and the octets of their datagrams
    with the UDP headers. Raises ValueError as `packet_layout`."""
    if packing is Packing.LINES:
        count, _ = equal_parts(fmt, max_udp)
        packets = unit_rows(fmt) * count
        return packets, unit_rows(fmt) * line_octets(fmt) + packets * (FIXED + SRD_HEADER)
    made = across(fmt, packing, max_udp)
    octets = sum(FIXED + SRD_HEADER * one[0] + sum(one[1::3]) for one in made)
    return len(made), octets


def equal_parts(fmt: VideoFormat, max_udp: int) -> tuple[int, int]:
    """Lines cut into parts: packets of a line, and pgroups of each but the last. Raises ValueError
    with one line when format and size do not go together."""
    _check(max_udp)
    group = pgroup(fmt.sampling, fmt.depth)
    groups = line_octets(fmt) // group.octets
    most = (max_udp - FIXED - SRD_HEADER) // group.octets
    if most < 1:
        raise ValueError(f"max_udp: {max_udp} does not hold one pgroup; choose {UDP_STANDARD}")
    size = _part(groups, most)
    # With parts of ceil(groups / least) the last one may be shorter, and never empty.
    return -(-groups // size), size


def across(fmt: VideoFormat, packing: Packing, max_udp: int) -> list[list[int]]:
    """Packets filled across lines (FILL, BLOCKS): n_srd, then for each segment its length in
    octets, row and offset in pixels. Raises ValueError as `equal_parts`."""
    _check(max_udp)
    if packing is Packing.FILL:
        return _across(fmt, max_udp - FIXED, exact=0)
    block = _BLOCK * _BLOCKS
    if max_udp < FIXED + MAX_SRDS * SRD_HEADER + block:
        raise ValueError(
            f"max_udp: {max_udp} is too small for block packing; choose {UDP_STANDARD}"
        )
    if line_octets(fmt) * (MAX_SRDS - 1) < block:
        raise ValueError(
            f"width: lines of {line_octets(fmt)} octets are too short for block packing "
            "(three lines at most in a packet); choose the general packing mode"
        )
    return _across(fmt, block + MAX_SRDS * SRD_HEADER, exact=block)


def _check(max_udp: int) -> None:
    if not 100 <= max_udp <= UDP_EXTENDED:
        raise ValueError(
            f"max_udp: {max_udp} is out of range; choose {UDP_STANDARD} or {UDP_EXTENDED}"
        )


def _part(groups: int, most: int) -> int:
    """Pgroups of each packet but the last of a line of `groups`, at most `most` each. Equal parts
    are worth one packet more (or a third more on long lines), because packets of one size leave in
    one UDP_SEGMENT send."""
    least = -(-groups // most)
    for count in range(least, least + max(1, least // 3) + 1):
        if count <= groups and groups % count == 0:
            return groups // count
    return -(-groups // least)


def _across(fmt: VideoFormat, room: int, *, exact: int) -> list[list[int]]:
    """Packets filled across lines. room: octets for SRD headers and data; exact: octets of data
    in each packet but the last, or 0 for as many as fit."""
    group = pgroup(fmt.sampling, fmt.depth)
    width, rows = line_octets(fmt), unit_rows(fmt)
    packets: list[list[int]] = []
    row = at = 0  # at: octets within the row
    while row < rows:
        packet, left, data = [0], room, exact or room
        while row < rows and packet[0] < MAX_SRDS:
            length = min(width - at, (left - SRD_HEADER) // group.octets * group.octets, data)
            if length <= 0:
                break
            packet[0] += 1
            packet += [length, row, at // group.octets * group.pixels]
            left -= SRD_HEADER + length
            data -= length
            at += length
            if at == width:
                row, at = row + 1, 0
        if packet[0] == 0:
            raise ValueError(f"max_udp: no pgroup fits; choose {UDP_STANDARD}")
        packets.append(packet)
    return packets
