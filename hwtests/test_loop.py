"""An output whose cable goes into an input: what is shown comes back, frame by frame; and for as
long as the bench file says."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hwtests.bench import Bench
from hwtests.looping import Loop
from hwtests.playing import control, format_of, input_of, output_of, vivid_sends

Budget = dict[str, dict[str, float]]
Figure = Callable[..., None]


@contextmanager
def closed(loop: dict[str, Any], bench: Bench) -> Iterator[tuple[Loop, Callable[[], Any]]]:
    """The loop, and what the output and the input count."""
    fmt = format_of(loop)
    if bench.vivid:
        vivid_sends(loop["capture"], loop["format"])
    with output_of(loop["playout"], fmt) as out:
        for _ in range(4):
            out.show()
        if bench.vivid:
            control(loop["capture"], loop_video=1, osd_text_mode=2)
        with input_of(loop["capture"], fmt) as card:
            one = Loop(out, card, exact=loop.get("exact", False))
            yield one, lambda: (out.sink.stats(), card.source.stats())


def test_what_is_played_out_comes_back(
    loop: dict[str, Any], bench: Bench, budget: Budget, figure: Figure
) -> None:
    count = 500 if bench.real_time else 40
    with closed(loop, bench) as (way, stats):
        deadline = time.monotonic() + 120
        while way.back < count and time.monotonic() < deadline:
            way.step()
        out, seen = stats()
    assert way.back >= count, f"{way.back} of {count} frames came back"
    numbers = budget["loop"]
    figure("loop frames", way.back)
    figure("loop lost", way.lost)
    figure("loop repeated", way.repeated)
    figure("loop wrong frames", way.wrong, numbers["wrong_frames"])
    figure("loop latency frames, least", round(min(way.ages), 2))
    figure("loop latency frames, median", round(statistics.median(way.ages), 2))
    figure("loop latency frames, longest", round(way.longest, 2), numbers["latency_frames"])
    figure("loop output", out)
    figure("loop input", seen)
    assert way.wrong <= numbers["wrong_frames"]
    if bench.real_time:
        assert way.lost == 0
        assert way.longest < numbers["latency_frames"]


def test_it_runs_on_without_loss_or_growth(
    loop: dict[str, Any], bench: Bench, budget: Budget, figure: Figure
) -> None:
    """soak_seconds of the bench file."""
    settle = min(60.0, bench.soak_seconds / 2)
    with closed(loop, bench) as (way, _):
        begun = time.monotonic()
        while not way.back or time.monotonic() - begun < settle:
            way.step()
            assert time.monotonic() - begun < settle + 60, "nothing comes back"
        before = memory_kib()
        while time.monotonic() - begun < bench.soak_seconds:
            way.step()
        grown = memory_kib() - before
    numbers = budget["soak"]
    figure("soak s", bench.soak_seconds)
    figure("soak frames back", way.back)
    figure("soak lost frames", way.lost, numbers["lost_frames"])
    figure("soak wrong frames", way.wrong, budget["loop"]["wrong_frames"])
    figure("soak memory growth KiB", grown, numbers["memory_growth_kib"])
    assert way.back > 10
    assert way.wrong <= budget["loop"]["wrong_frames"]
    assert grown <= numbers["memory_growth_kib"]
    if bench.real_time:
        assert way.lost <= numbers["lost_frames"]


def memory_kib() -> int:
    """What this process holds in memory of its own, without drivers' buffers, KiB."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon"))


def least_memory_kib(way: Loop) -> int:
    """The same while it runs, the least of some steps: what a step only borrows is left out."""
    seen = []
    for _ in range(25):
        way.step()
        seen.append(memory_kib())
    return min(seen)
