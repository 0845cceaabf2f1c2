"""Embedded sound through an output, a cable and an input: all of it, and beside its picture."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from drivers import _video
from drivers.decklink import DeckLinkSink
from drivers.frame import Frame
from drivers.synthetic import SyntheticSource
from hwtests.bench import Bench
from hwtests.playing import OK, format_of, input_of
from hwtests.sound import Heard, beeps, samples_off

Budget = dict[str, dict[str, float]]


def test_sound_comes_back_with_its_picture(
    loop: dict[str, Any], bench: Bench, budget: Budget, figure: Callable[..., None]
) -> None:
    if not loop.get("audio"):
        pytest.skip("the bench's loop carries no sound (audio = true in the bench file)")
    family, _, key = loop["playout"].partition(":")
    if family != "decklink":
        pytest.skip(f"{family} outputs send no sound; only decklink ones do")
    fmt, heard = format_of(loop), []
    period = int(1_000_000_000 / fmt.rate)
    source = SyntheticSource(fmt, realtime=bench.real_time)
    sink = DeckLinkSink(key, channels=2, realtime=bench.real_time)
    reader, writer = _video.SourceReader(source.capsule()), _video.SinkWriter(sink.capsule())
    try:
        assert writer.start(fmt.native()) == OK, writer.error()
        assert reader.start() == OK, reader.error()
        with input_of(loop["capture"], fmt) as card:
            end = time.monotonic() + 15
            while time.monotonic() < end:
                result, native, _ = reader.next(period)
                if native is not None:
                    due = Frame(native).capture_tai + 3 * period
                    result = writer.submit(native, due)
                    assert result == OK, f"{result}: {writer.error()}"
                while (one := card.next(0.0)).frame is not None:
                    if one.stamp is not None:
                        sound = one.frame.audio
                        samples = None if sound is None else sound.copy()
                        heard.append(Heard(one.stamp.sequence, one.stamp.tai, samples))
    finally:
        reader.stop()
        writer.stop()
        source.close()
        sink.close()
    heard = heard[len(heard) // 10 :]  # the way fills
    assert len(heard) > 10 * fmt.rate, f"only {len(heard)} frames came back"
    assert all(one.samples is not None for one in heard), "frames came back without sound"
    late, off = beeps(heard), samples_off(heard, period)
    numbers = budget["sound"]
    figure("sound frames", len(heard))
    figure("sound beeps later than their flash, ms", [round(ms, 2) for ms in late])
    figure("sound samples too many or too few", abs(off), numbers["samples_off"])
    assert len(late) >= 10, f"{len(late)} beeps in 13 s"
    figure("sound beside picture, ms", round(max(map(abs, late)), 2), numbers["sync_ms"])
    if bench.real_time:
        assert abs(off) <= numbers["samples_off"]
        assert max(map(abs, late)) <= numbers["sync_ms"]
