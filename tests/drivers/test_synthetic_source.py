"""The pretend card's input."""

from __future__ import annotations

import time
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from drivers.synthetic import SyntheticSource, read_stamp, stamp_rows
from drivers.video import FORMATS, Layout, Sampling, Scan, VideoFormat, format_named
from tests.drivers.conformance import SMALL, FaultConformance
from tests.drivers.reading import SECOND, Reading, Result, reading


class TestSyntheticSource(FaultConformance):
    def make(self, format: VideoFormat, **options: object) -> SyntheticSource:
        return SyntheticSource(format, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FORMATS)
def test_each_sdi_format(name: str) -> None:
    fmt = FORMATS[name]
    slices = fmt.scan is Scan.PROGRESSIVE
    with reading(SyntheticSource(fmt, buffers=4, queue=2), slices) as r:
        frame = r.frame()
        assert r.wait_lines(frame, fmt.height) is Result.OK
        assert frame.format == fmt
        stamp = read_stamp(frame)
        assert stamp is not None
        assert (stamp.sequence, stamp.tai) == (frame.sequence, frame.capture_tai)
        assert (stamp.readings, stamp.torn) == (6, False)


@pytest.mark.parametrize(
    ("changes", "layout"),
    [
        ({"depth": 8}, Layout.UYVY),
        ({"depth": 8}, Layout.PLANAR16),
        ({"depth": 10}, Layout.PLANAR16),
        ({"depth": 12}, Layout.PLANAR16),
        ({"sampling": Sampling.YCBCR_444, "depth": 10}, Layout.PLANAR16),
        ({"sampling": Sampling.RGB, "depth": 12}, Layout.PLANAR16),
        ({"sampling": Sampling.RGB, "depth": 8, "full_range": True}, Layout.PLANAR16),
        ({"colorimetry": "BT2020"}, Layout.V210),
        ({"colorimetry": "BT601", "full_range": True}, Layout.V210),
    ],
)
def test_each_layout_shows_the_same_picture(changes: dict[str, object], layout: Layout) -> None:
    fmt = format_named("720p50", **changes)
    with reading(SyntheticSource(fmt, layout, buffers=4, queue=2)) as r:
        frame = r.frame()
    assert frame.layout is layout
    stamp = read_stamp(frame)
    assert stamp is not None
    assert stamp.readings == 6
    rgb = frame.to_rgb().astype(int)
    # The middles of the eight 75 % bars: white yellow cyan green magenta red blue black.
    row = rgb[200, 80::160]
    expected = [[7, 6, 3, 2, 5, 4, 1, 0][i] for i in range(8)]
    bars = [[191 * (b >> 2 & 1), 191 * (b >> 1 & 1), 191 * (b & 1)] for b in expected]
    for i in (0, 1, 2, 5, 6, 7):  # the flash stands before the two in the middle
        assert np.abs(row[i] - bars[i]).max() <= 3, (i, row[i])


def test_a_layout_that_cannot_hold_the_format_is_refused() -> None:
    with pytest.raises(ValueError, match="layout cannot hold"):
        SyntheticSource(format_named("720p50", depth=8), Layout.V210)


def test_options_out_of_range_are_refused_with_their_name() -> None:
    for options, field in [
        ({"steps": 0}, "steps"),
        ({"queue": 0}, "queue"),
        ({"buffers": 3}, "buffers"),
        ({"drift_ppm": 1e9}, "drift"),
        ({"drift_ppm": float("nan")}, "drift"),
    ]:
        with pytest.raises(ValueError, match=f"^{field}: "):
            SyntheticSource(SMALL, **options)  # type: ignore[arg-type]


def test_a_card_without_slices_says_so() -> None:
    r = Reading(SyntheticSource(SMALL, slices=False))
    assert r.start(slices=True) is Result.REFUSED
    assert r.reader.error().startswith("slices: ")


def test_the_picture_moves_and_the_clock_counts() -> None:
    with reading(SyntheticSource(FORMATS["720p60"])) as r:
        a, b = r.frames(2)
        moved = (a.to_rgb() != b.to_rgb()).any(axis=2)
    rows = np.flatnonzero(moved.any(axis=1)) * 100 // 720
    assert {0, 50, 99} <= set(rows)  # stamps
    assert set(range(70, 80)) <= set(rows)  # box
    assert set(range(84, 96)) & set(rows)  # text
    assert moved.mean() < 0.1


def test_flash_and_beep_mark_the_second() -> None:
    fmt = VideoFormat(640, 360, Fraction(25))
    seen = {"flash": 0, "dark": 0, "beep": 0, "still": 0}
    with reading(SyntheticSource(fmt)) as r:
        for _ in range(30):  # more than a second
            frame = r.frame()
            in_second = frame.capture_tai % SECOND
            bright = frame.to_rgb()[96, 320].mean() > 200
            assert bright == (in_second < 100_000_000)
            seen["flash" if bright else "dark"] += 1
            audio = frame.audio
            assert audio is not None
            assert audio.shape == (1920, 2)
            if in_second + 40_000_000 <= 100_000_000:
                assert np.abs(audio).max() > 1 << 28
                tone = np.abs(np.fft.rfft(audio[:, 0].astype(float)))
                assert int(tone.argmax()) == 40  # of 25 Hz steps: 1 kHz
                seen["beep"] += 1
            elif not bright:
                assert not audio.any()
                seen["still"] += 1
    assert all(seen.values()), seen


def test_sound_has_no_gap_at_a_fractional_rate() -> None:
    fmt = VideoFormat(320, 180, Fraction(60000, 1001))
    with reading(SyntheticSource(fmt)) as r:
        frames = []
        for _ in range(12):
            frame = r.frame()
            assert frame.audio is not None
            frames.append((frame.sequence, frame.capture_tai, len(frame.audio)))
    for (n, start, samples), (m, end, _) in pairwise(frames):
        if m == n + 1:
            assert samples == end * 48_000 // SECOND - start * 48_000 // SECOND


def test_format_change_begins_a_new_generation() -> None:
    source = SyntheticSource(SMALL)
    other = VideoFormat(640, 360, Fraction(50), depth=8)
    source.change_format(other, at=3)
    with reading(source) as r:
        before, event = r.until(Result.FORMAT_CHANGED)
        after = r.frames(3)
    assert [f.format for f in before] == [SMALL] * 3
    assert event["format"] == other.native()
    assert event["generation"] == before[0].generation + 1
    for frame in after:
        assert frame.format == other
        assert frame.generation == event["generation"]
        stamp = read_stamp(frame)
        assert stamp is not None
        assert stamp.sequence == frame.sequence
    assert after[1].capture_tai - after[0].capture_tai == 20_000_000
    assert before[0].to_rgb().shape == (180, 320, 3)  # the old pool's frames are still there


def test_stamp_strips_lie_inside_the_picture() -> None:
    for fmt in FORMATS.values():
        (top, height), (middle, _), (bottom, _) = stamp_rows(fmt)
        assert top == 0
        assert height <= middle <= bottom - height
        assert bottom + height == fmt.height
    assert stamp_rows(VideoFormat(48, 32, Fraction(50))) == []


def test_a_raster_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="raster"):
        SyntheticSource(VideoFormat(46, 30, Fraction(50)))


@pytest.mark.slow
def test_2160p60_in_slices_is_cheap() -> None:
    with reading(SyntheticSource(FORMATS["2160p60"]), slices=True) as r:
        r.frame()
        cpu, wall = time.process_time(), time.monotonic()
        last = r.frame()
        while time.monotonic() - wall < 2:
            last = r.frame()
        share = (time.process_time() - cpu) / (time.monotonic() - wall)
    assert last.sequence > 100
    assert share < 0.2, f"{share:.2f} of a core"  # about 0.05 on an idle machine
