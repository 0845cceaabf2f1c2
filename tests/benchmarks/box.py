"""One end of a stream as a process of its own, for the benchmarks: the engine with the synthetic
card, every knob from one JSON argument, its figures as one JSON line when it ends.

    python -m tests.benchmarks.box '{"role": "tx", "format": "1080p50", ...}'
"""

from __future__ import annotations

import json
import resource
import signal
import sys
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from appliance.engine import _engine
from appliance.rtv.layout import packet_layout
from appliance.rtv.packing import Packing
from appliance.rtv.traffic import SenderType, pacing, traffic_model
from drivers.synthetic import SyntheticSink, SyntheticSource
from drivers.video import VideoFormat, format_named
from tests.benchmarks.grains import grain_arguments

VIDEO_PORT, METADATA_PORT = 20000, 20002


def leg(wish: dict[str, Any], port: int) -> dict[str, Any]:
    """The one path of a benchmark's stream: multicast over the box's interface."""
    return {
        "interface": "eth0",
        "source_ip": wish["source_ip"] if wish["role"] == "tx" else "",
        "source_port": port if wish["role"] == "tx" else 0,
        "address": f"239.10.{wish.get('stream', 0)}.1",
        "port": port,
        "ttl": 4,
        "dscp": 34,
    }


def wished_format(wish: dict[str, Any]) -> VideoFormat:
    """The format by name; `rate` overrides its frame rate, to go faster than any signal does."""
    fmt = format_named(wish["format"], depth=wish.get("depth", 10))
    return replace(fmt, rate=Fraction(wish["rate"])) if "rate" in wish else fmt


def transmitter(wish: dict[str, Any]) -> tuple[Any, Any]:
    """A paced (or unpaced) transmitter on a synthetic source."""
    fmt = wished_format(wish)
    packets = packet_layout(fmt, Packing(wish.get("packing", "lines")))
    kind = SenderType(wish.get("sender_type", "N"))
    model = traffic_model(fmt, len(packets), kind)
    values = dict(pacing(fmt, model))
    if "burst" in wish:
        values["burst"] = values["cmax"] = wish["burst"]
    # A card that hands on every 45 lines, where slices are asked for.
    source = SyntheticSource(fmt, steps=24)
    tx = _engine.Transmitter(
        source.capsule(),
        format=fmt.native(),
        packets=packets,
        video=[leg(wish, VIDEO_PORT)],
        metadata=[leg(wish, METADATA_PORT)],
        payload_type=96,
        ssrc=0x1000 + wish.get("stream", 0),
        metadata_payload_type=104,
        metadata_ssrc=0x2000 + wish.get("stream", 0),
        max_udp=1460,
        paced=wish.get("paced", True),
        sync=wish.get("sync", "direct"),
        slices=wish.get("slices", False),
        max_frames=wish.get("frames", 0),
        cpu=wish.get("cpu", -1),
        **values,
    )
    tx.set_grain(**grain_arguments(fmt))
    return tx, source


def receiver(wish: dict[str, Any]) -> tuple[Any, Any]:
    """A receiver on a synthetic sink that checks the stamp of every frame."""
    fmt = wished_format(wish)
    sink = SyntheticSink(check=wish.get("check", "stamp"), steps=24)
    rx = _engine.Receiver(
        sink.capsule(),
        format=fmt.native(),
        video=[leg(wish, VIDEO_PORT)],
        metadata=[leg(wish, METADATA_PORT)],
        payload_type=96,
        metadata_payload_type=104,
        extensions={"origin": 1, "flow": 3, "source": 4, "flags": 5, "sync": 7},
        link_offset_ns=wish.get("link_offset_ns", -1),
        slices=wish.get("slices", False),
        cpu=wish.get("cpu", -1),
    )
    return rx, sink


def resident_kb() -> int:
    """Memory in RAM now, KiB."""
    text = Path("/proc/self/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0])


def main() -> None:
    """Runs until max_frames, the wished seconds or SIGTERM, whichever comes first."""
    wish = json.loads(sys.argv[1])
    engine, end = transmitter(wish) if wish["role"] == "tx" else receiver(wish)
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stopped.append(number))
    cpu_before = time.process_time_ns()
    wall_before = time.monotonic_ns()
    engine.start()
    print(json.dumps({"ready": True}), flush=True)
    memory: list[int] = []
    deadline = time.monotonic() + wish.get("seconds", 3600)
    while engine.running() and not stopped and time.monotonic() < deadline:
        time.sleep(0.05)
        if not memory or time.monotonic_ns() - wall_before > len(memory) * 1_000_000_000:
            memory.append(resident_kb())
    wall = time.monotonic_ns() - wall_before
    counters = engine.counters()
    histograms = engine.histograms()
    engine.stop()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "wish": wish,
                "wall_ns": wall,
                "cpu_ns": time.process_time_ns() - cpu_before,
                "memory_kb": memory,
                "peak_kb": usage.ru_maxrss,
                "counters": counters,
                "histograms": histograms,
                "end": end.stats(),
                "events": [f"{e['severity']} {e['code']}: {e['text']}" for e in engine.events()],
            }
        ),
        flush=True,
    )
    end.close()


if __name__ == "__main__":
    main()
