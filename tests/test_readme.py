"""What README shows is what the programs take and say."""

from __future__ import annotations

import json
import re
from pathlib import Path

from appliance.box.rules import accept
from appliance.cli import COMMANDS
from appliance.commands.remote_actions import ACTIONS
from tests.systemd.test_units import EXPOSURE

README = (Path(__file__).parent.parent / "README.md").read_text()


def test_the_document_is_taken() -> None:
    found = re.search(r'    (\{"schema": 1.*?\}\]\}\]\}\})\n', README, re.DOTALL)
    assert found
    desired = accept(found[1])
    assert desired.mode == "tx"


def test_the_patient_is_json() -> None:
    found = re.search(r'    (\{"patient".*?\}\})\n', README, re.DOTALL)
    assert found
    assert json.loads(found[1])["patient"]["name"]


def test_commands_exist() -> None:
    named = set(re.findall(r"rtvbox ([a-z-]+)", README)) & {*COMMANDS, "image", "box"}
    assert {"tx", "rx", "inspect", "remote", "config", "network", "clock", "status"} <= named
    words = re.findall(r"^    rtvbox remote (\S+) (\S+)", README, re.MULTILINE)
    assert words
    for where, what in words:
        assert where == "site" or what in ACTIONS, what


def test_exposures_are_those_that_are_tested() -> None:
    rows = dict(re.findall(r"^\| `(rtvbox-[a-z]+)\S*`.*\| ([0-9., ]+) \|$", README, re.MULTILINE))
    for name in ("rtvbox-agent", "rtvbox-network", "rtvbox-panel"):
        assert float(rows[name]) == EXPOSURE[f"{name}.service"]
    assert float(rows["rtvbox-converter"]) == EXPOSURE["rtvbox-converter@.service"]
    clocks = [float(one) for one in rows["rtvbox-clock"].split(",")]
    names = ("clock", "ptp4l", "phc2sys")
    assert clocks == [EXPOSURE[f"rtvbox-{name}.service"] for name in names]
