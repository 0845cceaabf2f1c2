"""The converter daemon on boxes of a laboratory: told by documents, asked over its socket."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from appliance.box.link import LinkError
from appliance.box.observe import publish
from appliance.demo.namespaces import Lab
from tests.box.documents import changed
from tests.drivers.decklink_bench import DUO, DUO_AT, MONITOR, MONITOR_AT
from tests.support.converter_box import ConverterBox
from tests.support.standin import Remote

pytestmark = pytest.mark.netns

NAME = "Quastenflosser^Zacharias"
PATIENT = {"patient": {"name": NAME, "id": "QZ-4711"}}
SEND: dict[str, Any] = {
    "id": "endoscope",
    "sender_type": "W",
    "paths": [
        {
            "video": {"address": "239.1.1.1", "port": 5000},
            "metadata": {"address": "239.1.1.2", "port": 5002},
        }
    ],
}
TX: dict[str, Any] = {
    "schema": 1,
    "label": "tower",
    "mode": "tx",
    "networks": {"data": {"interface": "eth0", "address": "10.77.0.1/24"}},
    "input": {"card": "synthetic", "format": {"name": "720p50"}},
    "flows": {"send": [SEND]},
}


def rx_document(sdp: str, **output: Any) -> dict[str, Any]:
    return {
        "schema": 1,
        "mode": "rx",
        "networks": {"data": {"interface": "eth0", "address": "10.77.0.2/24"}},
        "output": {"card": "check", **output},
        "flows": {"receive": [{"id": "endoscope", "sdp": sdp}]},
    }


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["tx", "rx"]) as made:
        yield made


def runs(box: ConverterBox) -> bool:
    return box.status().get("flow", {}).get("state") == "running"


def sdp_of(box: ConverterBox) -> str:
    return (box.paths.run / "endoscope.sdp").read_text()


def test_two_boxes_carry_a_patient_from_his_instant_on(lab: Lab, tmp_path: Path) -> None:
    with ConverterBox(lab["tx"], tmp_path / "tx", "tx", TX) as tx:
        tx.wait(lambda: runs(tx), "flow")
        with ConverterBox(lab["rx"], tmp_path / "rx", "rx", rx_document(sdp_of(tx))) as rx:
            rx.wait(lambda: runs(rx), "picture")
            rx.wait(lambda: "no-patient" in rx.issues(), "issue that nobody is confirmed")
            tx.wait(lambda: "no-patient" in tx.issues(), "issue that nobody is confirmed")
            at = tx.ask("tai") + 1_500_000_000
            assert tx.ask("set_patient", document=PATIENT, from_tai=at) == {"from_tai": at}
            time.sleep(0.3)
            assert tx.ask("sending") == {"static_id": 1}
            # A clock that locks meanwhile must not bring the patient forward.
            gm = "39-A7-94-FF-FE-07-CB-D0"
            publish(
                tx.paths.observed("clock"), {"state": "locked", "grandmaster": gm, "domain": 127}
            )
            tx.wait(lambda: f"ptp=IEEE1588-2008:{gm}:127" in sdp_of(tx), "SDP with grandmaster")
            assert not tx.status()["patient_confirmed"]
            rx.wait(lambda: rx.status()["patient_confirmed"], "patient")
            rx.wait(lambda: "no-patient" not in rx.issues() | tx.issues(), "end of the issue")
            assert tx.status()["input"] == {
                "connector": "synthetic",
                "format": "720p50",
                "signal": "ok",
            }
            assert rx.status()["output"]["format"] == "720p50"
            assert rx.status()["sink"]["metadata_mismatch"] == 0
            assert tx.ask("set_patient", document=None) == {"from_tai": 0}
            rx.wait(lambda: not rx.status()["patient_confirmed"] or rx.issues(), "nobody")
            # Nothing that outlives the moment knows him.
            for place in (*tmp_path.rglob("*"),):
                if place.is_file():
                    assert b"Quastenflosser" not in place.read_bytes(), place
                    assert b"4711" not in place.read_bytes(), place


def test_what_cannot_begin_waits_says_why_and_begins_when_it_can(lab: Lab, tmp_path: Path) -> None:
    lab["tx"].ip("link set eth0 down")
    try:
        with ConverterBox(lab["tx"], tmp_path, "tx", TX) as tx:
            tx.wait(lambda: tx.issues() == {"mode-fallback"}, "issue")
            (issue,) = tx.status()["issues"]
            assert issue["text"] == "Mode tx cannot run: interface: eth0 is down"
            assert issue["remedy"] == "run: ip link set eth0 up"
            assert tx.status()["state"] == "waiting"
            lab["tx"].ip("link set eth0 up")
            tx.wait(lambda: runs(tx), "flow")
            tx.wait(lambda: "mode-fallback" not in tx.issues(), "end of the issue")
    finally:
        lab["tx"].ip("link set eth0 up")


def test_another_document_changes_what_runs_and_the_same_changes_nothing(
    lab: Lab, tmp_path: Path
) -> None:
    with ConverterBox(lab["tx"], tmp_path, "tx", TX) as tx:
        tx.wait(lambda: runs(tx), "flow")
        frames = tx.status()["counters"]["frames"]
        again = tx.want(changed(TX, "label", "another name"))
        tx.wait(lambda: tx.status()["generation"] == again, "generation")
        assert tx.status()["counters"]["frames"] > frames  # the same pipeline goes on
        tx.want(changed(TX, "flows.send[0].paths[0].video.address", "239.1.1.77"))
        tx.ask("reload")
        tx.wait(lambda: tx.status()["flow"]["address"] == "239.1.1.77:5000", "new address")
        assert "239.1.1.77" in sdp_of(tx)
        tx.want({"schema": 1})
        tx.wait(lambda: tx.status()["state"] == "waiting", "end of the flow")
        assert "nothing for tx" in tx.status()["why"]
        tx.store.rollback("test")
        tx.wait(lambda: runs(tx) and tx.status()["state"] == "running", "flow after going back")


def test_a_box_that_was_never_told_is_idle(lab: Lab, tmp_path: Path) -> None:
    with ConverterBox(lab["tx"], tmp_path, "idle") as box:
        assert box.status()["state"] == "idle"
        assert box.status()["generation"] is None
        with pytest.raises(LinkError, match="mode: idle sends nothing now"):
            box.ask("sending")


@pytest.mark.parametrize(
    ("name", "values", "refusal"),
    [
        ("set_patient", {}, "document: is missing"),
        ("set_patient", {"document": {"patient": {"name": NAME, "sex": "Q"}}}, "patient.sex"),
        ("set_patient", {"document": [NAME]}, ""),
        ("set_patient", {"document": None, "from_tai": 5}, "from_tai: is not 200 ms ahead"),
        ("set_patient", {"document": None, "from_tai": "x"}, "from_tai: is no instant"),
        ("set_patient", {"document": None, "from_tai": 2**63}, "from_tai: is more than an hour"),
        ("check_patient", {"document": {"patient": {"nmae": NAME}}}, "nmae"),
        ("set_dynamic", {}, "values: is missing"),
        ("set_dynamic", {"values": {"heart_rate": 60}}, "a key is no dynamic value"),
        ("set_dynamic", {"values": {}, "valid_ms": 0}, "valid_ms: is not 1..60000"),
        ("set_dynamic", {"values": {"viewpoint": [1, 2]}}, "viewpoint"),
    ],
)
def test_what_is_asked_wrongly_is_refused_without_repeating_it(
    box: ConverterBox, name: str, values: dict[str, Any], refusal: str
) -> None:
    with pytest.raises(LinkError) as refused:
        box.ask(name, **values)
    assert refusal in str(refused.value)
    assert "Quastenflosser" not in str(refused.value)
    assert "\n" not in str(refused.value)
    assert runs(box)


@pytest.fixture(scope="module")
def box(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConverterBox]:
    with ConverterBox(lab["tx"], tmp_path_factory.mktemp("box"), "tx", TX) as made:
        made.wait(lambda: runs(made), "flow")
        yield made


def test_right_requests_are_taken(box: ConverterBox) -> None:
    assert box.ask("check_patient", document=PATIENT) is None
    values = {"information": True, "tai": box.ask("tai")}
    assert box.ask("set_dynamic", values=values, valid_ms=500) is None
    at = box.ask("tai") + 2_000_000_000
    box.ask("set_patient", document=PATIENT, from_tai=at)
    assert box.ask("cancel_patient") is True
    assert box.ask("cancel_patient") is False


def test_a_card_that_fails_is_said_and_comes_back(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signal lost, another format, card gone: the DeckLink stand-in is the vendor's library."""
    remote = Remote(tmp_path / "standin")
    for key, value in remote.environment(f"source {DUO_AT} hp50 10").items():
        monkeypatch.setenv(key, value)
    document = changed(TX, "input.card", f"decklink:{DUO}")
    with ConverterBox(lab["tx"], tmp_path / "tx", "tx", document) as tx:
        remote.connect()
        tx.wait(lambda: runs(tx) and tx.status()["input"]["signal"] == "ok", "picture")
        remote(f"signal {DUO_AT} off")
        tx.wait(lambda: "input-no-signal" in tx.issues(), "issue: no signal")
        assert tx.status()["input"]["signal"] == "none"
        assert runs(tx)  # the slate is sent
        remote(f"signal {DUO_AT} on")
        tx.wait(lambda: "input-no-signal" not in tx.issues(), "signal")
        remote(f"source {DUO_AT} Hp60 10")
        tx.wait(lambda: "input-mismatch" in tx.issues(), "issue: mismatch")
        text = next(i["text"] for i in tx.status()["issues"] if i["id"] == "input-mismatch")
        assert "1920x1080" in text
        assert "720p50" in text
        remote(f"source {DUO_AT} hp50 10")
        tx.wait(lambda: "input-mismatch" not in tx.issues(), "the right format")
        remote(f"remove {DUO_AT}")
        tx.wait(lambda: "input-missing" in tx.issues(), "issue: card gone")
        remote(f"arrive {DUO_AT}")
        tx.wait(lambda: tx.status()["input"]["signal"] == "ok", "card")
        remote.close()


def test_an_output_shows_the_old_flow_until_the_new_one_delivers_and_no_longer(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = Remote(tmp_path / "standin")
    with ConverterBox(lab["tx"], tmp_path / "tx", "tx", TX) as tx:
        tx.wait(lambda: runs(tx), "flow")
        sdp = sdp_of(tx)
        for key, value in remote.environment().items():
            monkeypatch.setenv(key, value)
        card = f"decklink:{MONITOR}"
        with ConverterBox(
            lab["rx"], tmp_path / "rx", "rx", rx_document(sdp, card=card, overlay="none")
        ) as rx:
            remote.connect()
            rx.wait(lambda: runs(rx), "picture")
            time.sleep(1)

            def playout() -> dict[str, Any]:
                said = remote(f"playout {MONITOR_AT}")
                assert said["enabled"]
                return said

            # To a flow that is there: no gap between the pictures of the two.
            document = rx_document(sdp, card=card, overlay="none")
            document["flows"]["receive"][0]["id"] = "other"
            before = playout()["shown"][-1]["mono"]
            rx.want(document)
            rx.ask("reload")
            rx.wait(lambda: rx.status()["flow"]["id"] == "other" and runs(rx), "the other flow")
            rx.wait(lambda: "handed over" in rx.journal(), "handing over")
            time.sleep(0.5)
            since = [one for one in playout()["shown"] if one["mono"] >= before]
            steps = [b["mono"] - a["mono"] for a, b in pairwise(since)]
            assert len(since) > 30
            assert max(steps) < 150_000_000, max(steps)
            assert all(one["stamped"] and not one["torn"] for one in since)
            assert "nothing came in time" not in rx.journal()

            # To one that nobody sends: two seconds later at most the old one is gone.
            document["flows"]["receive"][0]["sdp"] = sdp.replace("239.1.1.1", "239.1.1.99")
            rx.want(document)
            rx.ask("reload")
            asked = time.monotonic()
            rx.wait(lambda: not playout()["shown"][-1]["stamped"], "a slate instead of the old one")
            assert 1.0 < time.monotonic() - asked < 4
            assert "nothing came in time" in rx.journal()
            assert rx.status()["flow"]["state"] == "waiting"

            # The card is pulled, and put in again.
            remote(f"remove {MONITOR_AT}")
            rx.wait(lambda: "output-missing" in rx.issues(), "issue: output gone")
            remote(f"arrive {MONITOR_AT}")
            rx.wait(lambda: "output-missing" not in rx.issues(), "output")
            remote.close()
