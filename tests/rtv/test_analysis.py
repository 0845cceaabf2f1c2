"""Captures made by hand, judged: known bursts give known figures, known faults are named."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.rtv.analysis import inspect_capture, render_text
from appliance.rtv.analysis.pacing import cinst
from appliance.rtv.layout import packet_layout
from appliance.rtv.packing import Packing
from appliance.rtv.sdp import Session
from appliance.rtv.traffic import SenderType, traffic_model
from drivers.video import Sampling, VideoFormat, format_named
from tests.rtv.capture import (
    glued,
    in_order,
    metadata_packets,
    on_schedule,
    pcap,
    pcapng,
    records,
    video_packets,
)
from tests.rtv.judged import (
    META,
    SMALL,
    changed,
    check,
    good_capture,
    model_of,
    one_video,
    schedule,
    session_of,
    without,
)


@pytest.mark.parametrize("write", [pcap, pcapng])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("with_sdp", [False, True])
def test_a_good_pair_of_flows(write: object, order: str, with_sdp: bool) -> None:
    data = write(good_capture(), order=order)  # type: ignore[operator]
    report = inspect_capture(data, session=session_of(SMALL) if with_sdp else None)
    assert report.ok, render_text(report)
    video, metadata = report.flows
    assert (video.kind, metadata.kind) == ("video", "metadata")
    assert video.in_sdp is with_sdp
    assert report.tai_offset_ns == 37 * 10**9
    assert video.video is not None and metadata.metadata is not None
    assert video.video.units == 60 and video.video.incomplete == 0
    assert video.video.rate == "50" and video.video.aligned == 60
    assert "640x108p" in video.video.format and "4:2:2 10 bit" in video.video.format
    assert video.video.pacing is not None
    assert [kind.met for kind in video.video.pacing.types] == [True, False, True]
    assert metadata.metadata.grains == 60
    assert metadata.metadata.with_static == 6
    assert metadata.metadata.static_gap_ns == 200_000_000
    assert metadata.metadata.stamp_matches == 60
    assert metadata.metadata.flow_id == "66666666-7777-4888-8999-aaaaaaaaaaaa"
    (agreement,) = report.agreements
    assert (agreement.matched, agreement.video_only, agreement.metadata_only) == (60, 0, 0)
    text = render_text(report)
    assert "verdict: good" in text and "FAIL" not in text


@pytest.mark.parametrize(
    ("fmt", "packing"),
    [
        (format_named("1080p50"), Packing.LINES),
        (format_named("1080p59.94"), Packing.BLOCKS),
        (format_named("1080i50"), Packing.LINES),
        (format_named("720p60", depth=8), Packing.FILL),
        (format_named("720p50", sampling=Sampling.RGB), Packing.LINES),
    ],
)
def test_real_formats_are_recognised(fmt: VideoFormat, packing: Packing) -> None:
    packets = video_packets(fmt, 3, packing=packing)
    model = traffic_model(fmt, len(packet_layout(fmt, packing)), SenderType.N)
    data = pcap(records(on_schedule(packets, fmt, tro=model.tro, trs=model.trs)))
    report, flow = one_video(data)
    assert report.ok, render_text(report)
    assert flow.video is not None
    scan = "i" if fmt.interlaced else "p"
    assert f"{fmt.width}x{fmt.height}{scan}" in flow.video.format
    assert flow.video.packing == packing.pm
    assert flow.video.rate is not None and Fraction(flow.video.rate) == fmt.rate
    assert flow.video.pacing is not None and flow.video.pacing.best == "N"


@pytest.mark.parametrize(("burst", "best"), [(1, "N"), (4, "N"), (5, "N"), (8, "W"), (16, "W")])
def test_bursts_of_known_size(burst: int, best: str) -> None:
    """1080p50: a burst of n at one instant is Cinst n; N allows 5, W 16."""
    fmt = format_named("1080p50")
    data = pcap(records(schedule(fmt, 2, lead=max(burst, 4), burst=burst)))
    _, flow = one_video(data)
    assert flow.video is not None and flow.video.pacing is not None
    pacing = flow.video.pacing
    assert pacing.cinst.max == burst
    assert pacing.best == best
    assert pacing.drain_ps == 4_208_754 and pacing.tro_ns == 764_444
    limits = {kind.sender_type: (kind.cmax, kind.vrx_full) for kind in pacing.types}
    assert limits == {"N": (5, 8), "NL": (5, 8), "W": (16, 720)}


def test_a_frame_sent_at_once_meets_no_type() -> None:
    fmt = format_named("1080p50")
    timed = schedule(fmt, 2, lead=10, burst=4320)
    report, flow = one_video(pcap(records(timed)))
    assert flow.video is not None and flow.video.pacing is not None
    assert flow.video.pacing.cinst.max == 4320
    assert flow.video.pacing.best is None
    assert check(flow, "ST 2110-21").ok is False and not report.ok


def test_all_late_underflows_and_names_the_offset_that_would_do() -> None:
    """Everything 60 us late: VRX falls below zero although no burst is too large."""
    fmt = format_named("1080p50")
    _, flow = one_video(pcap(records(schedule(fmt, 2, lead=3, burst=4, late_ns=60_000))))
    assert flow.video is not None and flow.video.pacing is not None
    pacing = flow.video.pacing
    narrow = pacing.types[0]
    assert pacing.cinst.max == 4 and not narrow.met
    # The first packet of a burst leaves at its own turn, so it is 60 us late: 13.5 turns of
    # 4.444 us, in which 14 packets were to be read.
    assert narrow.vrx_min == -14 and narrow.frames_share == narrow.packets_share == 0
    assert pacing.late_ns == pytest.approx(60_000, abs=5)
    assert narrow.troff_us == -(-(764_444 + pacing.late_ns) // 1000)
    again = replace(session_of(fmt).video, troff_us=narrow.troff_us)
    session = Session("again", "192.0.2.10", (again,))
    data = pcap(records(schedule(fmt, 2, lead=3, burst=4, late_ns=60_000)))
    assert inspect_capture(data, session=session).ok


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 3000), min_size=1, max_size=60), st.integers(1, 2_000_000))
def test_bucket_against_a_bucket_with_a_tap(gaps: list[int], drain_ps: int) -> None:
    times = np.cumsum(np.array(gaps, dtype=np.int64))
    expected, leaving = [], []
    for time in times.tolist():
        leaving = [when for when in leaving if when > time * 1000]
        leaving.append(max([time * 1000, *leaving]) + drain_ps)
        expected.append(len(leaving))
    assert cinst(times, drain_ps).tolist() == expected


@pytest.mark.parametrize("size", [4, 9, 44])
@pytest.mark.parametrize("packing", [Packing.LINES, Packing.BLOCKS])
def test_glued_bursts_are_cut_apart(size: int, packing: Packing) -> None:
    fmt = format_named("720p50")
    model = traffic_model(fmt, len(packet_layout(fmt, packing)), SenderType.N)
    timed = on_schedule(
        video_packets(fmt, 3, packing=packing), fmt, tro=model.tro, trs=model.trs, lead=44
    )
    meta = metadata_packets(fmt, 3)
    data = pcap(in_order(records(glued(timed, size)), records(meta, **META)))
    report, flow = one_video(data)
    assert flow.sequence is not None and flow.video is not None and flow.video.pacing is not None
    assert flow.packets == len(timed) and flow.sequence.lost == 0
    assert flow.sequence.largest_burst == size
    assert flow.sequence.glued == len(timed) - -(-len(timed) // size)
    assert check(flow, "segments").ok and check(flow, "marker").ok
    assert flow.video.pacing.cinst.max >= size - 1
    assert any("share its time" in note for note in report.notes)


@pytest.mark.parametrize("snap", [96, 3000, 6000])
@pytest.mark.parametrize("size", [4, 9, 48])
def test_bursts_whose_inner_headers_were_not_captured(snap: int, size: int) -> None:
    fmt = format_named("720p50")
    model = traffic_model(fmt, len(packet_layout(fmt)), SenderType.N)
    timed = on_schedule(video_packets(fmt, 4), fmt, tro=model.tro, trs=model.trs, lead=44)
    whole = glued(timed, size)
    report = inspect_capture(pcap(records(whole), snap=snap), session=session_of(fmt))
    exact = inspect_capture(pcap(records(whole)), session=session_of(fmt))
    flow, same = report.flows[0], exact.flows[0]
    assert flow.video is not None and same.video is not None and same.sequence is not None
    assert flow.sequence == same.sequence
    assert (flow.packets, flow.octets) == (len(timed), same.octets)
    assert flow.video.pacing == same.video.pacing and flow.video.pacing is not None
    # The last frame's end is not seen, and nothing follows that would show it.
    assert flow.video.units in (3, 4)
    if snap < (size - 1) * 820:
        marker = check(flow, "marker")
        assert marker.ok is None and "not in the capture" in marker.text
        assert check(flow, "segments").ok is None


def test_bursts_over_the_end_of_a_frame_are_not_judged_by_what_was_not_captured() -> None:
    fmt = format_named("720p50")
    timed = schedule(fmt, 4)
    report = inspect_capture(pcap(records(glued(timed, 44)), snap=96), session=session_of(fmt))
    (flow,) = report.flows
    assert flow.video is not None and flow.packets == len(timed)
    # 2880 packets a frame are no multiple of 44: where the ends lie is not known.
    assert flow.video.units == 0 and flow.video.pacing is None


def test_a_burst_lost_among_those_not_captured_is_counted() -> None:
    fmt = format_named("720p50")
    bursts = glued(schedule(fmt, 3), 5)
    kept = bursts[:7] + bursts[8:]
    report = inspect_capture(pcap(records(kept), snap=96), session=session_of(fmt))
    (flow,) = report.flows
    assert flow.sequence is not None and flow.video is not None
    assert (flow.sequence.lost, flow.sequence.gaps) == (5, 1)
    assert flow.video.units == 1


def test_glued_grains_are_cut_apart() -> None:
    grains = metadata_packets(SMALL, 4, parts=2)
    # The first of a pair is filled up, so that both together are longer than a frame can be.
    timed = [
        (grains[n][0], grains[n][1] + bytes(1440 - len(grains[n][1])) + grains[n + 1][1])
        for n in range(0, 8, 2)
    ]
    report = inspect_capture(pcap(records(timed, **META)))
    (flow,) = report.flows
    assert flow.sequence is not None
    assert (flow.packets, flow.sequence.glued, flow.sequence.lost) == (8, 4, 0)


def test_lost_doubled_and_swapped_packets_are_counted() -> None:
    timed = schedule(SMALL, 4)
    per_frame = len(packet_layout(SMALL))
    timed = without(timed, per_frame + 5, per_frame + 6, 2 * per_frame + 9)
    timed.insert(12, timed[11])
    timed[3 * per_frame : 3 * per_frame + 2] = [
        (timed[3 * per_frame][0], timed[3 * per_frame + 1][1]),
        (timed[3 * per_frame + 1][0], timed[3 * per_frame][1]),
    ]
    _, flow = one_video(pcap(records(timed)))
    assert flow.sequence is not None and flow.video is not None
    assert (flow.sequence.lost, flow.sequence.gaps) == (3, 2)
    assert (flow.sequence.duplicates, flow.sequence.reordered) == (1, 1)
    assert check(flow, "sequence").ok is False
    assert flow.video.incomplete == 2


@pytest.mark.parametrize(
    ("at", "value", "name"),
    [
        (1, b"\xe0", "marker"),  # a marker in the middle of a frame
        (16, b"\x7f\xf0", "segments"),  # a row that the raster has not
        (18, b"\x03\x01", "segments"),  # an offset of no whole pixel group
        (18, b"\x00\x02", "segments"),  # an offset that leaves a hole
        (14, b"\x00\x00", "payload"),  # an empty segment
        (0, b"\x40", "payload"),  # another version of RTP
    ],
)
def test_a_broken_packet_is_named(at: int, value: bytes, name: str) -> None:
    timed = changed(schedule(SMALL, 4), 150, at, value)
    report, flow = one_video(pcap(records(timed)), session=session_of(SMALL))
    assert check(flow, name).ok is False
    assert not report.ok


def test_frames_left_out_are_named_without_an_sdp() -> None:
    per_frame = len(packet_layout(SMALL))
    timed = [
        (time, packet)
        for n, (time, packet) in enumerate(schedule(SMALL, 12))
        if n // per_frame not in (1, 2, 4, 7, 9, 10)
    ]
    for n in range(len(timed)):
        timed = changed(timed, n, 2, n.to_bytes(2, "big"))
        timed = changed(timed, n, 12, bytes(2))
    _, flow = one_video(pcap(records(timed)))
    assert flow.sequence is not None and flow.sequence.lost == 0
    assert flow.video is not None and flow.video.rate == "50"
    assert "4 of 5 steps are not those of 50" in check(flow, "timestamps").text


def test_uneven_timestamps_are_named() -> None:
    timed = schedule(SMALL, 6)
    per_frame = len(packet_layout(SMALL))
    for place in range(2 * per_frame, 3 * per_frame):
        stamp = int.from_bytes(timed[place][1][4:8], "big") + 7
        timed = changed(timed, place, 4, stamp.to_bytes(4, "big"))
    _, flow = one_video(pcap(records(timed)), session=session_of(SMALL))
    assert check(flow, "timestamps").ok is False
    assert flow.video is not None and flow.video.aligned == 5


def test_two_paths_are_seen_as_one_stream() -> None:
    timed = schedule(SMALL, 4)
    late = [(time + 30_000, packet) for time, packet in timed]
    second = {"destination": "239.2.1.1", "source": "10.0.2.2"}
    data = pcap(in_order(records(without(timed, 100)), records(without(late, 100, 200), **second)))
    (twin,) = inspect_capture(data).twins
    assert (twin.both, twin.lost) == (len(timed) - 2, 1)
    assert twin.skew_ns is not None
    assert abs(twin.skew_ns.p50) == 30_000


def test_a_second_sender_in_the_flow_is_named() -> None:
    model = model_of(SMALL)
    stranger = on_schedule(
        video_packets(SMALL, 1, ssrc=0x9999), SMALL, tro=model.tro, trs=model.trs
    )
    data = pcap(in_order(records(schedule(SMALL, 4)), records(stranger)))
    _, flow = one_video(data)
    assert flow.sequence is not None and flow.sequence.other_ssrc == len(stranger)
    assert check(flow, "sequence").ok is False


def test_what_an_sdp_promises_and_the_capture_lacks() -> None:
    data = pcap(records(schedule(SMALL, 3)))
    report = inspect_capture(data, session=session_of(SMALL))
    assert not report.ok
    assert any("239.1.1.3:20004 is not in the capture" in note for note in report.notes)


def test_clocks_that_are_not_related() -> None:
    timed = [(time - 4000 * 10**9, packet) for time, packet in schedule(SMALL, 4)]
    report, flow = one_video(pcap(records(timed)), session=session_of(SMALL))
    assert report.tai_offset_ns is None
    assert check(flow, "first packet").ok is None
    known, flow = one_video(pcap(records(timed)), tai_offset_ns=4037 * 10**9)
    assert known.tai_offset_ns == 4037 * 10**9
    assert flow.video is not None and flow.video.aligned == 4
