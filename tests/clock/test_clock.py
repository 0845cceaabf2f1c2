"""The clock service against real ptp4l: lock, loss, another grandmaster, dead programs."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.demo.namespaces import Lab
from appliance.modes.clock import Clock
from tests.clock.stage import Stage, cables

pytestmark = pytest.mark.netns


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with cables() as made:
        yield made


@pytest.fixture
def stage(lab: Lab, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(lab, tmp_path)
    made.want(networks=["data", "data_2"], holdover_s=3)
    made.begin()
    try:
        yield made
    finally:
        for name in ("gm0", "gm1"):
            made.cable(name, "up")
        made.close()


def test_locked_lost_and_back(stage: Stage) -> None:
    stage.wait(lambda: stage.status()["state"] == "free-run", "first words")
    stage.wait(lambda: "clock-free-run" in stage.issues(), "issue")
    stage.grandmaster("gm0")
    stage.until("locked")
    said = stage.status()
    assert said["domain"] == 127
    assert said["timestamping"] == "software"
    assert abs(said["offset_ns"]) < 1_000_000
    assert said["path_delay_ns"] < 10_000_000
    assert said["steps_removed"] == 1
    assert said["ports"]["eth1"] in ("listening", "passive")
    assert "clock-free-run" not in stage.issues()
    assert "clock-software" in stage.issues()
    # What the converter makes of it.
    assert Clock(True, said["grandmaster"], said["domain"]).locked
    stage.kill("gm0")
    stage.until("holdover")
    assert "clock-holdover" in stage.issues()
    stage.until("lost")
    assert "clock-lost" in stage.issues()
    assert "clock-holdover" not in stage.issues()
    stage.grandmaster("gm0")
    stage.until("locked")
    assert not stage.issues() & {"clock-lost", "clock-holdover", "clock-free-run"}


def test_a_better_grandmaster_is_followed_and_the_other_one_stands_in(stage: Stage) -> None:
    stage.grandmaster("gm0", priority=120)
    stage.until("locked")
    first = stage.status()["grandmaster"]
    stage.grandmaster("gm1", priority=100)
    stage.wait(lambda: stage.status()["grandmaster"] not in (None, first), "the better one")
    second = stage.status()["grandmaster"]
    stage.until("locked")
    stage.kill("gm1")
    stage.wait(lambda: stage.status()["grandmaster"] == first, "the first one again")
    stage.until("locked")
    assert second != first


def test_a_cable_that_is_pulled(stage: Stage) -> None:
    stage.grandmaster("gm0")
    stage.until("locked")
    pid = stage.ptp4l()
    stage.cable("gm0", "down")
    stage.until("holdover")
    stage.cable("gm0", "up")
    stage.until("locked")
    assert stage.ptp4l() == pid  # a healthy program is left alone


def test_a_dead_ptp4l_starts_again_and_a_healthy_one_survives_the_service(stage: Stage) -> None:
    stage.grandmaster("gm0")
    stage.until("locked")
    pid = stage.ptp4l()
    stage.end()
    time.sleep(0.5)
    os.kill(pid, 0)  # it lives
    stage.begin()
    stage.until("locked")
    assert stage.ptp4l() == pid
    os.kill(pid, signal.SIGKILL)
    stage.wait(lambda: stage.ptp4l() not in (0, pid), "another ptp4l")
    stage.until("locked")


def test_another_domain_is_another_world(stage: Stage) -> None:
    stage.grandmaster("gm0", domain=5)
    time.sleep(2.5)
    assert stage.status()["state"] == "free-run"
    pid = stage.ptp4l()
    stage.want(networks=["data"], domain=5)
    stage.until("locked")
    assert stage.ptp4l() != pid  # another configuration is another program
    assert stage.status()["domain"] == 5


def test_a_box_that_shall_give_the_time(stage: Stage) -> None:
    stage.want(networks=["data"], role="grandmaster")
    stage.until("grandmaster")
    said = stage.status()
    assert said["ports"] == {"eth0": "master"}
    assert said["grandmaster"]
    assert "clock-free-run" not in stage.issues()


def test_no_clock_is_wanted(stage: Stage) -> None:
    stage.grandmaster("gm0")
    stage.until("locked")
    stage.want(role="free-run")
    stage.until("free-run")
    stage.wait(lambda: not stage.ptp4l(), "end of ptp4l")
