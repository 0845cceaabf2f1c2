"""What the sound test of a bench measures, on the pretend card's picture and sound."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from drivers import _video
from drivers.frame import Frame
from drivers.synthetic import SyntheticSource, read_stamp
from drivers.video import VideoFormat
from hwtests.sound import Heard, beeps, samples_off

FMT = VideoFormat(640, 360, Fraction(25), depth=8)
PERIOD = 40_000_000


@pytest.fixture(scope="module")
def heard() -> list[Heard]:
    """2.4 s of it."""
    source = SyntheticSource(FMT, queue=8, buffers=16)
    reader = _video.SourceReader(source.capsule())
    assert reader.start() == 0, reader.error()
    found: list[Heard] = []
    try:
        while len(found) < 60:
            _, native, _ = reader.next(1_000_000_000)
            if native is None:
                continue
            frame = Frame(native)
            stamp = read_stamp(frame)
            assert stamp is not None and frame.audio is not None
            found.append(Heard(stamp.sequence, stamp.tai, frame.audio.copy()))
    finally:
        reader.stop()
        source.close()
    return found


def shifted(heard: list[Heard], by: int) -> list[Heard]:
    """The same with the sound later by so many samples."""
    parts = [one.samples for one in heard if one.samples is not None]
    sound = np.roll(np.concatenate(parts), by, axis=0)
    ends = np.cumsum([len(one) for one in parts])[:-1]
    return [
        Heard(one.number, one.tai, part)
        for one, part in zip(heard, np.split(sound, ends), strict=True)
    ]


def test_sound_that_was_left_alone_is_beside_its_picture(heard: list[Heard]) -> None:
    found = beeps(heard)
    assert len(found) >= 2
    assert max(map(abs, found)) < 0.1
    assert abs(samples_off(heard, PERIOD)) <= 1


@pytest.mark.parametrize("by", [960, -480])
def test_late_and_early_sound_is_measured(heard: list[Heard], by: int) -> None:
    late = beeps(shifted(heard, by))
    # What was rolled round the end is no beep of a second.
    assert sum(abs(ms - by / 48) < 0.1 for ms in late) >= len(late) - 1 >= 1


def test_a_missing_sample_counts_and_a_missing_frame_does_not(heard: list[Heard]) -> None:
    without = [one for one in heard if one.number != heard[20].number]
    assert abs(samples_off(without, PERIOD)) <= 1
    short = [
        Heard(
            one.number,
            one.tai,
            one.samples[:-5] if n == 20 and one.samples is not None else one.samples,
        )
        for n, one in enumerate(heard)
    ]
    assert samples_off(short, PERIOD) - samples_off(heard, PERIOD) == -5
    silent = [Heard(one.number, one.tai, None) for one in heard]
    assert samples_off(silent, PERIOD) == -60 * 1920 and beeps(silent) == []
