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


def between(title: str, before: Look, after: Look, seconds: float) -> Measured:
    """What moved from one look to the next."""
    figures: dict[str, int] = {}
    for role in ("tx", "rx", "sink"):
        first, last = getattr(before, role), getattr(after, role)
        for name, value in last.items():
            change = value - first.get(name, 0)
            if change and isinstance(value, int):
                figures[f"{role}.{name}"] = change
    return Measured(
        title=title,
        seconds=round(seconds, 3),
        sent=figures.get("tx.frames", 0),
        presented=figures.get("rx.presented", 0),
        lost=figures.get("sink.lost", 0),
        repeated=figures.get("sink.repeated", 0),
        foreign_metadata=figures.get("sink.metadata_mismatch", 0)
        + figures.get("rx.metadata_missing", 0),
        figures=figures,
        latency=difference(before.latency, after.latency),
        link_offset_ns=after.rx.get("link_offset_ns", 0),
    )


def moved(measured: Measured) -> list[str]:
    """The figures that should not have moved and did.

    A late frame is none: it was shown, once, marked, and the automatic link offset grew for it."""
    return [name for name in _FAULTS if measured.figures.get(name)]


def faults(measured: Measured) -> list[str]:
    """A line for each figure that should not have moved."""
    lines = [
        f"{measured.title}: {measured.figures[name]} {_FAULTS[name]}" for name in moved(measured)
    ]
    if not measured.presented:
        lines.insert(0, f"{measured.title}: no live frame was presented")
    return lines


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> Distribution:
    """The histogram of what came between two histograms of one engine. min and max are those of
    the buckets, at most 1.6 % wide, unless nothing came before."""
    known = {int(upper): int(count) for upper, count in before.get("buckets", [])}
    rows = [
        (int(upper), int(count) - known.get(int(upper), 0))
        for upper, count in after.get("buckets", [])
    ]
    rows = [(upper, count) for upper, count in rows if count > 0]
    count = sum(number for _, number in rows)
    total = int(after.get("sum", 0)) - int(before.get("sum", 0))
    return Distribution(
        count=count,
        min=rows[0][0] if rows else 0,
        mean=total // count if count else 0,
        p50=_quantile(rows, count, 500),
        p99=_quantile(rows, count, 990),
        p99_9=_quantile(rows, count, 999),
        max=min(rows[-1][0], int(after["max"])) if rows else 0,
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
    """The figures for a person."""
    head = (
        f"{'stream':<16}{'frames':>8}{'lost':>6}{'twice':>7}{'late':>6}{'wrong metadata':>16}"
        f"{'latency ms: min':>17}{'p50':>8}{'p99':>8}{'p99.9':>8}{'max':>8}{'offset':>8}"
    )
    lines = [head]
    for row in rows:
        spread = row.latency
        times = (spread.p50, spread.p99, spread.p99_9, spread.max, row.link_offset_ns)
        lines.append(
            f"{row.title[:15]:<16}{row.presented:>8}{row.lost:>6}{row.repeated:>7}"
            f"{row.figures.get('rx.late', 0):>6}"
            f"{row.foreign_metadata:>16}{spread.min / 1e6:>17.2f}"
            + "".join(f"{each / 1e6:>8.2f}" for each in times)
        )
    return "\n".join(lines)
