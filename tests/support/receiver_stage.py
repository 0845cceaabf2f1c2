"""A receiver on 127.0.0.1 with its sink and the flows towards it."""

from __future__ import annotations

import functools
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

from appliance.engine import _engine
from drivers.video import FrameFlag, VideoFormat
from tests.support.collecting_sink import CollectingSink, Shown
from tests.support.plain_sender import Flow, Picture, extension, grain, send, tai_now

FORMAT = VideoFormat(96, 24, Fraction(25))
PERIOD = 40_000_000


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


class Stage:
    """A receiver on 127.0.0.1, its sink, and the flows towards it."""

    def __init__(
        self, fmt: VideoFormat = FORMAT, *, metadata: bool = True, legs: int = 1, **options: Any
    ) -> None:
        self.format = fmt
        self.sink = CollectingSink()
        self.ports = [free_port() for _ in range(legs)]
        self.metadata_port = free_port()
        self.video = Flow(96, 0x1234)
        self.metadata = Flow(104, 0x5678)
        self.k = tai_now() // PERIOD + 2
        leg = {"interface": "lo", "address": "127.0.0.1"}
        self.rx = _engine.Receiver(
            self.sink.capsule(),
            format=fmt.native(),
            video=[leg | {"port": p} for p in self.ports],
            metadata=[leg | {"port": self.metadata_port}] if metadata else [],
            payload_type=96,
            metadata_payload_type=104,
            realtime=False,
            rcvbuf=1 << 20,
            **options,
        )

    def next_frame(self) -> tuple[int, int]:
        """Waits for the next alignment point; its TAI and RTP timestamp."""
        tai = self.k * PERIOD
        self.k += 1
        while tai_now() < tai:
            time.sleep(0.0005)
        return tai, tai * 90_000 // 10**9 & 0xFFFFFFFF

    def send_grain(
        self, tai: int, ts: int, instance: str = "1.2.3", static: str = "", origin: int = 0
    ) -> None:
        """origin: of the picture, where it is not the frame's own time."""
        x = extension(tai, origin or tai, start=True, end=True)
        data = grain(instance, origin or tai, static=static)
        send([self.metadata.packet(ts, data, marker=True, extension=x)], self.metadata_port)

    def counters(self) -> dict[str, int]:
        return self.rx.counters()

    def codes(self) -> list[str]:
        return [e["code"] for e in self.rx.events()]


@contextmanager
def stage(*args: Any, **options: Any) -> Iterator[Stage]:
    s = Stage(*args, **options)
    s.rx.start()
    try:
        yield s
    finally:
        s.rx.stop()


def rows(shown: Shown) -> list[bytes]:
    return [bytes(r) for r in shown.planes[0]]


@functools.cache
def picture(seed: int) -> Picture:
    return Picture.noise(FORMAT.width, FORMAT.height, seed)


def faults(shown: Shown) -> FrameFlag:
    """Its marks but for lateness, which on a busy machine is the sender's."""
    return shown.flags & ~FrameFlag.LATE


def settled(s: Stage, frames: int) -> list[Shown]:
    return s.sink.wait(lambda live: len(live) >= frames)
