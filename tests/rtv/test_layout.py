"""Packet layouts: every pgroup once, in order, within the sizes that the standard allows."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.rtv.cut import wire
from appliance.rtv.layout import check_layout, packet_layout, udp_octets
from appliance.rtv.packing import Packing
from appliance.rtv.pgroup import PGROUPS, pgroup, unit_octets
from drivers.video import FORMATS, Sampling, Scan, VideoFormat, format_named

KINDS = [(sampling, depth) for sampling, depths in PGROUPS.items() for depth in depths]


def covered(fmt: VideoFormat, packets: np.ndarray) -> list[tuple[int, int, int]]:
    """Every pgroup as (row, pixel, octets), in the order in which the packets carry them."""
    group = pgroup(fmt.sampling, fmt.depth)
    found = []
    for count, *srds in packets.tolist():
        for n in range(count):
            length, row, offset = srds[3 * n : 3 * n + 3]
            assert length % group.octets == 0
            groups = range(length // group.octets)
            found += [(row, offset + k * group.pixels, group.octets) for k in groups]
        assert not any(srds[3 * count :]), "zeros behind the last segment"
    return found


@settings(max_examples=120, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    across=st.integers(1, 400),
    rows=st.integers(1, 6),
    scan=st.sampled_from(Scan),
    packing=st.sampled_from(Packing),
    max_udp=st.sampled_from([300, 1460, 4000, 8960]),
)
def test_every_pgroup_once_and_in_order(
    kind: tuple[Sampling, int], across: int, rows: int, scan: Scan, packing: Packing, max_udp: int
) -> None:
    group = pgroup(*kind)
    width = max(2, across * group.pixels)
    fmt = VideoFormat(width + width % 2, rows * 2, Fraction(50), scan, kind[0], kind[1])
    try:
        packets = packet_layout(fmt, packing, max_udp)
    except ValueError as error:
        assert fmt.width % group.pixels or packing is Packing.BLOCKS, str(error)
        assert "\n" not in str(error)
        return
    unit_rows = fmt.height // 2 if fmt.interlaced else fmt.height
    want = [
        (row, pixel, group.octets)
        for row in range(unit_rows)
        for pixel in range(0, fmt.width, group.pixels)
    ]
    assert covered(fmt, packets) == want
    assert udp_octets(packets).max() <= max_udp
    assert wire(fmt, packing, max_udp) == (len(packets), udp_octets(packets).sum())
    assert packets.dtype == np.int32 and packets.flags["C_CONTIGUOUS"]
    check_layout(fmt, packets)
    if packing is Packing.BLOCKS:
        data = packets[:, [1, 4, 7]].sum(axis=1)
        assert np.all(data[:-1] == 1260) and data[-1] <= 1260


@pytest.mark.parametrize(
    ("name", "lines", "blocks"),
    [
        ("720p50", 2880, 1829),
        ("1080p50", 4320, 4115),
        ("1080i50", 2160, 2058),
        ("2160p50", 17280, 16458),
    ],
)
def test_packet_counts_of_the_usual_formats(name: str, lines: int, blocks: int) -> None:
    fmt = format_named(name)
    packets = packet_layout(fmt)
    assert len(packets) == lines
    assert len(packet_layout(fmt, Packing.BLOCKS)) == blocks
    assert len(set(udp_octets(packets).tolist())) == 1, "one size, so that UDP_SEGMENT works"


def test_quarter_line_packets_of_1080p() -> None:
    packets = packet_layout(format_named("1080p50"))
    assert packets[5].tolist() == [1, 1200, 1, 480, 0, 0, 0, 0, 0, 0]
    assert packet_layout(format_named("1080p50"), max_udp=8960)[1].tolist()[:4] == [1, 4800, 1, 0]


def test_all_named_formats_in_all_samplings_have_equal_packets() -> None:
    for name, fmt in FORMATS.items():
        for sampling, depth in KINDS:
            changed = replace(fmt, sampling=sampling, depth=depth)
            packets = packet_layout(changed)
            check_layout(changed, packets)
            assert len(set(packets[:, 1].tolist())) == 1, (name, sampling, depth)


def test_a_layout_that_skips_or_repeats_is_refused() -> None:
    fmt = format_named("720p50")
    packets = packet_layout(fmt)
    for broken in (packets[1:], packets[::-1], np.concatenate([packets, packets[:1]])):
        with pytest.raises(ValueError, match="once and in order"):
            check_layout(fmt, broken)


@pytest.mark.parametrize(
    ("fmt", "packing", "max_udp", "words"),
    [
        (format_named("1080p50"), Packing.LINES, 9001, "max_udp"),
        (format_named("1080p50"), Packing.BLOCKS, 1000, "block packing"),
        (VideoFormat(64, 64, Fraction(50)), Packing.BLOCKS, 1460, "too short"),
        (
            VideoFormat(1922, 64, Fraction(50), sampling=Sampling.RGB),
            Packing.LINES,
            1460,
            "width: 1922",
        ),
    ],
)
def test_what_does_not_go_together_is_one_line(
    fmt: VideoFormat, packing: Packing, max_udp: int, words: str
) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        packet_layout(fmt, packing, max_udp)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 160


def test_octets_of_a_unit() -> None:
    assert unit_octets(format_named("1080p50")) == 1920 * 1080 * 5 // 2
    assert unit_octets(format_named("1080i50")) == 1920 * 540 * 5 // 2
