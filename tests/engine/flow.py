"""Receives a flow with plain sockets and puts its pictures together, independently of the box."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt


class Listener:
    """A UDP socket on loopback; on a group when one is given."""

    def __init__(self, group: str = "") -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
        with suppress(PermissionError):
            self._socket.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        self._socket.bind((group or "127.0.0.1", 0))
        if group:
            member = socket.inet_aton(group) + socket.inet_aton("127.0.0.1")
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        self.port: int = self._socket.getsockname()[1]
        self.address = group or "127.0.0.1"
        self.sender: tuple[str, int] | None = None

    def packets(self) -> list[bytes]:
        """All that has arrived."""
        self._socket.setblocking(False)
        got = []
        while True:
            try:
                data, self.sender = self._socket.recvfrom(65536)
            except BlockingIOError:
                return got
            got.append(data)

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class Unit:
    """A frame or field as it arrived. rows: row -> octet offset -> octets."""

    timestamp: int
    second: bool
    markers: list[bool] = field(default_factory=list)
    sequences: list[int] = field(default_factory=list)
    rows: dict[int, dict[int, bytes]] = field(default_factory=dict)

    def octets(self) -> bytes:
        out = b""
        for row in sorted(self.rows):
            line = b""
            for offset in sorted(self.rows[row]):
                assert offset == len(line)
                line += self.rows[row][offset]
            out += line
        return out


def units(packets: list[bytes], *, payload_type: int, ssrc: int) -> list[Unit]:
    """Frames and fields of 10-bit 4:2:2 (5 octets for 2 pixels) in order of arrival."""
    found: list[Unit] = []
    for p in packets:
        first, second, low, timestamp, source, high = struct.unpack_from("!BBHIIH", p)
        assert first == 0x80 and second & 0x7F == payload_type and source == ssrc
        segments, at, more = [], 14, True
        while more:
            length, row, offset = struct.unpack_from("!HHH", p, at)
            segments.append((length, row & 0x7FFF, offset & 0x7FFF))
            field_bit, more = bool(row & 0x8000), bool(offset & 0x8000)
            at += 6
        if not found or (found[-1].timestamp, found[-1].second) != (timestamp, field_bit):
            found.append(Unit(timestamp, field_bit))
        unit = found[-1]
        unit.markers.append(bool(second & 0x80))
        unit.sequences.append(high << 16 | low)
        for length, row, offset in segments:
            assert offset % 2 == 0
            unit.rows.setdefault(row, {})[offset // 2 * 5] = p[at : at + length]
            at += length
        assert at == len(p)
    return found


def samples_10bit(octets: bytes, per_row: int) -> npt.NDArray[np.uint16]:
    """[rows, per_row] samples, most significant bit first."""
    bits = np.unpackbits(np.frombuffer(octets, np.uint8)).reshape(-1, 10)
    weights = (1 << np.arange(9, -1, -1)).astype(np.uint16)
    values: npt.NDArray[np.uint16] = (bits.astype(np.uint16) * weights).sum(1, dtype=np.uint16)
    return values.reshape(-1, per_row)
