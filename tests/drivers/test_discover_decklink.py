"""DeckLink cards in the inventory, as the command shows them: from the vendor's library (the
stand-in), beside the boards that the kernel sees."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.drivers.decklink_bench import DUO, DUO_AT, INACTIVE, MONITOR, RECORDER
from tests.support.standin import Remote

DEVICES = [sys.executable, "-m", "appliance.cli", "devices"]
BOARD = """P: /devices/pci0000:00/0000:00:1c.0/0000:03:00.0
E: SUBSYSTEM=pci
E: PCI_ID=BDBD:A14E
{driver}A: vendor=0xbdbd
A: device=0xa14e
"""
BOUND = "E: DRIVER=blackmagic\n"


def listed(environment: dict[str, str], *before: str) -> dict[str, dict[str, Any]]:
    """The inventory by key."""
    done = subprocess.run(
        [*before, *DEVICES, "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=environment,
    )
    return {one["key"]: one for one in json.loads(done.stdout)}


def on_a_board(tmp_path: Path, driver: str) -> tuple[str, ...]:
    """What to put before a command so that it sees a machine with a DeckLink board."""
    description = tmp_path / "machine.umockdev"
    description.write_text(BOARD.format(driver=driver))
    return ("umockdev-run", "--device", str(description), "--")


def test_sub_devices_are_listed_by_the_key_that_a_source_takes(tmp_path: Path) -> None:
    found = listed(Remote(tmp_path / "door").environment("generation c"))
    cards = [key.partition(":")[2] for key in found if key.startswith("decklink:")]
    assert cards == sorted([DUO, INACTIVE, RECORDER, MONITOR])
    duo, inactive = found[f"decklink:{DUO}"], found[f"decklink:{INACTIVE}"]
    assert (duo["kind"], duo["name"], duo["usable"]) == ("card", "Stand-in Duo (1)", True)
    more = duo["details"]
    assert more["can"] == ["capture", "playout"]
    assert more["inputs"] == ["SDI", "HDMI"]
    assert (more["api_version"], more["generation"], more["statistics"]) == ("16.0.0", "C", True)
    assert not inactive["usable"] and "choose another profile" in inactive["why"]
    assert found[f"decklink:{RECORDER}"]["details"]["can"] == ["capture"]


def test_the_table_says_what_a_card_can_do(tmp_path: Path) -> None:
    environment = Remote(tmp_path / "door").environment("generation c")
    done = subprocess.run(DEVICES, capture_output=True, text=True, timeout=60, env=environment)
    line = next(one for one in done.stdout.splitlines() if f"decklink:{DUO}" in one)
    words = "capture from SDI or HDMI, playout to SDI, Desktop Video 16.0.0"
    assert f"{words}, interfaces of generation C with statistics" in line


@pytest.mark.parametrize(
    ("driver", "why"),
    [
        (BOUND, "no driver: install Desktop Video (libDeckLinkAPI.so is not there)"),
        ("", "no driver is bound; install Desktop Video, the vendor's driver"),
    ],
)
def test_a_board_without_the_library_says_what_to_install(
    tmp_path: Path, driver: str, why: str
) -> None:
    found = listed({**os.environ}, *on_a_board(tmp_path, driver))
    board = found["pci:0000:03:00.0"]
    assert (board["usable"], board["why"]) == (False, why)
    assert not any(key.startswith("decklink:") for key in found)


def test_a_board_whose_library_knows_of_no_card_names_the_service(tmp_path: Path) -> None:
    pulled = ";".join(f"remove {number}" for number in range(4))
    environment = Remote(tmp_path / "door").environment(pulled)
    board = listed(environment, *on_a_board(tmp_path, BOUND))["pci:0000:03:00.0"]
    assert not board["usable"] and "DesktopVideoHelper" in board["why"]


def test_a_board_beside_its_cards_is_usable(tmp_path: Path) -> None:
    environment = Remote(tmp_path / "door").environment()
    found = listed(environment, *on_a_board(tmp_path, BOUND))
    assert found["pci:0000:03:00.0"]["usable"] and found[f"decklink:{DUO}"]["usable"]


def test_arrivals_and_removals_are_events(tmp_path: Path) -> None:
    cards = Remote(tmp_path / "door")
    with subprocess.Popen(
        [*DEVICES, "--watch", "--json", "--seconds", "30"],
        stdout=subprocess.PIPE,
        text=True,
        env=cards.environment(),
    ) as watching:
        try:
            assert watching.stdout is not None
            cards.connect()
            lines = (json.loads(line) for line in watching.stdout)
            mine = (one for one in lines if one["key"] == f"decklink:{DUO}")
            assert next(mine)["what"] == "present"
            cards(f"remove {DUO_AT}")
            assert next(mine)["what"] == "removed"
            cards(f"arrive {DUO_AT}")
            back = next(mine)
            assert (back["what"], back["usable"]) == ("added", True)
        finally:
            watching.kill()
            cards.close()
