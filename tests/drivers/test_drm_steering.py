"""Which vblank a picture goes to: constant delay, and no alternating at the wrap."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.drm import _drm

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


class Screen:
    """A monitor's vblanks and a flow's due times, with jitter on both."""

    def __init__(
        self,
        flow: Fraction,
        refresh: Fraction,
        *,
        nominal: Fraction | None = None,
        repeats: int = 1,
        phase: float = 0.3,
        seed: int = 0,
    ) -> None:
        self.flow, self.refresh, self.repeats = flow, refresh, repeats
        told = nominal or refresh
        self.plan = _drm.Rehearsal(told.numerator, told.denominator, repeats)
        self.random = random.Random(seed)
        self.phase = int(phase * SECOND / refresh)
        self.slips: list[tuple[int, int]] = []
        self.waits: list[int] = []
        self.vblanks: list[int] = []

    def vblank(self, n: int) -> int:
        return START + self.phase + int(n * SECOND / self.refresh)

    def run(self, pictures: int, *, jitter: int = 0, stamp: int = 0) -> Screen:
        self.plan.seen(1, self.vblank(1))
        self.plan.seen(2, self.vblank(2))
        for i in range(1, pictures + 1):
            due = START + int(i * SECOND / self.flow)
            wanted = due + self.random.randint(-jitter, jitter)
            vblank, _, slip = self.plan.next(wanted)
            if slip:
                self.slips.append((i, slip))
            self.vblanks.append(vblank)
            self.waits.append(self.vblank(vblank) - due)
            self.plan.seen(vblank, self.vblank(vblank) + self.random.randint(0, stamp))
        return self


@pytest.mark.parametrize("phase", [0.0, 0.001, 0.01, 0.5, 0.99, 0.999])
@pytest.mark.parametrize(
    ("flow", "refresh", "repeats"),
    [(60, 60, 1), (50, 50, 1), (25, 50, 2), (24, 120, 5)],
)
def test_a_matched_flow_settles_after_one_slip_at_most(
    flow: int, refresh: int, repeats: int, phase: float
) -> None:
    screen = Screen(Fraction(flow), Fraction(refresh), repeats=repeats, phase=phase)
    screen.run(3000, jitter=300_000, stamp=50_000)
    assert len(screen.slips) <= 1
    settled = screen.vblanks[100:]
    if screen.slips:
        settled = screen.vblanks[screen.slips[0][0] + 1 :]
    assert {b - a for a, b in pairwise(settled)} == {repeats}


@pytest.mark.parametrize("ppm", [-40, -3, 3, 40])
def test_drift_slips_once_for_each_refresh_and_never_back(ppm: int) -> None:
    refresh = Fraction(60) * (1_000_000 + ppm) / 1_000_000
    pictures = int(2.5 * 1_000_000 / abs(ppm))
    if abs(ppm) == 3:
        pictures //= 4  # no whole refresh: one slip at most
    screen = Screen(Fraction(60), refresh, nominal=Fraction(60), phase=0.9 if ppm < 0 else 0.1)
    screen.run(pictures, jitter=200_000, stamp=20_000)
    assert {slip for _, slip in screen.slips} <= {1 if ppm > 0 else -1}
    whole = abs(ppm) * pictures / 1_000_000
    assert int(whole) <= len(screen.slips) <= int(whole) + 1
    assert screen.slips or abs(ppm) == 3
    period = screen.plan.period
    # A stamp that is late by its jitter shifts what is believed of the vblanks by as much.
    assert max(screen.waits) <= period + screen.plan.band + 250_000
    assert min(screen.waits) >= -250_000
    if len(screen.slips) > 1:
        gap = screen.slips[1][0] - screen.slips[0][0]
        assert abs(gap - 1_000_000 / abs(ppm)) < 0.05 * 1_000_000 / abs(ppm)


def test_59_94_on_60_hz_slips_every_thousand_pictures() -> None:
    screen = Screen(Fraction(60000, 1001), Fraction(60)).run(5000, jitter=100_000, stamp=20_000)
    assert len(screen.slips) == 5
    assert {slip for _, slip in screen.slips} == {1}
    assert all(abs(b - a - 1000) <= 15 for (a, _), (b, _) in pairwise(screen.slips))


def test_50_on_60_hz_is_a_regular_cadence() -> None:
    screen = Screen(Fraction(50), Fraction(60)).run(1000, jitter=100_000)
    steps = [b - a for a, b in pairwise(screen.vblanks)]
    assert set(steps) == {1, 2}
    # Every fifth, but where the jitter of the moment moves one by one picture.
    at = [i for i, step in enumerate(steps) if step == 2]
    assert {b - a for a, b in pairwise(at)} <= {4, 5, 6}
    assert abs(len(at) - 200) <= 1


def test_60_on_50_hz_leaves_pictures_out_and_never_goes_back() -> None:
    screen = Screen(Fraction(60), Fraction(50)).run(1200)
    steps = [b - a for a, b in pairwise(screen.vblanks)]
    assert set(steps) == {0, 1}
    assert abs(steps.count(0) - 200) <= 1


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([Fraction(50), Fraction(60), Fraction(60000, 1001)]),
    st.integers(-1500, 1500),
    st.floats(0, 1, exclude_max=True),
    st.integers(0, 2**32),
)
def test_the_delay_is_bounded_and_slips_go_one_way(
    flow: Fraction, ppm: int, phase: float, seed: int
) -> None:
    refresh = flow * (1_000_000 + ppm) / 1_000_000
    screen = Screen(flow, refresh, phase=phase, seed=seed).run(1500, jitter=150_000, stamp=20_000)
    slack = 300_000
    assert min(screen.waits) >= -slack
    assert max(screen.waits) <= screen.plan.period + screen.plan.band + slack
    # One settling step may go either way; what follows goes with the drift.
    later = {slip for i, slip in screen.slips if i > 200}
    if ppm:
        assert later <= {1 if ppm > 0 else -1}


def test_the_refresh_is_measured() -> None:
    screen = Screen(Fraction(60), Fraction(60) * 1_000_025 / 1_000_000, nominal=Fraction(60))
    screen.run(6000, stamp=5_000)
    assert abs(screen.plan.error_ppb - 25_000) < 200


def test_clocks_that_jump_begin_again() -> None:
    screen = Screen(Fraction(60), Fraction(60)).run(50)
    n = screen.vblanks[-1]
    jumped = screen.vblank(n + 1) + 37 * SECOND
    screen.plan.seen(n + 1, jumped)
    vblank, wait, slip = screen.plan.next(jumped - 1_000_000)
    assert (vblank, slip) == (n + 1, 0)
    assert 0 <= wait < screen.plan.period


def test_two_stray_late_pictures_cost_no_delay_and_a_habit_does() -> None:
    usual = [1_000_000] * 200
    assert _drm.lead([]) == 0
    assert _drm.lead([3_000_000]) == 3_000_000
    assert _drm.lead([*usual, 9_000_000, 9_000_000]) == 1_000_000
    assert _drm.lead([*usual, *[9_000_000] * 3]) == 9_000_000
    assert _drm.lead([*[9_000_000] * 3, *usual, *usual, *usual]) == 1_000_000
    assert _drm.lead([-5, -7, -1]) == 0


def test_the_next_slip_is_foretold() -> None:
    period = picture = 16_666_667
    assert _drm.next_slip_ns(5_000_000, 0, period, picture) == 0
    # The wait shrinks by 1 ns with each picture: 5 million pictures, and then it is below zero.
    faster = _drm.next_slip_ns(5_000_000, -(1 << 16), period, picture)
    assert faster == 5_000_001 * picture
    band = min(max(period // 8, 1_000_000), period // 4)
    slower = _drm.next_slip_ns(5_000_000, 1000 << 16, period, picture)
    assert abs(slower / picture - (period + band - 5_000_000) / 1000) <= 1
