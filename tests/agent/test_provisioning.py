"""Two boxes and a third machine: provisioned over the network, a patient for both, one instant,
video, and what each says when something goes wrong. The third machine has `rtvbox remote` only."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.demo.namespaces import Lab
from tests.support.agent_box import AgentBox

pytestmark = pytest.mark.netns

NAME = "Quastenflosser^Zacharias"
NETWORKS = {
    "configuration": {"interface": "eth0", "address": "10.77.0.{n}/24"},
    "data": {"interface": "eth1", "address": "10.77.1.{n}/24"},
}


def document(number: int, **parts: Any) -> dict[str, Any]:
    networks = json.loads(json.dumps(NETWORKS).replace("{n}", str(number)))
    return {"schema": 1, "networks": networks, **parts}


def sender(group: str = "239.1.1.1") -> dict[str, Any]:
    flow = {
        "id": "endoscope",
        "sender_type": "W",
        "paths": [
            {
                "video": {"address": group, "port": 5000},
                "metadata": {"address": "239.1.1.2", "port": 5002},
            }
        ],
    }
    port = {"card": "synthetic", "format": {"name": "720p50"}}
    return document(1, label="tower", mode="tx", input=port, flows={"send": [flow]})


def receiver(sdp: str) -> dict[str, Any]:
    flows = {"receive": [{"id": "endoscope", "sdp": sdp}]}
    return document(2, label="monitor", mode="rx", output={"card": "check"}, flows=flows)


class Desk:
    """The third machine."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self._box, self._folder = lab["desk"], folder

    def __call__(self, where: str, *words: str, good: bool = True) -> str:
        done = subprocess.run(
            self._box.argv(
                [
                    *(sys.executable, "-m", "appliance.cli", "remote"),
                    *("--site", str(self._folder / "site"), where, *words),
                ]
            ),
            pass_fds=self._box.pass_fds,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stderr
        assert (done.returncode == 0) is good, done.stdout + done.stderr
        return done.stdout if good else done.stderr

    def file(self, name: str, value: Any) -> str:
        path = self._folder / name
        path.write_text(json.dumps(value))
        return str(path)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["tx", "rx", "desk"], networks=2) as made:
        yield made


def test_two_boxes_from_a_third_machine(lab: Lab, tmp_path: Path) -> None:
    desk = Desk(lab, tmp_path)
    assert "made the authority" in desk("site", "OR 3")

    def box(name: str) -> AgentBox:
        return AgentBox(tmp_path / name, host="0.0.0.0", port=8443, popen=lab[name].popen)

    tx_at, rx_at = "10.77.0.1:8443", "10.77.0.2:8443"
    both = f"{tx_at},{rx_at}"
    with box("tx") as tx, box("rx") as rx:
        for one, where in ((tx, tx_at), (rx, rx_at)):
            assert '"provisioned": false' in desk(where, "identity")
            code = one.at_the_box("open_pairing", seconds=60)
            one.wait(lambda one=one, code=code: one.about()["pairing"] == code, "code")
            assert "is of this site now" in desk(where, "pair", code)
            one.wait(lambda one=one: one.about()["provisioned"], "site")
        desk(tx_at, "apply", desk.file("tx.json", sender()))
        tx.wait(lambda: tx.converter()["flow"]["state"] == "running", "flow")
        sdp = desk(tx_at, "sdp", "endoscope")
        assert "10.77.1.1" in sdp
        desk(rx_at, "apply", desk.file("rx.json", receiver(sdp)))
        rx.wait(lambda: rx.converter()["flow"]["state"] == "running", "picture")
        assert "mode rx" in desk(rx_at, "status")

        # A patient, at an instant.
        patient = desk.file("patient.json", {"patient": {"name": NAME, "id": "QZ-4711"}})
        assert "active at" in desk(tx_at, "patient", patient, "--in", "1")
        rx.wait(lambda: rx.converter()["patient_confirmed"], "patient at the receiver")
        # A receiver has no patient of its own to confirm; it is told by the flow.

        # Both boxes change to another group on one instant.
        other = desk.file("tx2.json", sender("239.1.1.77"))
        moved = desk.file("rx2.json", receiver(sdp.replace("239.1.1.1", "239.1.1.77")))
        said = desk(both, "apply", other, moved, "--in", "1.5")
        assert "on 2 box(es)" in said
        for one in (tx, rx):
            one.wait(
                lambda one=one: (
                    one.converter()["flow"]["address"] == "239.1.1.77:5000"
                    and one.converter()["flow"]["state"] == "running"
                ),
                "the other group",
            )
        assert rx.converter()["sink"]["metadata_mismatch"] == 0

        # One of two refuses: none changes.
        bad = desk.file("bad.json", {**receiver(sdp), "mode": "tx"})
        generation = tx.about()["generation"]
        told = desk(both, "apply", desk.file("tx3.json", sender()), bad, good=False)
        assert "flows.send: has 0 flows" in told
        assert tx.about()["generation"] == generation
        assert json.loads(desk(tx_at, "show"))["flows"]["send"][0]["paths"][0]["video"] == {
            "address": "239.1.1.77",
            "port": 5000,
        }

        # The data cable is pulled and plugged in again.
        lab.switch.ip("link set tx-1 down")
        rx.wait(lambda: "flow-none" in issues(rx), "issue at the receiver", 40)
        lab.switch.ip("link set tx-1 up")
        rx.wait(lambda: "flow-none" not in issues(rx), "picture again", 40)

        # What worked is what it goes back to.
        tx.wait(lambda: tx.about()["good"] == tx.about()["generation"], "a good generation", 40)
        desk(tx_at, "rollback")
        tx.wait(lambda: tx.converter()["flow"]["address"] == "239.1.1.1:5000", "the state before")

        for place in tmp_path.rglob("*"):
            if place.is_file() and place.name != "patient.json":
                assert b"Quastenflosser" not in place.read_bytes(), place


def issues(box: AgentBox) -> set[str]:
    return {issue["id"] for issue in box.converter()["issues"]}
