"""Monitors whose refresh follows the pictures (VRR): when it is used, and what the kernel is told.
No driver here has such a monitor; what is planned is what is tested."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.drm import _drm
from drivers.video import Sampling, VideoFormat, format_named
from tests.drivers.test_drm_modes import (
    I1080_50,
    P720_50,
    P1080_50,
    P1080_60,
    P1080_120,
    P1080_5994,
    P2160_50,
    RATES,
)

P1080_144 = (346500, 1920, 1080, 2080, 1157, False)
GAMING = [P1080_60, P1080_120, P1080_144, P1080_50, P720_50]


def choose(modes: list[Any], name: str, variable: tuple[int, int] | None) -> dict[str, Any]:
    return _drm.choose_mode(modes, format_named(name).native(), variable)


def test_the_refresh_follows_where_the_monitor_can_wait() -> None:
    got = choose(GAMING, "1080p50", (48, 144))
    assert got["follows"]
    # The slowest with room above the flow, not the one of its rate: that has none.
    assert GAMING[got["index"]] == P1080_60
    assert (got["repeats"], got["matched"], got["slip_ns"]) == (1, True, 0)
    assert got["text"] == (
        "1920x1080 at 60 Hz at most; the refresh follows the flow: "
        "each picture is shown when it is due"
    )
    assert GAMING[choose(GAMING, "1080p59.94", (48, 144))["index"]] == P1080_120
    fields = choose(GAMING, "1080i50", (48, 144))
    assert fields["follows"] and "fields" in fields["text"]


@pytest.mark.parametrize(
    ("modes", "name", "variable"),
    [
        (GAMING, "1080p50", None),  # the monitor does not offer it
        (GAMING, "1080p25", (48, 144)),  # slower than it waits
        (GAMING, "1080p30", (0, 0)),  # it does not say; usual ones do not wait that long
        ([P1080_50, P720_50], "1080p50", (48, 144)),  # no mode with room
        ([P1080_60, P1080_5994], "1080p60", (48, 144)),
        (GAMING, "1080p60", (48, 60)),  # modes with room that it does not follow
        ([P1080_60, P2160_50], "2160p50", (40, 60)),  # another raster is no room
    ],
)
def test_else_everything_is_as_without_it(
    modes: list[Any], name: str, variable: tuple[int, int] | None
) -> None:
    got = choose(modes, name, variable)
    assert not got["follows"]
    assert got == choose(modes, name, None)


@pytest.mark.parametrize(
    ("name", "variable", "follows"),
    [("1080p25", (24, 144), True), ("1080p50", (0, 0), True), ("1080p50", (51, 144), False)],
)
def test_the_range_is_the_monitors_own_word(
    name: str, variable: tuple[int, int], follows: bool
) -> None:
    assert choose(GAMING, name, variable)["follows"] == follows


@given(RATES, st.integers(0, 100), st.integers(0, 200))
def test_a_followed_flow_is_always_within_what_the_monitor_does(
    rate: Fraction, least: int, more: int
) -> None:
    fmt = VideoFormat(1920, 1080, rate)
    most = least + more
    got = _drm.choose_mode(GAMING, fmt.native(), (least, most))
    if not got["follows"]:
        assert got == _drm.choose_mode(GAMING, fmt.native())
        return
    clock, width, height, htotal, vtotal, _ = GAMING[got["index"]]
    assert (width, height) == (1920, 1080)
    assert Fraction(clock * 1000, htotal * vtotal) >= rate * Fraction(102, 100)
    assert rate >= (least or 48)
    assert not most or most >= rate * Fraction(102, 100)


def test_modes_that_show_a_rate_without_a_slip() -> None:
    modes = [P720_50, P1080_60, I1080_50, P2160_50, P1080_50, P1080_5994, P1080_50]
    assert _drm.matching_modes(modes, format_named("1080p50").native()) == [
        "3840x2160 at 50 Hz",
        "1920x1080 at 50 Hz",
        "1280x720 at 50 Hz",
    ]
    assert _drm.matching_modes(modes, format_named("1080p29.97").native()) == [
        "1920x1080 at 59.94 Hz"
    ]
    assert _drm.matching_modes(modes, format_named("1080p24").native()) == []
    assert _drm.matching_modes([], format_named("1080p24").native()) == []


WISH: dict[str, Any] = {
    "crtc": 41,
    "mode_blob": 77,
    "fb": 90,
    "width": 1920,
    "height": 1080,
    "pixel": "XRGB2101010",
    "format": format_named("1080p50").native(),
    "max_bpc": 10,
    "follows": False,
}


def by_name(plan: list[tuple[str, str, int | str]]) -> dict[tuple[str, str], int | str]:
    found = {(of, name): value for of, name, value in plan}
    assert len(found) == len(plan), "a property is set twice"
    objects = [of for of, _, _ in plan]
    assert objects == sorted(objects), "the kernel wants them object by object"
    return found


@pytest.mark.parametrize("follows", [False, True])
def test_a_crtc_is_told_whether_its_refresh_follows(follows: bool) -> None:
    plan = by_name(_drm.light_plan(**{**WISH, "follows": follows}))
    # Said in both cases: what was there before may have left it on.
    assert plan["crtc", "VRR_ENABLED"] == int(follows)
    assert plan["connector", "CRTC_ID"] == plan["plane", "CRTC_ID"] == 41
    assert (plan["crtc", "MODE_ID"], plan["crtc", "ACTIVE"]) == (77, 1)
    assert plan["connector", "max bpc"] == 10
    assert (plan["plane", "SRC_W"], plan["plane", "SRC_H"]) == (1920 << 16, 1080 << 16)
    assert (plan["plane", "CRTC_W"], plan["plane", "CRTC_H"]) == (1920, 1080)
    assert plan["plane", "FB_ID"] == 90
    assert ("plane", "COLOR_ENCODING") not in plan


@pytest.mark.parametrize(
    ("colorimetry", "full", "words"),
    [
        ("BT601", False, ("ITU-R BT.601 YCbCr", "YCbCr limited range")),
        ("BT709", True, ("ITU-R BT.709 YCbCr", "YCbCr full range")),
        ("BT2020", False, ("ITU-R BT.2020 YCbCr", "YCbCr limited range")),
    ],
)
def test_a_plane_of_ycbcr_is_told_matrix_and_range(
    colorimetry: str, full: bool, words: tuple[str, str]
) -> None:
    fmt = replace(
        format_named("1080p50"),
        sampling=Sampling.YCBCR_422,
        colorimetry=colorimetry,
        full_range=full,
    )
    plan = by_name(_drm.light_plan(**{**WISH, "pixel": "Y210", "format": fmt.native()}))
    assert (plan["plane", "COLOR_ENCODING"], plan["plane", "COLOR_RANGE"]) == words


def test_what_is_left_behind_is_dark_and_as_it_was_found() -> None:
    plan = by_name(_drm.dark_plan(8))
    assert plan["connector", "max bpc"] == 8
    assert plan["crtc", "VRR_ENABLED"] == plan["crtc", "ACTIVE"] == 0
    assert plan["plane", "FB_ID"] == plan["connector", "CRTC_ID"] == 0
