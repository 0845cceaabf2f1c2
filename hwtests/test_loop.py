"""An output whose cable goes into an input: what is shown comes back, frame by frame."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from drivers.synthetic import stamp_rows
from hwtests.bench import Bench
from hwtests.playing import control, format_of, input_of, output_of, vivid_sends

Budget = dict[str, dict[str, float]]


def test_what_is_played_out_comes_back(
    loop: dict[str, Any], bench: Bench, budget: Budget, figure: Any
) -> None:
    fmt = format_of(loop)
    if bench.vivid:
        vivid_sends(loop["capture"], loop["format"])
    count = 500 if bench.real_time else 40
    with output_of(loop["playout"], fmt) as out:
        for _ in range(4):
            out.show()
        if bench.vivid:
            control(loop["capture"], loop_video=1, osd_text_mode=2)
        seen: dict[int, int] = {}
        wrong = repeated = 0
        rows = stamp_rows(fmt)
        last = 0
        with input_of(loop["capture"], fmt) as card:
            deadline = time.monotonic() + 120
            while len(seen) < count and time.monotonic() < deadline:
                out.show()
                while (one := card.next(0.0)).frame is not None:
                    stamp = one.stamp
                    if stamp is None:
                        continue  # before the loop closed
                    if stamp.torn or stamp.sequence < last:
                        wrong += 1
                    repeated += stamp.sequence == last
                    last = stamp.sequence
                    seen.setdefault(stamp.sequence, one.frame.capture_tai)
                    if loop.get("exact"):
                        wrong += not _black_elsewhere(one.frame.planes[0], rows)
        out_stats, in_stats = out.sink.stats(), card.source.stats()
    assert len(seen) >= count, f"{len(seen)} of {count} frames came back"
    span = max(seen) - min(seen) + 1
    lost = span - len(seen)
    ages = sorted((at - out.due_of[n]) / out.period for n, at in seen.items())
    figure("loop frames", len(seen))
    figure("loop lost", lost)
    figure("loop repeated", repeated)
    figure("loop latency frames", [round(ages[0], 2), round(ages[len(ages) // 2], 2)])
    figure("loop output", out_stats)
    figure("loop input", in_stats)
    assert wrong <= budget["loop"]["wrong_frames"]
    if bench.real_time:
        assert lost == 0
        assert ages[-1] < budget["loop"]["latency_frames"]


def _black_elsewhere(plane: Any, rows: list[tuple[int, int]]) -> bool:
    """Whether all but the stamp's strips is the black that was sent, bit for bit (UYVY)."""
    mask = np.ones(plane.shape[0], bool)
    for first, number in rows:
        mask[first : first + number] = False
    rest = plane[mask].reshape(-1, 4)
    return bool((rest[:, 0] == 128).all() and (rest[:, 1] == 16).all())
