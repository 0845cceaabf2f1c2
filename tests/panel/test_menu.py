"""The menu's table: every cell, and the ways through it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.panel.menu import (
    IDLE_S,
    PAIRING_S,
    SOON_S,
    TABLE,
    Keyed,
    answered,
    press,
    timed_out,
)
from appliance.panel.place import Glass, Menu
from appliance.panel.requests import (
    Answer,
    ClosePairing,
    FactoryReset,
    OpenPairing,
    Request,
    Restart,
    SetMode,
    SetNetwork,
    SetPattern,
)
from appliance.panel.screen import KINDS, Kind, Screen
from appliance.panel.screens import render
from appliance.panel.status import Pattern, Status
from drivers.panel import Key

from .boxes import CORNERS, GLASSES, LARGE, SMALL, box, walk

# How to get to each screen, with keys, and where each key leads from there: the screen, "." for the
# same one. In the order of Key: UP DOWN LEFT RIGHT ENTER EXIT.
WAYS: dict[Screen, tuple[str, str]] = {
    Screen.GLANCE: ("", ". . . . menu ."),
    Screen.MENU: ("e", ". . glance state state glance"),
    Screen.STATE: ("ee", ". . menu . menu menu"),
    Screen.ISSUES: ("ede", ". . menu issue issue menu"),
    Screen.ISSUE: ("edee", ". . issues . issues issues"),
    Screen.ADDRESSES: ("edde", ". . menu . menu menu"),
    Screen.IDENTITY: ("eddde", ". . menu . menu menu"),
    Screen.MODES: ("edddde", ". . menu confirm confirm menu"),
    Screen.PATTERNS: ("eddddde", ". . menu confirm confirm menu"),
    Screen.NETWORKS: ("euue", ". . menu method method menu"),
    Screen.METHOD: ("euuee", ". . networks confirm confirm networks"),
    Screen.ADDRESS: ("euueede", ". . . . prefix method"),
    Screen.PREFIX: ("euueedee", ". . . . gateway address"),
    Screen.GATEWAY: ("euueedeee", ". . . . confirm prefix"),
    Screen.SYSTEM: ("eue", ". . menu about about menu"),
    Screen.ABOUT: ("euee", ". . system . system system"),
    Screen.CONFIRM: ("eueue", ". . . . system system"),
    Screen.CHORD: ("eueuede", ". answer answer answer answer answer"),
    Screen.ANSWER: ("eueuedee", ". . glance . glance glance"),
}


@pytest.mark.parametrize("screen", Screen)
def test_every_cell(screen: Screen) -> None:
    way, row = WAYS[screen]
    status = box()
    menu, _ = walk(way, status)
    assert menu.at is screen
    for key, leads in zip(Key, row.split(), strict=True):
        step = press(menu, key, Keyed(status, LARGE))
        assert step.menu.at == (screen if leads == "." else leads), key
        if step.request is not None:
            assert (screen, type(step.request)) == (Screen.IDENTITY, ClosePairing)


def test_the_table_has_every_cell() -> None:
    assert set(TABLE) == {(kind, key) for kind in Kind for key in Key}
    assert set(KINDS) == set(Screen)
    assert set(KINDS.values()) == set(Kind)


STATUSES = [
    Status(),
    box(),
    box(agent={"locked": True}),
    box(agent={"modes": [f"mode{n}" for n in range(12)]}),
    box(issues=[{"severity": "error", "text": f"Issue {n} of many"} for n in range(30)]),
    box(network={}, issues=[], agent={"provisioned": False, "label": "x" * 60}),
]


@given(st.lists(st.sampled_from(Key), max_size=25), st.sampled_from(STATUSES), st.data())
@settings(max_examples=120, deadline=None)
def test_any_keys_on_any_box(pressed: list[Key], status: Status, data: st.DataObject) -> None:
    """Whatever is pressed while the status changes: a screen that fits, and a change only behind
    a yes."""
    glass = data.draw(st.sampled_from(GLASSES))
    menu = Menu()
    for at, key in enumerate(pressed):
        before = menu
        if at == len(pressed) // 2:
            status = data.draw(st.sampled_from(STATUSES))
        step = press(menu, key, Keyed(status, glass))
        menu = step.menu
        if step.request is not None and not isinstance(step.request, OpenPairing | ClosePairing):
            assert before.at in (Screen.CONFIRM, Screen.CHORD)
            assert not status.agent.locked
            menu = answered(menu, step.request, Answer(False, "no"))
            assert menu.at is Screen.ANSWER
        frame = render(menu, status, glass, 3.0 * at)
        assert [len(line) for line in frame.lines] == [glass.columns] * glass.rows
        if frame.cursor is not None:
            row, column = frame.cursor
            assert frame.lines[row][column].isdigit()
    # However deep: EXIT leads home.
    for _ in range(30):
        menu = press(menu, Key.EXIT, Keyed(status, glass)).menu
    assert menu == Menu()


@pytest.mark.parametrize(
    ("way", "request_"),
    [
        ("e dddd e dd e d e", SetMode("rx")),
        ("e dddd e r u e", SetMode("idle")),
        ("e ddddd e u e d e", SetPattern(Pattern.FORCED)),
        ("e ddddd e d e d e", SetPattern(Pattern.WITHOUT_INPUT)),
        ("e uu e u e e d e", SetNetwork("hospital")),
        ("e uu e e d e e e e d e", SetNetwork("configuration", "10.20.0.31", 24, "10.20.0.1")),
        ("e uu e d e d e e e e d e", SetNetwork("data", "192.168.100.200", 24, None)),
        ("e u e d e d e", Restart()),
        ("e u e u e d e u d e", FactoryReset()),
    ],
)
@pytest.mark.parametrize("glass", [LARGE, SMALL])
def test_ways_to_a_request(way: str, request_: Request, glass: Glass) -> None:
    menu, asked = walk(way, box(), glass)
    assert asked == [request_]
    after = answered(menu, request_, Answer(False, "Not available on this machine"))
    assert "Not available" in render(after, box(), glass).lines[0]


@pytest.mark.parametrize("way", ["e u e d e e", "e u e d e x", "e u e d e d x", "e u e d e d u e"])
def test_no_is_the_default_and_exit_is_no(way: str) -> None:
    menu, asked = walk(way, box())
    assert asked == []
    assert menu.at is Screen.SYSTEM


def test_a_factory_reset_wants_its_three_keys() -> None:
    for wrong in ("e", "d", "ue", "uu", "udd", "udx", "ux"):
        menu, asked = walk("e u e u e d e" + wrong, box())
        assert (menu.at, asked) == (Screen.ANSWER, [])


def test_digits() -> None:
    status = box()
    menu, _ = walk("euueede", status)
    assert render(menu, status, LARGE).lines[1].strip() == "010.020.000.031"
    menu, _ = walk("u r d rrr uu", status, menu=menu)
    assert render(menu, status, LARGE).lines[1].strip() == "100.040.000.031"
    assert render(menu, status, LARGE).cursor == (1, 5)
    menu, _ = walk("lllll", status, menu=menu)
    assert render(menu, status, LARGE).cursor == (1, 14)  # round to the last digit


def test_four_keys_do_what_six_do() -> None:
    status = box()
    menu, _ = walk("euueede", status, CORNERS)
    menu, _ = walk("u eee", status, CORNERS, menu)
    assert render(menu, status, CORNERS).lines[1].strip() == "110.020.000.031"
    assert render(menu, status, CORNERS).cursor == (1, 4)
    menu, _ = walk("xx", status, CORNERS, menu)
    assert render(menu, status, CORNERS).cursor == (1, 1)
    menu, _ = walk("x x", status, CORNERS, menu)
    assert menu.at is Screen.METHOD
    menu, asked = walk("e" + "e" * 12 + "e" * 2 + "e" * 12 + "d e", status, CORNERS, menu)
    assert asked == [SetNetwork("configuration", "10.20.0.31", 24, "10.20.0.1")]


def test_an_address_that_cannot_be() -> None:
    status = box()
    menu, _ = walk("euueede rr uuuuu l uuuuu l u", status)  # 165., then 265.
    menu, _ = walk("u", status, menu=menu)
    assert render(menu, status, LARGE).lines[1].startswith("265.")
    menu, asked = walk("e", status, menu=menu)
    assert (menu.at, asked) == (Screen.ANSWER, [])
    assert render(menu, status, LARGE).lines[0].strip() == "265 is above 255"
    menu, _ = walk("x", status, menu=menu)
    assert render(menu, status, LARGE).lines[1].startswith("265.")
    menu, _ = walk("x e", status, menu=menu)
    assert render(menu, status, LARGE).lines[1].startswith("010.")  # begun anew


def test_pairing_is_asked_for_and_ended() -> None:
    status = box()
    menu, asked = walk("eddde", status)
    assert asked == [OpenPairing(PAIRING_S)]
    assert "482 913 607" in render(menu, status, LARGE).lines[1]
    assert walk("x", status, menu=menu)[1] == [ClosePairing()]
    refused = answered(menu, asked[0], Answer(False, "Not available on this machine"))
    text = " ".join(render(refused, status, LARGE).lines)
    assert "482" not in text
    assert "Not available" in text


def test_the_code_is_on_no_other_screen() -> None:
    status = box()
    for screen, (way, _) in WAYS.items():
        menu, _ = walk(way, status)
        for glass in GLASSES:
            shown = ""
            for cursor in range(8):
                frame = render(replace(menu, cursor=cursor), status, glass)
                shown += "".join(frame.lines)
            assert ("482 913 607" in shown) == (screen is Screen.IDENTITY), screen


def test_time_outs() -> None:
    status = box()
    for screen, (way, _) in WAYS.items():
        menu, _ = walk(way, status)
        if screen is Screen.GLANCE:
            assert timed_out(menu, 1e9, 1e9) is None
            continue
        if screen is Screen.IDENTITY:
            assert timed_out(menu, 1e9, PAIRING_S - 1) is None
            step = timed_out(menu, 0, PAIRING_S)
            assert step is not None
            assert (step.menu, step.request) == (Menu(), ClosePairing())
            continue
        soon = screen in (Screen.CONFIRM, Screen.CHORD, Screen.ANSWER)
        limit = SOON_S if soon else IDLE_S
        assert timed_out(menu, limit - 1, 1e9) is None
        step = timed_out(menu, limit, 0)
        assert step is not None
        assert (step.menu, step.request) == (Menu(), None)


def test_locked_by_the_configurator() -> None:
    locked = box(agent={"locked": True})
    for way in ("edddde", "eddddde", "euue", "euede", "eueue"):
        menu, asked = walk(way, locked)
        assert asked == []
        assert "Locked by" in render(menu, locked, LARGE).lines[0]
    # Locked while someone stands before the question.
    menu, _ = walk("eued e d", box())
    menu, asked = walk("e", locked, menu=menu)
    assert asked == []
    assert "Locked by" in render(menu, locked, LARGE).lines[0]


def test_an_issue_is_read_while_others_come() -> None:
    menu, _ = walk("edee", box())
    more = [*({"severity": "error", "text": f"New {n}"} for n in range(3))]
    later = box(issues=[*more, *({"id": "hospital.carrier", "severity": "info", "text": "Old"},)])
    assert "Old" in render(menu, later, LARGE).lines[0]
    assert "gone" in render(menu, box(issues=[]), LARGE).lines[0]
