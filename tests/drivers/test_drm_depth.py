"""How many bits of a flow reach the glass, and what is said when they get fewer on the way."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.drm import _drm
from drivers.v4l2.edid import edid_for
from drivers.video import Sampling, VideoFormat, format_named

BASE = format_named("1080p50", depth=10)


def summed(block: bytes) -> bytes:
    return block[:127] + bytes([-sum(block[:127]) % 256])


def monitor(depth_code: int, *, interface: int = 5, revision: int = 4) -> bytes:
    """The base block of a digital monitor. depth_code: E-EDID 1.4, 3.6.1; interface 5: DisplayPort,
    2: HDMI. Its range is 48 to 144 Hz."""
    block = bytearray(edid_for(BASE)[:128])
    block[19], block[20] = revision, 0x80 | depth_code << 4 | interface
    limits = bytes(block).index(b"\x00\x00\x00\xfd\x00")
    block[limits + 5 : limits + 7] = bytes([48, 144])
    return summed(bytes(block))


def hdmi(flags: int | None, base: bytes) -> bytes:
    """That base block with a CTA-861 extension that holds HDMI's block. flags: its sixth octet, as
    in HDMI 1.4b table 8-16; None: it ends before it."""
    inside = bytes.fromhex("030c001000") + (b"" if flags is None else bytes([flags, 30]))
    blocks = b"\x41\x1f" + bytes([0x60 | len(inside)]) + inside
    extension = bytes([2, 3, 4 + len(blocks), 0x70]) + blocks
    return base + summed(extension.ljust(128, b"\x00"))


@pytest.mark.parametrize(("code", "bits"), [(0, 0), (1, 6), (2, 8), (3, 10), (4, 12), (7, 0)])
def test_a_displayport_monitor_says_its_bits_itself(code: int, bits: int) -> None:
    said = _drm.edid_says(monitor(code))
    assert said == {"bits": bits, "least_hz": 48, "most_hz": 144}
    # Whatever HDMI's block says: this is the monitor's other socket.
    assert _drm.edid_says(hdmi(0x80, monitor(code)))["bits"] == bits


def test_an_edid_before_1_4_does_not_say_bits() -> None:
    assert _drm.edid_says(monitor(3, revision=3))["bits"] == 0


@pytest.mark.parametrize(
    ("flags", "bits"), [(None, 8), (0x80, 8), (0x90, 10), (0xB0, 12), (0xF8, 16), (0x08, 8)]
)
@pytest.mark.parametrize("base", [monitor(3, interface=2), monitor(0, revision=3)])
def test_over_hdmi_deep_colour_counts(flags: int | None, bits: int, base: bytes) -> None:
    assert _drm.edid_says(hdmi(flags, base))["bits"] == bits


def test_our_own_inputs_edid_is_understood() -> None:
    assert _drm.edid_says(edid_for(BASE)) == {"bits": 8, "least_hz": 23, "most_hz": 61}


@pytest.mark.parametrize("code", range(4))
def test_range_limits_beyond_255_have_their_offset(code: int) -> None:
    block = bytearray(monitor(2))
    at = bytes(block).index(b"\x00\x00\x00\xfd\x00")
    block[at + 4] = code
    said = _drm.edid_says(summed(bytes(block)))
    least, most = {0: (48, 144), 1: (48, 144), 2: (48, 399), 3: (303, 399)}[code]
    assert (said["least_hz"], said["most_hz"]) == (least, most)


def test_a_broken_edid_says_nothing() -> None:
    whole = hdmi(0x90, monitor(3, interface=2))
    nothing = {"bits": 0, "least_hz": 0, "most_hz": 0}
    assert _drm.edid_says(b"") == _drm.edid_says(whole[:127]) == nothing
    assert _drm.edid_says(b"\x01" + whole[1:]) == nothing
    assert _drm.edid_says(whole[:60] + b"?" + whole[61:]) == nothing
    # An extension that is cut off or does not add up is passed over, the base block is not.
    assert _drm.edid_says(whole[:200])["bits"] == 10
    assert _drm.edid_says(whole[:-1] + bytes([whole[-1] ^ 1]))["bits"] == 10


@settings(max_examples=200)
@given(st.binary(min_size=126, max_size=126), st.binary(max_size=300), st.booleans())
def test_an_edid_of_any_octets_does_no_harm(inside: bytes, rest: bytes, valid: bool) -> None:
    base = monitor(3, interface=2) if valid else b"\x00" + inside + b"\x00"
    said = _drm.edid_says(base + rest)
    assert said["bits"] <= 16 and said["least_hz"] <= said["most_hz"] <= 510
    said = _drm.edid_says(base + summed(b"\x02\x03" + inside))
    assert said["bits"] in (0, 8, 10, 12, 16)


@pytest.mark.parametrize(
    ("found", "most", "bits", "wanted"),
    [
        (8, 12, 10, 10),  # raised as far as the plane needs it
        (12, 16, 10, 12),  # enough as it is
        (8, 8, 10, 8),  # the connector has no more
        (6, 8, 10, 8),  # the most it has
        (8, 12, 8, 8),  # a later flow of 8 bits: as it was found
        (12, 12, 8, 12),
        (0, 0, 10, 0),  # no such property
    ],
)
def test_the_links_limit_is_raised_for_ten_bits_and_put_back(
    found: int, most: int, bits: int, wanted: int
) -> None:
    assert _drm.max_bpc_for(found, min(found, 6), most, bits) == wanted


@pytest.mark.parametrize(
    ("flow", "plane", "link", "glass", "words"),
    [
        (10, "XRGB8888", 0, 0, ["10 bits become 8", "plane shows XRGB8888"]),
        (12, "XBGR2101010", 0, 0, ["12 bits become 10", "plane shows XBGR2101010"]),
        (10, "XRGB2101010", 8, 10, ["10 bits become 8", "limit (max bpc) is 8"]),
        (10, "Y210", 12, 8, ["10 bits become 8", "the monitor takes 8"]),
        (8, "UYVY", 0, 6, ["8 bits become 6", "the monitor takes 6"]),
        (10, "XRGB8888", 8, 6, ["10 bits become 6", "XRGB8888; ", "is 8; ", "takes 6"]),
    ],
)
def test_lost_bits_are_said_with_where_they_get_lost(
    flow: int, plane: str, link: int, glass: int, words: list[str]
) -> None:
    said = _drm.depth_loss(flow, plane, link, glass)
    assert all(one in said for one in words), said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("flow", "plane", "link", "glass"),
    [(10, "XRGB2101010", 12, 10), (10, "Y210", 0, 0), (8, "XRGB8888", 8, 8), (8, "UYVY", 16, 0)],
)
def test_nothing_lost_is_nothing_said(flow: int, plane: str, link: int, glass: int) -> None:
    assert _drm.depth_loss(flow, plane, link, glass) == ""


@pytest.mark.parametrize(
    ("depth", "sampling", "yuv", "wanted"),
    [
        (10, Sampling.YCBCR_422, True, "Y210 XRGB2101010 XBGR2101010 XRGB8888 UYVY YUYV"),
        (10, Sampling.YCBCR_422, False, "XRGB2101010 XBGR2101010 XRGB8888"),
        (10, Sampling.RGB, True, "XRGB2101010 XBGR2101010 XRGB8888"),
        (8, Sampling.YCBCR_422, True, "UYVY YUYV XRGB8888"),
        (8, Sampling.RGB, False, "XRGB8888"),
    ],
)
def test_planes_that_lose_nothing_come_first(
    depth: int, sampling: Sampling, yuv: bool, wanted: str
) -> None:
    fmt = VideoFormat(1920, 1080, BASE.rate, sampling=sampling, depth=depth)
    assert _drm.plane_formats(fmt.native(), yuv) == wanted.split()
