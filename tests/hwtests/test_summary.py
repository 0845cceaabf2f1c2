"""The list at the end of a run of the hardware tests."""

from __future__ import annotations

from hwtests.summary import Row, lines

ROWS = [
    Row(
        "test_capture.py::test_order[card]",
        "passed",
        figures=(
            ("lost", 0),
            ("budget of lost", 0),
            ("spread us", 700.5),
            ("budget of spread us", 500.0),
        ),
        seconds=1.26,
    ),
    Row("test_panel.py::test_keys[none]", "skipped", "the bench has no panel"),
    Row("test_loop.py::test_back", "failed", "AssertionError: 3 of 40", (("ages", [1, 2]),), 9.0),
]


def test_each_test_has_its_result_its_reason_and_its_figures() -> None:
    assert lines(ROWS, real_time=True) == [
        "passed      1.3 s  test_capture.py::test_order[card]",
        "                   lost: 0  (budget 0: kept)",
        "                   spread us: 700.5  (budget 500: not kept)",
        "skipped     0.0 s  test_panel.py::test_keys[none]",
        "                   the bench has no panel",
        "failed      9.0 s  test_loop.py::test_back",
        "                   AssertionError: 3 of 40",
        "                   ages: [1, 2]",
        "1 passed, 1 failed, 1 skipped; 10 s",
    ]


def test_an_emulated_machine_is_not_held_to_times() -> None:
    (line,) = [one for one in lines(ROWS, real_time=False) if "spread" in one]
    assert line.endswith("(budget 500: not kept; does not hold for an emulated machine)")
