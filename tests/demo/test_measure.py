"""What is counted between two looks, and what makes a run bad."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.demo.measure import Look, between, difference, faults, table

EMPTY: dict[str, Any] = {"count": 0, "min": 0, "max": 0, "sum": 0, "buckets": []}


def histogram(*values: tuple[int, int]) -> dict[str, Any]:
    return {
        "count": sum(n for _, n in values),
        "min": values[0][0],
        "max": values[-1][0],
        "sum": sum(v * n for v, n in values),
        "buckets": list(values),
    }


def test_only_what_came_between_counts() -> None:
    before = histogram((10, 5), (500, 1))
    after = histogram((10, 5), (20, 98), (30, 2), (500, 1))
    found = difference(before, after)
    assert (found.count, found.min, found.p50, found.p99, found.max) == (100, 20, 20, 30, 30)
    assert found.mean == (98 * 20 + 2 * 30) // 100
    # The largest value is known exactly, its bucket reaches beyond: no figure lies above it.
    found = difference(EMPTY, {**histogram((1000, 3), (2000, 1)), "max": 1990})
    assert (found.p99, found.p99_9, found.max) == (1990, 1990, 1990)
    assert found.buckets[-1] == (1990, 1)
    assert difference(EMPTY, EMPTY).count == 0


def looks(name: str, role: str, by: int) -> tuple[Look, Look]:
    base: dict[str, dict[str, int]] = {
        "tx": {"frames": 10, "drops": 3},
        "rx": {"presented": 9, "late": 7},
        "sink": {"lost": 4},
    }
    moved = {key: dict(value) for key, value in base.items()}
    moved["tx"]["frames"] += 100
    moved["rx"]["presented"] += 100
    moved[role][name] = moved[role].get(name, 0) + by
    return Look(**base, latency=EMPTY), Look(**moved, latency=EMPTY)


def test_faults_of_the_start_do_not_count() -> None:
    before, after = looks("packets", "rx", 1000)
    assert faults(between("Scope", before, after, 2.0)) == []


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("sink", "lost"),
        ("sink", "repeated"),
        ("sink", "metadata_mismatch"),
        ("sink", "torn"),
        ("rx", "metadata_missing"),
        ("tx", "skipped"),
    ],
)
def test_each_fault_is_said_with_its_figure(role: str, name: str) -> None:
    before, after = looks(name, role, 2)
    row = between("Scope", before, after, 2.0)
    (line,) = faults(row)
    assert line.startswith("Scope: 2 ")
    assert "Scope" in table([row])


def test_a_late_frame_is_told_and_no_fault() -> None:
    """It was shown once, marked, and the automatic link offset grew for it."""
    before, after = looks("late", "rx", 2)
    row = between("Scope", before, after, 2.0)
    assert not faults(row)
    head, line = table([row]).splitlines()
    assert line[: head.index("late") + 4].endswith(" 2")


def test_a_stream_that_shows_nothing_is_bad() -> None:
    still = Look({}, {}, {}, EMPTY)
    assert faults(between("Scope", still, still, 2.0)) == ["Scope: no live frame was presented"]
