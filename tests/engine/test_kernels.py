"""Card layouts to ST 2110-20 pgroups and back, against the bit order written out here."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.engine import _engine
from drivers.video import Layout, Sampling, VideoFormat

CARRIED = [
    (Layout.V210, Sampling.YCBCR_422, 10),
    (Layout.UYVY, Sampling.YCBCR_422, 8),
    *((Layout.PLANAR16, s, d) for s in Sampling for d in (8, 10, 12)),
]
PGROUP = {  # octets, pixels: ST 2110-20, pgroup tables
    (True, 8): (4, 2),
    (True, 10): (5, 2),
    (True, 12): (6, 2),
    (False, 8): (3, 1),
    (False, 10): (15, 4),
    (False, 12): (9, 2),
}
KERNELS = _engine.cpu_kernels()

Samples = npt.NDArray[np.int64]


def pgroup(sampling: Sampling, depth: int) -> tuple[int, int]:
    return PGROUP[sampling is Sampling.YCBCR_422, depth]


def planes_of(video: VideoFormat, seed: int) -> list[Samples]:
    """Random Y Cb Cr or R G B."""
    random = np.random.default_rng(seed)
    half = video.width // 2 if video.sampling is Sampling.YCBCR_422 else video.width
    return [
        random.integers(0, 1 << video.depth, (video.height, width))
        for width in (video.width, half, half)
    ]


def wire_order(video: VideoFormat, planes: list[Samples], row: int) -> Iterator[int]:
    """Samples of a row in the order of the pgroups."""
    first, second, third = (plane[row] for plane in planes)
    for x in range(video.width):
        if video.sampling is Sampling.RGB:
            yield from (int(first[x]), int(second[x]), int(third[x]))
        elif video.sampling is Sampling.YCBCR_444:
            yield from (int(second[x]), int(first[x]), int(third[x]))
        elif x % 2 == 0:
            yield from (int(second[x // 2]), int(first[x]), int(third[x // 2]), int(first[x + 1]))


def expected_octets(video: VideoFormat, planes: list[Samples]) -> bytes:
    """The picture as one long number in base two, most significant bit first."""
    bits = "".join(
        format(sample, f"0{video.depth}b")
        for row in range(video.height)
        for sample in wire_order(video, planes, row)
    )
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def card_memory(
    video: VideoFormat, layout: Layout, planes: list[Samples], padding: int
) -> list[npt.NDArray[np.uint8] | npt.NDArray[np.uint16]]:
    """The picture as a card lays it down, with rows `padding` items further apart than needed."""
    if layout is Layout.PLANAR16:
        return [np.pad(plane, ((0, 0), (0, padding))).astype(np.uint16) for plane in planes]
    rows = []
    for row in range(video.height):
        samples = list(wire_order(video, planes, row))
        if layout is Layout.UYVY:
            octets = bytes(samples)
        else:
            samples += [0] * (-len(samples) % 3)
            octets = b"".join(
                (a | b << 10 | c << 20).to_bytes(4, "little")
                for a, b, c in zip(samples[::3], samples[1::3], samples[2::3], strict=True)
            )
            octets += bytes(-len(octets) % 128)
        rows.append(np.frombuffer(octets + bytes(padding), np.uint8))
    return [np.stack(rows)]


@st.composite
def pictures(draw: st.DrawFn) -> tuple[Layout, VideoFormat]:
    layout, sampling, depth = draw(st.sampled_from(CARRIED))
    _, pixels = pgroup(sampling, depth)
    groups = draw(st.integers(2 if pixels == 1 else 1, 100))
    height = draw(st.integers(1, 3))
    return layout, VideoFormat(
        groups * pixels, height, Fraction(50), sampling=sampling, depth=depth
    )


@settings(max_examples=120, deadline=None)
@given(pictures(), st.sampled_from(KERNELS), st.integers(0, 2**32), st.sampled_from([0, 2, 128]))
def test_octets_are_the_standards_and_return(
    picture: tuple[Layout, VideoFormat], kernel: str, seed: int, padding: int
) -> None:
    layout, video = picture
    planes = planes_of(video, seed)
    fmt = video.native(layout)
    octets = _engine.pack(card_memory(video, layout, planes, padding), fmt, kernel=kernel)
    assert octets.tobytes() == expected_octets(video, planes)
    back = _engine.unpack(octets, fmt, kernel=kernel)
    for got, want in zip(back, card_memory(video, layout, planes, 0), strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("layout, sampling, depth", CARRIED)
def test_any_octets_survive_unpack_and_pack(
    layout: Layout, sampling: Sampling, depth: int, kernel: str
) -> None:
    octets, pixels = pgroup(sampling, depth)
    video = VideoFormat(1280, 8, Fraction(50), sampling=sampling, depth=depth)
    size = video.width // pixels * octets * video.height
    data = np.random.default_rng(depth).integers(0, 256, size, dtype=np.uint8)
    fmt = video.native(layout)
    again = _engine.pack(_engine.unpack(data, fmt, kernel=kernel), fmt, kernel=kernel)
    np.testing.assert_array_equal(again, data)


@pytest.mark.parametrize("kernel", KERNELS)
def test_known_octets(kernel: str) -> None:
    """Another implementation's 4:2:2 10 bit octets: Cb 514, Y0 943, Cr 514, Y1 943."""
    data = np.frombuffer(bytes.fromhex("80BAF80BAF") * 24, np.uint8)
    video = VideoFormat(48, 1, Fraction(50))
    y, cb, cr = _engine.unpack(data, video.native(Layout.PLANAR16), kernel=kernel)
    assert (set(y.flat), set(cb.flat), set(cr.flat)) == ({943}, {514}, {514})
    (words,) = _engine.unpack(data, video.native(Layout.V210), kernel=kernel)
    first = [int.from_bytes(words[0, i : i + 4].tobytes(), "little") for i in (0, 4)]
    assert first == [514 | 943 << 10 | 514 << 20, 943 | 514 << 10 | 943 << 20]


@pytest.mark.parametrize("kernel", KERNELS)
def test_bits_above_the_depth_are_not_sent(kernel: str) -> None:
    video = VideoFormat(64, 1, Fraction(50), depth=10)
    planes = planes_of(video, 5)
    dirty = [(plane | 0xFC00).astype(np.uint16) for plane in planes]
    octets = _engine.pack(dirty, video.native(Layout.PLANAR16), kernel=kernel)
    assert octets.tobytes() == expected_octets(video, planes)


def test_families_end_with_the_reference() -> None:
    assert KERNELS[-2:] == ["portable", "scalar"]
    fmt = VideoFormat(1920, 1080, Fraction(50)).native()
    assert [_engine.kernel_name(fmt, kernel=k) for k in KERNELS] == KERNELS
    assert _engine.kernel_name(fmt) == KERNELS[0]
    uyvy = VideoFormat(1920, 1080, Fraction(50), depth=8).native()
    assert _engine.kernel_name(uyvy) == "memcpy"


@pytest.mark.parametrize(
    "changes, line",
    [
        ({"sampling": 3, "width": 1922}, r"^width: 1922 is not whole pgroups of 4 pixels; choose"),
        ({"width": 33000}, r"^raster: 33000x4 is out of range"),
        ({"depth": 9}, r"^depth: 9 is not carried; choose 8, 10 or 12$"),
        ({"depth": 12, "layout": 1}, r"^layout: v210 holds only 4:2:2 of 10 bit; choose planar16"),
        ({"layout": 2}, r"^layout: UYVY holds only 4:2:2 of 8 bit; choose planar16"),
        ({"layout": 7}, r"^layout: 7 is none; choose"),
        ({"sampling": 4}, r"^sampling: 4 is none; choose"),
    ],
)
def test_a_format_that_cannot_be_carried_is_refused(changes: dict[str, int], line: str) -> None:
    fmt = VideoFormat(1920, 4, Fraction(50)).native(Layout.PLANAR16) | changes
    with pytest.raises(ValueError, match=line):
        _engine.unpack(np.zeros(1, np.uint8), fmt)
    with pytest.raises(ValueError, match=line):
        _engine.pack([], fmt)


def test_wrong_memory_is_refused() -> None:
    fmt = VideoFormat(48, 4, Fraction(50)).native()
    good = np.zeros((4, 128), np.uint8)
    assert _engine.pack([good], fmt).size == 4 * 24 * 5
    with pytest.raises(ValueError, match=r"^pgroups: 479 octets; this picture has 480$"):
        _engine.unpack(np.zeros(479, np.uint8), fmt)
    with pytest.raises(ValueError, match=r"^kernel: 'mmx' does not run here; choose .*scalar$"):
        _engine.pack([good], fmt, kernel="mmx")
    wrong: list[tuple[list[Any], str]] = [
        ([], r"^planes: 0 given; this layout has 1$"),
        ([good, good], r"^planes: 2 given; this layout has 1$"),
        ([good[:3]], r"^planes\[0\]: is 3 rows of 128 bytes; the format needs 4"),
        ([good[:, :127]], r"^planes\[0\]: is 4 rows of 127 bytes; the format needs 4"),
        ([good.astype(np.uint16)], r"^planes\[0\]: is not a 2-D array of uint8$"),
        ([good[::-1]], r"^planes\[0\]: rows do not follow each other"),
        ([np.zeros((4, 256), np.uint8)[:, ::2]], r"^planes\[0\]: rows are not contiguous"),
        ([b"octets"], r"^planes\[0\]: is not a 2-D array"),
    ]
    for planes, line in wrong:
        with pytest.raises(ValueError, match=line):
            _engine.pack(planes, fmt)


def test_speed_is_measured() -> None:
    fmt = VideoFormat(1280, 720, Fraction(50)).native()
    for what in ("pack", "unpack", "memcpy", "memcpy-back"):
        rate = _engine.kernel_speed(fmt, what, run=240, window=6000, seconds=0.01)
        assert 1e6 < rate < 1e13
    with pytest.raises(ValueError, match=r"^what: 'think' cannot be measured"):
        _engine.kernel_speed(fmt, "think")
    with pytest.raises(ValueError, match=r"^seconds: "):
        _engine.kernel_speed(fmt, "pack", seconds=0)
