"""What happened between two looks at a stream, and whether it was good. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from appliance.report import Distribution, Measured

# Figures that must not move, by process, and how to say it.
_FAULTS: dict[str, str] = {
    "sink.lost": "frames never appeared",
    "sink.repeated": "frames appeared twice",
    "sink.out_of_order": "frames appeared out of order",
    "sink.torn": "frames were mixed from two",
    "sink.unreadable": "frames had no counter to read",
    "sink.metadata_mismatch": "frames carried another frame's metadata",
    "rx.metadata_missing": "frames were shown without their metadata",
    "rx.metadata_mismatch": "grains contradicted themselves",
    "rx.concealed_frames": "frames had gaps",
    "rx.repeats": "times a held frame or banner was shown",
    "rx.no_patient": "frames had no confirmed patient",
    "tx.repeats": "frames were sent twice",
    "tx.drops": "frames of the source were not sent",
    "tx.source_lost": "frames were lost before the hand-over from the card",
    "tx.skipped": "frame times were missed by the sender",
    "tx.slates": "banners were sent",
}


@dataclass(frozen=True)
class Look:
    """The figures of a stream at one moment: of sender, receiver and sink. latency: an engine's
    histogram."""

    tx: Mapping[str, int]
    rx: Mapping[str, int]
    sink: Mapping[str, int]
    latency: Mapping[str, Any]


def look(tx: Mapping[str, Any], rx: Mapping[str, Any]) -> Look:
    """From the status of both processes; zeros where there is none yet."""
    return Look(
        tx.get("counters", {}), rx.get("counters", {}), rx.get("sink", {}), rx.get("latency", {})
    )


def figures_between(before: Look, after: Look) -> dict[str, int]:
    """By "process.counter", what moved and by how much."""
    figures: dict[str, int] = {}
    for role in ("tx", "rx", "sink"):
        first, last = getattr(before, role), getattr(after, role)
        for name, value in last.items():
            change = value - first.get(name, 0)
            if change and isinstance(value, int):
                figures[f"{role}.{name}"] = change
    return figures


def between(
    title: str, before: Look, after: Look, seconds: float, asked: Mapping[str, int] | None = None
) -> Measured:
    """What moved from one look to the next. asked: of that, what a person asked for."""
    figures = figures_between(before, after)
    apart = {name: n for name in _FAULTS if (n := (asked or {}).get(name, 0)) > 0}

    def faulty(name: str) -> int:
        return max(0, figures.get(name, 0) - apart.get(name, 0))

    return Measured(
        title=title,
        seconds=round(seconds, 3),
        sent=figures.get("tx.frames", 0),
        presented=figures.get("rx.presented", 0),
        lost=faulty("sink.lost"),
        repeated=faulty("sink.repeated"),
        foreign_metadata=faulty("sink.metadata_mismatch") + faulty("rx.metadata_missing"),
        asked_for=apart,
        figures=figures,
        latency=difference(before.latency, after.latency),
        link_offset_ns=after.rx.get("link_offset_ns", 0),
    )


def moved(measured: Measured) -> dict[str, int]:
    """The figures that should not have moved and did, but for what a person asked for.

    A late frame is none: it was shown, once, and the automatic link offset grows for what comes
    late; the verdict says how many there were."""
    return {
        name: n
        for name in _FAULTS
        if (n := measured.figures.get(name, 0) - measured.asked_for.get(name, 0)) > 0
    }


def faults(measured: Measured) -> list[str]:
    """A line for each figure that should not have moved."""
    lines = [f"{measured.title}: {n} {_FAULTS[name]}" for name, n in moved(measured).items()]
    if not measured.presented:
        lines.insert(0, f"{measured.title}: no live frame was presented")
    return lines


def asked_for(measured: Measured) -> list[str]:
    """A line for each figure that moved while the patient or the signal was changed."""
    return [f"{measured.title}: {n} {_FAULTS[name]}" for name, n in measured.asked_for.items()]


def live(measured: Measured) -> int:
    """Frames on the output that were no repeats or banners of the sender."""
    return measured.presented - measured.figures.get("rx.sender_held", 0)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> Distribution:
    """The histogram of what came between two histograms of one engine. min and max are those of
    the buckets, at most 1.6 % wide, unless nothing came before."""
    known = {int(upper): int(count) for upper, count in before.get("buckets", [])}
    rows = [
        (int(upper), int(count) - known.get(int(upper), 0))
        for upper, count in after.get("buckets", [])
    ]
    rows = [(upper, count) for upper, count in rows if count > 0]
    if rows:  # a bucket reaches beyond the largest value
        rows[-1] = min(rows[-1][0], int(after["max"])), rows[-1][1]
    count = sum(number for _, number in rows)
    total = int(after.get("sum", 0)) - int(before.get("sum", 0))
    return Distribution(
        count=count,
        min=rows[0][0] if rows else 0,
        mean=total // count if count else 0,
        p50=_quantile(rows, count, 500),
        p99=_quantile(rows, count, 990),
        p99_9=_quantile(rows, count, 999),
        max=rows[-1][0] if rows else 0,
        buckets=rows,
    )


def _quantile(rows: Sequence[tuple[int, int]], count: int, permille: int) -> int:
    wanted, seen = max(1, -(-count * permille // 1000)), 0
    for upper, number in rows:
        seen += number
        if seen >= wanted:
            return upper
    return 0


def table(rows: Sequence[Measured]) -> str:
    """The figures for a person: a line a stream, columns never without a space between them."""
    names = ("frames", "lost", "twice", "late", "wrong metadata", "latency ms: min")
    head = ("stream", *names, "p50", "p99", "p99.9", "max", "offset")
    cells: list[tuple[str, ...]] = [head]
    for row in rows:
        spread = row.latency
        times = (spread.min, spread.p50, spread.p99, spread.p99_9, spread.max, row.link_offset_ns)
        counts = (row.presented, row.lost, row.repeated, late(row), row.foreign_metadata)
        cells.append((row.title[:15], *map(str, counts), *(f"{each / 1e6:.2f}" for each in times)))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            [line[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        )
        for line in cells
    )


def late(measured: Measured) -> int:
    """Frames that were on the output after their time: complete too late, or shown too late."""
    return measured.figures.get("rx.late", 0) + measured.figures.get("rx.shown_late", 0)
