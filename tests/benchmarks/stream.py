"""Transmitter and receiver together, as two boxes on one data network on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

from appliance.demo.namespaces import Lab
from tests.benchmarks import floor

FRAME_1080 = 4115  # packets of the bare loops' frame; see floor.py


@dataclass
class Outcome:
    """What the two ends of one or more streams said."""

    sent: list[dict[str, Any]]
    received: list[dict[str, Any]]
    seconds: float = field(default=0.0)

    def total(self, name: str) -> int:
        """A counter, summed over the receivers."""
        return sum(int(one["counters"].get(name, 0)) for one in self.received)

    def sink(self, name: str) -> int:
        """A figure of the sinks' checks, summed."""
        return sum(int(one["end"].get(name, 0)) for one in self.received)

    @property
    def clean(self) -> bool:
        """No packet or frame lost, concealed, torn, repeated or with another frame's metadata;
        but for one frame at the sender's start, which the frame synchroniser may drop."""
        names = ("lost", "concealed_frames", "metadata_missing", "metadata_mismatch")
        checks = ("repeated", "torn", "metadata_mismatch")
        left_out = self.sink("lost") > len(self.received)
        return not (left_out or any(map(self.total, names)) or any(map(self.sink, checks)))


def pin(streams: int, cpu: int) -> dict[str, int]:
    """A CPU for each end of a single stream that takes all it can get. Not for paced ones: Linux
    takes a CPU from a real-time thread at times, and one that is free to move just moves."""
    return {"cpu": cpu} if streams == 1 and (os.cpu_count() or 1) > cpu else {}


def start(lab: Lab, box: str, wish: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Starts one end and waits until it runs."""
    process = lab[box].popen(
        [sys.executable, "-m", "tests.benchmarks.box", json.dumps(wish)],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line or not json.loads(line).get("ready"):
        raise RuntimeError(f"{wish['role']} did not start")
    return process


def finish(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Ends one end and reads its figures."""
    process.terminate()
    out, _ = process.communicate(timeout=30)
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def run_streams(
    count: int, seconds: float, tx: dict[str, Any], rx: dict[str, Any] | None = None
) -> Outcome:
    """`count` equal streams for so long. tx, rx: what differs from box.py's defaults."""
    with Lab(["tx", "rx"]) as lab:
        receivers, senders = [], []
        for stream in range(count):
            wish = {"role": "rx", "stream": stream, "format": tx["format"]}
            if "rate" in tx:
                wish["rate"] = tx["rate"]
            receivers.append(start(lab, "rx", {**wish, **(rx or {})}))
        for stream in range(count):
            wish = {"role": "tx", "stream": stream, "source_ip": lab["tx"].address()}
            senders.append(start(lab, "tx", {**wish, "seconds": seconds, **tx}))
        for process in senders:
            process.wait(timeout=seconds + 60)
        sent = [finish(process) for process in senders]
        received = [finish(process) for process in receivers]
    return Outcome(sent, received, seconds)


def cpu_row(name: str, outcome: Outcome) -> dict[str, Any]:
    """Share of a core for each end, with what was only spent waiting told apart."""
    sent, received = outcome.sent[0], outcome.received[0]
    counters = sent["counters"]
    wall = sent["wall_ns"]
    return {
        "name": name,
        "frames": outcome.total("presented"),
        "lost": outcome.total("lost"),
        "concealed": outcome.total("concealed_frames"),
        "late": outcome.total("late"),
        "repeats": counters["repeats"],
        "never shown": outcome.sink("lost"),
        "drops": counters["drops"] + counters["source_lost"],
        "clean": outcome.clean,
        "tx cpu": round(sent["cpu_ns"] / wall, 3),
        "tx spinning": round(counters["spin_ns"] / wall, 3),
        "rx cpu": round(received["cpu_ns"] / received["wall_ns"], 3),
        "memory growth KiB": received["memory_kb"][-1]
        - received["memory_kb"][len(received["memory_kb"]) // 4],
    }


def latency_row(name: str, outcome: Outcome, whole_ms: float = 20.0) -> dict[str, Any]:
    """Capture to presentation, and what we add to it, in ms. whole_ms: the card's own time from
    the start of the raster to the hand-over of a whole frame, which with the frame's sending time
    is not ours; for slices, which overlap with both, there is no such figure."""
    row: dict[str, Any] = {"name": name, "frames": outcome.total("presented")}
    found = outcome.received[0]["histograms"]
    for key in ("min", "p50", "p99", "p999", "max"):
        row[f"latency {key}"] = round(found["latency"][key] / 1e6, 3)
    if whole_ms:
        for key in ("min", "p50", "p99", "p999", "max"):
            row[f"added {key}"] = round(found["added"][key] / 1e6 - whole_ms, 3)
    row["clean"] = outcome.clean
    return row


def real_time(seconds: float) -> list[dict[str, Any]]:
    """From 1080p50 as far as this machine goes, paced; lossless or not, each says so."""
    cases: list[tuple[str, int, dict[str, Any]]] = [
        ("1080p50 N", 1, {"format": "1080p50", "sender_type": "N", "sync": "aligned"}),
        ("1080p50 W", 1, {"format": "1080p50", "sender_type": "W", "sync": "aligned"}),
        ("1080p60 N", 1, {"format": "1080p60", "sender_type": "N", "sync": "aligned"}),
        ("2 x 1080p50 W", 2, {"format": "1080p50", "sender_type": "W", "sync": "aligned"}),
        ("4 x 1080p50 W", 4, {"format": "1080p50", "sender_type": "W", "sync": "aligned"}),
        ("2160p50 N", 1, {"format": "2160p50", "sender_type": "N", "sync": "aligned"}),
        ("2160p60 N", 1, {"format": "2160p60", "sender_type": "N", "sync": "aligned"}),
    ]
    rows = []
    for name, count, wish in cases:
        # The first is the one that must hold for a minute; the others show how far it goes.
        length = seconds if name == "1080p50 N" else min(seconds, 20)
        rows.append(cpu_row(name, run_streams(count, length, wish)))
    return rows


def unpaced(seconds: float, rounds: int = 3) -> list[dict[str, Any]]:
    """As fast as it goes, in frames/s of 4115 packets, against bare loops. A machine's speed
    changes from second to second, so both take turns, and the middle one of the ratios counts."""
    rows = []
    for burst in (16, 8, 5):
        pairs, lost = [], 0
        for _ in range(rounds):
            bare = float(floor.run(seconds, bursts=(burst,))[0]["frames/s"])
            ours, missing = _unpaced(seconds, burst, max(60, int(bare)))
            pairs.append((ours / bare, ours, bare))
            lost += missing
        ratio, ours, bare = sorted(pairs)[rounds // 2]
        rows.append(
            {
                "name": f"unpaced, bursts of {burst}",
                "frames/s": round(ours, 1),
                "bare frames/s": round(bare, 1),
                "ratio": round(ratio, 2),
                "ratios": ", ".join(f"{one:.2f}" for one, *_ in sorted(pairs)),
                "lost": lost,
            }
        )
    return rows


def _unpaced(seconds: float, burst: int, rate: int) -> tuple[float, int]:
    """Frames/s and packets lost. rate: of the source, which must outrun the sender but not waste
    the CPUs that carry both."""
    tx = {"format": "1080p50", "rate": str(rate), "paced": False, "burst": burst, **pin(1, 0)}
    outcome = run_streams(1, seconds, tx, {"check": "none", "link_offset_ns": 0, **pin(1, 1)})
    packets = outcome.received[0]["counters"]["packets"]
    return packets / FRAME_1080 / (outcome.sent[0]["wall_ns"] / 1e9), outcome.total("lost")


def latency(seconds: float) -> list[dict[str, Any]]:
    """Frame-based and sliced pairs at 1080p50."""
    fmt = {"format": "1080p50", "sender_type": "N"}
    return [
        latency_row(
            "direct, whole frames, at once",
            run_streams(1, seconds, {**fmt, "sync": "direct"}, {"link_offset_ns": 0}),
        ),
        latency_row("direct, whole frames, constant offset", run_streams(1, seconds, fmt)),
        latency_row(
            "aligned, whole frames, constant offset",
            run_streams(1, seconds, {**fmt, "sync": "aligned"}),
        ),
        latency_row(
            "direct, slices, constant offset, N",
            run_streams(1, seconds, {**fmt, "slices": True}, {"slices": True}),
            0,
        ),
        latency_row(
            "direct, slices, constant offset, W",
            run_streams(1, seconds, {**fmt, "sender_type": "W", "slices": True}, {"slices": True}),
            0,
        ),
    ]


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    for one in latency(5):
        print(one)
