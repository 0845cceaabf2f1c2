"""Boxes as their services describe them."""

from __future__ import annotations

import copy
from typing import Any

from appliance.panel.menu import Keyed, Step, press
from appliance.panel.place import Glass, Menu
from appliance.panel.requests import Answer, Request
from appliance.panel.status import Status, status_of
from drivers.panel import Key

FULL: dict[str, Any] = {
    "agent": {
        "label": "OR 3 tower",
        "serial": "RTV-000417",
        "fingerprint": "7F3A-91C2-05EE",
        "version": "1.4.2",
        "slot": "A",
        "provisioned": True,
        "pairing": "482 913 607",
    },
    "converter": {
        "mode": "tx",
        "input": {"connector": "SDI-1", "format": "1080p50", "signal": "ok"},
        "flow": {"state": "running", "address": "239.1.1.1:5000"},
        "test_pattern": "off",
    },
    "clock": {"state": "locked", "grandmaster": "ec:46:70:ff:fe:00:12:34", "offset_ns": -84},
    "network": {
        "configuration": {
            "method": "dhcp",
            "address": "10.20.0.31",
            "prefix": 24,
            "gateway": "10.20.0.1",
            "carrier": True,
        },
        "data": {"method": "static", "address": "192.168.100.200", "prefix": 24, "carrier": True},
        "hospital": {"method": "dhcp", "carrier": False},
    },
    "issues": [
        {
            "id": "hospital.carrier",
            "severity": "warning",
            "text": "Hospital network: no cable",
            "source": "network",
            "since": "02:51",
            "remedy": "Plug in the cable or switch the network off",
        }
    ],
}


def document(**changes: Any) -> dict[str, Any]:
    """The full one, with keys of sections changed: converter={"mode": "rx"}; None drops."""
    made = copy.deepcopy(FULL)
    for section, change in changes.items():
        if change is None:
            del made[section]
        elif isinstance(change, dict):
            made[section] |= change
        else:
            made[section] = change
    return made


def box(**changes: Any) -> Status:
    """Its status."""
    return status_of(document(**changes))


LARGE = Glass(20, 4)
CORNERS = Glass(20, 2, arrows=False)
SMALL = Glass(16, 2)
GLASSES = (LARGE, CORNERS, SMALL)


def keys(text: str) -> list[Key]:
    """Keys by their first letters: u d l r e x."""
    letters = dict(zip("udlrex", Key, strict=True))
    return [letters[letter] for letter in text.replace(" ", "")]


def walk(
    text: str, status: Status, glass: Glass = LARGE, menu: Menu | None = None
) -> tuple[Menu, list[Request]]:
    """Where keys lead from the glance screen (or this menu), and what was asked for."""
    step, asked = Step(menu or Menu()), []
    for key in keys(text):
        step = press(step.menu, key, Keyed(status, glass))
        if step.request is not None:
            asked.append(step.request)
    return step.menu, asked


class Taking:
    """Takes every request and remembers it."""

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def ask(self, request: Request) -> Answer:
        self.asked.append(request)
        return Answer(True, "Done")
