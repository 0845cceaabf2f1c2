"""A receiver that joins a stream which runs, and one that was kept from reading for a while."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.demo.namespaces import Lab

pytestmark = pytest.mark.netns

RTVBOX = [sys.executable, "-m", "appliance.cli"]
# What a busy machine does to a receiver, and what says nothing of how it began.
LATE = re.compile(r"\d+ (frames (came|were shown) after their|times a held frame)")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, Path]]:
    """A sender that has been sending for a while, and its SDP."""
    folder = tmp_path_factory.mktemp("running")
    sdp, patient = folder / "flow.sdp", folder / "patient.json"
    patient.write_text('{"patient": {"name": "Test^Person"}}', encoding="utf-8")
    with Lab(["tx", "rx"]) as lab:
        sender = lab["tx"].popen(
            [
                *RTVBOX,
                *("tx", "--source", "synthetic", "--format", "720p50", "--interface", "eth0"),
                *("--video", "239.1.1.1:5000", "--metadata", "239.1.1.2:5002"),
                *("--sender-type", "W", "--static", str(patient), "--sdp-out", str(sdp)),
            ],
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + 30
        while not sdp.exists():
            assert sender.poll() is None and time.monotonic() < end
            time.sleep(0.05)
        time.sleep(0.5)
        yield lab, sdp
        sender.send_signal(signal.SIGTERM)
        sender.wait(30)


def receive(lab: Lab, sdp: Path, report: Path, *more: str) -> subprocess.Popen[bytes]:
    argv = ["rx", "--sdp", str(sdp), "--interface", "eth0", "--sink", "check"]
    argv += ["--report", str(report), *more]
    return lab["rx"].popen([*RTVBOX, *argv], stderr=subprocess.DEVNULL)


def result(report: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("overlay", ["none", "default"])
def test_joining_a_stream_that_runs_is_no_fault(
    running: tuple[Lab, Path], tmp_path: Path, overlay: str
) -> None:
    lab, sdp = running
    for _ in range(2):
        report = tmp_path / "rx.json"
        receiver = receive(lab, sdp, report, "--seconds", "1", "--overlay", overlay)
        code = receiver.wait(30)
        found = result(report)
        faults = [line for line in found["verdict"]["faults"] if not LATE.match(line)]
        assert faults == [], found
        assert code == int(not found["verdict"]["good"])
        assert found["engine"]["joined_midway"] <= 1  # not one frame after another
        assert found["frames"]["complete"] == found["frames"]["received"] > 20


def test_what_waits_in_the_socket_is_not_taken_for_lost(
    running: tuple[Lab, Path], tmp_path: Path
) -> None:
    """The process stands still for many frames; then all of them are there to be read."""
    lab, sdp = running
    report, status = tmp_path / "rx.json", tmp_path / "rx.status"
    receiver = receive(lab, sdp, report, "--status", str(status), "--link-offset-ms", "300")
    end = time.monotonic() + 30
    while not status.exists():
        assert receiver.poll() is None and time.monotonic() < end
        time.sleep(0.02)
    time.sleep(0.7)
    for _ in range(3):
        receiver.send_signal(signal.SIGSTOP)
        time.sleep(0.12)
        receiver.send_signal(signal.SIGCONT)
        time.sleep(0.3)
    receiver.send_signal(signal.SIGTERM)
    receiver.wait(30)
    found = result(report)
    engine = found["engine"]
    names = ("concealed_frames", "mostly_lost", "lost", "kernel_drops", "flow_losses", "late")
    assert {name: engine[name] for name in names} == dict.fromkeys(names, 0), found
    assert found["frames"]["complete"] == found["frames"]["received"]
