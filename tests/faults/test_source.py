"""A source that misbehaves: what the sender counts, what the receiver's picture says."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from appliance.engine import _engine
from drivers.synthetic import SyntheticSource
from drivers.video import FrameFlag
from tests.support.pair import SMALL, Outcome, run_pair


def shown_lost(outcome: Outcome) -> tuple[int, int]:
    return outcome.sink["lost"], outcome.sink["repeated"]


@pytest.mark.parametrize("ppm", [100, -100])
def test_a_drifting_source_is_followed(ppm: int) -> None:
    """100 ppm is a frame in 10 000: in 60 frames nothing or a single repeat or drop."""
    outcome = run_pair(60, drift_ppm=ppm)
    assert outcome.tx["repeats"] + outcome.tx["drops"] <= 3
    assert outcome.rx["concealed_frames"] == outcome.rx["lost"] == 0
    assert outcome.sink["metadata_mismatch"] == 0


@pytest.mark.parametrize(("ppm", "counted"), [(40_000, "drops"), (-40_000, "repeats")])
def test_a_source_of_another_rate_is_repeated_or_dropped(ppm: int, counted: str) -> None:
    """4 % off: a frame in 25, so that both counters are seen to work in a short run."""
    outcome = run_pair(75, drift_ppm=ppm)
    assert 2 <= outcome.tx[counted] <= 6, outcome.tx
    other = {"drops": "repeats", "repeats": "drops"}[counted]
    assert outcome.tx[other] <= 2
    lost, repeated = shown_lost(outcome)
    assert abs((lost if counted == "drops" else repeated) - outcome.tx[counted]) <= 2
    assert outcome.sink["metadata_mismatch"] == outcome.sink["torn"] == 0


def test_signal_loss_is_said_in_the_picture_and_ends() -> None:
    def during(source: SyntheticSource, _tx: _engine.Transmitter) -> None:
        time.sleep(0.8)
        source.lose_signal()
        time.sleep(0.8)
        source.restore()

    outcome = run_pair(75, during=during)
    assert 10 <= outcome.tx["slates"] <= 30, outcome.tx
    assert outcome.tx["signal_losses"] == 1
    assert any(event.startswith("signal-lost") for event in outcome.events)
    assert any(event.startswith("signal-back") for event in outcome.events)
    # The flow itself never stopped: the receiver had no reason for a slate of its own in between.
    assert outcome.rx["flow_losses"] <= 1
    assert outcome.sink["metadata_mismatch"] == 0


def test_a_format_change_never_shows_a_foreign_picture() -> None:
    other = replace(SMALL, width=720, height=400)

    def during(source: SyntheticSource, _tx: _engine.Transmitter) -> None:
        time.sleep(0.8)
        source.change_format(other)
        time.sleep(0.8)
        source.change_format(SMALL)

    outcome = run_pair(75, during=during, keep=128)
    assert outcome.tx["slates"] >= 10, outcome.tx
    assert any(event.startswith("format-changed") for event in outcome.events), outcome.events
    assert any(event.startswith("signal-back") for event in outcome.events), outcome.events
    assert outcome.sink["torn"] == 0
    assert all(frame.format.width == SMALL.width for frame in outcome.frames)


def test_unplugged_and_plugged_in_again() -> None:
    def during(source: SyntheticSource, _tx: _engine.Transmitter) -> None:
        time.sleep(0.8)
        source.unplug()
        time.sleep(0.8)
        source.replug()

    outcome = run_pair(100, during=during, keep=160)
    assert outcome.tx["slates"] >= 10, outcome.tx
    assert any(event.startswith("source-gone") for event in outcome.events), outcome.events
    live = [frame for frame in outcome.frames if FrameFlag.SLATE not in frame.flags]
    assert live, "nothing was shown"
    # Live again at the end: the last frames carry capture times of after the return.
    assert live[-1].origin_tai - live[0].origin_tai > 2_500_000_000
    assert outcome.tx["source_restarts"] >= 1
