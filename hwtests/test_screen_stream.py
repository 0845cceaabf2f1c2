"""A flow from the network on a monitor: `rtvbox rx --sink drm:...` as a plug-in box behind a
monitor runs it, and the screen as somebody sees it who stands in front of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from appliance.demo.namespaces import Lab
from hwtests.bench import Bench
from hwtests.stream import METADATA, VIDEO, End

Figure = Callable[..., None]
Grab = Callable[[], npt.NDArray[np.uint8]]
NAME = "Hardware^Test"
FORMAT = "640x360p10"
OFFSET_MS = 300


@pytest.fixture
def grab(monitor: dict[str, Any], host: Any) -> Grab:
    """The screen, R'G'B' [height, width, 3], seen from outside of the machine."""
    if not monitor.get("grab"):
        pytest.skip("nobody can say what this monitor shows")

    def grabbed() -> npt.NDArray[np.uint8]:
        host.ask("screendump", name="screen.ppm")
        with Image.open(host.share / "screen.ppm") as picture:
            return np.asarray(picture.convert("RGB"))

    return grabbed


@pytest.fixture
def ends(monitor: dict[str, Any], bench: Bench, tmp_path: Path) -> Iterator[tuple[End, End]]:
    """Sender and receiver, each in a namespace; the receiver's output is the monitor."""
    patient = tmp_path / "patient.json"
    patient.write_text(json.dumps({"patient": {"name": NAME, "id": "HW1"}}))
    sdp = tmp_path / "flow.sdp"
    more = [] if bench.real_time else ["--sender-type", "W", "--unpaced"]
    with Lab(["tx", "rx"], mtu=9000) as lab:
        tx = End(
            lab["tx"],
            tmp_path,
            *("tx", "--source", "synthetic", "--format", FORMAT, "--max-udp", 8960, *more),
            *("--interface", "eth0", "--static", patient, "--sdp-out", sdp),
            *("--video", "{}:{}".format(*VIDEO), "--metadata", "{}:{}".format(*METADATA)),
        )
        try:
            until(lambda: tx.counters().get("frames"), 120, tx)
            rx = End(
                lab["rx"],
                tmp_path,
                *("rx", "--sdp", sdp, "--interface", "eth0", "--sink", monitor["key"]),
                *("--overlay", "default", "--link-offset-ms", OFFSET_MS),
            )
            try:
                until(lambda: rx.counters().get("presented"), 120, rx)
                yield tx, rx
            finally:
                rx.process.kill()
                rx.process.wait()
                rx.close()
        finally:
            tx.process.kill()
            tx.process.wait()
            tx.close()


def until(there: Callable[[], object], seconds: float, end: End) -> None:
    limit = time.monotonic() + seconds
    while not there():
        assert end.alive() and time.monotonic() < limit, end.log()
        time.sleep(0.1)


def lit(screen: npt.NDArray[np.uint8]) -> float:
    """Share of the screen that is not black."""
    return float((screen.max(axis=2) > 24).mean())


def test_a_flow_from_the_network_moves_on_the_screen_with_its_text(
    ends: tuple[End, End], grab: Grab, figure: Figure
) -> None:
    _, rx = ends
    time.sleep(3)
    screens = [grab() for _ in range(4)]
    assert all(lit(one) > 0.05 for one in screens)
    assert any((a != b).any() for a, b in pairwise(screens))
    report = rx.end()
    sink = report["sink"]
    assert sink["shown"] > 10, sink
    assert sink["connected"] == 1 and sink["repeats"] >= 1
    figure("capture to flip p50 ms", round(sink["capture_to_flip_p50_ns"] / 1e6, 1))
    figure("capture to flip p99 ms", round(sink["capture_to_flip_p99_ns"] / 1e6, 1))
    # Nothing is shown before its time: origin, link offset, and then the next vblank.
    assert sink["capture_to_flip_p50_ns"] >= OFFSET_MS * 1_000_000
    assert report["metadata"]["mismatches"] == 0
    assert NAME.partition("^")[0] not in rx.log()


def test_a_monitor_that_is_pulled_and_put_back_shows_the_flow_again(
    ends: tuple[End, End], monitor: dict[str, Any], grab: Grab
) -> None:
    _, rx = ends
    connector = monitor["key"].rpartition(":")[2]
    (force,) = Path("/sys/class/drm").glob(f"card*-{connector}/status")
    force.write_text("off")
    try:
        until(lambda: "unplug" in rx.log() or "no monitor" in rx.log(), 30, rx)
        before = rx.counters()["presented"]
        until(lambda: rx.counters()["presented"] > before + 5, 30, rx)  # the flow goes on
    finally:
        force.write_text("detect")
    time.sleep(6)
    assert lit(grab()) > 0.05
    report = rx.end()
    sink = report["sink"]
    assert sink["unplugs"] == 1 and sink["modesets"] == 2 and sink["connected"] == 1, sink
