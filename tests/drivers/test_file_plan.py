"""Which picture each frame shows, and where it stands."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.file.plan import Place, frames_of, letterbox

RATES = st.sampled_from(
    [Fraction(n) for n in (24, 25, 30, 50, 60, 100)]
    + [Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001)]
)


@given(
    periods=st.lists(
        st.fractions(0, Fraction(1, 5), max_denominator=1000), min_size=1, max_size=30
    ),
    rate=RATES,
    start=st.fractions(0, 1000, max_denominator=1000),
)
def test_each_frame_shows_the_nearest_picture(
    periods: list[Fraction], rate: Fraction, start: Fraction
) -> None:
    times = [sum(periods[:i], Fraction(0)) for i in range(len(periods))]
    pictures = [(start + t, p, i) for i, (t, p) in enumerate(zip(times, periods, strict=True))]
    spans = list(frames_of(pictures, rate))
    shown = [i for i, _, count in spans for _ in range(count)]
    at = 0
    for _, first, count in spans:
        assert first == at
        assert count >= 1
        at += count
    total = times[-1] + periods[-1]
    assert abs(len(shown) - total * rate) <= Fraction(1, 2) or len(shown) - total * rate <= 1
    for k, i in enumerate(shown):
        nearest = min(abs(t - k / rate) for t in times)
        assert abs(times[i] - k / rate) == nearest


def test_same_rate_is_one_to_one_and_half_rate_is_two_to_one() -> None:
    clip = [(Fraction(i, 25), Fraction(1, 25), i) for i in range(4)]
    assert list(frames_of(clip, Fraction(25))) == [(i, i, 1) for i in range(4)]
    doubled = list(frames_of(clip, Fraction(50)))
    assert sum(count for _, _, count in doubled) == 8
    assert [i for i, _, _ in doubled] == [0, 1, 2, 3]
    assert list(frames_of([], Fraction(25))) == []


def test_one_picture_of_no_duration_lasts_one_frame() -> None:
    assert list(frames_of([(Fraction(9), Fraction(0), "x")], Fraction(50))) == [("x", 0, 1)]


def test_letterbox_examples() -> None:
    assert letterbox(640, 480, Fraction(1), 1920, 1080) == Place(240, 0, 1440, 1080)
    assert letterbox(640, 272, Fraction(1), 1920, 1080) == Place(0, 132, 1920, 816)
    assert letterbox(1280, 720, Fraction(1), 1920, 1080) == Place(0, 0, 1920, 1080)
    # 720 x 576 for 16:9 television: its pixels are 64/45 as wide as high.
    assert letterbox(720, 576, Fraction(64, 45), 1920, 1080) == Place(0, 0, 1920, 1080)


@given(
    w=st.integers(1, 5000),
    h=st.integers(1, 5000),
    aspect=st.fractions(Fraction(1, 3), 3, max_denominator=200),
    rw=st.integers(4, 2000).map(lambda n: 2 * n),
    rh=st.integers(4, 2000).map(lambda n: 2 * n),
)
def test_letterbox_fits_and_keeps_the_shape(
    w: int, h: int, aspect: Fraction, rw: int, rh: int
) -> None:
    p = letterbox(w, h, aspect, rw, rh)
    assert p.x >= 0
    assert p.x + p.width <= rw
    assert p.y >= 0
    assert p.y + p.height <= rh
    assert (p.x % 2, p.y % 2, p.width % 2, p.height % 2) == (0, 0, 0, 0)
    assert p.width >= rw - 2 or p.height >= rh - 2
    assert abs(rw - p.width - 2 * p.x) <= 2
    exact = w * aspect / h
    assert p.width in (2, rw) or abs(Fraction(p.width) - p.height * exact) <= 1 + exact


def test_times_that_are_damaged_are_no_list_without_end() -> None:
    second = Fraction(1)
    for pictures in (
        [(Fraction(0), second, "a"), (Fraction(2**62), second, "b")],
        [(Fraction(0), Fraction(2**62), "a")],
    ):
        with pytest.raises(ValueError, match="times are damaged"):
            list(frames_of(pictures, Fraction(50)))
