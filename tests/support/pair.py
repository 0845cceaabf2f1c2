"""A transmitter and a receiver on loopback in this process, with a bad network between them."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from appliance.engine import _engine
from appliance.rtv.layout import packet_layout
from appliance.rtv.traffic import SenderType, pacing, traffic_model
from drivers.frame import Frame
from drivers.synthetic import SyntheticSink, SyntheticSource
from drivers.video import VideoFormat
from tests.benchmarks.grains import grain_arguments
from tests.support.ports import free_port
from tests.support.relay import Relay

SMALL = VideoFormat(640, 360, Fraction(25))
EXTENSIONS = {"origin": 1, "flow": 3, "source": 4, "flags": 5, "sync": 7}
VIDEO_PT, METADATA_PT = 112, 104


@dataclass
class Outcome:
    """What both ends and the network between them said, and the pictures that were kept."""

    tx: dict[str, int]
    rx: dict[str, int]
    sink: dict[str, int]
    source: dict[str, int]
    events: list[str]
    frames: list[Frame]
    relays: list[dict[str, int]] = field(default_factory=list)


def leg(port: int) -> _engine.Leg:
    """A path over loopback."""
    return {"interface": "lo", "source_ip": "", "address": "127.0.0.1", "port": port}


def run_pair(
    frames: int,
    *,
    faults: tuple[tuple[str, ...], ...] = ((),),
    fmt: VideoFormat = SMALL,
    sync: str = "aligned",
    during: Callable[[SyntheticSource, _engine.Transmitter], None] | None = None,
    intruder: Callable[[list[int]], None] | None = None,
    rx_options: dict[str, Any] | None = None,
    keep: int = 0,
    **source_options: Any,
) -> Outcome:
    """Sends so many frames. faults: one relay's faults for each path of the video (two make an
    ST 2022-7 stream). during: called once it runs, to do something to the source."""
    packets = packet_layout(fmt)
    with ExitStack() as stack:
        video_in = [free_port() for _ in faults]
        video_out = [free_port() for _ in faults]
        metadata = [free_port() for _ in faults]
        relays = [
            stack.enter_context(Relay(a, b, *words))
            for a, b, words in zip(video_in, video_out, faults, strict=True)
        ]
        sink = SyntheticSink(line_clock=False, keep=keep)
        source = SyntheticSource(fmt, **source_options)
        receiver = _engine.Receiver(
            sink.capsule(),
            format=fmt.native(),
            video=[leg(port) for port in video_out],
            metadata=[leg(port) for port in metadata],
            payload_type=VIDEO_PT,
            metadata_payload_type=METADATA_PT,
            extensions=EXTENSIONS,
            **{"link_offset_ns": 80_000_000, **(rx_options or {})},
        )
        transmitter = _engine.Transmitter(
            source.capsule(),
            format=fmt.native(),
            packets=packets,
            video=[leg(port) for port in video_in],
            metadata=[leg(port) for port in metadata],
            payload_type=VIDEO_PT,
            ssrc=1,
            metadata_payload_type=METADATA_PT,
            metadata_ssrc=2,
            max_udp=1460,
            max_frames=frames,
            sync=sync,
            **pacing(fmt, traffic_model(fmt, len(packets), SenderType.W)),
        )
        transmitter.set_grain(**grain_arguments(fmt))
        receiver.start()
        transmitter.start()
        try:
            if during is not None:
                during(source, transmitter)
            if intruder is not None:
                intruder(video_out)
            limit = time.monotonic() + 3 * frames / float(fmt.rate) + 10
            while transmitter.running():
                assert time.monotonic() < limit, f"stuck: {transmitter.counters()}"
                time.sleep(0.02)
            time.sleep(0.3)
        finally:
            transmitter.stop()
            receiver.stop()
        kept = []
        while (frame := sink.take()) is not None:
            kept.append(frame)
        events = [f"{e['code']}: {e['text']}" for e in (*transmitter.events(), *receiver.events())]
        outcome = Outcome(
            transmitter.counters(), receiver.counters(), sink.stats(), source.stats(), events, kept
        )
        sink.close()
        source.close()
    outcome.relays = [relay.done for relay in relays]
    return outcome
