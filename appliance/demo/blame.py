"""Whether what went wrong in the demonstration can be the machine's doing. Pure.

Only with evidence: every sender, every receiver and a card had a real-time thread that came late
at the same instant. Then the machine ran none of us, and the frames of that time are its fault.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from appliance.demo.measure import faults, late, live, moved
from appliance.modes.standstill import frames_at_stake, standstills
from appliance.report import LateWake, Measured, Standstill
from drivers.video import format_named

# Figures that a machine standing still moves, by at most the frames at stake. What is not here
# (wrong metadata, wrong order, no patient ...) no delay explains.
_BY_DELAY = {
    *("sink.lost", "sink.repeated", "rx.concealed_frames", "rx.repeats", "rx.metadata_missing"),
    *("tx.repeats", "tx.drops", "tx.source_lost", "tx.skipped"),
}
# A concealed frame is made of two: its marks may be of either.
_BY_CONCEALING = {"sink.torn", "sink.metadata_mismatch"}

Reports = Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]]
"""By the title of a stream: the report of its sender and of its receiver, as their JSON has it."""


def seen(reports: Reports, begin_tai: int, end_tai: int) -> list[Standstill]:
    """When the machine stood still between two instants, TAI ns. Nothing is said of it where a
    process had no real-time priority: it may have waited for its turn."""
    witnesses: dict[str, list[LateWake]] = {}
    cards: list[LateWake] = []
    for title, (tx, rx) in reports.items():
        for role, report, card in (("sender", tx, "source"), ("receiver", rx, "sink")):
            if not (report and report["run"]["realtime"] and report[card].get("realtime")):
                return []
            wakes = [LateWake(**wake) for wake in report["run"]["late_wakes"]]
            wakes = [w for w in wakes if begin_tai <= w.due_tai + w.late_ns and w.due_tai < end_tai]
            cards += [wake for wake in wakes if wake.thread == "card"]
            witnesses[f"{title} {role}"] = [wake for wake in wakes if wake.thread != "card"]
    return standstills({**witnesses, "cards": cards} if witnesses else {})


def unexplained(
    row: Measured, figures: Mapping[str, int], stills: Sequence[Standstill], frame_ns: int
) -> list[str]:
    """Those of the figures that should not have moved, of which the machine explains none or not
    as much as they moved. figures: by how much each moved."""
    delays = [(still.began_tai, max(still.late_ns.values())) for still in stills]
    stake = frames_at_stake(delays, frame_ns)
    concealed = min(stake, row.figures.get("rx.concealed_frames", 0))
    allowed = dict.fromkeys(_BY_DELAY, stake) | dict.fromkeys(_BY_CONCEALING, concealed)
    return [name for name, n in figures.items() if n > allowed.get(name, 0)]


def words(still: Standstill, tai_utc_s: int) -> str:
    """One line: how long, when (wall time, UTC) and who says so."""
    at = datetime.fromtimestamp(0, UTC) + timedelta(seconds=still.began_tai // 10**9 - tai_utc_s)
    who = ", ".join(f"{name} {ns / 1e6:.0f} ms" for name, ns in still.late_ns.items())
    return f"the machine stood still for {still.ns / 1e6:.0f} ms at {at:%H:%M:%S} UTC (late: {who})"


def how_well(
    measured: Sequence[Measured], stills: Sequence[Standstill], fmt: str, sender_type: str
) -> str:
    """The verdict in one line. fmt: by name. sender_type: N, NL or W, as was sent."""
    frames, behind = sum(map(live, measured)), sum(map(late, measured))
    found = [fault for row in measured for fault in faults(row)]
    if not found:
        how = f"each once, {'' if behind else 'in time '}and with its own metadata"
        return f"good: {frames} frames, {how}" + (f"; {behind} of them late" if behind else "")
    said = f"NOT good: {len(found)} fault(s) in {frames} frames"
    frame_ns = int(format_named(fmt).frame_ns)
    ours = [
        f"{row.title} {name} {row.figures[name]}"
        for row in measured
        for name in unexplained(row, moved(row), stills, frame_ns)
    ]
    if not stills:
        smaller = ["--format 720p50"] if fmt != "720p50" else []
        wider = ["--sender-type W"] if sender_type != "W" else []
        need = " or ".join(smaller + wider) or "fewer other programs beside it"
        return (
            f"{said}, and the machine was not seen to stand still; a busy or small machine may "
            f"need {need}"
        )
    if ours or not all(row.presented for row in measured):
        return f"{said}; the machine stood still, which does not explain all: {', '.join(ours)}"
    return f"{said}, none more than the machine's standing still explains"
