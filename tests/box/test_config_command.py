"""`rtvbox config` and `rtvbox status`, as a person at the box uses them."""

from __future__ import annotations

import io
import json
import os
import sys
import time
from pathlib import Path

import pytest

from appliance.box.observe import publish
from appliance.box.paths import Paths
from tests.box.documents import TX, changed
from tests.box.test_desired import BAD
from tests.cli.conftest import Command, rtvbox

__all__ = ["rtvbox"]

ISSUE = {
    "id": "link-down",
    "subject": "data",
    "severity": "error",
    "text": "Network data: no link",
    "remedy": "Check the cable and the switch's port",
    "source": "network",
    "since": "2026-11-23T10:00:00+00:00",
}
CONVERTER = {
    "mode": "rx",
    "state": "running",
    "generation": 4,
    "output": {"connector": "drm:HDMI-A-1", "format": "1080p50", "signal": "ok"},
    "flow": {"id": "endoscope", "address": "239.1.1.1:5000", "state": "running"},
    "patient_confirmed": True,
    "counters": {"presented": 500, "lost": 3, "concealed_frames": 1, "late": 0, "static_id": 2},
    "histograms": {
        "latency": {"count": 5, "sum": 9, "p50": 44_600_000, "p99": 1, "p999": 62_000_000}
    },
    "issues": [],
}
NETWORK = {
    "data": {
        "interface": "enp2s0",
        "address": "10.20.0.31",
        "prefix": 24,
        "carrier": False,
        "speed_mbit": 10000,
    },
    "issues": [ISSUE],
}
CLOCK = {"state": "locked", "grandmaster": "39-A7-94-FF-FE-07-CB-D0", "offset_ns": -84}


def file(folder: Path, document: object) -> Path:
    path = folder / "document.json"
    path.write_text(json.dumps(document))
    return path


def test_a_document_from_check_to_rollback(rtvbox: Command, tmp_path: Path) -> None:
    root = ("config", "--root", tmp_path)
    shown = rtvbox(*root, "show")
    assert shown.code == 2
    assert "never told what to be; run: rtvbox config apply FILE" in shown.err
    assert rtvbox(*root, "check", file(tmp_path, TX)).out == "it would be taken\n"
    assert "mode: idle → tx" in rtvbox(*root, "diff", file(tmp_path, TX)).out
    applied = rtvbox(*root, "apply", file(tmp_path, TX))
    assert applied.code == 0
    assert "generation 1 is wanted now" in applied.out
    assert json.loads(rtvbox(*root, "show").out)["label"] == "OR 3 tower"
    other = changed(TX, "label", "OR 4")
    assert rtvbox(*root, "diff", file(tmp_path, other)).out == "label: OR 3 tower → OR 4\n"
    assert rtvbox(*root, "diff", file(tmp_path, TX)).out == "nothing changes\n"
    rtvbox(*root, "apply", file(tmp_path, other))
    assert "generation 3 is wanted now" in rtvbox(*root, "rollback").out
    assert json.loads(rtvbox(*root, "show").out)["label"] == "OR 3 tower"
    assert json.loads(rtvbox(*root, "show", 2).out)["label"] == "OR 4"
    history = rtvbox(*root, "history").out.splitlines()
    assert [line.split()[0] for line in history] == ["1", "2", "3"]
    assert history[-1].endswith("config (back to 1)  wanted")
    missing = rtvbox(*root, "show", 9)
    assert (missing.code, missing.out) == (2, "")
    assert "generation: 9 is not kept; choose 1, 2, 3" in missing.err


@pytest.mark.parametrize("row", BAD, ids=[row[0] for row in BAD])
def test_a_bad_document_changes_nothing_and_is_told_in_lines(
    rtvbox: Command, tmp_path: Path, row: tuple[str, object, str, str]
) -> None:
    refused = rtvbox("config", "--root", tmp_path, "apply", file(tmp_path, row[1]))
    assert refused.code == 2
    assert refused.out == ""
    assert all(": " in line and "; " in line for line in refused.err.splitlines())
    assert not (tmp_path / "var").exists()


def test_from_standard_input(
    rtvbox: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(TX).encode())))
    assert rtvbox("config", "--root", tmp_path, "apply", "-").code == 0


def test_the_schema_is_one(rtvbox: Command) -> None:
    assert json.loads(rtvbox("config", "schema").out)["title"] == "Desired"


def test_a_place_that_is_not_ours(rtvbox: Command, tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")
    refused = rtvbox("config", "--root", tmp_path, "apply", file(tmp_path, TX))
    assert refused.code == 2
    assert "Not a directory; look at the box's disk" in refused.err


def test_status_of_a_box(rtvbox: Command, tmp_path: Path) -> None:
    run = Paths.below(tmp_path).run
    run.mkdir(parents=True)
    publish(run / "converter.json", CONVERTER)
    publish(run / "network.json", NETWORK)
    publish(run / "clock.json", CLOCK)
    publish(run / "agent.json", {"label": "OR 3\x1b[31m monitor", "provisioned": True})
    shown = rtvbox("status", "--root", tmp_path)
    assert shown.code == 1  # an error is raised
    assert shown.out.splitlines() == [
        "OR 3 [31m monitor · mode rx · generation 4",
        "output        drm:HDMI-A-1 1080p50 ok",
        "flow          endoscope 239.1.1.1:5000 running, 500 frames, 3 packets lost, 1 concealed, "
        "0 late",
        "patient       confirmed",
        "latency       44.6 ms, 62.0 at 99.9 %",
        "clock         locked, grandmaster 39-A7-94-FF-FE-07-CB-D0, offset -84 ns",
        "data          enp2s0 10.20.0.31/24 no link",
        "issues        1",
        "  error   Network data: no link",
        "          Check the cable and the switch's port  (since 2026-11-23T10:00:00+00:00)",
    ]
    found = json.loads(rtvbox("status", "--root", tmp_path, "--json").out)
    assert found["clock"] == CLOCK
    assert found["silent"] == {}
    text = rtvbox("status", "--root", tmp_path, "--metrics").out
    assert 'rtvbox_issue{id="link-down",subject="data",severity="error"} 1' in text
    assert 'rtvbox_flow_lost_total{mode="rx",flow="endoscope"} 3' in text
    assert 'rtvbox_flow_latency_seconds{quantile="0.5"} 0.044600000' in text
    assert "rtvbox_clock_offset_seconds -0.000000084" in text
    # Each metric's kind is said once, before its values, as the format has it.
    kinds = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(kinds) == len(set(kinds))


def test_a_service_that_is_gone_is_not_shown_as_if_it_lived(
    rtvbox: Command, tmp_path: Path
) -> None:
    run = Paths.below(tmp_path).run
    run.mkdir(parents=True)
    publish(run / "converter.json", CONVERTER)
    os.utime(run / "converter.json", (time.time() - 60, time.time() - 60))
    (run / "clock.json").write_text("{")
    shown = rtvbox("status", "--root", tmp_path)
    assert shown.code == 1
    assert shown.out.splitlines() == [
        "rtvbox · mode unknown",
        "agent         says nothing",
        "converter     does not answer",
        "clock         is no JSON",
        "network       says nothing",
        "issues        none",
    ]


def test_whatever_a_service_publishes_status_does_not_fail(rtvbox: Command, tmp_path: Path) -> None:
    run = Paths.below(tmp_path).run
    run.mkdir(parents=True)
    for value in (None, 3, "x", [], {}, {"id": 3}, [1], [None]):
        keys = ("mode", "flow", "input", "counters", "histograms", "issues", "data", "state")
        for name in ("agent", "converter", "clock", "network"):
            (run / f"{name}.json").write_text(json.dumps(dict.fromkeys(keys, value)))
        for form in ((), ("--json",), ("--metrics",)):
            assert rtvbox("status", "--root", tmp_path, *form).code in (0, 1)
