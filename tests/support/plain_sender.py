"""A sender written from the standards alone: slow, without pacing, and without our own code."""

from __future__ import annotations

import random
import socket
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass

PREAMBLE = bytes(128) + b"DICM"


def tai_now() -> int:
    return time.clock_gettime_ns(time.CLOCK_TAI)


def packed_422_10(samples: list[int]) -> bytes:
    """Four 10-bit samples (Cb Y Cr Y) to five octets, most significant bit first."""
    value = 0
    for s in samples:
        value = value << 10 | s
    return value.to_bytes(5, "big")


@dataclass
class Picture:
    """4:2:2 10 bit, a list of pgroups (5 octets each) for each row."""

    width: int
    height: int
    rows: list[list[bytes]]

    @classmethod
    def noise(cls, width: int, height: int, seed: int) -> Picture:
        r = random.Random(seed)
        rows = [
            [packed_422_10([r.randrange(4, 1020) for _ in range(4)]) for _ in range(width // 2)]
            for _ in range(height)
        ]
        return cls(width, height, rows)

    def v210_row(self, row: int) -> bytes:
        """The row as a card holds it, padded with zeros to a multiple of 128 octets."""
        samples = []
        for group in self.rows[row]:
            value = int.from_bytes(group, "big")
            samples += [value >> shift & 1023 for shift in (30, 20, 10, 0)]
        samples += [0] * (-len(samples) % 3)
        words = [
            samples[i] | samples[i + 1] << 10 | samples[i + 2] << 20
            for i in range(0, len(samples), 3)
        ]
        data = struct.pack(f"<{len(words)}I", *words)
        return data + bytes(-len(data) % 128)

    def v210(self) -> list[bytes]:
        return [self.v210_row(r) for r in range(self.height)]


def srd(length: int, row: int, offset: int, *, field: int = 0, more: int = 0) -> bytes:
    return struct.pack("!HHH", length, field << 15 | row, more << 15 | offset)


@dataclass
class Flow:
    """Numbers the packets of one RTP flow."""

    payload_type: int
    ssrc: int
    sequence: int = 0

    def packet(
        self, timestamp: int, payload: bytes, *, marker: bool = False, extension: bytes = b""
    ) -> bytes:
        head = struct.pack(
            "!BBHII",
            0x80 | (0x10 if extension else 0),
            marker << 7 | self.payload_type,
            self.sequence & 0xFFFF,
            timestamp & 0xFFFFFFFF,
            self.ssrc,
        )
        self.sequence += 1
        return head + extension + payload

    def video(
        self,
        timestamp: int,
        picture: Picture,
        *,
        groups: int = 7,
        field: int | None = None,
    ) -> list[bytes]:
        """A frame, or a field of it, `groups` pgroups to a packet, across the ends of rows."""
        rows = range(picture.height) if field is None else range(field, picture.height, 2)
        stream = [
            (number, at, picture.rows[row][at])
            for number, row in enumerate(rows)
            for at in range(picture.width // 2)
        ]
        out = []
        for begin in range(0, len(stream), groups):
            part = stream[begin : begin + groups]
            runs: list[tuple[int, int, int]] = []
            for row, at, _ in part:
                if runs and runs[-1][0] == row:
                    runs[-1] = (row, runs[-1][1], runs[-1][2] + 1)
                else:
                    runs.append((row, at, 1))
            body = struct.pack("!H", self.sequence >> 16 & 0xFFFF)
            for i, (row, first, count) in enumerate(runs):
                more = i + 1 < len(runs)
                body += srd(5 * count, row, 2 * first, field=field or 0, more=more)
            body += b"".join(group for _, _, group in part)
            last = begin + groups >= len(stream)
            out.append(self.packet(timestamp, body, marker=last))
        return out


def element(tag: int, vr: bytes, value: bytes) -> bytes:
    value += b"\0" * (len(value) % 2)
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr
    if vr in (b"OB", b"SQ", b"UN"):
        return head + struct.pack("<HI", 0, len(value)) + value
    return head + struct.pack("<H", len(value)) + value


def item(content: bytes) -> bytes:
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content


def ptp(tai: int) -> bytes:
    return (tai // 10**9).to_bytes(6, "big") + (tai % 10**9).to_bytes(4, "big")


def grain(instance: str, origin: int, *, static: str = "") -> bytes:
    """Meta information, dynamic part and, with a name, a static part of that patient."""
    meta = element(0x00020032, b"UI", b"1.2.840.10008.10.1")
    meta += element(0x00020033, b"UI", instance.encode())
    time_of_frame = item(element(0x00340007, b"OB", ptp(origin)))
    dynamic = element(0x00060001, b"SQ", item(element(0x0034000D, b"SQ", time_of_frame)))
    out = PREAMBLE + element(0x00020000, b"UL", struct.pack("<I", len(meta))) + meta + dynamic
    if static:
        out += element(0x00080018, b"UI", instance.encode())
        out += element(0x00100010, b"PN", static.encode())
    return out


def extension(sync: int, origin: int, *, start: bool, end: bool) -> bytes:
    """RFC 8285, one-octet form: origin 1, sync 7, flags 5."""
    body = bytes([0x19]) + ptp(origin) + bytes([0x79]) + ptp(sync)
    body += bytes([0x50, start << 7 | end << 6])
    body += bytes(-len(body) % 4)
    return struct.pack("!HH", 0xBEDE, len(body) // 4) + body


def send(packets: Iterable[bytes], port: int, source: str = "127.0.0.1") -> None:
    """To 127.0.0.1, a few at a time so that small socket buffers hold them."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((source, 0))
        for i, packet in enumerate(packets):
            s.sendto(packet, ("127.0.0.1", port))
            if i % 64 == 63:
                time.sleep(0.0005)
