"""An output by itself: frames at their time, black when none come."""

from __future__ import annotations

import time
from typing import Any

import pytest

from hwtests.bench import Bench
from hwtests.playing import format_of, output_of

Budget = dict[str, dict[str, float]]


def test_frames_leave_at_their_time(
    playout: dict[str, Any], bench: Bench, budget: Budget, figure: Any
) -> None:
    fmt = format_of(playout)
    count = 500 if bench.real_time else 50
    with output_of(playout["key"], fmt) as out:
        for _ in range(count):
            out.show()
        time.sleep(0.2)
        stats = out.sink.stats()
        figure("playout", stats)
        figure("playout late frames", stats["late"], budget["playout"]["late_frames"])
        shown = stats["shown"] + stats.get("no_buffer", 0) + stats.get("dropped", 0)
        assert count - 2 <= shown <= count
        if bench.real_time:
            assert stats["late"] <= budget["playout"]["late_frames"]
            assert stats["shown"] == count


def test_without_frames_it_turns_black(playout: dict[str, Any]) -> None:
    if not playout["key"].startswith(("v4l2:", "ntv2:")):
        pytest.skip("only our V4L2 and NTV2 outputs count their black frames")
    with output_of(playout["key"], format_of(playout)) as out:
        for _ in range(5):
            out.show()
        before = out.sink.stats()["black"]
        deadline = time.monotonic() + 10
        while out.sink.stats()["black"] == before:
            assert time.monotonic() < deadline, "the last picture stays"
            time.sleep(0.1)
