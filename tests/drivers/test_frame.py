"""Frames and pools as Python sees them."""

from __future__ import annotations

import gc
import resource
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import frame as frames
from drivers.frame import Frame, FramePool
from drivers.video import (
    FORMATS,
    FrameFlag,
    Layout,
    Sampling,
    Scan,
    Signal,
    VideoFormat,
    format_from_native,
)

FMT = VideoFormat(320, 180, Fraction(50))


def address(array: np.ndarray) -> int:
    return int(array.__array_interface__["data"][0])


def one(fmt: VideoFormat = FMT, layout: Layout | None = None, metadata: int = 0) -> Frame:
    frame = FramePool(fmt, 1, layout, metadata).acquire()
    assert frame is not None
    return frame


def test_planes_are_the_memory_itself() -> None:
    frame = one()
    (plane,) = frame.planes
    plane[0, 0] = 77
    again = Frame.from_capsule(frame.capsule())
    assert again.planes[0][0, 0] == 77
    assert address(again.planes[0]) == address(plane)
    view = memoryview(again.planes[0])
    assert view.readonly
    assert view.obj is not None
    assert view[0, 0] == 77


@pytest.mark.parametrize(
    ("fmt", "layout", "shapes", "dtype"),
    [
        (FORMATS["1080p50"], Layout.V210, [(1080, 5120)], np.uint8),
        (FORMATS["720p50"], Layout.V210, [(720, 3456)], np.uint8),
        (VideoFormat(1920, 1080, Fraction(50), depth=8), Layout.UYVY, [(1080, 3840)], np.uint8),
        (FORMATS["1080p50"], Layout.PLANAR16, [(1080, 1920), *[(1080, 960)] * 2], np.uint16),
        (
            VideoFormat(1920, 1080, Fraction(50), sampling=Sampling.RGB),
            Layout.PLANAR16,
            [(1080, 1920)] * 3,
            np.uint16,
        ),
    ],
)
def test_shapes(
    fmt: VideoFormat, layout: Layout, shapes: list[tuple[int, int]], dtype: type
) -> None:
    frame = one(fmt, layout)
    assert [p.shape for p in frame.planes] == shapes
    assert all(p.dtype == dtype for p in frame.planes)
    assert frame.format == fmt
    assert frame.layout is layout


def test_a_pool_is_bounded_and_buffers_are_used_again() -> None:
    pool = FramePool(FMT, 3)
    held = [pool.acquire() for _ in range(3)]
    assert pool.acquire() is None
    used = {address(f.planes[0]) for f in held if f}
    assert len(used) == 3
    held.pop()
    again = pool.acquire()
    assert again is not None
    assert address(again.planes[0]) in used
    assert pool.acquire() is None


def test_an_array_keeps_its_frame_and_the_frame_its_pool() -> None:
    pool = FramePool(FMT, 1)
    frame = pool.acquire()
    assert frame is not None
    frame.planes[0][:] = 5
    array = frame.planes[0]
    del frame
    gc.collect()
    assert pool.acquire() is None
    del pool
    gc.collect()
    assert (array == 5).all()


def test_the_capsule_owns_one_reference() -> None:
    pool = FramePool(FMT, 1)
    frame = pool.acquire()
    assert frame is not None
    assert frame.native.references == 1
    capsule = frame.capsule()
    assert frame.native.references == 2
    other = Frame.from_capsule(capsule)
    assert frame.native.references == 3
    del capsule
    assert frame.native.references == 2
    del frame
    assert pool.acquire() is None
    del other
    assert pool.acquire() is not None


def test_memory_does_not_grow_with_frames_passed() -> None:
    pool = FramePool(FORMATS["1080p50"], 2)

    def pass_frames(n: int) -> int:
        for _ in range(n):
            frame = pool.acquire()
            assert frame is not None
            Frame.from_capsule(frame.capsule()).planes[0].sum()
        gc.collect()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = pass_frames(50)
    assert pass_frames(300) - before < 4096  # KiB; one frame is 5400


def test_a_frame_is_written_only_before_it_is_handed_on() -> None:
    frame = one(metadata=64).set(
        sequence=7,
        capture_tai=1_700_000_000_000_000_000,
        origin_tai=5,
        presented_tai=6,
        signal=int(Signal.UNLOCKED),
        flags=int(FrameFlag.SLATE | FrameFlag.LATE),
        rtp_timestamp=0xFFFF_FFFF,
        static_id=9,
        metadata=b"dynamic",
    )
    capsule = frame.capsule()
    seen = Frame.from_capsule(capsule)
    assert seen.sequence == 7
    assert seen.capture_tai == 1_700_000_000_000_000_000
    assert (seen.origin_tai, seen.presented_tai) == (5, 6)
    assert seen.signal is Signal.UNLOCKED
    assert seen.flags == FrameFlag.SLATE | FrameFlag.LATE
    assert (seen.rtp_timestamp, seen.static_id) == (0xFFFF_FFFF, 9)
    assert seen.metadata == b"dynamic"
    assert seen.audio is None
    for late in (frame, seen):
        with pytest.raises(ValueError, match="handed on"):
            late.set(sequence=8)
        with pytest.raises(ValueError, match="handed on"):
            frames.fill_black(late)
        assert not late.planes[0].flags.writeable
    with pytest.raises(ValueError, match="metadata"):
        one(metadata=4).set(metadata=b"12345")


def test_lines_ready_only_grows() -> None:
    frame = one()
    frame.capsule()
    frame.set(lines_ready=10)
    frame.set(lines_ready=180)
    for wrong in (9, 181):
        with pytest.raises(ValueError, match="lines_ready"):
            frame.set(lines_ready=wrong)
    with pytest.raises(ValueError, match="lines_ready"):
        Frame.from_capsule(frame.capsule()).set(lines_ready=180)


def test_a_buffer_used_again_has_no_marks_of_its_last_frame() -> None:
    pool = FramePool(FMT, 1, metadata=16)
    frame = pool.acquire()
    assert frame is not None
    frame.set(flags=255, sequence=3, static_id=4, origin_tai=5, metadata=b"x", lines_ready=9)
    del frame
    again = pool.acquire()
    assert again is not None
    assert (again.flags, again.sequence, again.static_id) == (0, 0, 0)
    assert (again.origin_tai, again.metadata, again.lines_ready) == (0, b"", 0)


def test_wrong_capsules_are_refused() -> None:
    with pytest.raises(TypeError, match=r"rtvbox\.frame\.1"):
        Frame.from_capsule(object())


@pytest.mark.parametrize("fmt", FORMATS.values())
def test_formats_there_and_back(fmt: VideoFormat) -> None:
    assert format_from_native(fmt.native()) == fmt


COLOURS = st.tuples(*[st.integers(0, 255)] * 3)
KINDS = [
    (Sampling.YCBCR_422, 10, Layout.V210),
    (Sampling.YCBCR_422, 8, Layout.UYVY),
    (Sampling.YCBCR_422, 12, Layout.PLANAR16),
    (Sampling.YCBCR_444, 8, Layout.PLANAR16),
    (Sampling.RGB, 10, Layout.PLANAR16),
]


@settings(max_examples=60, deadline=None)
@given(
    colour=COLOURS,
    kind=st.sampled_from(KINDS),
    colorimetry=st.sampled_from(["BT601", "BT709", "BT2020"]),
    full=st.booleans(),
    width=st.integers(1, 40).map(lambda n: 2 * n),
)
def test_colours_survive(
    colour: tuple[int, int, int],
    kind: tuple[Sampling, int, Layout],
    colorimetry: str,
    full: bool,
    width: int,
) -> None:
    sampling, depth, layout = kind
    fmt = VideoFormat(width, 4, Fraction(50), Scan.PROGRESSIVE, sampling, depth, colorimetry, full)
    frame = one(fmt, layout)
    frames.from_rgb(frame, np.full((4, width, 3), colour, np.uint8))
    bound = 3 if depth == 8 else 1
    got = frame.to_rgb().astype(int)
    assert np.abs(got - colour).max() <= bound
    assert (frame.preview(1, 1).astype(int)[0, 0] - got[0, 0] == 0).all()
    assert np.abs(frame.to_rgb(16).astype(int) - np.array(colour) * 257).max() <= bound * 257


def test_known_values_of_bt709() -> None:
    """BT.709 table 4: black, white and red at 10 bits, narrow range."""
    fmt = VideoFormat(12, 2, Fraction(50))
    frame = one(fmt, Layout.PLANAR16)
    for colour, expected in [
        ((0, 0, 0), (64, 512, 512)),
        ((255, 255, 255), (940, 512, 512)),
        ((255, 0, 0), (250, 409, 960)),
        ((0, 0, 255), (127, 960, 471)),
    ]:
        frames.from_rgb(frame, np.full((2, 12, 3), colour, np.uint8))
        got = [int(p[0, 0]) for p in frame.planes]
        assert np.abs(np.subtract(got, expected)).max() <= 1, (colour, got)


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(1, 60).map(lambda n: 2 * n),
    seed=st.integers(0, 2**32 - 1),
    depth=st.sampled_from([8, 10, 12]),
)
def test_planes_into_v210_and_planar_are_the_same_samples(
    width: int, seed: int, depth: int
) -> None:
    fmt = VideoFormat(width, 3, Fraction(50))
    rng = np.random.default_rng(seed)
    planes = [
        rng.integers(0, 1 << depth, (3, w), dtype=np.uint16)
        for w in (width, width // 2, width // 2)
    ]
    packed, planar = one(fmt, Layout.V210), one(fmt, Layout.PLANAR16)
    frames.from_planes(packed, planes, depth)
    frames.from_planes(planar, planes, depth)
    for p, plane in zip(planar.planes, planes, strict=True):
        up = plane.astype(int) << 10 >> depth if depth < 12 else (plane.astype(int) + 2) >> 2
        assert (p[:, : plane.shape[1]] == np.minimum(up, 1023)).all()
    # v210 by its definition: three samples in 32 bits, Cb Y Cr, Y Cb Y, Cr Y Cb, Y Cr Y.
    words = packed.planes[0].view("<u4").astype(int)
    samples = np.stack([words & 1023, words >> 10 & 1023, words >> 20 & 1023], axis=2)
    samples = samples.reshape(3, -1)
    assert (samples[:, 1 : 2 * width : 2] == planar.planes[0][:, :width]).all()
    assert (samples[:, 0 : 2 * width : 4] == planar.planes[1][:, : width // 2]).all()
    assert (samples[:, 2 : 2 * width : 4] == planar.planes[2][:, : width // 2]).all()
    assert (packed.to_rgb() == planar.to_rgb()).all()


def test_sizes_that_do_not_fit_are_refused() -> None:
    frame = one()
    for w, h in [(0, 1), (1, 0), (321, 10), (10, 181)]:
        with pytest.raises(ValueError, match="preview"):
            frame.preview(w, h)
    with pytest.raises(ValueError, match="rgb"):
        frames.from_rgb(frame, np.zeros((180, 319, 3), np.uint8))
    with pytest.raises(ValueError, match="planes"):
        frames.from_planes(frame, [np.zeros((180, 320), np.uint16)] * 2, 10)
    with pytest.raises(ValueError, match="planes"):
        frames.from_planes(frame, [np.zeros((180, 159), np.uint16)] * 3, 10)
    with pytest.raises(ValueError, match="bits"):
        frame.to_rgb(10)
