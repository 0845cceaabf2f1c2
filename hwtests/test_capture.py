"""An input: frames in order and in time; signal lost and back; another format; pulled out."""

from __future__ import annotations

import statistics
import time
from typing import Any

import pytest

from drivers.video import Signal
from hwtests.bench import Bench
from hwtests.playing import (
    GONE,
    SIGNAL,
    VIVID,
    Arrival,
    control,
    format_of,
    input_of,
    vivid_sends,
    vivid_signals,
)

Budget = dict[str, dict[str, float]]


def live(one: Arrival) -> bool:
    return one.frame is not None


def test_frames_come_in_order(
    capture: dict[str, Any], bench: Bench, budget: Budget, figure: Any
) -> None:
    fmt = format_of(capture)
    count = 250 if bench.real_time else 25
    started = time.monotonic()
    with input_of(capture["key"], fmt) as card:
        first = card.until(live, 20)[-1]
        took = time.monotonic() - started
        frames = [first.frame, *card.frames(count, 60)]
        stats = card.source.stats()
    sequences = [frame.sequence for frame in frames if frame]
    stamps = [frame.capture_tai for frame in frames if frame]
    assert sequences == sorted(set(sequences))
    assert stamps == sorted(set(stamps))
    lost = sequences[-1] - sequences[0] + 1 - len(sequences)
    # The clock runs on when frames are left out, so steps are compared by their number.
    steps = [
        (b - a) / (m - n)
        for a, b, n, m in zip(stamps, stamps[1:], sequences, sequences[1:], strict=False)
    ]
    spread = statistics.pstdev(steps) / 1000
    rate = 1e9 / statistics.fmean(steps)
    numbers = budget["capture"]
    figure("capture first frame s", round(took, 3), numbers["first_frame_s"])
    figure("capture lost frames", lost, numbers["lost_frames"])
    figure("capture stamp spread us", round(spread, 1), numbers["stamp_error_us"])
    figure("capture rate", round(rate, 3))
    assert all(frame.signal is Signal.LOCKED for frame in frames if frame)
    assert stats["corrupt"] == 0
    if bench.real_time:
        assert took < numbers["first_frame_s"]
        assert lost <= numbers["lost_frames"]
        assert spread < numbers["stamp_error_us"]
        assert abs(rate / float(fmt.rate) - 1) < 1e-3


def no_live_frame(found: list[Arrival]) -> bool:
    return all(one.frame is None for one in found)


@pytest.mark.parametrize(("mode", "state"), [(1, Signal.ABSENT), (2, Signal.UNLOCKED)])
def test_a_lost_signal_is_said_and_its_noise_is_not_shown(
    capture: dict[str, Any], bench: Bench, budget: Budget, figure: Any, mode: int, state: Signal
) -> None:
    if not bench.vivid:
        pytest.skip("pull the cable by hand: no generator here can be told to")
    with input_of(capture["key"], format_of(capture)) as card:
        card.until(live, 20)
        started = time.monotonic()
        control(capture["key"], dv_timings_signal_mode=mode)
        card.until(lambda one: one.result == SIGNAL and one.signal is state, 10)
        took = time.monotonic() - started
        limit = budget["capture"]["signal_notice_s"]
        figure(f"capture {state.name.lower()} noticed s", round(took, 3), limit)
        quiet = [card.next(0.1) for _ in range(15)]
        assert no_live_frame(quiet), "a frame of no signal was handed on"
        control(capture["key"], dv_timings_signal_mode=0)
        back = card.until(live, 10)
        assert any(one.signal is Signal.LOCKED for one in back)
        stats = card.source.stats()
    if bench.real_time:
        assert took < limit
    assert stats["signal_changes"] >= 3


def test_another_format_is_a_mismatch_and_the_first_one_comes_back(
    capture: dict[str, Any], bench: Bench, figure: Any
) -> None:
    if not bench.vivid:
        pytest.skip("change the generator's format by hand")
    other = {"720p50": "720p60", "720p60": "720p50"}[capture["format"]]
    with input_of(capture["key"], format_of(capture)) as card:
        before = card.until(live, 20)[-1].frame
        # vivid refuses new timings while buffers exist; its signal leads, as a generator does.
        vivid_signals(capture["key"], other)
        card.until(lambda one: one.signal is Signal.MISMATCH, 10)
        assert no_live_frame([card.next(0.1) for _ in range(10)])
        started = time.monotonic()
        vivid_signals(capture["key"], capture["format"])
        after = card.until(live, 15)[-1].frame
        figure("capture format back s", round(time.monotonic() - started, 3))
    assert before is not None and after is not None
    assert after.generation > before.generation and after.sequence > before.sequence


def test_a_card_that_is_pulled_is_gone_and_comes_back(
    capture: dict[str, Any], bench: Bench
) -> None:
    if not bench.vivid:
        pytest.skip("pull the card by hand")
    with input_of(capture["key"], format_of(capture)) as card:
        held = card.until(live, 20)[-1].frame
        (VIVID / "unbind").write_text("vivid.0")
        try:
            card.until(lambda one: one.result == GONE, 10)
            assert card.next(0.1).result == GONE, "gone stays gone"
            assert held is not None and held.planes[0].sum() > 0, "a frame that is out stays valid"
        finally:
            (VIVID / "bind").write_text("vivid.0")
    del held
    deadline = time.monotonic() + 60
    while True:
        try:
            vivid_sends(capture["key"], capture["format"])
            with input_of(capture["key"], format_of(capture)) as card:
                card.until(live, 20)
            break
        except (ValueError, AssertionError, StopIteration):
            assert time.monotonic() < deadline, "it does not come back"
            time.sleep(0.5)
