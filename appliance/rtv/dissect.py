"""RTP and ST 2110-20 headers of a flow as arrays; datagrams that offloads glued are cut apart.

A capture taken on a host with segmentation or receive offload shows several datagrams of one
send as one. Their sizes are all alike but the last (UDP_SEGMENT, UDP_GRO), and a video packet's
own segment headers give its size, so they can be told apart exactly; they share one time. Where
the capture kept only the first headers of such a burst (tcpdump -s), the others are counted by
their size and marked as not seen.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from appliance.rtv.datagrams import Datagrams, FlowKey, u8, u16, u32
from appliance.rtv.pcap import Int64s, Octets

Bools = npt.NDArray[np.bool_]
_MOST_GLUED = 128
_STANDARD_PAYLOAD = 1472  # the largest UDP payload in an Ethernet frame of 1500 octets


@dataclass(frozen=True)
class RtpPackets:
    """RTP packets of one flow in the order of the capture, one element a packet.

    offset, length, captured: of the RTP packet in the file. header: octets of the RTP header with
    its extension, -1 when they are not all captured or break their own lengths. glued: 0 for the
    first packet of a captured datagram, 1 .. for those that were glued behind it. seen: false for
    a packet of a burst whose header the capture cut off: it is there (the burst's length says so),
    its sequence number, timestamp and field follow from the one before, its marker is not known.
    """

    time: Int64s
    offset: Int64s
    length: Int64s
    captured: Int64s
    header: Int64s
    payload_type: Int64s
    marker: Bools
    sequence: Int64s
    timestamp: Int64s
    ssrc: Int64s
    glued: Int64s
    seen: Bools

    def __len__(self) -> int:
        return len(self.time)

    def pick(self, rows: Int64s | Bools) -> RtpPackets:
        """The packets of some rows."""
        return RtpPackets(*(getattr(self, column.name)[rows] for column in fields(self)))


@dataclass(frozen=True)
class Segments:
    """Sample row data segments of video packets: [n, 3] each, zero behind the last.

    count: 0 where the payload is no ST 2110-20 payload. extended: the high 16 bits of the
    sequence number. size: octets that RTP header, segment headers and data add up to.
    """

    extended: Int64s
    count: Int64s
    length: Int64s
    row: Int64s
    field: Int64s
    offset: Int64s
    size: Int64s

    def pick(self, rows: Int64s | Bools) -> Segments:
        """The segments of some rows."""
        return Segments(*(getattr(self, column.name)[rows] for column in fields(self)))


@dataclass(frozen=True)
class Flow:
    """A flow's packets. segments: None unless it is video. foreign: datagrams that are no RTP.
    unsplit: glued datagrams whose inner headers the capture cut off. cut: datagrams of which the
    capture kept only the first octets; those of them too short for an RTP header are foreign."""

    key: FlowKey
    packets: RtpPackets
    segments: Segments | None
    foreign: int
    unsplit: int
    cut: int


def dissect(octets: Octets, datagrams: Datagrams) -> Flow:
    """Reads the RTP headers of a flow and, when it is ST 2110-20 video, its segment headers."""
    packets = _rtp(
        octets,
        datagrams.time,
        datagrams.offset,
        datagrams.length,
        datagrams.captured,
        np.zeros_like(datagrams.time),
    )
    good = packets.header > 0
    cut = int(np.sum(datagrams.captured < datagrams.length))
    foreign = int(np.sum(~good))
    packets = packets.pick(good)
    segments = _segments(octets, packets)
    if len(packets) and np.mean(segments.count > 0) > 0.8:
        return replace(_video(octets, datagrams.key, packets, segments, foreign), cut=cut)
    packets, unsplit = _split_equal(octets, packets)
    return Flow(datagrams.key, packets, None, foreign, unsplit, cut)


def _rtp(
    octets: Octets, time: Int64s, offset: Int64s, length: Int64s, captured: Int64s, glued: Int64s
) -> RtpPackets:
    first, second = u8(octets, offset), u8(octets, offset + 1)
    end = offset + captured
    header = 12 + 4 * (first & 15)
    extended = (first & 0x10) != 0
    fits = (captured >= 12) & (first >> 6 == 2)
    at = offset + header
    words = np.where(extended & (at + 4 <= end), u16(octets, at + 2), 0)
    fits &= ~extended | (at + 4 <= end)
    header = np.where(extended, header + 4 + 4 * words, header)
    fits &= header <= np.minimum(length, captured)
    # RTCP's packet types would read as payload types 72..76 with a marker.
    fits &= ~((second >= 200) & (second <= 204))
    return RtpPackets(
        time=time,
        offset=offset,
        length=length,
        captured=captured,
        header=np.where(fits, header, -1),
        payload_type=second & 0x7F,
        marker=(second & 0x80) != 0,
        sequence=u16(octets, offset + 2),
        timestamp=u32(octets, offset + 4),
        ssrc=u32(octets, offset + 8),
        glued=glued,
        seen=np.ones(len(time), dtype=bool),
    )


def _segments(octets: Octets, packets: RtpPackets) -> Segments:
    at = packets.offset + packets.header
    end = packets.offset + packets.captured
    count = len(packets)
    length, row, field, offset = (np.zeros((count, 3), dtype=np.int64) for _ in range(4))
    fits = at + 2 <= end
    more = fits.copy()
    used = np.zeros(count, dtype=np.int64)
    for number in range(3):
        head = at + 2 + 6 * number
        fits &= ~more | (head + 6 <= end)
        more &= fits
        rows, offsets = u16(octets, head + 2), u16(octets, head + 4)
        length[:, number] = np.where(more, u16(octets, head), 0)
        row[:, number] = np.where(more, rows & 0x7FFF, 0)
        field[:, number] = np.where(more, rows >> 15, 0)
        offset[:, number] = np.where(more, offsets & 0x7FFF, 0)
        fits &= ~more | (length[:, number] > 0)
        used += more
        more &= offsets >> 15 == 1
    fits &= ~more  # a fourth segment
    size = packets.header + 2 + 6 * used + length.sum(axis=1)
    fits &= size <= packets.length
    return Segments(
        extended=u16(octets, at),
        count=np.where(fits, used, 0),
        length=length,
        row=row,
        field=field,
        offset=offset,
        size=size,
    )


def _video(
    octets: Octets, key: FlowKey, packets: RtpPackets, segments: Segments, foreign: int
) -> Flow:
    """Walks all datagrams at once, one packet further each round."""
    rounds = [(packets, segments)]
    hidden: list[tuple[RtpPackets, Segments]] = []
    unsplit = 0
    for _ in range(_MOST_GLUED):
        last, parts = rounds[-1]
        rest = last.length - parts.size
        here = (parts.count > 0) & (rest >= 20)
        if not np.any(here):
            break
        last, parts, rest = last.pick(here), parts.pick(here), rest[here]
        gone = last.captured - parts.size < last.header + 2 + 6 * parts.count
        if np.any(gone):
            behind, left = _behind(last.pick(gone), parts.pick(gone), rest[gone])
            hidden.append(behind)
            unsplit += left
            last, parts, rest = last.pick(~gone), parts.pick(~gone), rest[~gone]
        after = _rtp(
            octets,
            last.time,
            last.offset + parts.size,
            rest,
            last.captured - parts.size,
            last.glued + 1,
        )
        follows = (
            (after.header > 0)
            & (after.ssrc == last.ssrc)
            & (after.payload_type == last.payload_type)
            & (after.sequence == (last.sequence + 1) & 0xFFFF)
        )
        if not np.any(follows):
            break
        after = after.pick(follows)
        rounds.append((after, _segments(octets, after)))
    rounds += hidden
    if len(rounds) == 1:
        return Flow(key, packets, segments, foreign, unsplit, 0)
    return Flow(key, *_joined(rounds), foreign, unsplit, 0)


def _behind(
    last: RtpPackets, parts: Segments, rest: Int64s
) -> tuple[tuple[RtpPackets, Segments], int]:
    """The packets of bursts behind the last one that was captured, and how many bursts could not
    be counted. rest: octets behind that packet. All have its size but the last, which has at
    least a header."""
    count = -(-rest // parts.size)
    short = rest - (count - 1) * parts.size
    good = (count <= _MOST_GLUED) & (short >= 20)
    last, parts, count, short = last.pick(good), parts.pick(good), count[good], short[good]
    parent = np.repeat(np.arange(len(last)), count)
    step = np.arange(len(parent)) - np.repeat(np.cumsum(count) - count, count) + 1
    length = np.where(step == count[parent], short[parent], parts.size[parent])
    packets, segments = last.pick(parent), parts.pick(parent)
    number = packets.sequence + step
    none = np.zeros_like(segments.length)
    return (
        replace(
            packets,
            length=length,
            captured=np.zeros_like(length),
            marker=np.zeros(len(parent), dtype=bool),
            sequence=number & 0xFFFF,
            glued=packets.glued + step,
            seen=np.zeros(len(parent), dtype=bool),
        ),
        replace(
            segments,
            extended=(segments.extended + (number >> 16)) & 0xFFFF,
            count=np.zeros_like(length),
            length=none,
            offset=none,
            size=length,
        ),
    ), int(np.sum(~good))


def _joined(rounds: list[tuple[RtpPackets, Segments]]) -> tuple[RtpPackets, Segments]:
    """Packets of all rounds back in the order of the file; lengths are those of one packet."""
    packets = RtpPackets(
        *(
            np.concatenate([getattr(p, column.name) for p, _ in rounds])
            for column in fields(RtpPackets)
        )
    )
    segments = Segments(
        *(
            np.concatenate([getattr(s, column.name) for _, s in rounds])
            for column in fields(Segments)
        )
    )
    order = np.lexsort((packets.glued, packets.offset))
    packets, segments = packets.pick(order), segments.pick(order)
    glued_behind = np.append(packets.glued[1:] > 0, False)
    cut = np.where(glued_behind, segments.size, packets.length)
    captured = np.minimum(packets.captured, cut)
    return replace(packets, length=cut, captured=captured), segments


def _split_equal(octets: Octets, packets: RtpPackets) -> tuple[RtpPackets, int]:
    """Cuts datagrams larger than an Ethernet frame into parts of one size whose headers follow
    each other. Few packets are that large in a flow that is not video, so this walks them."""
    large = np.flatnonzero(packets.length > _STANDARD_PAYLOAD)
    if len(large) == 0:
        return packets, 0
    pieces: list[RtpPackets] = []
    done, unsplit = 0, 0
    for row in large.tolist():
        start, length = int(packets.offset[row]), int(packets.length[row])
        data = octets[start : start + int(packets.captured[row])].tobytes()
        size = _equal_size(data)
        if size == 0:
            unsplit += len(data) < length
            continue
        pieces.append(packets.pick(np.arange(done, row)))
        begins = np.arange(0, length, size, dtype=np.int64)
        ones = np.ones_like(begins)
        lengths = np.minimum(size, length - begins)
        captured = np.clip(len(data) - begins, 0, lengths)
        parts = _rtp(
            octets,
            ones * int(packets.time[row]),
            begins + start,
            lengths,
            captured,
            np.arange(len(begins), dtype=np.int64),
        )
        unsplit += bool(np.any(parts.header <= 0))
        pieces.append(parts.pick(parts.header > 0))
        done = row + 1
    pieces.append(packets.pick(np.arange(done, len(packets))))
    columns = (
        np.concatenate([getattr(piece, column.name) for piece in pieces])
        for column in fields(RtpPackets)
    )
    return RtpPackets(*columns), unsplit


def _equal_size(data: bytes) -> int:
    """Size of the first of several RTP packets in a row, or 0 when there is only one."""
    following = ((int.from_bytes(data[2:4], "big") + 1) & 0xFFFF).to_bytes(2, "big")
    at = data.find(data[8:12], 20)
    while at >= 0:
        start = at - 8
        alike = data[start] >> 6 == 2 and data[start + 1] & 0x7F == data[1] & 0x7F
        if alike and data[start + 2 : start + 4] == following:
            return start
        at = data.find(data[8:12], at + 1)
    return 0
