"""A sender and a receiver as processes of two boxes: every frame once, whole, with its own
metadata; reports as documented; Ctrl-C clean."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from appliance.demo.namespaces import Box, Lab
from appliance.report import json_schema
from tests.support.evidence import at_stake

pytestmark = pytest.mark.netns

FRAMES = 120
FRAME_NS = 20_000_000
LATENCY_NS = 150_000_000 + FRAME_NS

RTVBOX = [sys.executable, "-m", "appliance.cli"]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["tx", "rx"]) as made:
        yield made


def start(box: Box, *argv: object) -> subprocess.Popen[bytes]:
    return box.popen([*RTVBOX, *map(str, argv)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def start_tx(lab: Lab, folder: Path, patient: Path, *more: object) -> subprocess.Popen[bytes]:
    sender = start(
        lab["tx"],
        *("tx", "--source", "synthetic", "--format", "720p50", "--interface", "eth0"),
        *("--video", "239.1.1.1:5000", "--metadata", "239.1.1.2:5002", "--static", patient),
        *("--sender-type", "W", "--sdp-out", folder / "flow.sdp"),
        *("--report", folder / "tx.json", *more),
    )
    until(lambda: (folder / "flow.sdp").exists(), sender)
    return sender


def until(there: Any, process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not there():
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            assert process.stdout is not None
            raise AssertionError(process.stdout.read().decode())
        time.sleep(0.02)


def ended(process: subprocess.Popen[bytes], seconds: float = 30) -> tuple[int, str]:
    out, _ = process.communicate(timeout=seconds)
    return process.returncode, out.decode()


def report(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(found, json_schema())
    return found


def counters(path: Path) -> dict[str, int]:
    try:
        found: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))["counters"]
    except (OSError, json.JSONDecodeError):
        return {}
    return found


def test_every_frame_once_with_its_own_metadata(lab: Lab, tmp_path: Path, patient: Path) -> None:
    """The receiver listens before the first frame leaves, so every sum must come out."""
    ended(start_tx(lab, tmp_path, patient, "--frames", "1"))  # writes the SDP
    receiver = start(
        lab["rx"],
        *("rx", "--sdp", tmp_path / "flow.sdp", "--interface", "eth0", "--sink", "check"),
        *("--overlay", "default", "--link-offset-ms", "150", "--frames", FRAMES),
        *("--report", tmp_path / "rx.json", "--status", tmp_path / "status.json"),
    )
    until(lambda: (tmp_path / "status.json").exists(), receiver)
    sent_code, sent = ended(start_tx(lab, tmp_path, patient, "--frames", FRAMES))
    try:
        received_code, received = ended(receiver, 2)
    except subprocess.TimeoutExpired:  # it misses a frame, and says below which
        receiver.send_signal(signal.SIGTERM)
        received_code, received = ended(receiver)
    rx, tx = report(tmp_path / "rx.json"), report(tmp_path / "tx.json")
    said = sent + received
    assert "Test^Person" not in said
    check_sums(tx, rx, said)
    check_truth(rx, said)
    stake = at_stake(FRAME_NS, tx, rx)
    check_delays(tx, rx, stake, said)
    if stake == 0:
        assert sent_code == 0 and tx["verdict"]["good"], said
        # It showed that nothing came yet before the first frame, and says so; and it saw what
        # the sender left out while it settled, which check_sums compared.
        known = ("banner was shown", "frames never appeared", "frames appeared twice")
        rest = [line for line in rx["verdict"]["faults"] if not any(k in line for k in known)]
        assert rest == [], said
        assert received_code == int(not rx["verdict"]["good"]), said


def check_sums(tx: dict[str, Any], rx: dict[str, Any], said: str) -> None:
    """Nothing is lost on a cable, and each frame that was sent is accounted for."""
    assert tx["frames"]["sent"] == tx["metadata"]["grains"] == FRAMES, said
    assert tx["packets"]["unsent"] == tx["packets"]["send_errors"] == 0, said
    assert rx["packets"]["video"] == tx["packets"]["video"], said
    assert rx["packets"]["metadata"] == tx["packets"]["metadata"], said
    nothing = ("lost", "metadata_lost", "duplicates", "reordered", "invalid", "foreign")
    assert {name: rx["packets"][name] for name in (*nothing, "kernel_drops")} == dict.fromkeys(
        (*nothing, "kernel_drops"), 0
    ), said
    assert rx["metadata"]["grains"] == FRAMES and rx["metadata"]["lost"] == 0, said
    frames, engine, sink = rx["frames"], rx["engine"], rx["sink"]
    not_shown = engine["joined_midway"] + engine["mostly_lost"] + engine["no_buffer"]
    assert frames["received"] + not_shown == FRAMES, said
    assert frames["presented"] + frames["drops"] == frames["received"], said
    assert frames["complete"] + frames["concealed"] == frames["received"], said
    assert frames["presented"] - frames["sender_held"] == rx["latency"]["count"], said
    # Banners before the first live frame are no repeats, but were shown.
    assert sink["submitted"] >= frames["presented"] + frames["repeats"], said
    assert sink["live"] == frames["presented"], said
    assert sink["submitted"] - sink["overflow"] - sink["shown"] in (0, 1), said  # one at the end
    # The picture's own counter: what it shows twice was sent twice, and what it lacks was left
    # out by the sender or by the receiver, each of whom says so.
    concealed = frames["concealed"]
    again = tx["frames"]["repeats"] + tx["engine"]["settling"] + frames["repeats"]
    assert frames["repeated"] <= again + concealed, said
    left_out = sum(tx["frames"][name] for name in ("skipped", "drops", "source_lost"))
    left_out += tx["engine"]["settling"]  # while it found the source's rhythm
    missed = FRAMES - frames["presented"] + sink["overflow"]
    assert frames["missing"] <= left_out + missed + concealed, said


def check_truth(rx: dict[str, Any], said: str) -> None:
    """What no delay excuses: order, whole pictures, own metadata, own patient, never too early."""
    sink, concealed = rx["sink"], rx["frames"]["concealed"]
    assert sink["out_of_order"] == sink["unreadable"] == sink["origin_unknown"] == 0, said
    assert sink["torn"] <= concealed, said  # made of two, and marked
    assert rx["metadata"]["mismatches"] <= concealed, said
    assert rx["metadata"]["missing"] == rx["metadata"]["invalid"] == 0, said
    # Until the first patient's text is drawn, frames say that none is confirmed.
    assert rx["metadata"]["no_patient"] <= 25 and rx["metadata"]["patient_changes"] <= 1, said
    # The card hands a frame on when it is whole, so capture lies a frame (20 ms) before the
    # alignment point from which the offset counts; or two, where a source in phase with those
    # points is kept a frame ahead of them.
    assert rx["latency"]["min"] >= LATENCY_NS, said
    assert rx["latency"]["p50"] <= (LATENCY_NS + FRAME_NS) * 1.02, said


def check_delays(tx: dict[str, Any], rx: dict[str, Any], stake: int, said: str) -> None:
    """What a delay excuses, it does for as many frames as it can have met, and it was noted."""
    delayed = {
        **{name: tx["frames"][name] for name in ("repeats", "skipped", "drops", "source_lost")},
        **{f"rx {name}": rx["frames"][name] for name in ("concealed", "late", "drops")},
        "missing": rx["frames"]["missing"] - tx["engine"]["settling"],
        "repeated": rx["frames"]["repeated"] - tx["engine"]["settling"],
    }
    assert tx["frames"]["slates"] == 0, said
    assert {name: n for name, n in delayed.items() if n > stake} == {}, (stake, said)
    if stake == 0:
        assert rx["latency"]["max"] <= LATENCY_NS + FRAME_NS + 2_000_000, said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(lab: Lab, tmp_path: Path, patient: Path, number: signal.Signals) -> None:
    sender = start_tx(lab, tmp_path, patient, "--status", tmp_path / "status.json")
    until(lambda: counters(tmp_path / "status.json").get("frames", 0) > 5, sender)
    sender.send_signal(number)
    code, said = ended(sender)
    found = report(tmp_path / "tx.json")
    assert found["frames"]["sent"] > 5
    assert "Traceback" not in said
    if number == signal.SIGINT:
        assert code == 130
    else:
        assert code == int(not found["verdict"]["good"])


def test_a_receiver_that_hears_nothing_says_so(lab: Lab, tmp_path: Path, patient: Path) -> None:
    sender = start_tx(lab, tmp_path, patient)
    sender.send_signal(signal.SIGTERM)
    ended(sender)
    receiver = start(
        lab["rx"],
        *("rx", "--sdp", tmp_path / "flow.sdp", "--interface", "eth0", "--seconds", "0.5"),
        *("--report", tmp_path / "rx.json"),
    )
    code, said = ended(receiver)
    assert code == 1
    assert "no live frame was presented" in said
    assert report(tmp_path / "rx.json")["verdict"]["good"] is False


def test_an_interface_that_is_down() -> None:
    with Lab(["one"]) as other:
        other["one"].ip("link set eth0 down")
        code, said = ended(
            start(
                other["one"],
                *("tx", "--source", "synthetic", "--format", "720p50", "--interface", "eth0"),
                *("--video", "239.1.1.1:5000", "--metadata", "239.1.1.2:5002"),
            )
        )
    assert code == 2
    assert said == "rtvbox tx: interface: eth0 is down; run: ip link set eth0 up\n"


def test_the_patient_changes_and_dynamic_values_arrive(
    lab: Lab, tmp_path: Path, patient: Path
) -> None:
    fifo, status = tmp_path / "dynamic", tmp_path / "status.json"
    os.mkfifo(fifo)
    sender = start_tx(lab, tmp_path, patient, "--dynamic", fifo, "--status", status)
    receiver = start(
        lab["rx"],
        *("rx", "--sdp", tmp_path / "flow.sdp", "--interface", "eth0"),
        *("--status", tmp_path / "rx.status", "--report", tmp_path / "rx.json"),
    )
    try:
        until(lambda: counters(tmp_path / "rx.status").get("static_id"), receiver)
        pose = {
            "viewpoint": [0, 0, 0],
            "look_at": [0, 0, 1],
            "up": [0, 1, 0],
            "field_of_view": [-1, 1, 1, -1, 1, 2],
        }
        fifo.write_text(f"nonsense\n{json.dumps(pose)}\n", encoding="utf-8")
        until(lambda: counters(status).get("poses", 0) > 0, sender)
        document = json.loads(patient.read_text(encoding="utf-8"))
        document["patient"]["id"] = "T2"
        patient.write_text(json.dumps(document), encoding="utf-8")
        sender.send_signal(signal.SIGHUP)
        until(lambda: counters(tmp_path / "rx.status").get("patient_changes", 0) > 0, receiver)
        patient.write_text("{", encoding="utf-8")  # a bad one is refused, the last stands
        sender.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert sender.poll() is None
    finally:
        receiver.send_signal(signal.SIGINT)
        sender.send_signal(signal.SIGINT)
        codes = ended(receiver), ended(sender)
    assert [code for code, _ in codes] == [130, 130]
    assert "not taken, the last one stands" in codes[1][1]
    assert codes[1][1].count("line passed over") == 1
    assert report(tmp_path / "tx.json")["metadata"]["dynamic_rejected"] == 1
    assert report(tmp_path / "rx.json")["metadata"]["patient_changes"] >= 1
