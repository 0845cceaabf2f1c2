"""A change of the network that the box is configured through: kept when confirmed, else undone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from appliance.box.link import LinkError
from appliance.demo.namespaces import Lab
from tests.net.conftest import CONFIGURATION, DATA, document
from tests.support.net_box import NetBox

pytestmark = pytest.mark.netns

OLD = document(configuration=CONFIGURATION, data=DATA)
NEW = document(configuration={**CONFIGURATION, "address": "10.77.0.71/24"}, data=DATA)


def test_not_confirmed_is_taken_back_also_over_a_kill(lab: Lab, root: Path) -> None:
    with NetBox(lab["box"], root, OLD, "--probation", "6") as box:
        box.settle()
        assert box.status()["confirm"] is None
        with pytest.raises(LinkError, match="no change of the network waits"):
            box.ask("confirm")
        assert box.want(NEW) == 2
        assert box.ask("reload")["confirm_within_s"] > 4
        box.wait(lambda: box.addresses("eth0") == {"10.77.0.71/24"}, "new address")
        box.wait(lambda: "change-unconfirmed" in box.issues(), "issue")
        kept = json.loads((box.paths.state / "network.json").read_text())
        assert kept["generation"] == 1 and kept["trial"]["generation"] == 2
        box.kill()
        box.again()
        assert "change-unconfirmed" in box.issues()
        box.wait(lambda: "change-taken-back" in box.issues(), "end of the trial", 20)
        box.wait(lambda: box.addresses("eth0") == {"10.77.0.1/24"}, "old address")
        assert "change-unconfirmed" not in box.issues()
        entry = box.store.load().generation
        assert entry is not None and (entry.number, entry.by) == (3, "network (back to 1)")
        # What comes next is another matter: the data network needs no confirmation.
        box.want(document(configuration=CONFIGURATION, data={**DATA, "mtu": 1400}))
        box.wait(lambda: box.network("data")["mtu"] == 1400, "MTU")
        box.wait(lambda: box.issues() == set(), "silence")
        assert box.status()["confirm"] is None


def test_confirmed_stays(lab: Lab, root: Path) -> None:
    with NetBox(lab["box"], root, OLD, "--probation", "4") as box:
        box.settle()
        box.want(NEW)
        box.wait(lambda: "change-unconfirmed" in box.issues(), "issue")
        with pytest.raises(LinkError, match="generation 2 waits for it and not 1"):
            box.ask("confirm", generation=1)
        assert box.ask("confirm", generation=2) == {"generation": 2}
        box.wait(lambda: box.issues() == set(), "end of the issue")
        box.kill()
        box.again()
        box.wait(lambda: box.status()["generation"] == 2, "generation")
        assert box.status()["confirm"] is None
        box.settle()
        assert box.addresses("eth0") == {"10.77.0.71/24"}
        # A document that leaves the box without its configuration network waits as well.
        box.want(document(data=DATA))
        box.wait(lambda: "change-unconfirmed" in box.issues(), "issue")
        box.wait(lambda: box.addresses("eth0") == {"10.77.0.71/24"}, "return", 20)


def test_a_first_document_that_cuts_the_box_off_is_taken_back_too(lab: Lab, root: Path) -> None:
    with NetBox(lab["box"], root, None, "--probation", "3", "--first", "eth0") as box:
        box.wait(lambda: box.network("configuration")["method"], "words")
        box.want(OLD)
        box.wait(lambda: box.addresses("eth0") == {"10.77.0.1/24"}, "static address")
        box.wait(lambda: "change-taken-back" in box.issues(), "end of the trial", 20)
        wanted = box.store.load().desired
        assert wanted is not None and wanted.networks.configuration is not None
        assert wanted.networks.configuration.method == "dhcp"
        assert wanted.networks.data is not None  # the rest stays
        box.wait(lambda: box.addresses("eth0") == set(), "end of the static address")
