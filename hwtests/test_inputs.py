"""A card with several inputs: which one is meant, and what each sees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from appliance import runner
from appliance.cli import main
from appliance.modes.cards import make_source
from drivers.discover import Kind, inventory
from drivers.v4l2 import V4l2Sink, get_edid, look_at
from drivers.v4l2.edid import edid_for, same
from drivers.video import Signal, format_named
from hwtests.bench import Bench
from hwtests.nodes import vivid_as
from hwtests.playing import control, input_of, node, vivid_sends

CAPTURE, PLAYOUT = "v4l2:platform-vivid.0:capture", "v4l2:platform-vivid.0:playout"
FORMAT = format_named("720p50", depth=8)


@pytest.fixture(scope="module", autouse=True)
def card(bench: Bench) -> Iterator[None]:
    """A webcam and two HDMI inputs; two HDMI outputs."""
    with vivid_as(bench, "num_inputs=3", "input_types=0x3c", "num_outputs=2", "output_types=0x3"):
        yield


def inputs() -> list[dict[str, Any]]:
    (found,) = (one for one in inventory() if one.kind is Kind.CAPTURE)
    told: list[dict[str, Any]] = found.details["inputs"]
    return told


def test_the_inventory_lists_inputs_and_outputs_with_what_they_see() -> None:
    assert [(one["name"], one["chosen"]) for one in inputs()] == [
        ("Webcam 0", True),
        ("HDMI 0", False),
        ("HDMI 1", False),
    ]
    assert inputs()[0]["status"] == "signal" and "status" not in inputs()[1]
    (out,) = (one for one in inventory() if one.kind is Kind.PLAYOUT)
    assert [one["name"] for one in out.details["outputs"]] == ["HDMI 0", "HDMI 1"]
    assert out.details["formats"][0] == "UYVY" and out.details["depth"] == 8


def test_a_source_takes_the_input_that_it_is_told() -> None:
    for word, number in (("HDMI 1", 2), ("hdmi0", 1)):
        runner.run(["v4l2-ctl", "-d", node(CAPTURE), "-i", str(number)], timeout=60)
        vivid_sends(CAPTURE, "720p50")
        runner.run(["v4l2-ctl", "-d", node(CAPTURE), "-i", "0"], timeout=60)
        with input_of(f"{CAPTURE},input={word}", FORMAT) as card:
            frame = card.until(lambda one: one.frame is not None, 20)[-1].frame
            assert frame is not None and frame.signal is Signal.LOCKED
        said = runner.run(["v4l2-ctl", "-d", node(CAPTURE), "-I"], timeout=60)
        assert f"Video input : {number} " in said
        control(CAPTURE, dv_timings_signal_mode=1)
        assert inputs()[number]["status"] == "no signal"
        control(CAPTURE, dv_timings_signal_mode=0)
        assert inputs()[number]["status"] == "signal"


def test_a_sink_takes_the_output_that_it_is_told() -> None:
    sink = V4l2Sink(f"{PLAYOUT}", output="1")
    try:
        from drivers import _video

        writer = _video.SinkWriter(sink.capsule())
        assert writer.start(FORMAT.native()) == 0, writer.error()
        writer.stop()
    finally:
        sink.close()
    chosen = [one.name for one in look_at(node(PLAYOUT)).connectors if one.chosen]
    assert chosen == ["HDMI 1"]


def test_an_input_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(ValueError, match=r"choose 0 \(Webcam 0\), 1 \(HDMI 0\)"):
        input_of(f"{CAPTURE},input=SDI", FORMAT).__enter__()


def test_an_edid_is_set_and_what_v4l2_ctl_reads_back(tmp_path: Any) -> None:
    file = tmp_path / "edid"
    assert main(["edid", f"{CAPTURE},input=HDMI 1", "--for", "1080p50"]) == 0
    read = ["v4l2-ctl", "-d", node(CAPTURE), f"--get-edid=pad=2,format=raw,file={file}"]
    runner.run(read, timeout=60)
    assert same(file.read_bytes(), edid_for(format_named("1080p50")))
    assert "edid" not in inputs()[0] and inputs()[2]["edid"] == "rtvbox"
    assert main(["edid", f"{CAPTURE},input=2", "--none"]) == 0
    assert inputs()[2]["edid"] == "none"
    assert main(["edid", f"{CAPTURE},input=2", "--set", str(file)]) == 0
    assert inputs()[2]["edid"] == "rtvbox"
    assert main(["edid", f"{CAPTURE},input=1", "--set", "/dev/null"]) == 2


def test_a_source_shows_the_format_that_it_expects() -> None:
    source = make_source(
        f"{CAPTURE},input=1,edid=expected", FORMAT, slices=False, stamp=False, realtime=False
    )
    assert same(get_edid(node(CAPTURE), 1), edid_for(FORMAT))
    source.close()
