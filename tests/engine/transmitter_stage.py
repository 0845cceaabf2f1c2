"""A Transmitter towards sockets on loopback, and what arrives there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from io import BytesIO
from typing import Any

import numpy as np
from pydicom import dcmread

from appliance.engine import _engine
from appliance.rtv import rtp
from appliance.rtv.layout import packet_layout
from appliance.rtv.timing import alignment_index, alignment_point
from appliance.rtv.traffic import SenderType, pacing, traffic_model
from drivers.video import Scan, VideoFormat
from tests.engine.flow import Listener, Unit, samples_10bit, units
from tests.engine.python_source import PythonSource, tai, v210_picture, v210_samples

FORMAT = VideoFormat(96, 32, Fraction(50))
FIELDS = VideoFormat(96, 32, Fraction(25), Scan.INTERLACED)
PERIOD = 20_000_000


def leg(listener: Listener, **changes: Any) -> Any:
    return {
        "interface": "lo",
        "address": listener.address,
        "port": listener.port,
        "source_ip": "127.0.0.1",
        **changes,
    }


def source(fmt: VideoFormat = FORMAT, *, period_ns: int | None = None, phase: int = 0) -> Any:
    rng = np.random.default_rng(2110)
    rate = fmt.rate
    origin = alignment_point(alignment_index(tai(), rate) + 3, rate) + phase
    pictures = [v210_picture(rng, fmt) for _ in range(7)]
    made = PythonSource(
        fmt, pictures, origin=origin, period_ns=period_ns or int(1_000_000_000 / rate)
    )
    made.pictures = [v210_samples(p[0], fmt.width) for p in pictures]  # type: ignore[attr-defined]
    return made


def transmitter(
    src: Any, video: list[Any], metadata: list[Any] | None = None, **changes: Any
) -> Any:
    fmt = changes.pop("fmt", FORMAT)
    layout = packet_layout(fmt)
    count = len(layout) * (2 if fmt.interlaced else 1)
    arguments: dict[str, Any] = {
        "format": fmt.native(),
        "packets": layout,
        "video": video,
        "metadata": metadata or [],
        "payload_type": 96,
        "ssrc": 0xCAFE,
        "metadata_payload_type": 104,
        "metadata_ssrc": 0xBEEF,
        "max_udp": 1460,
        **pacing(fmt, traffic_model(fmt, count, SenderType.N)),
        "spin_ns": 0,
        "realtime": False,
        **changes,
    }
    return _engine.Transmitter(src.capsule(), **arguments)


@contextmanager
def running(tx: Any) -> Iterator[Any]:
    tx.start()
    try:
        yield tx
    finally:
        tx.stop()


def finish(tx: Any, seconds: float = 10) -> None:
    with running(tx):
        until = time.monotonic() + seconds
        while tx.running():
            assert time.monotonic() < until
            time.sleep(0.005)


def video_units(listener: Listener) -> list[Unit]:
    return units(listener.packets(), payload_type=96, ssrc=0xCAFE)


def check_order(found: list[Unit], per_unit: int) -> None:
    sequences = [s for unit in found for s in unit.sequences]
    assert sequences == [(sequences[0] + i) % 2**32 for i in range(len(sequences))]
    for unit in found:
        assert unit.markers == [False] * (per_unit - 1) + [True]


def number_of(unit: Unit, src: Any) -> int:
    """Which of the source's pictures this is; a ValueError when none."""
    got = samples_10bit(unit.octets(), 2 * FORMAT.width)
    return [bool((p == got).all()) for p in src.pictures].index(True)


def read_grains(packets: list[bytes]) -> list[tuple[rtp.GrainElements, int, Any]]:
    """(elements of the first packet, RTP timestamp, dataset) of each grain."""
    out = []
    payload, elements = b"", None
    previous = None
    for data in packets:
        p = rtp.decode_packet(data)
        assert p.payload_type == 104 and p.ssrc == 0xBEEF
        assert previous is None or p.sequence == (previous + 1) % 65536
        previous = p.sequence
        if elements is None:
            elements = rtp.decode_elements(p.elements)
            assert elements.start
        payload += p.payload
        if p.marker:
            out.append((elements, p.timestamp, dcmread(BytesIO(payload))))
            payload, elements = b"", None
    assert payload == b""
    return out


def origin_of(dataset: Any) -> int:
    (frame,) = dataset[0x00060001].value
    return rtp.ptp_from(frame.TimeOfFrameGroupSequence[0].FrameOriginTimestamp)


def useful(dataset: Any) -> tuple[str, str]:
    (frame,) = dataset[0x00060001].value
    item = frame.FrameUsefulnessGroupSequence[0]
    return item.IncludesImagingSubject, item.IncludesInformation
