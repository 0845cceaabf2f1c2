"""Makes captures for the tests: packets with known instants, written as a capture file has them."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from fractions import Fraction

from appliance.rtv.layout import packet_layout
from appliance.rtv.packing import Packing
from appliance.rtv.rtp import (
    DEFAULT_IDS,
    GrainElements,
    encode_elements,
    encode_extension,
    encode_header,
)
from appliance.rtv.timing import alignment_point, alignment_rtp
from drivers.video import VideoFormat

TAI_START = 1_795_000_000 * 10**9
UTC_BEHIND = 37 * 10**9
FLOW_ID = bytes.fromhex("66666666777748888999aaaaaaaaaaaa")
SOURCE_ID = bytes.fromhex("11111111222243338444555555555555")

Timed = tuple[int, bytes]  # TAI ns, one RTP packet


def udp_frame(
    payload: bytes, *, destination: str = "239.1.1.1", port: int = 20000, source: str = "192.0.2.10"
) -> bytes:
    """An Ethernet frame of IPv4 and UDP around a payload; checksums are left zero."""
    ip = struct.pack(
        "!BBHHHBBH4s4s",
        0x45,
        0,
        (28 + len(payload)) & 0xFFFF,
        0,
        0x4000,
        64,
        17,
        0,
        bytes(map(int, source.split("."))),
        bytes(map(int, destination.split("."))),
    )
    udp = struct.pack("!HHHH", 10000, port, (8 + len(payload)) & 0xFFFF, 0)
    return bytes(12) + b"\x08\x00" + ip + udp + payload


def pcap(records: Iterable[tuple[int, bytes]], *, snap: int = 1 << 18, order: str = "<") -> bytes:
    """A nanosecond pcap of Ethernet frames; times are the capturing host's UTC, ns."""
    out = [struct.pack(order + "IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, snap, 1)]
    for time, frame in records:
        data = frame[:snap]
        out.append(struct.pack(order + "IIII", time // 10**9, time % 10**9, len(data), len(frame)))
        out.append(data)
    return b"".join(out)


def pcapng(records: Iterable[tuple[int, bytes]], *, order: str = ">") -> bytes:
    """The same as pcapng with nanosecond resolution."""

    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        size = struct.pack(order + "I", len(body) + 12)
        return struct.pack(order + "I", kind) + size + body + size

    section = struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)
    options = struct.pack(order + "HHB3xHH", 9, 1, 9, 0, 0)
    out = [block(0x0A0D0D0A, section), block(1, struct.pack(order + "HHI", 1, 0, 0) + options)]
    for time, frame in records:
        head = struct.pack(
            order + "IIIII", 0, time >> 32, time & 0xFFFFFFFF, len(frame), len(frame)
        )
        out.append(block(6, head + frame))
    return b"".join(out)


def video_packets(
    fmt: VideoFormat,
    units: int,
    *,
    packing: Packing = Packing.LINES,
    ssrc: int = 0x1234,
    sequence: int = 0xFFF0,
) -> list[tuple[int, int, bytes]]:
    """(unit, place within it, RTP packet) of frames (fields) that begin at TAI_START."""
    rate = fmt.rate * (2 if fmt.interlaced else 1)
    first = int(TAI_START * rate / 10**9)
    layout = packet_layout(fmt, packing).tolist()
    found = []
    for unit in range(units):
        timestamp = alignment_rtp(first + unit, rate)
        field = unit % 2 if fmt.interlaced else 0
        for place, (count, *srds) in enumerate(layout):
            header = encode_header(
                96, sequence, timestamp, ssrc, marker=place == len(layout) - 1
            ) + struct.pack("!H", sequence >> 16)
            data = b""
            for n in range(count):
                length, row, offset = srds[3 * n : 3 * n + 3]
                more = 0x8000 if n + 1 < count else 0
                header += struct.pack("!HHH", length, field << 15 | row, more | offset)
                data += bytes(length)
            found.append((unit, place, header + data))
            sequence += 1
    return found


def on_schedule(
    packets: list[tuple[int, int, bytes]],
    fmt: VideoFormat,
    *,
    tro: Fraction,
    trs: Fraction,
    lead: int = 3,
    burst: int = 1,
    late_ns: int = 0,
) -> list[Timed]:
    """Packets `lead` places ahead of the read schedule, sent in bursts at one instant each."""
    rate = fmt.rate * (2 if fmt.interlaced else 1)
    first = int(TAI_START * rate / 10**9)
    timed = []
    for unit, place, packet in packets:
        start = place // burst * burst
        when = alignment_point(first + unit, rate) + int(tro + trs * (start + burst - 1 - lead))
        timed.append((when + late_ns, packet))
    return timed


def grain_payload(*, static: bool) -> bytes:
    """A grain's outline in explicit VR little endian: preamble, DICM, group 2, 6 and maybe 8."""
    uid = b"1.2.840.10008.1.2.7.1\0"
    meta = struct.pack("<HH2sH", 2, 0x10, b"UI", len(uid)) + uid
    dynamic = struct.pack("<HH2sHI", 6, 1, b"SQ", 0, 0)
    name = b"ES"
    fixed = struct.pack("<HH2sH", 8, 0x60, b"CS", len(name)) + name if static else b""
    return bytes(128) + b"DICM" + meta + dynamic + fixed


def metadata_packets(
    fmt: VideoFormat, units: int, *, static_every: int = 10, parts: int = 1
) -> list[Timed]:
    """Grains of frames that begin at TAI_START, each a tenth of a millisecond after its frame's
    alignment point."""
    first = int(TAI_START * fmt.rate / 10**9)
    timed = []
    sequence = 0xFFFE
    for unit in range(units):
        point = alignment_point(first + unit, fmt.rate)
        payload = grain_payload(static=unit % static_every == 0)
        # The first part reaches past DICM, as that of any real grain does.
        size = max(140, -(-len(payload) // parts))
        for part in range(parts):
            start, end = part == 0, part == parts - 1
            elements = GrainElements(start=start, end=end)
            if start:
                elements = GrainElements(point, point, FLOW_ID, SOURCE_ID, start, end)
            extension = encode_extension(encode_elements(elements, DEFAULT_IDS))
            header = encode_header(
                104,
                sequence,
                alignment_rtp(first + unit, fmt.rate),
                0x5678,
                marker=end,
                extension=extension,
            )
            timed.append((point + 100_000 + part, header + payload[part * size :][:size]))
            sequence += 1
    return timed


Record = tuple[int, bytes]


def records(timed: list[Timed], **address: object) -> list[Record]:
    """Packets as a host at the receiver's end records them, in UTC."""
    return [(time - UTC_BEHIND, udp_frame(packet, **address)) for time, packet in timed]  # type: ignore[arg-type]


def in_order(*flows: list[Record]) -> list[Record]:
    """Records of several flows by time; those of one instant keep their order."""
    return sorted((record for flow in flows for record in flow), key=lambda record: record[0])


def glued(timed: list[Timed], size: int) -> list[Timed]:
    """Every `size` packets of equal length as one datagram, as offloads show them."""
    return [
        (timed[start][0], b"".join(packet for _, packet in timed[start:][:size]))
        for start in range(0, len(timed), size)
    ]
