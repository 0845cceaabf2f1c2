"""Media time against exact fractions: alignment points, RTP timestamps, wraps, far dates."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.rtv import timing
from appliance.rtv.layout import packet_layout
from appliance.rtv.traffic import SenderType, pacing, traffic_model
from drivers.video import format_named

RATES = [Fraction(n) for n in (24, 25, 30, 50, 60, 100)] + [
    Fraction(n, 1001) for n in (24_000, 30_000, 60_000)
]
rates = st.sampled_from(RATES)
clocks = st.sampled_from([90_000, 48_000, 44_100, 1_000_000_007])
instants = st.integers(0, 400 * 366 * 86_400 * 10**9)  # until about the year 2370


@given(instants, clocks)
def test_timestamp_is_the_floor_of_the_media_clock(tai: int, clock: int) -> None:
    assert timing.rtp_timestamp(tai, clock) == floor(Fraction(tai, 10**9) * clock) % 2**32


@given(instants, rates)
def test_index_and_point_are_inverse(tai: int, rate: Fraction) -> None:
    index = timing.alignment_index(tai, rate)
    assert timing.alignment_point(index, rate) == floor(Fraction(index) / rate * 10**9)
    assert timing.alignment_point(index, rate) <= tai < timing.alignment_point(index + 1, rate)
    assert timing.alignment_index(timing.alignment_point(index, rate), rate) == index
    after = timing.next_alignment(tai, rate)
    assert timing.alignment_point(after - 1, rate) < tai <= timing.alignment_point(after, rate)


@given(instants, rates, clocks)
def test_timestamp_of_an_alignment_point_is_exact(tai: int, rate: Fraction, clock: int) -> None:
    index = timing.alignment_index(tai, rate)
    assert timing.alignment_rtp(index, rate, clock) == floor(Fraction(index) / rate * clock) % 2**32
    ticks = timing.alignment_ticks(index, rate)
    assert timing.nearest_index(ticks, rate) == (index, 0)
    assert timing.nearest_index(ticks + 5, rate) == (index, 5)
    assert timing.nearest_index(ticks - 5, rate) == (index, -5)


@given(instants, st.integers(-(6 * 3600), 6 * 3600), st.sampled_from([90_000, 48_000]))
def test_unwrapped_against_a_reference(tai: int, seconds: int, clock: int) -> None:
    reference = max(0, tai + seconds * 10**9)
    back = timing.tai_from_rtp(timing.rtp_timestamp(tai, clock), reference, clock)
    assert timing.rtp_timestamp(back, clock) == timing.rtp_timestamp(tai, clock)
    assert 0 <= tai - back + 10**9 // clock <= 2 * 10**9 // clock


def test_timestamps_wrap_at_two_to_the_32() -> None:
    wrap_ticks = 2**32
    before = timing.tai_from_ticks(wrap_ticks - 1)
    after = timing.tai_from_ticks(wrap_ticks)
    assert timing.rtp_timestamp(before) == 2**32 - 1
    assert timing.rtp_timestamp(after) == 0
    assert timing.tai_from_rtp(2**32 - 1, after) == before
    assert timing.tai_from_rtp(0, before) == after


def test_steps_of_59_94() -> None:
    rate = Fraction(60_000, 1001)
    start = timing.alignment_index(1_795_000_000 * 10**9, rate)
    stamps = [timing.alignment_rtp(start + n, rate) for n in range(200)]
    steps = {(b - a) % 2**32 for a, b in pairwise(stamps)}
    assert steps == {1501, 1502}
    assert timing.frame_steps(rate) == (1501, 1502)
    assert timing.frame_steps(Fraction(50)) == (1800, 1800)


def test_60_hz_steps_evenly_although_its_points_lie_between_nanoseconds() -> None:
    start = timing.alignment_index(1_795_000_000 * 10**9, Fraction(60))
    stamps = [timing.alignment_rtp(start + n, Fraction(60)) for n in range(200)]
    assert {(b - a) % 2**32 for a, b in pairwise(stamps)} == {1500}


def test_worked_timestamps() -> None:
    assert timing.rtp_timestamp(1_795_000_000_123_456_789) == 3_395_106_663
    assert timing.rtp_timestamp(1_795_000_000_123_456_789, 48_000) == 2_956_048_165
    assert timing.rtp_timestamp(1_795_000_000 * 10**9) == 0xCA5D0C00


@pytest.mark.parametrize(
    ("name", "trs_n", "trs_linear", "drain", "tro", "cmax", "vrx"),
    [
        ("1080p50", 4444, 4629, 4208, 764_444, (5, 5, 16), (8, 8, 720)),
        ("1080p59.94", 3707, 3861, 3510, 637_674, (6, 5, 16), (9, 9, 863)),
        ("2160p50", 1111, 1157, 1052, 764_444, (20, 20, 40), (32, 32, 2880)),
        ("2160p60", 925, 964, 876, 637_037, (25, 24, None), (38, 38, None)),
    ],
)
def test_worked_figures_of_st_2110_21(
    name: str,
    trs_n: int,
    trs_linear: int,
    drain: int,
    tro: int,
    cmax: tuple[int | None, ...],
    vrx: tuple[int | None, ...],
) -> None:
    fmt = format_named(name)
    packets = len(packet_layout(fmt))
    for kind, most, full in zip(SenderType, cmax, vrx, strict=True):
        if most is None:
            with pytest.raises(ValueError, match="W is undefined"):
                traffic_model(fmt, packets, kind)
            continue
        model = traffic_model(fmt, packets, kind)
        assert int(model.trs) == (trs_n if kind is SenderType.N else trs_linear)
        assert (int(model.drain), int(model.tro)) == (drain, tro)
        assert (model.cmax, model.vrx_full) == (most, full)
        assert model.read_ns(packets - 1) < model.period + model.tro


@pytest.mark.parametrize(
    ("name", "active", "tro"),
    [
        ("720p50", Fraction(1080, 1125), Fraction(28, 750)),
        ("1080i50", Fraction(1080, 1125), Fraction(22, 1125)),
    ],
)
def test_shares_of_the_frame(name: str, active: Fraction, tro: Fraction) -> None:
    fmt = format_named(name)
    model = traffic_model(fmt, len(packet_layout(fmt)), SenderType.N)
    assert model.active == active
    assert model.tro == tro * fmt.frame_ns


@pytest.mark.parametrize("name", ["720p50", "1080i59.94", "1080p50", "2160p60"])
def test_pacing_keeps_its_own_model(name: str) -> None:
    """A burst that leaves when its last packet may lead by no more overflows no buffer."""
    fmt = format_named(name)
    packets = len(packet_layout(fmt))
    for kind in (SenderType.N, SenderType.NL):
        model = traffic_model(fmt, packets, kind)
        plan = pacing(fmt, model)
        assert 1 <= plan["burst"] <= plan["lead_packets"] < model.vrx_full
        assert plan["burst"] <= model.cmax == plan["cmax"]
        assert plan["tro_ns"] == int(model.tro)
        units = 2 if fmt.interlaced else 1
        assert plan["active_ns"] == int(model.trs * packets) or units == 2
        # The second field's schedule starts half a period after the first's.
        if fmt.interlaced:
            assert model.read_ns(packets, fields=2) == model.tro + model.period / 2
            assert plan["active_ns"] == int(model.trs * packets)
        lead_time = plan["lead_packets"] * model.trs
        assert lead_time <= model.tro, "nothing leaves before the alignment point"


def test_a_signalled_offset_replaces_the_default() -> None:
    fmt = format_named("1080p50")
    assert traffic_model(fmt, 4320, SenderType.N, troff_us=1234).tro == 1_234_000
