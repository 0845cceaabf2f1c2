"""Whether the machine stood still under a run, judged by its own threads. Pure.

A virtual machine whose host is busy runs nothing at all for some milliseconds. Each thread that had
an appointment in that time comes late to it, whatever it is and wherever its priority; a thread
that one of us keeps from running comes late while others are in time. So the machine is blamed only
when threads of every witness were late at one instant: each sender, each receiver, a card.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from appliance.report import LateWake, Standstill

LEAST_NS = 4_000_000
"""Less is what a busy scheduler does."""


def standstills(witnesses: Mapping[str, Sequence[LateWake]]) -> list[Standstill]:
    """The times in which every witness had a thread that should have run and did not."""
    if not witnesses:
        return []
    common: list[tuple[int, int]] | None = None
    for wakes in witnesses.values():
        spans = _merged((wake.due_tai, wake.due_tai + wake.late_ns) for wake in wakes)
        common = spans if common is None else _both(common, spans)
    return [
        Standstill(
            began_tai=begin,
            ns=end - begin,
            late_ns={
                name: max(wake.late_ns for wake in wakes if _meets(wake, begin, end))
                for name, wakes in witnesses.items()
            },
        )
        for begin, end in common or []
        if end - begin >= LEAST_NS
    ]


def frames_at_stake(delays: Iterable[tuple[int, int]], frame_ns: int) -> int:
    """How many frames of a stream delays can cost that began at a TAI and lasted so many ns: those
    that fell into the time itself, the one before that was on its way, and the one after."""
    apart: list[tuple[int, int]] = []
    for begin, end in _merged((begin, begin + ns) for begin, ns in delays):
        # What one delay ends with, the next begins with.
        if apart and begin - apart[-1][1] < frame_ns:
            apart[-1] = apart[-1][0], end
        else:
            apart.append((begin, end))
    return sum(-(-(end - begin) // frame_ns) + 2 for begin, end in apart)


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((begin, end))
    return joined


def _both(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> list[tuple[int, int]]:
    common = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return [(begin, end) for begin, end in common if end - begin >= LEAST_NS]


def _meets(wake: LateWake, begin: int, end: int) -> bool:
    return wake.due_tai < end and begin < wake.due_tai + wake.late_ns
