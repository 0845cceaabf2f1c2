"""What systemd does with our units: users, sandboxes, boots, mode switches, dogs, restarts."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hwtests.bench import Bench
from hwtests.box import running as box

Figure = Callable[..., None]

NAME = "Hardware^Boxtest"
EXPOSURE = {
    "rtvbox-agent": 2.0,
    "rtvbox-network": 3.0,
    "rtvbox-clock": 3.0,
    "rtvbox-panel": 2.0,
    "rtvbox-converter@idle": 3.5,
}
"""Of 10, at most, by systemd-analyze of the running system."""
IDLE, TX = box.CONVERTER.format("idle"), box.CONVERTER.format("tx")
MEMORY_MB = 150.0
READY_S = 300.0
"""From the start of the tests: an emulated machine takes minutes to import Python's modules."""


@pytest.fixture(scope="module", autouse=True)
def ready(bench: Bench) -> None:
    """Every service runs."""
    if not bench.box:
        pytest.skip("the bench is no box; where it is one, say box = true in its file")
    for unit in (*box.SERVICES, IDLE):
        box.until(lambda unit=unit: box.state(unit) == "active", unit, READY_S)


@pytest.fixture(scope="module")
def tower(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desired state: the test picture goes to a group."""
    path = {
        "video": {"address": "239.1.1.9", "port": 5000},
        "metadata": {"address": "239.1.1.9", "port": 5002},
    }
    document = {
        "schema": 1,
        "label": "tower",
        "mode": "tx",
        "networks": {
            "data": {"interface": "eth1", "address": "10.77.1.1/24"},
        },
        "clock": {"networks": ["data"]},
        "input": {"card": "synthetic", "format": {"name": "320x180p10"}},
        "flows": {"send": [{"id": "endoscope", "sender_type": "W", "paths": [path]}]},
    }
    file = tmp_path_factory.mktemp("documents") / "tower.json"
    file.write_text(json.dumps(document))
    return file


@pytest.fixture(scope="module")
def sending(tower: Path) -> None:
    """The box is a sender."""
    box.said("rtvbox", "config", "apply", str(tower))
    box.until(lambda: box.state(TX) == "active" and box.state(IDLE) == "inactive", "mode tx")
    box.until(lambda: frames() > 3, "frames")


def frames() -> int:
    """Sent so far."""
    return int(box.observed("converter").get("counters", {}).get("frames", 0))


def test_every_service_runs_as_its_user_with_no_more_than_it_needs(figure: Figure) -> None:
    for unit, (user, may) in {**box.SERVICES, IDLE: box.CONVERTS}.items():
        number = box.pid(unit)
        status = box.process(number)
        assert box.user_of(number) == user, unit
        assert box.capabilities(number) == may, unit
        assert status["NoNewPrivs"] == "1", unit
        assert status["Seccomp"] == "2", unit
        limits = Path(f"/proc/{number}/limits").read_text()
        assert re.search(r"Max core file size +0 +0 ", limits), f"{unit} would leave a core"
        assert box.show(unit, "NRestarts") == ["0"], box.journal("-u", unit, "-n", "30")
    figure("uptime when all are there s", round(float(Path("/proc/uptime").read_text().split()[0])))


def test_none_sees_homes_or_writes_where_it_may_not() -> None:
    for unit in (*box.SERVICES, IDLE):
        # Root in its view of the file system: what no permission of a file stops.
        inside = ("nsenter", "-t", str(box.pid(unit)), "-m", "--")
        assert box.said(*inside, "ls", "-A", "/root", check=False) == "", unit
        for place in ("/usr", "/etc"):
            tried = box.said(*inside, "sh", "-c", f"touch {place}/x 2>&1 || true")
            assert "Read-only" in tried, f"{unit} may write in {place}: {tried}"


@pytest.mark.parametrize("unit", EXPOSURE)
def test_exposure_of_the_running_unit(unit: str, figure: Figure) -> None:
    said = box.said("systemd-analyze", "security", "--no-pager", unit, check=False)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert found, said
    figure(f"exposure {unit}", float(found[1]))
    assert float(found[1]) <= EXPOSURE[unit]


def test_the_control_plane_is_small(figure: Figure) -> None:
    used = {unit: box.memory(unit) for unit in box.SERVICES}
    for unit, size in used.items():
        figure(f"memory {unit} MB", round(size))
    figure("memory of the control plane MB", round(sum(used.values())), MEMORY_MB)
    assert sum(used.values()) < MEMORY_MB, used


def test_a_box_out_of_the_carton_says_what_to_do() -> None:
    said = box.status()
    assert "idle" in said and "never told" in said, said


def test_a_stranger_may_not_switch() -> None:
    for user in ("rtvbox-panel", "rtvbox-clock", "nobody"):
        said = box.said(
            *("runuser", "-u", user, "--", "sh", "-c"),
            "systemctl --no-ask-password start rtvbox-converter@tx 2>&1; echo $?",
        )
        assert said.splitlines()[-1] != "0", f"{user}: {said}"
    said = box.said(
        *("runuser", "-u", "rtvbox-agent", "--", "sh", "-c"),
        "systemctl --no-ask-password stop rtvbox-network 2>&1; echo $?",
    )
    assert said.splitlines()[-1] != "0", said
    assert box.state(TX) != "active"


@pytest.mark.usefixtures("sending")
def test_the_agent_switches_and_the_flow_is_sent(figure: Figure) -> None:
    assert "tx" in box.status()
    before = frames()
    took = box.until(lambda: frames() > before + 10, "more frames")
    figure("ten frames of 320x180p10 took s", round(took, 1))
    # What the agent left behind is what the next boot starts.
    box.said("systemctl", "daemon-reload")
    wants = Path("/run/systemd/generator/multi-user.target.wants")
    assert [one.name for one in wants.glob("rtvbox-*")] == [f"{TX}.service"]


@pytest.mark.usefixtures("sending")
def test_ptp4l_is_a_unit_and_comes_back() -> None:
    box.until(lambda: box.state("rtvbox-ptp4l") == "active", "ptp4l")
    number = box.pid("rtvbox-ptp4l")
    assert box.user_of(number) == "rtvbox-clock"
    assert os.sched_getscheduler(number) == os.SCHED_FIFO
    os.kill(number, signal.SIGKILL)
    box.until(lambda: box.pid("rtvbox-ptp4l") not in (0, number), "another ptp4l")
    box.until(lambda: box.observed("clock").get("state"), "a clock's state")


@pytest.mark.usefixtures("sending")
def test_killed_services_come_back_and_the_video_goes_on(figure: Figure) -> None:
    converter = box.pid(TX)
    before = frames()
    before_kill = {unit: box.pid(unit) for unit in box.SERVICES}
    began = time.monotonic()
    for number in before_kill.values():
        os.kill(number, signal.SIGKILL)
    for unit, number in before_kill.items():
        box.until(
            lambda unit=unit, number=number: (
                box.pid(unit) not in (0, number) and box.state(unit) == "active"
            ),
            f"another {unit}",
            READY_S,
        )
    figure("all four services back after s", round(time.monotonic() - began, 1))
    assert box.pid(TX) == converter
    box.until(lambda: frames() > before, "more frames")


@pytest.mark.usefixtures("sending")
def test_a_converter_that_hangs_is_bitten_and_sends_again(figure: Figure) -> None:
    number = box.pid(TX)
    since = time.strftime("%H:%M:%S")
    os.kill(number, signal.SIGSTOP)
    took = box.until(lambda: box.pid(TX) not in (0, number), "another converter")
    figure("hung converter replaced after s", round(took, 1))
    box.until(lambda: box.state(TX) == "active" and frames() > 3, "frames")
    assert "Watchdog timeout" in box.journal("-u", TX, "--since", since)


@pytest.mark.usefixtures("sending")
def test_a_mode_that_cannot_live_ends_in_idle_with_its_reason(tower: Path) -> None:
    deadline = time.monotonic() + 180
    while box.state(TX) != "failed":
        assert time.monotonic() < deadline, "systemd never gave it up"
        if number := box.pid(TX):
            os.kill(number, signal.SIGKILL)
        time.sleep(0.3)
    box.until(lambda: box.state(IDLE) == "active", "mode idle")
    box.until(
        lambda: any(one.startswith(("mode-fallback", "converter-failing")) for one in box.issues()),
        "the issue",
    )
    time.sleep(3)
    assert box.state(TX) == "failed", "it was tried again"
    assert "idle" in box.status()
    # Told again, it is tried again; told to be idle, it is.
    box.said("rtvbox", "config", "apply", str(tower))
    box.until(lambda: box.state(TX) == "active", "mode tx")
    tower.write_text(json.dumps({**json.loads(tower.read_text()), "mode": "idle"}))
    box.said("rtvbox", "config", "apply", str(tower))
    box.until(lambda: box.state(IDLE) == "active" and box.state(TX) == "inactive", "mode idle")


def test_no_service_complains_of_its_sandbox() -> None:
    said = box.journal("-p", "warning", "-t", "systemd")
    assert not [line for line in said.splitlines() if "rtvbox" in line and "nknown" in line], said


def test_all_stop_in_good_order() -> None:
    for unit in (*box.SERVICES, IDLE):
        box.said("systemctl", "stop", unit)
        assert box.show(unit, "ActiveState", "Result") == ["inactive", "success"], box.journal(
            "-u", unit, "-n", "20"
        )
