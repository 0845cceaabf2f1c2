"""The screens as text, on the three sizes of glass, and the lights."""

from __future__ import annotations

import pytest

from appliance.panel.lights import lights
from appliance.panel.place import Glass, Menu
from appliance.panel.screens import PAGE_S, render, spread
from appliance.panel.status import ClockState, FlowState, Signal, Status
from drivers.panel import Colour

from .boxes import GLASSES, LARGE, SMALL, box, walk

OFF, GREEN, RED, AMBER = Colour.OFF, Colour.GREEN, Colour.RED, Colour.AMBER


def glance(status: Status, glass: Glass) -> list[str]:
    """All pages, one after the other."""
    pages = []
    for page in range(5):
        lines = render(Menu(), status, glass, page * PAGE_S).lines
        if list(lines) in pages:
            break
        pages.append(list(lines))
    return [line for page in pages for line in page]


def test_a_sender_at_a_glance() -> None:
    assert glance(box(), LARGE) == [
        "OR 3 tower        TX",
        "In 1080p50        ok",
        "Flow on   PTP locked",
        "10.20.0.31        ⚠1",
    ]
    assert glance(box(), Glass(20, 2)) == [
        "OR 3 tower        TX",
        "In 1080p50        ok",
        "Flow on   PTP locked",
        "10.20.0.31        ⚠1",
    ]
    assert glance(box(), SMALL) == [
        "OR 3 tower    TX",
        "In 1080p50    ok",
        "Flow on         ",
        "PTP locked      ",
        "Address       ⚠1",
        "10.20.0.31      ",
    ]


def test_nothing_is_invented() -> None:
    assert glance(Status(), LARGE) == [
        "rtvbox             ?",
        "Picture      unknown",
        "Flow ?         PTP ?",
        "IP unknown         ?",
    ]
    for way in ("ee", "edde", "eddde", "euee"):
        menu, _ = walk(way, Status())
        text = " ".join(
            line
            for cursor in range(12)
            for line in render(Menu(menu.at, cursor, menu.trail), Status(), LARGE).lines
        )
        assert "unknown" in text
        assert "ok" not in text
        assert "None" not in text
    assert "unknown" in render(walk("ede", Status())[0], Status(), LARGE).lines[1]
    assert render(walk("ede", box(issues=[]))[0], box(issues=[]), LARGE).lines[1].strip() == "None"


@pytest.mark.parametrize(
    ("changes", "row", "line"),
    [
        ({"converter": {"input": {"signal": "none"}}}, 1, "In         no signal"),
        (
            {"converter": {"input": {"format": "1080p59.94", "signal": "mismatch"}}},
            1,
            "In 1080p59.94  wrong",
        ),
        (
            {"converter": {"mode": "rx", "output": {"format": "2160p60", "signal": "ok"}}},
            1,
            "Out 2160p60       ok",
        ),
        ({"converter": {"mode": "idle", "input": None}}, 1, "Picture         idle"),
        ({"converter": {"flow": {"state": "waiting"}}}, 2, "Flow wait PTP locked"),
        ({"clock": {"state": "holdover"}}, 2, "Flow on     PTP hold"),
        ({"agent": {"provisioned": False}}, 2, "Not set up: press OK"),
        ({"agent": {"label": None}}, 0, "RTV-000417        TX"),
        ({"agent": {"label": "A name that is far too long"}}, 0, "A name that is fa TX"),
        ({"issues": []}, 3, "10.20.0.31         ✓"),
        ({"network": {"configuration": {"method": "dhcp"}}}, 3, "no address        ⚠1"),
        (
            {"network": {"configuration": {"address": "192.168.100.200"}}},
            3,
            "192.168.100.200   ⚠1",
        ),
        ({"clock": None}, 3, "10.20.0.31        ⚠2"),
    ],
)
def test_what_a_row_says(changes: dict[str, object], row: int, line: str) -> None:
    assert render(Menu(), box(**changes), LARGE).lines[row] == line


@pytest.mark.parametrize("flow", [None, *FlowState])
@pytest.mark.parametrize("clock", [None, *ClockState])
def test_flow_and_clock_are_never_cut(flow: str | None, clock: str | None) -> None:
    status = box(converter={"flow": {"state": flow}}, clock={"state": clock})
    row = render(Menu(), status, LARGE).lines[2]
    assert row.startswith("Flow ")
    assert " PTP " in row
    assert len(row) == 20


@pytest.mark.parametrize("signal", [None, *Signal])
@pytest.mark.parametrize("glass", GLASSES)
def test_signals_fit(signal: str | None, glass: Glass) -> None:
    status = box(converter={"input": {"format": "2160p59.94", "signal": signal}})
    text = "".join(glance(status, glass))
    assert ("no signal" in text) == (signal is Signal.NONE)
    assert ("2160p59.94" in text) == (signal is not Signal.NONE)


def test_an_issue_in_full() -> None:
    menu, _ = walk("edee", box())
    lines = [
        line.rstrip("↓↑ ")
        for cursor in (0, 4)
        for line in render(Menu(menu.at, cursor, menu.trail, words=menu.words), box(), LARGE).lines
    ]
    text = " ".join(" ".join(lines).split())
    assert text.startswith("WARNING: Hospital network: no cable Do: Plug in the cable")
    assert text.endswith("Since 02:51 From network")


def test_what_scrolls_says_so() -> None:
    menu, _ = walk("ee", box())
    assert render(menu, box(), LARGE).lines[3].endswith("↓")
    down, _ = walk("ddd", box(), menu=menu)
    assert render(down, box(), LARGE).lines[0].endswith("↑")
    end, _ = walk("d" * 40, box(), menu=menu)
    assert not render(end, box(), LARGE).lines[3].endswith("↓")
    # One step up from the end moves at once, however often DOWN was pressed.
    up, _ = walk("u", box(), menu=end)
    assert render(up, box(), LARGE) != render(end, box(), LARGE)


def test_a_silent_service_is_an_issue() -> None:
    status = box(clock=None)
    menu, _ = walk("ed e d e", status)
    text = " ".join(" ".join(render(menu, status, LARGE).lines).split())
    assert text == "WARNING: No status of clock: says nothing From panel"


def test_spread() -> None:
    assert spread("left", "right", 12) == "left   right"
    assert spread("much too long", "right", 12) == "much t right"
    assert spread("left", "much too long", 9) == "much too "


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"issues": []}, (GREEN, GREEN, GREEN, OFF)),
        ({}, (GREEN, GREEN, GREEN, AMBER)),
        ({"issues": [{"severity": "error", "text": "x"}]}, (GREEN, GREEN, GREEN, RED)),
        ({"issues": [{"severity": "info", "text": "x"}]}, (GREEN, GREEN, GREEN, OFF)),
        ({"issues": [], "clock": {"state": "lost"}}, (GREEN, GREEN, RED, OFF)),
        ({"issues": [], "clock": {"state": "holdover"}}, (GREEN, GREEN, AMBER, OFF)),
        ({"issues": [], "converter": {"flow": {"state": "error"}}}, (GREEN, RED, GREEN, OFF)),
        ({"issues": [], "converter": {"flow": {"state": "stopped"}}}, (GREEN, OFF, GREEN, OFF)),
        ({"issues": [], "converter": None}, (AMBER, OFF, GREEN, AMBER)),
        ({"issues": None}, (GREEN, GREEN, GREEN, AMBER)),
    ],
)
def test_lights(changes: dict[str, object], shown: tuple[Colour, ...]) -> None:
    assert lights(box(**changes), 4) == shown
    assert lights(box(**changes), 3) == shown[1:]
    assert lights(box(**changes), 0) == ()
