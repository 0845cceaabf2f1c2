"""Two boxes with all their daemons, a grandmaster and a desk: from the carton to the picture, and
then what each box says when something goes wrong. The desk has `rtvbox remote` only.

    desk ── eth0 ─┐
    tx ──── eth0 ─┼─ configuration       tx eth1 ──── data switch ──── eth1 rx
    rx ──── eth0 ─┘                      PTP:  gm eth2 ── eth2 tx, gm eth3 ── eth2 rx

PTP goes by cables of its own: on one kernel a switch gives a packet's time stamp to its sender
twice, which upsets ptp4l."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance import runner
from appliance.demo.namespaces import Box, Lab
from tests.agent.test_provisioning import NAME, Desk
from tests.clock.stage import GM
from tests.drivers.decklink_bench import DUO, DUO_AT
from tests.support.standin import Remote
from tests.support.whole_box import WholeBox

pytestmark = pytest.mark.netns


LINK_LOCAL = "169.254.77.77/16"
QUIET = {"clock-software", "clock-no-utc", "clock-untraceable"}
"""Always said here: veth has no PTP clock, and a ptp4l that stamps in software gives UTC, of which
it does not say where it has it from."""


def document(number: int, **parts: Any) -> dict[str, Any]:
    networks = {
        "configuration": {"interface": "eth0", "address": f"10.77.0.{number}/24"},
        "data": {"interface": "eth1", "address": f"10.77.1.{number}/24"},
        "data_2": {"interface": "eth2", "address": f"10.99.{number}.2/24"},
    }
    clock = {"networks": ["data_2"], "holdover_s": 3}
    return {"schema": 1, "networks": networks, "clock": clock, **parts}


def sender(group: str) -> dict[str, Any]:
    path = {
        "video": {"address": group, "port": 5000},
        "metadata": {"address": group, "port": 5002},
    }
    flow = {"id": "endoscope", "sender_type": "W", "paths": [path]}
    port = {"card": f"decklink:{DUO}", "format": {"name": "720p50"}}
    return document(1, label="tower", mode="tx", input=port, flows={"send": [flow]})


def receiver(sdp: str) -> dict[str, Any]:
    flows = {"receive": [{"id": "endoscope", "sdp": sdp}]}
    return document(2, label="monitor", mode="rx", output={"card": "check"}, flows=flows)


def cable(one: Box, at: str, other: Box, end: str) -> None:
    argv = one.argv(
        [
            *f"ip link add {at} type veth peer name {end}".split(),
            *("netns", f"/proc/self/fd/{other.net}"),
        ]
    )
    runner.run(argv, pass_fds=(*one.pass_fds, other.net))


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["tx", "rx", "desk", "gm"], networks=2) as made:
        for n, name in enumerate(("tx", "rx"), start=1):
            cable(made["gm"], f"eth{n + 1}", made[name], "eth2")
            made["gm"].ip(f"addr add 10.99.{n}.1/24 dev eth{n + 1}", f"link set eth{n + 1} up")
        made["desk"].ip(f"addr add {LINK_LOCAL} dev eth0")
        yield made


class Story:
    """What the boxes say, step by step, in a file for who wants to read it."""

    def __init__(self, path: Path, *boxes: WholeBox) -> None:
        self._path, self._boxes = path, boxes

    def __call__(self, what: str) -> None:
        with self._path.open("a") as out:
            for box in self._boxes:
                print(f"--- {what}: {box.box.name}\n{box.status()}", file=out)


class Grandmaster:
    def __init__(self, lab: Lab, folder: Path) -> None:
        self._box, self._config = lab["gm"], folder / "gm.conf"
        words = GM.format(
            domain=127, priority=100, quality=6, utc=37, uds=folder / "gm.sock", interface="eth2"
        )
        self._config.write_text(words + "[eth3]\n")
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        self._process = self._box.popen(
            ["ptp4l", "-f", str(self._config), "-m", "-q"], stdout=subprocess.DEVNULL
        )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def goes_on(box: WholeBox, key: str, seconds: float) -> None:
    """Frames are counted on, all the time."""
    rate = 50
    before = box.converter()["counters"][key]
    time.sleep(seconds)
    assert box.converter()["counters"][key] - before > 0.5 * rate * seconds


def test_from_the_carton_to_the_picture_and_through_what_goes_wrong(
    lab: Lab, tmp_path: Path
) -> None:
    desk, card, master = Desk(lab, tmp_path), Remote(tmp_path / "card"), Grandmaster(lab, tmp_path)
    desk("site", "OR 3")
    environment = card.environment(f"source {DUO_AT} hp50 10")
    tx_at, rx_at = "10.77.0.1", "10.77.0.2"
    both = f"{tx_at},{rx_at}"
    try:
        with (
            WholeBox(lab["tx"], tmp_path / "tx", environment) as tx,
            WholeBox(lab["rx"], tmp_path / "rx") as rx,
        ):
            story = Story(tmp_path / "story", tx, rx)

            # 1. Out of the carton: no DHCP server, a link-local address, nothing but identity.
            for box in (tx, rx):
                address = box.address()
                assert address.startswith("169.254.")
                assert '"provisioned": false' in desk(address, "identity")
                code = box.at_the_box("open_pairing", seconds=60)
                box.until(lambda box=box, code=code: box.about()["pairing"] == code, "code")
                assert "is of this site now" in desk(address, "pair", code)
                box.until(lambda box=box: box.about()["provisioned"], "site")
            story("paired")

            # 2. Their networks: the address of each changes, so the change is on probation until
            # somebody reaches the box by the new one.
            for number, box in enumerate((tx, rx), start=1):
                only = desk.file(f"networks{number}.json", document(number))
                said = desk(box.address(), "apply", only)
                assert "run rtvbox remote NEW-ADDRESS confirm" in said
                at = f"10.77.0.{number}"
                box.until(lambda box=box, at=at: box.address() == at, "the new address")
                box.until(lambda box=box: "change-unconfirmed" in box.issues(), "probation")
                story(f"{box.box.name} on probation")
                desk(at, "confirm")
                box.until(lambda box=box: "change-unconfirmed" not in box.issues(), "its end")

            # 3. The flow, from one to the other, and a patient for both at one instant.
            assert desk(tx_at, "apply", desk.file("tx.json", sender("239.1.1.1"))) == "active\n"
            tx.until(lambda: tx.converter()["flow"]["state"] == "running", "flow")
            card.connect()  # to the converter: it loaded the library last, after the agent
            sdp = desk(tx_at, "sdp", "endoscope")
            assert "10.77.1.1" in sdp
            desk(rx_at, "apply", desk.file("rx.json", receiver(sdp)))
            rx.until(lambda: rx.converter()["flow"]["state"] == "running", "picture")
            patient = desk.file("patient.json", {"patient": {"name": NAME, "id": "QZ-4711"}})
            desk(tx_at, "patient", patient, "--in", "1")
            rx.until(lambda: rx.converter()["patient_confirmed"], "patient")
            story("picture, no grandmaster yet")
            assert "clock-free-run" in tx.issues() & rx.issues()

            # 4. A grandmaster appears: both follow it, and the flow says so.
            master.begin()
            for box in (tx, rx):
                box.until(lambda box=box: box.said("clock")["state"] == "locked", "lock")
            tx.until(lambda: "ptp=IEEE1588-2008" in desk(tx_at, "sdp", "endoscope"), "the SDP")
            rx.until(lambda: not rx.issues() - QUIET, "silence of the receiver")
            tx.until(lambda: not tx.issues() - QUIET, "silence of the sender")
            story("locked")

            # 5. Both change to another group at one instant.
            other = desk.file("tx2.json", sender("239.1.1.77"))
            moved = desk.file("rx2.json", receiver(sdp.replace("239.1.1.1", "239.1.1.77")))
            assert "on 2 box(es)" in desk(both, "apply", other, moved, "--in", "2")
            for box in (tx, rx):
                box.until(
                    lambda box=box: (
                        box.converter()["flow"]["address"] == "239.1.1.77:5000"
                        and box.converter()["flow"]["state"] == "running"
                    ),
                    "the other group",
                )
            story("both on another group")

            # 6. The grandmaster dies: holdover, lost; video goes on.
            master.kill()
            for box in (tx, rx):
                box.until(lambda box=box: box.said("clock")["state"] == "holdover", "holdover")
            goes_on(rx, "presented", 1.0)
            story("grandmaster dead: holdover")
            for box in (tx, rx):
                box.until(lambda box=box: box.said("clock")["state"] == "lost", "loss")
                box.until(lambda box=box: "clock-lost" in box.issues(), "issue")
            goes_on(rx, "presented", 1.0)
            story("grandmaster dead: lost")
            master.begin()
            for box in (tx, rx):
                box.until(lambda box=box: box.said("clock")["state"] == "locked", "lock again")
                box.until(lambda box=box: "clock-lost" not in box.issues(), "end of the issue")
            story("grandmaster back")

            # 7. A wrong format is fed.
            card(f"source {DUO_AT} Hp60 10")
            tx.until(lambda: "input-mismatch" in tx.issues(), "mismatch")
            story("a wrong format is fed")
            card(f"source {DUO_AT} hp50 10")
            tx.until(lambda: "input-mismatch" not in tx.issues(), "the right format")

            # 8. The data cable is pulled.
            lab.switch.ip("link set rx-1 down")
            rx.until(lambda: {"link-down", "flow-none"} <= rx.issues(), "issues at the receiver")
            story("data cable pulled")
            lab.switch.ip("link set rx-1 up")
            rx.until(lambda: not {"link-down", "flow-none"} & rx.issues(), "picture again")
            goes_on(rx, "presented", 1.0)
            story("data cable in again")

            # 9. Daemons die, one after the other; video goes on without them.
            for name in ("net", "clock"):
                for box in (tx, rx):
                    box.kill(name)
                goes_on(rx, "presented", 2.5)
                if name == "clock":
                    tx.until(lambda: "service-silent" in tx.issues(), "that it says nothing")
                for box in (tx, rx):
                    box.start(name)
            for box in (tx, rx):
                box.until(lambda box=box: box.said("clock")["state"] == "locked", "lock")
                box.until(lambda box=box: not box.issues() - QUIET, "silence")
            story("daemons killed and back")
    finally:
        card.close()
        master.kill()
    for place in tmp_path.rglob("*"):
        if place.is_file() and place.name != "patient.json":
            assert NAME.partition("^")[0].encode() not in place.read_bytes(), place
