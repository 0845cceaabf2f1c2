"""A flow from the network on a monitor: `rtvbox rx --sink drm:...` as a plug-in box behind a
monitor runs it, and the screen as somebody sees it who stands in front of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from appliance.demo.namespaces import Lab
from drivers.video import format_named
from hwtests.bench import Bench
from hwtests.pictures import OverlayText
from hwtests.stream import METADATA, VIDEO, End
from tests.support.converter_box import ConverterBox

Screen = npt.NDArray[np.uint8]
Grab = Callable[[], Screen]
Begin = Callable[..., End]
NAME, ID = "Hardware^Test", "HW1"
FORMAT = "640x360p10"
OFFSET_MS = 300


@pytest.fixture
def grab(monitor: dict[str, Any], host: Any) -> Grab:
    """The screen, R'G'B' [height, width, 3], seen from outside of the machine."""
    if not monitor.get("grab"):
        pytest.skip("nobody can say what this monitor shows")

    def grabbed() -> Screen:
        host.ask("screendump", name="screen.ppm")
        with Image.open(host.share / "screen.ppm") as picture:
            return np.asarray(picture.convert("RGB"))

    return grabbed


@dataclass(frozen=True)
class Flow:
    """A flow that is sent. sdp: what its sender says of it."""

    lab: Lab
    tx: End
    sdp: Path


@pytest.fixture
def flow(bench: Bench, tmp_path: Path) -> Iterator[Flow]:
    """A sender in a namespace, with a patient; another namespace waits for a receiver."""
    patient = tmp_path / "patient.json"
    patient.write_text(json.dumps({"patient": {"name": NAME, "id": ID}}))
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
            yield Flow(lab, tx, sdp)
        finally:
            tx.process.kill()
            tx.process.wait()
            tx.close()


@pytest.fixture
def rx(flow: Flow, monitor: dict[str, Any], tmp_path: Path) -> Iterator[End]:
    """`rtvbox rx`, whose output is the monitor, once it shows pictures."""
    end = End(
        flow.lab["rx"],
        tmp_path,
        *("rx", "--sdp", flow.sdp, "--interface", "eth0", "--sink", monitor["key"]),
        *("--overlay", "default", "--link-offset-ms", OFFSET_MS),
    )
    try:
        until(lambda: end.counters().get("presented"), 120, end)
        yield end
    finally:
        end.process.kill()
        end.process.wait()
        end.close()


def until(there: Callable[[], object], seconds: float, end: End) -> None:
    limit = time.monotonic() + seconds
    while not there():
        assert end.alive() and time.monotonic() < limit, end.log()
        time.sleep(0.1)


def lit(screen: Screen) -> float:
    """Share of the screen that is not black."""
    return float((screen.max(axis=2) > 24).mean())


def moves(grab: Grab, seconds: float) -> bool:
    """Whether a lit screen shows another lit picture within that time."""
    limit = time.monotonic() + seconds
    screens = [grab()]
    while time.monotonic() < limit:
        screens.append(grab())
        if any(
            min(lit(a), lit(b)) > 0.05 and a.shape == b.shape and (a != b).any()
            for a, b in pairwise(screens)
        ):
            return True
    return False


def plug(key: str, *, there: bool) -> None:
    """Pulls the plug or puts it back: the kernel's own switch, `status` in sysfs."""
    (force,) = Path("/sys/class/drm").glob(f"card*-{key.rpartition(':')[2]}/status")
    force.write_text("detect" if there else "off")


def test_a_flow_from_the_network_moves_on_the_screen_with_its_text(
    rx: End, grab: Grab, bench: Bench, budget: dict[str, dict[str, float]], figure: Any
) -> None:
    text = OverlayText(format_named(FORMAT), "top-left", PatientName=NAME, PatientID=ID)
    another = OverlayText(format_named(FORMAT), "top-left", PatientName="Other", PatientID=ID)
    time.sleep(3)
    assert moves(grab, 10)
    for screen in (grab() for _ in range(4)):
        assert lit(screen) > 0.05
        assert text.stands(screen), "the patient's name is not on the screen"
        # What is asked for bites: not another name, nor this one elsewhere.
        assert not another.stands(screen)
        assert not text.stands(np.roll(screen, 8, axis=1))
    report = rx.end()
    sink = report["sink"]
    assert sink["shown"] > 10, sink
    assert sink["connected"] == 1 and sink["repeats"] >= 1
    for name in ("min", "p50", "p99", "max"):
        figure(f"capture to flip {name} ms", round(sink[f"capture_to_flip_{name}_ns"] / 1e6, 1))
    # Nothing is shown before its time: origin, link offset, and then the next vblank.
    assert sink["capture_to_flip_min_ns"] >= OFFSET_MS * 1_000_000
    # Nor much later than another: what is late makes room for the next.
    for quantile, name in (("max", "latency_spread_ms"), ("p50", "usual_spread_ms")):
        limit = budget["monitor"][name if bench.real_time else f"emulated_{name}"]
        found = sink[f"capture_to_flip_{quantile}_ns"] - sink["capture_to_flip_min_ns"]
        figure(name, round(found / 1e6, 1), limit)
        assert found / 1e6 <= limit, name
    assert report["metadata"]["mismatches"] == 0
    assert NAME.partition("^")[0] not in rx.log()


def test_a_monitor_that_is_pulled_and_put_back_shows_the_flow_again(
    rx: End,
    monitor: dict[str, Any],
    grab: Grab,
    bench: Bench,
    budget: dict[str, dict[str, float]],
    figure: Any,
) -> None:
    plug(monitor["key"], there=False)
    try:
        until(lambda: "unplug" in rx.log() or "no monitor" in rx.log(), 30, rx)
        before = rx.counters()["presented"]
        until(lambda: rx.counters()["presented"] > before + 5, 30, rx)  # the flow goes on
    finally:
        plug(monitor["key"], there=True)
    limit = budget["monitor"]["back_s" if bench.real_time else "emulated_back_s"]
    began = time.monotonic()
    assert moves(grab, limit)
    figure("pictures move after the replug, s", round(time.monotonic() - began, 1), limit)
    # It does not stop there.
    assert moves(grab, limit)
    report = rx.end()
    sink = report["sink"]
    assert sink["unplugs"] == 1 and sink["modesets"] == 2 and sink["connected"] == 1, sink


def test_a_box_says_that_its_monitor_is_away_until_it_is_back(
    flow: Flow, monitor: dict[str, Any], grab: Grab, bench: Bench, tmp_path: Path
) -> None:
    document = {
        "schema": 1,
        "mode": "rx",
        "networks": {"data": {"interface": "eth0", "address": f"{flow.lab['rx'].address()}/24"}},
        "output": {"card": monitor["key"], "overlay": "default", "link_offset_ms": OFFSET_MS},
        "flows": {"receive": [{"id": "endoscope", "sdp": flow.sdp.read_text()}]},
    }
    patience = 20 if bench.real_time else 180
    place, box = tmp_path / "box", flow.lab["rx"]
    with ConverterBox(box, place, "rx", document, patience=patience) as converter:
        converter.wait(lambda: converter.status()["output"]["signal"] == "ok", "picture")
        assert "output-missing" not in converter.issues()
        plug(monitor["key"], there=False)
        try:
            converter.wait(lambda: "output-missing" in converter.issues(), "issue")
            (issue,) = [
                one for one in converter.status()["issues"] if one["id"] == "output-missing"
            ]
            assert monitor["key"] in issue["text"]
            assert "monitor" in issue["remedy"]
            # It is the monitor that is away, not the flow, and not the receiver.
            assert converter.status()["flow"]["state"] == "running"
            assert converter.status()["output"]["signal"] == "none"
        finally:
            plug(monitor["key"], there=True)
        converter.wait(lambda: "output-missing" not in converter.issues(), "end of the issue")
        converter.wait(lambda: converter.status()["output"]["signal"] == "ok", "picture again")
        assert moves(grab, patience)
