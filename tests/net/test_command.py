"""`rtvbox network`, for a person."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from appliance.demo.namespaces import Lab
from appliance.runner import CommandError
from tests.net.conftest import CONFIGURATION, DATA, document, receiver
from tests.support.net_box import NetBox

pytestmark = pytest.mark.netns


def test_what_a_person_sees(lab: Lab, root: Path) -> None:
    def rtvbox(*words: str) -> str:
        argv = [sys.executable, "-m", "appliance.cli", "network", *words, "--root", str(root)]
        return lab["box"].run(argv)

    with pytest.raises(CommandError, match="is rtvbox-network running"):
        rtvbox()
    with NetBox(lab["box"], root, receiver(configuration=CONFIGURATION, data=DATA)) as box:
        box.settle()
        said = rtvbox()
        lines = [" ".join(line.split()) for line in said.splitlines()]
        assert lines[0] == "configuration 10.77.0.1/24 (static)"
        assert "interface eth0: 10000 Mb/s" in lines
        assert any(line.startswith("interface eth1: 10000 Mb/s, flows need 2") for line in lines)
        assert "configuration tcp own address 443 box API (HTTPS), 50/s" in lines
        assert "data udp 239.1.1.1 5000 flow endoscope from 10.77.1.2" in lines
        assert json.loads(rtvbox("--json")).keys() >= {"configuration", "data", "open", "issues"}
        with pytest.raises(CommandError, match="no change of the network waits"):
            rtvbox("confirm")
        box.want(document(configuration={**CONFIGURATION, "address": "10.77.0.9/24"}))
        box.wait(lambda: box.status()["confirm"], "trial")
        assert "rtvbox network confirm" in rtvbox()
        assert rtvbox("confirm") == "confirmed: generation 2\n"
