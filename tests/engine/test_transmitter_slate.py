"""What is sent while there is no live picture."""

from __future__ import annotations

import time

import numpy as np
import pytest

from drivers.video import Signal
from tests.engine.flow import Listener, samples_10bit
from tests.engine.python_source import tai
from tests.engine.transmitter_stage import (
    leg,
    number_of,
    read_grains,
    running,
    source,
    transmitter,
    useful,
    video_units,
)
from tests.support import grains


def test_signal_loss_shows_a_slate_and_says_no() -> None:
    src = source(phase=3_000_000)
    with Listener() as video, Listener() as metadata:
        tx = transmitter(src, [leg(video)], [leg(metadata)])
        tx.set_grain(**grains.session().templates.arguments())
        tx.set_dynamic({"information": True, "imaging_subject": True}, tai())
        white = np.zeros((8, 16, 4), np.uint16)
        white[:] = (940, 512, 512, 1023)
        tx.set_slates({"no-signal": white})
        with running(tx):
            time.sleep(0.3)
            src.signal = Signal.ABSENT
            time.sleep(0.3)
            src.signal = Signal.LOCKED
            time.sleep(0.2)
        found, read = video_units(video), read_grains(metadata.packets())
    codes = [e["code"] for e in tx.events()]
    assert codes.count("signal-lost") == codes.count("signal-back") == 1
    said = [useful(ds) for _, _, ds in read]
    slates = [i for i, answer in enumerate(said) if answer == ("NO", "NO")]
    assert {said[i] for i in range(len(said)) if i not in slates} == {("YES", "YES")}
    assert slates == list(range(slates[0], slates[-1] + 1)) and len(slates) >= 8
    assert tx.counters()["slates"] == len(slates)
    last_live = read[slates[0] - 1][0].origin
    assert {read[i][0].origin for i in slates} == {last_live}
    live = samples_10bit(found[slates[0] - 1].octets(), 192).astype(int)
    held = samples_10bit(found[slates[0]].octets(), 192).astype(int)
    assert (held == 940).sum() >= 8 * 16 * 0.9  # the banner
    dark = np.delete(held[:, 1::2].ravel(), np.flatnonzero(held[:, 1::2].ravel() == 940))
    assert dark.mean() < 0.6 * live[:, 1::2].mean()
    assert number_of(found[slates[-1] + 1], src) >= 0
    assert found[-1].timestamp != found[0].timestamp


def test_a_banner_that_is_replaced_is_drawn_anew() -> None:
    """The same memory with another text: the slate that is being sent changes too."""
    src = source(phase=3_000_000)
    text = np.full((8, 16, 4), (940, 512, 512, 1023), np.uint16)
    lumas = [300, 900, 500, 700, 350, 850]
    with Listener() as video:
        tx = transmitter(src, [leg(video)])
        with running(tx):
            time.sleep(0.2)
            src.signal = Signal.ABSENT
            time.sleep(0.2)
            for value in lumas:
                text[..., 0] = value
                tx.set_slates({"no-signal": text})
                time.sleep(0.08)
        found = video_units(video)
    # The banner stands in the middle of 96 x 32; every second sample is luma.
    seen = [int(samples_10bit(u.octets(), 192)[16, 97]) for u in found]
    changes = [v for v, before in zip(seen[1:], seen, strict=False) if v != before]
    assert changes[-len(lumas) :] == lumas


@pytest.mark.parametrize("ground", ["last", "black", "pattern"])
def test_what_stands_under_the_banner_is_chosen(ground: str) -> None:
    src = source(phase=3_000_000)
    with Listener() as video:
        tx = transmitter(src, [leg(video)], ground=ground)
        with running(tx):
            time.sleep(0.2)
            src.signal = Signal.ABSENT
            time.sleep(0.3)
        found = video_units(video)
    luma = samples_10bit(found[-1].octets(), 192).astype(int)[:, 1::2]
    if ground == "black":
        assert set(luma.ravel()) == {64}
    elif ground == "pattern":
        # Eight bars, the same in all rows: from white to black.
        assert (luma == luma[0]).all()
        assert list(luma[0, 6::12]) == [721, 674, 581, 534, 251, 204, 111, 64]
    else:
        assert len(set(luma.ravel())) > 8


def test_a_ground_that_is_none_is_refused() -> None:
    with Listener() as video, pytest.raises(ValueError, match="ground: 'bars' is unknown; choose"):
        transmitter(source(), [leg(video)], ground="bars")
