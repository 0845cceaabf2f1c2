"""What lies in display memory, against a reference in floating point."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from drivers import frame as frames
from drivers.drm import _drm
from drivers.frame import Frame, FramePool
from drivers.video import Layout, Sampling, Scan, VideoFormat

BASE = VideoFormat(100, 12, Fraction(50))  # not a multiple of v210's 6 or of any vector
LUMA = {"BT601": (0.299, 0.114), "BT709": (0.2126, 0.0722), "BT2020": (0.2627, 0.0593)}
FORMATS = [
    (BASE, Layout.V210),
    (replace(BASE, colorimetry="BT601"), Layout.V210),
    (replace(BASE, colorimetry="BT2020", full_range=True), Layout.V210),
    (replace(BASE, depth=8), Layout.UYVY),
    (replace(BASE, depth=8, colorimetry="BT601", full_range=True), Layout.UYVY),
    (BASE, Layout.PLANAR16),
    (replace(BASE, depth=12, colorimetry="BT2020"), Layout.PLANAR16),
    (replace(BASE, sampling=Sampling.YCBCR_444), Layout.PLANAR16),
    (replace(BASE, sampling=Sampling.YCBCR_444, depth=12, full_range=True), Layout.PLANAR16),
    (replace(BASE, sampling=Sampling.RGB), Layout.PLANAR16),
    (replace(BASE, sampling=Sampling.RGB, depth=8, full_range=True), Layout.PLANAR16),
]
Planes = list[npt.NDArray[Any]]


def named(value: tuple[VideoFormat, Layout]) -> str:
    fmt, layout = value
    words = "full" if fmt.full_range else "narrow"
    return f"{layout.name}-{fmt.sampling.value}-{fmt.depth}-{fmt.colorimetry}-{words}"


def noise(fmt: VideoFormat, layout: Layout, seed: int = 1) -> tuple[Frame, Planes]:
    """A frame of any values at all, the forbidden ones included, and its planes."""
    rng = np.random.default_rng(seed)
    half = fmt.sampling is Sampling.YCBCR_422
    shapes = [(fmt.height, fmt.width)] + 2 * [(fmt.height, fmt.width // (1 + half))]
    planes: Planes = [rng.integers(0, 1 << fmt.depth, s, dtype=np.uint16) for s in shapes]
    pool = FramePool(fmt, 1, layout)
    frame = pool.acquire()
    assert frame is not None
    frames.from_planes(frame, planes, fmt.depth)
    return frame.set(lines_ready=fmt.height), planes


def upsampled(c: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Co-sited with even pixels; odd ones in the middle, rounded up."""
    right = np.concatenate([c[:, 1:], c[:, -1:]], axis=1)
    out = np.empty((c.shape[0], c.shape[1] * 2))
    out[:, ::2] = c
    out[:, 1::2] = (c.astype(int) + right + 1) // 2
    return out


def reference(fmt: VideoFormat, planes: Planes, bits: int) -> npt.NDArray[Any]:
    unit, top, out = 2 ** (fmt.depth - 8), 2**fmt.depth - 1, 2**bits - 1
    y0 = 0 if fmt.full_range else 16 * unit
    luma = top if fmt.full_range else 219 * unit
    if fmt.sampling is Sampling.RGB:
        rgb = np.stack([(p.astype(float) - y0) / luma for p in planes], axis=-1)
    else:
        kr, kb = LUMA[fmt.colorimetry]
        half = fmt.sampling is Sampling.YCBCR_422
        u, v = (upsampled(p) if half else p.astype(float) for p in planes[1:])
        scale = top if fmt.full_range else 224 * unit
        y = (planes[0].astype(float) - y0) / luma
        u, v = (u - 128 * unit) / scale, (v - 128 * unit) / scale
        r, b = y + 2 * (1 - kr) * v, y + 2 * (1 - kb) * u
        rgb = np.stack([r, (y - kr * r - kb * b) / (1 - kr - kb), b], axis=-1)
    return np.clip(rgb * out, 0, out)


def parts(words: npt.NDArray[np.uint8], bits: int) -> npt.NDArray[Any]:
    w = words.view("<u4").astype(np.int64)
    return np.stack([w >> shift & (2**bits - 1) for shift in (2 * bits, bits, 0)], axis=-1)


@pytest.mark.parametrize(("pixel", "bits"), [("XRGB8888", 8), ("XRGB2101010", 10)])
@pytest.mark.parametrize("case", FORMATS, ids=named)
def test_rgb_is_right_within_one_step(
    case: tuple[VideoFormat, Layout], pixel: str, bits: int
) -> None:
    frame, planes = noise(*case)
    got = parts(_drm.paint(frame.capsule(), pixel, 100, 12), bits)
    wanted = reference(case[0], planes, bits)
    # Rounded, not truncated: half a step and what integers cost.
    assert np.abs(got - wanted).max() < 0.6
    assert abs((got - wanted).mean()) < 0.02


@pytest.mark.parametrize("case", [c for c in FORMATS if named(c).find("4:2:2") > 0], ids=named)
def test_ycbcr_planes_carry_the_same_values(case: tuple[VideoFormat, Layout]) -> None:
    fmt = case[0]
    frame, (y, u, v) = noise(*case)
    capsule = frame.capsule()
    down = fmt.depth - 8
    eight = [np.minimum((p.astype(int) + (1 << down >> 1)) >> down, 255) for p in (y, u, v)]
    for pixel, (luma, first) in {"UYVY": (1, 0), "YUYV": (0, 1)}.items():
        got = _drm.paint(capsule, pixel, 100, 12)
        assert (got[:, luma::2] == eight[0]).all()
        assert (got[:, first::4] == eight[1]).all()
        assert (got[:, first + 2 :: 4] == eight[2]).all()
    got16 = _drm.paint(capsule, "Y210", 100, 12).view("<u2")
    up = 16 - fmt.depth
    assert (got16[:, ::2] == y << up).all()
    assert (got16[:, 1::4] == u << up).all()
    assert (got16[:, 3::4] == v << up).all()


@pytest.mark.parametrize("case", FORMATS, ids=named)
def test_red_and_blue_change_places_and_nothing_else(case: tuple[VideoFormat, Layout]) -> None:
    frame, _ = noise(*case)
    capsule = frame.capsule()
    usual = parts(_drm.paint(capsule, "XRGB2101010", 100, 12), 10)
    turned = parts(_drm.paint(capsule, "XBGR2101010", 100, 12), 10)
    assert (turned == usual[..., ::-1]).all()
    assert (usual[..., 0] != usual[..., 2]).any()


def test_a_centred_picture_has_black_around_it() -> None:
    frame, planes = noise(BASE, Layout.V210)
    capsule = frame.capsule()
    whole = parts(_drm.paint(capsule, "XRGB8888", 140, 20), 8)
    inside = parts(_drm.paint(capsule, "XRGB8888", 100, 12), 8)
    assert (whole[4:16, 20:120] == inside).all()
    whole[4:16, 20:120] = 0
    assert not whole.any()
    got = _drm.paint(capsule, "UYVY", 140, 20)
    assert (got[0] == np.tile([128, 16], 140)).all()
    assert got[4, 40:44].tolist() == [
        *((int(p) + 2) >> 2 for p in (planes[1][0, 0], planes[0][0, 0], planes[2][0, 0])),
        min((int(planes[0][0, 1]) + 2) >> 2, 255),
    ]


@pytest.mark.parametrize("pixel", ["XRGB8888", "XRGB2101010", "XBGR2101010", "UYVY", "Y210"])
@pytest.mark.parametrize("field", [0, 1])
def test_a_field_is_a_whole_picture_of_its_own_lines(pixel: str, field: int) -> None:
    fmt = replace(BASE, scan=Scan.INTERLACED)
    frame, _ = noise(fmt, Layout.V210)
    capsule = frame.capsule()

    def values(picture: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
        if pixel.startswith("X"):
            return parts(picture, 8 if pixel == "XRGB8888" else 10)
        return picture.view("<u2" if pixel == "Y210" else "u1").astype(np.int64)

    both = values(_drm.paint(capsule, pixel, 100, 12))
    one = values(_drm.paint(capsule, pixel, 100, 12, field))
    own = both[field::2]
    assert (one[field::2] == own).all()
    between = (own[:-1] + own[1:] + 1) // 2
    rest = one[1 - field :: 2]
    if field == 0:
        assert (rest[:-1] == between).all()
        assert (rest[-1] == own[-1]).all()
    else:
        assert (rest[1:] == between).all()
        assert (rest[0] == own[0]).all()


def test_values_beyond_the_depth_do_no_harm() -> None:
    fmt = replace(BASE, sampling=Sampling.YCBCR_444)
    pool = FramePool(fmt, 1, Layout.PLANAR16)
    frame = pool.acquire()
    assert frame is not None
    for plane in frame.planes:
        plane[:] = 65535
    got = parts(_drm.paint(frame.set(lines_ready=12).capsule(), "XRGB8888", 100, 12), 8)
    assert got.max() <= 255
