"""Which of a monitor's modes carries a flow."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.modes.cards import make_sink
from drivers.drm import Connector, _drm, choose_connector
from drivers.video import Scan, VideoFormat, format_named

# clock kHz, width, height, totals, interlaced: CTA-861 and DMT timings.
P1080_60 = (148500, 1920, 1080, 2200, 1125, False)
P1080_5994 = (148352, 1920, 1080, 2200, 1125, False)
P1080_50 = (148500, 1920, 1080, 2640, 1125, False)
P1080_30 = (74250, 1920, 1080, 2200, 1125, False)
P1080_24 = (74250, 1920, 1080, 2750, 1125, False)
P1080_120 = (297000, 1920, 1080, 2200, 1125, False)
I1080_50 = (74250, 1920, 1080, 2640, 1125, True)
P720_50 = (74250, 1280, 720, 1980, 750, False)
P720_60 = (74250, 1280, 720, 1650, 750, False)
P2160_50 = (594000, 3840, 2160, 5280, 2250, False)
WUXGA_60 = (154000, 1920, 1200, 2080, 1235, False)
TV = [P1080_60, P1080_5994, P1080_50, I1080_50, P720_50, P720_60, P2160_50]


def choose(modes: list[tuple[int, int, int, int, int, bool]], fmt: VideoFormat) -> dict[str, Any]:
    return _drm.choose_mode(modes, fmt.native())


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("1080p60", P1080_60),
        ("1080p59.94", P1080_5994),
        ("1080p50", P1080_50),
        ("720p50", P720_50),
        ("2160p50", P2160_50),
    ],
)
def test_50_and_5994_and_60_are_told_apart(
    name: str, mode: tuple[int, int, int, int, int, bool]
) -> None:
    for modes in (TV, TV[::-1]):
        got = choose(modes, format_named(name))
        assert modes[got["index"]] == mode
        assert got["matched"]
        assert got["slip_ns"] == 0
        assert got["repeats"] == 1


def test_slow_flows_get_a_multiple_that_every_link_carries() -> None:
    got = choose([*TV, P1080_30, P1080_120], format_named("1080p30"))
    assert ([*TV, P1080_30, P1080_120][got["index"]], got["repeats"]) == (P1080_60, 2)
    got = choose([P1080_60, P1080_24, P1080_120], format_named("1080p24"))
    assert (got["index"], got["repeats"]) == (1, 1)
    got = choose([P1080_60, P1080_120], format_named("1080p24"))
    assert (got["index"], got["repeats"], got["matched"]) == (1, 5, True)


def test_a_rate_that_the_monitor_lacks_says_its_error_and_when_it_slips() -> None:
    got = choose([P1080_60], format_named("1080p59.94"))
    assert not got["matched"]
    assert got["error_ppb"] == 1_000_000
    assert got["slip_ns"] == round(1e9 / float(60 - Fraction(60000, 1001)))
    assert got["text"] == (
        "1920x1080 at 60 Hz; +1000.0 ppm against the flow's 59.94 Hz: "
        "a refresh is repeated every 16.6 s"
    )
    slow = choose([P1080_5994], format_named("1080p60"))
    assert -1_000_000 < slow["error_ppb"] < -990_000
    assert "a picture is dropped every 16" in slow["text"]
    cadence = choose([P1080_60], format_named("1080p50"))
    assert cadence["error_ppb"] == 200_000_000
    assert cadence["slip_ns"] == 100_000_000


def test_fields_are_pictures_of_their_own() -> None:
    got = choose(TV, format_named("1080i50"))
    assert TV[got["index"]] == P1080_50
    assert (got["repeats"], got["matched"]) == (1, True)
    assert "fields" in got["text"]
    segmented = VideoFormat(1920, 1080, Fraction(25), Scan.PSF)
    got = choose(TV, segmented)
    assert (TV[got["index"]], got["repeats"]) == (P1080_50, 2)


def test_a_raster_that_the_monitor_lacks_is_centred_in_the_next_larger_one() -> None:
    modes = [P2160_50, WUXGA_60, P1080_60]
    got = choose(modes, format_named("720p60"))
    assert modes[got["index"]] == P1080_60
    assert (got["left"], got["top"]) == (320, 180)
    assert "centred" in got["text"]
    # Of larger ones the rate decides before the size does.
    assert modes[choose(modes, format_named("720p50"))["index"]] == P2160_50


def test_a_raster_larger_than_all_modes_is_refused_with_what_there_is() -> None:
    got = choose([P1080_60, P1080_50, P720_60, I1080_50], format_named("2160p50"))
    assert not got["found"]
    assert got["text"] == (
        "format: the monitor has no mode that holds 3840x2160; it has 1920x1080 at 60 Hz, "
        "1920x1080 at 50 Hz, 1280x720 at 60 Hz; send one of these or connect a larger monitor"
    )
    assert "none that is progressive" in choose([I1080_50], format_named("1080p50"))["text"]


RATES = st.sampled_from(
    [Fraction(n) for n in (24, 25, 30, 48, 50, 60, 72, 75, 100, 120)]
    + [Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120)]
)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(20_000, 1_200_000),
    st.integers(1280, 6000),
    st.integers(720, 3000),
    RATES,
)
def test_error_and_slip_are_exact(clock: int, htotal: int, vtotal: int, rate: Fraction) -> None:
    got = choose([(clock, 1280, 720, htotal, vtotal, False)], VideoFormat(1280, 720, rate))
    refresh = Fraction(clock * 1000, htotal * vtotal)
    k = got["repeats"]
    assert k >= 1
    assert all(abs(refresh - k * rate) <= abs(refresh - n * rate) for n in (k + 1, max(k - 1, 1)))
    error = refresh / (k * rate) - 1
    assert abs(got["error_ppb"] - error * 10**9) <= Fraction(1, 2)
    assert got["matched"] == (abs(error) <= Fraction(1, 2 * clock))
    if not got["matched"]:
        assert abs(got["slip_ns"] - 10**9 / abs(refresh - k * rate)) <= 1


def test_connectors_by_key_and_by_name() -> None:
    def made(place: str, name: str) -> Connector:
        return Connector(f"drm:{place}:{name}", "/dev/dri/card0", name, "")

    a, b, c = made("pci-0", "HDMI-A-1"), made("pci-0", "DP-1"), made("pci-1", "DP-1")
    assert choose_connector("drm:HDMI-A-1", [a, b, c]) is a
    assert choose_connector("drm:pci-1:DP-1", [a, b, c]) is c
    with pytest.raises(ValueError, match=r"several cards; write one of drm:pci-0:DP-1, drm:pci-1"):
        choose_connector("drm:DP-1", [a, b, c])
    with pytest.raises(ValueError, match=r"no 'drm:VGA-1'; connectors here: drm:pci-0:HDMI-A-1"):
        choose_connector("drm:VGA-1", [a])


def test_a_connector_that_is_not_there_is_one_line() -> None:
    with pytest.raises(ValueError, match=r"there is no 'drm:NOWHERE-7'; connectors here: ") as no:
        make_sink("drm:NOWHERE-7", realtime=False)
    assert "\n" not in str(no.value)
