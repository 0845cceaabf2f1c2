"""Sender types at the receiver's end: a capture of a paced flow, judged by `rtvbox inspect`."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from appliance.demo.namespaces import Lab
from appliance.rtv.analysis import inspect_capture
from appliance.rtv.sdp_model import SdpLeg, Session, VideoMedia
from appliance.rtv.traffic import SenderType
from drivers.video import format_named
from tests.benchmarks.box import VIDEO_PORT
from tests.benchmarks.stream import finish, start

CASES = [
    ("1080p50", "N"),
    ("1080p50", "NL"),
    ("1080p50", "W"),
    ("2160p50", "N"),
    ("2160p50", "W"),
]


class CaptureError(RuntimeError):
    """The capture lacks packets and says nothing of the sender."""


def capture(fmt: str, kind: str, seconds: float, out: Path) -> None:
    """Captures a flow where it enters the receiver: the first header of each burst, which stays
    glued as it was sent. Cutting bursts in the kernel, or writing whole ones, would cost this
    machine more than sending them, and judge that instead."""
    with Lab(["tx", "rx"]) as lab:
        receiver = start(lab, "rx", {"role": "rx", "format": fmt, "check": "none"})
        wish = {
            "role": "tx",
            "source_ip": lab["tx"].address(),
            "format": fmt,
            "sync": "aligned",
        }
        sender = start(lab, "tx", {**wish, "sender_type": kind, "seconds": seconds + 2})
        time.sleep(1.5)
        dump = lab["rx"].popen(
            [
                *("timeout", "2", "chrt", "-f", "10", "tcpdump", "-i", "eth0", "-s", "128"),
                *("-B", "65536", "--time-stamp-precision=nano", "-w", str(out)),
                "udp and dst net 239.10.0.0/16",
            ],
            stderr=subprocess.PIPE,
        )
        _, said = dump.communicate(timeout=seconds + 20)
        finish(sender)
        finish(receiver)
        if "0 packets dropped by kernel" not in said.decode():
            raise CaptureError("tcpdump could not keep up: " + said.decode().split("\n")[-2])


def session(fmt: str, kind: str) -> Session:
    """What the flow's SDP says, as far as its pacing is judged by it."""
    media = VideoMedia(
        format=format_named(fmt),
        legs=(SdpLeg("239.10.0.1", VIDEO_PORT),),
        sender_type=SenderType(kind),
    )
    return Session(name="bench", origin="127.0.0.1", videos=(media,))


def run(seconds: float) -> list[dict[str, Any]]:
    """A row for each case: what was measured against the limits of its own sender type."""
    rows = []
    for fmt, kind in CASES:
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            file = Path(folder) / "flow.pcap"
            try:
                capture(fmt, kind, seconds, file)
            except CaptureError as error:
                rows.append({"name": f"{fmt} {kind}", "met": f"not judged: {error}"})
                continue
            report = inspect_capture(file.read_bytes(), session=session(fmt, kind))
        videos = [flow.video for flow in report.flows if flow.video is not None]
        pacing = videos[0].pacing if videos else None
        if pacing is None:
            raise RuntimeError(f"{fmt} {kind}: the capture holds no video that can be judged")
        own = next(verdict for verdict in pacing.types if verdict.sender_type == kind)
        rows.append(
            {
                "name": f"{fmt} {kind}",
                "Cinst max": own.cinst_max,
                "Cmax": own.cmax,
                "Cinst p99.9": pacing.cinst.p999,
                "VRX min": own.vrx_min,
                "VRX max": own.vrx_max,
                "VRX full": own.vrx_full,
                "packets within": f"{own.packets_share / 10} %",
                "frames within": f"{own.frames_share / 10} %",
                "met": own.met,
            }
        )
    return rows


if __name__ == "__main__":
    for row in run(4):
        print(row)
