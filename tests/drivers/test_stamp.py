"""The record in the picture."""

from __future__ import annotations

import binascii
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import frame as frames
from drivers.frame import Frame, FramePool
from drivers.synthetic import Stamp, read_stamp, stamp_rows, write_stamp
from drivers.video import Layout, Sampling, VideoFormat

KINDS = [
    (Sampling.YCBCR_422, 10, Layout.V210),
    (Sampling.YCBCR_422, 8, Layout.UYVY),
    (Sampling.YCBCR_422, 12, Layout.PLANAR16),
    (Sampling.YCBCR_444, 10, Layout.PLANAR16),
    (Sampling.RGB, 8, Layout.PLANAR16),
]
SEQUENCES = st.integers(0, 2**64 - 1)
TIMES = st.integers(-(2**63), 2**63 - 1)


def blank(fmt: VideoFormat, layout: Layout | None = None) -> Frame:
    frame = FramePool(fmt, 1, layout).acquire()
    assert frame is not None
    frames.fill_black(frame)
    return frame


@settings(max_examples=80, deadline=None)
@given(
    sequence=SEQUENCES,
    tai=TIMES,
    kind=st.sampled_from(KINDS),
    width=st.integers(80, 800).map(lambda n: 2 * n),
    height=st.integers(72, 600),
)
def test_what_is_written_is_read(
    sequence: int,
    tai: int,
    kind: tuple[Sampling, int, Layout],
    width: int,
    height: int,
) -> None:
    sampling, depth, layout = kind
    fmt = VideoFormat(width, height, Fraction(50), sampling=sampling, depth=depth)
    frame = blank(fmt, layout)
    assert read_stamp(frame) is None
    write_stamp(frame, sequence, tai)
    assert read_stamp(frame) == Stamp(sequence, tai, 6, False)


@settings(max_examples=25, deadline=None)
@given(sequence=SEQUENCES, tai=TIMES, seed=st.integers(0, 2**32 - 1))
def test_survives_eight_bits_rgb_and_noise(sequence: int, tai: int, seed: int) -> None:
    fmt = VideoFormat(1280, 720, Fraction(50))
    frame = blank(fmt)
    write_stamp(frame, sequence, tai)
    noise = np.random.default_rng(seed).integers(-25, 26, (720, 1280, 1))
    rgb = np.clip(frame.to_rgb().astype(int) + noise, 0, 255).astype(np.uint8)
    other = blank(VideoFormat(1280, 720, Fraction(50), depth=8, colorimetry="BT601"))
    frames.from_rgb(other, rgb)
    assert read_stamp(other) == Stamp(sequence, tai, 6, False)


def test_the_drawing_is_as_documented() -> None:
    """A second reading of the format, from the picture alone."""
    fmt = VideoFormat(1920, 1080, Fraction(50))
    frame = blank(fmt)
    write_stamp(frame, 0x0123_4567_89AB_CDEF, 1_795_389_824_340_000_000)
    rgb = frame.to_rgb()
    for row, height in stamp_rows(fmt):
        strip = rgb[row : row + height, : 176 * 10, 1].reshape(height, 176, 10)
        bits = strip[0, :, 0] > 128
        assert (strip == np.where(bits, 255, 0)[None, :, None]).all()
        record = np.packbits(bits).tobytes()
        assert record[:2] == b"\xa5\xc3"
        assert record[2:10] == bytes.fromhex("0123456789abcdef")
        assert int.from_bytes(record[10:18], "big") == 1_795_389_824_340_000_000
        assert int.from_bytes(record[18:], "big") == binascii.crc32(record[:18])


def test_a_picture_of_two_frames_is_torn() -> None:
    fmt = VideoFormat(1280, 720, Fraction(50))
    frame, other = blank(fmt), blank(fmt)
    write_stamp(frame, 1, 10)
    write_stamp(other, 2, 20)
    for cut in (100, 500, 718):
        mixed = blank(fmt)
        mixed.planes[0][:] = frame.planes[0]
        mixed.planes[0][cut:] = other.planes[0][cut:]
        stamp = read_stamp(mixed)
        assert stamp is not None
        assert (stamp.torn, stamp.sequence) == (True, 1), cut


def test_fields_of_two_frames_are_torn() -> None:
    fmt = VideoFormat(1280, 720, Fraction(50))
    frame, other = blank(fmt), blank(fmt)
    write_stamp(frame, 1, 10)
    write_stamp(other, 2, 20)
    frame.planes[0][1::2] = other.planes[0][1::2]
    stamp = read_stamp(frame)
    assert stamp is not None
    assert stamp.torn


def test_covered_strips_leave_the_others_readable() -> None:
    fmt = VideoFormat(1280, 720, Fraction(50))
    frame = blank(fmt)
    write_stamp(frame, 5, 50, top=False, middle=False)
    assert read_stamp(frame) == Stamp(5, 50, 2, False)
    write_stamp(frame, 5, 50)
    frame.planes[0][:20] = 0
    assert read_stamp(frame) == Stamp(5, 50, 4, False)
    frame.planes[0][:] = 0
    assert read_stamp(frame) is None


@settings(max_examples=60, deadline=None)
@given(bit=st.integers(0, 175))
def test_one_wrong_block_is_never_another_record(bit: int) -> None:
    fmt = VideoFormat(1280, 720, Fraction(50), sampling=Sampling.YCBCR_444)
    frame = blank(fmt)
    write_stamp(frame, 123, 456, middle=False, bottom=False)
    luma = frame.planes[0][:8, bit * 6 : bit * 6 + 6]
    luma[:] = 1004 - luma
    assert read_stamp(frame) is None


def test_a_raster_without_room_is_refused() -> None:
    frame = blank(VideoFormat(48, 32, Fraction(50)))
    with pytest.raises(ValueError, match="stamp"):
        write_stamp(frame, 1, 1)


def test_a_frame_that_was_handed_on_is_not_stamped() -> None:
    frame = blank(VideoFormat(1280, 720, Fraction(50)))
    frame.capsule()
    with pytest.raises(ValueError, match="handed on"):
        write_stamp(frame, 1, 1)
