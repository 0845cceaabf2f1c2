"""What a person asks for on the page is held apart from the faults of the run."""

from __future__ import annotations

from typing import Any

from appliance.demo.asked import AFTER_S, Asked
from appliance.demo.measure import Look, asked_for, between, faults

EMPTY: dict[str, Any] = {"count": 0, "min": 0, "max": 0, "sum": 0, "buckets": []}


def look(slates: int = 0, lost: int = 0, presented: int = 100) -> Look:
    return Look({"slates": slates}, {"presented": presented}, {"lost": lost}, EMPTY)


def said(asked: Asked, now: Look) -> tuple[list[str], list[str]]:
    row = between("Scope", look(presented=0), now, 10.0, asked.moved(now))
    return faults(row), asked_for(row)


def test_a_cut_signal_is_no_fault_however_long_it_lasts() -> None:
    asked = Asked()
    asked.begin(look(), 10.0, lasts=True)
    asked.tick(look(slates=5000), 110.0)
    assert said(asked, look(slates=5000, lost=5000)) == (
        [],
        ["Scope: 5000 frames never appeared", "Scope: 5000 banners were sent"],
    )
    asked.begin(look(slates=5000, lost=5000), 110.0)  # it is given back
    asked.tick(look(slates=5010, lost=5010), 110.0 + AFTER_S)
    assert said(asked, look(slates=5010, lost=5010))[0] == []


def test_what_moves_before_and_after_is_a_fault() -> None:
    asked = Asked()
    asked.begin(look(lost=2), 10.0)
    asked.tick(look(lost=7), 10.0 + AFTER_S - 0.1)
    asked.tick(look(lost=9), 10.0 + AFTER_S)
    now = look(lost=10)
    assert said(asked, now) == (
        ["Scope: 3 frames never appeared"],
        ["Scope: 7 frames never appeared"],
    )
    row = between("Scope", look(presented=0), now, 10.0, asked.moved(now))
    assert row.lost == 3 and row.asked_for == {"sink.lost": 7}


def test_clicks_one_after_another_count_once() -> None:
    asked = Asked()
    asked.begin(look(lost=1), 10.0)
    asked.begin(look(lost=2), 11.0, lasts=True)
    asked.begin(look(lost=4), 12.0)
    asked.tick(look(lost=5), 12.0 + AFTER_S)
    asked.begin(look(lost=6), 40.0)
    assert asked.moved(look(lost=8)) == {"sink.lost": (5 - 1) + (8 - 6)}


def test_nothing_asked_is_nothing_apart() -> None:
    asked = Asked()
    asked.tick(look(lost=3), 1.0)
    assert said(asked, look(lost=3)) == (["Scope: 3 frames never appeared"], [])
