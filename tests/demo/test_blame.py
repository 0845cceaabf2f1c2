"""The machine is blamed for what it can have done, with evidence, and for nothing else."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from appliance.demo.blame import how_well, seen, unexplained, words
from appliance.demo.measure import Look, between, moved
from appliance.report import Standstill

MS = 1_000_000
AT = 1_795_000_000_000_000_000
FRAME = 20 * MS
EMPTY: dict[str, Any] = {"count": 0, "min": 0, "max": 0, "sum": 0, "buckets": []}


def wake(thread: str, late_ms: int = 24) -> dict[str, Any]:
    return {"thread": thread, "due_tai": AT, "late_ns": late_ms * MS}


def report(card: str, *wakes: dict[str, Any], realtime: bool = True) -> dict[str, Any]:
    return {"run": {"realtime": realtime, "late_wakes": list(wakes)}, card: {"realtime": 1}}


REPORTS = {
    "Scope": (report("source", wake("send"), wake("card", 21)), report("sink", wake("receive"))),
    "Room": (report("source", wake("send", 26)), report("sink", wake("present"))),
}


def blamed(
    reports: Any, begin: int = AT - 1000 * MS, end: int = AT + 1000 * MS
) -> list[Standstill]:
    return seen(reports, begin, end)


def test_all_late_at_one_instant_is_said_in_one_line() -> None:
    (still,) = blamed(REPORTS)
    assert still.ns == 21 * MS
    assert words(still, 37) == (
        "the machine stood still for 21 ms at 11:06:03 UTC (late: Scope sender 24 ms, "
        "Scope receiver 24 ms, Room sender 26 ms, Room receiver 24 ms, cards 21 ms)"
    )


@pytest.mark.parametrize(("title", "end"), [("Scope", 0), ("Scope", 1), ("Room", 0), ("Room", 1)])
def test_one_end_in_time_clears_the_machine(title: str, end: int) -> None:
    reports = copy.deepcopy(REPORTS)
    reports[title][end]["run"]["late_wakes"] = []
    assert blamed(reports) == []
    reports = copy.deepcopy(REPORTS)  # it may only have waited for its turn
    reports[title][end]["run"]["realtime"] = False
    assert blamed(reports) == []
    reports = copy.deepcopy(REPORTS)
    reports[title][end].clear()  # a process that wrote no report
    assert blamed(reports) == []


def test_cards_in_time_clear_the_machine() -> None:
    reports = copy.deepcopy(REPORTS)
    del reports["Scope"][0]["run"]["late_wakes"][1]
    assert blamed(reports) == []


def test_what_was_before_or_after_does_not_count() -> None:
    assert blamed(REPORTS, AT + 100 * MS, AT + 200 * MS) == []
    assert blamed(REPORTS, AT - 200 * MS, AT) == []
    assert len(blamed(REPORTS, AT - 200 * MS, AT + 1)) == 1


def after(**figures: int) -> list[str]:
    """What the standstill of REPORTS does not explain of these figures: role_name=count."""
    roles: dict[str, dict[str, int]] = {"tx": {}, "rx": {"presented": 100}, "sink": {}}
    for key, value in figures.items():
        role, _, name = key.partition("_")
        roles[role][name] = value
    still = Look({}, {}, {}, EMPTY)
    row = between("Scope", still, Look(**roles, latency=EMPTY), 2.0)
    return unexplained(row, moved(row), blamed(REPORTS), FRAME)


def test_a_delay_explains_so_many_frames_and_no_more() -> None:
    assert after(sink_lost=4, tx_repeats=4, rx_concealed_frames=2) == []
    assert after(sink_lost=5) == ["sink.lost"]
    assert after(tx_drops=5, sink_repeated=1) == ["tx.drops"]


@pytest.mark.parametrize(
    "name",
    ["sink_out_of_order", "sink_unreadable", "rx_metadata_mismatch", "rx_no_patient", "tx_slates"],
)
def test_no_delay_explains_what_is_wrong(name: str) -> None:
    assert after(**{name: 1}) == [name.replace("_", ".", 1)]


def test_torn_and_foreign_metadata_only_in_concealed_frames() -> None:
    assert after(sink_torn=1) == ["sink.torn"]
    assert after(sink_metadata_mismatch=1) == ["sink.metadata_mismatch"]
    assert after(sink_torn=1, sink_metadata_mismatch=1, rx_concealed_frames=1) == []


def verdict(sender_type: str = "N", fmt: str = "1080p50", **figures: int) -> str:
    """The last line of a run in which so much moved, beside a hundred frames."""
    roles: dict[str, dict[str, int]] = {"tx": {}, "rx": {"presented": 100}, "sink": {}}
    for key, value in figures.items():
        role, _, name = key.partition("_")
        roles[role][name] = value
    row = between("Scope", Look({}, {}, {}, EMPTY), Look(**roles, latency=EMPTY), 2.0)
    return how_well([row], [], fmt, sender_type)


def test_late_frames_are_never_said_to_be_in_time() -> None:
    assert verdict() == "good: 100 frames, each once, in time and with its own metadata"
    for figures in ({"rx_late": 3}, {"rx_shown_late": 3}, {"rx_late": 2, "rx_shown_late": 1}):
        said = verdict(**figures)
        assert said == "good: 100 frames, each once, and with its own metadata; 3 of them late"


def test_banners_of_the_sender_are_no_frames() -> None:
    assert verdict(rx_sender_held=40).startswith("good: 60 frames")


def test_no_advice_to_do_what_is_done() -> None:
    assert "need --format 720p50 or --sender-type W" in verdict(sink_lost=1)
    said = verdict("W", sink_lost=1)
    assert "need --format 720p50" in said and "--sender-type" not in said
    said = verdict("W", "720p50", sink_lost=1)
    assert "--format" not in said and "--sender-type" not in said
