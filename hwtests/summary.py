"""What a run says at its end: each test, its result with the reason, and its figures beside what
`budgets.toml` allows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

BUDGET = "budget of "
"""Begins the name of the limit that belongs to a figure, among a test's properties."""


@dataclass(frozen=True)
class Row:
    """A test that ended. result: passed, failed, skipped. reason: one line, why not passed.
    figures: name and value, and the limit of a figure as `budget of NAME`. seconds: it took."""

    test: str
    result: str
    reason: str = ""
    figures: tuple[tuple[str, object], ...] = ()
    seconds: float = 0.0


def lines(rows: Iterable[Row], *, real_time: bool) -> list[str]:
    """The list. real_time: whether the machine is held to budgets of time."""
    rows = list(rows)
    found: list[str] = []
    for row in rows:
        found.append(f"{row.result:<8}{row.seconds:7.1f} s  {row.test}")
        if row.reason:
            found.append(f"{'':19}{row.reason}")
        values = dict(row.figures)
        for name, value in row.figures:
            if name.startswith(BUDGET):
                continue
            limit = values.get(BUDGET + name)
            found.append(f"{'':19}{name}: {value}{_against(value, limit, real_time)}")
    counted = [
        f"{sum(row.result == result for row in rows)} {result}"
        for result in ("passed", "failed", "skipped")
    ]
    return [*found, ", ".join(counted) + f"; {sum(row.seconds for row in rows):.0f} s"]


def _against(value: object, limit: object, real_time: bool) -> str:
    if not isinstance(limit, int | float) or not isinstance(value, int | float):
        return ""
    if value <= limit:
        return f"  (budget {limit:g}: kept)"
    why = "not kept" if real_time else "not kept; does not hold for an emulated machine"
    return f"  (budget {limit:g}: {why})"
