"""The clock: how long until a follower is locked, and what offset it then sees. Both ends stamp in
software and share one kernel clock, so the true offset is nought: what is seen is what the stamps,
the machine and ptp4l's filters add."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.clock.stage import Stage, cables

STARTS = 5


def run(seconds: float) -> list[dict[str, Any]]:
    """Rows: seconds to lock; offset and path delay in us over `seconds`."""
    with cables() as lab:
        appears = [_to_lock(lab, there=False) for _ in range(STARTS)]
        begins = [_to_lock(lab, there=True) for _ in range(STARTS)]
        rows = [
            _row("a grandmaster appears, s until locked", appears),
            _row("the service begins, s until locked", begins),
        ]
        with tempfile.TemporaryDirectory() as folder:
            stage = _begin(lab, Path(folder))
            stage.grandmaster("gm0")
            stage.until("locked")
            time.sleep(5)
            offsets, delays = [], []
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                said = stage.status()
                offsets.append(abs(said["offset_ns"] or 0) / 1000)
                delays.append((said["path_delay_ns"] or 0) / 1000)
                time.sleep(0.125)
            stage.close()
        return [*rows, _row("offset, us, absolute", offsets), _row("path delay, us", delays)]


def _begin(lab: Any, folder: Path) -> Stage:
    stage = Stage(lab, folder)
    stage.want(networks=["data"])
    stage.begin()
    return stage


def _to_lock(lab: Any, *, there: bool) -> float:
    """there: the grandmaster is, before the service begins."""
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(lab, Path(folder))
        stage.want(networks=["data"])
        if there:
            stage.grandmaster("gm0")
            time.sleep(2)
        began = time.monotonic()
        stage.begin()
        if not there:
            stage.wait(lambda: stage.status()["ports"].get("eth0") == "listening", "ptp4l")
            began = time.monotonic()
            stage.grandmaster("gm0")
        stage.until("locked")
        took = time.monotonic() - began
        stage.close()
        return took


def _row(name: str, values: list[float]) -> dict[str, Any]:
    ranked = sorted(values)
    return {
        "name": name,
        "min": ranked[0],
        "median": statistics.median(ranked),
        "p99": ranked[min(len(ranked) - 1, int(len(ranked) * 0.99))],
        "max": ranked[-1],
        "count": len(ranked),
    }
