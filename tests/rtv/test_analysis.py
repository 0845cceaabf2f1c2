"""Captures made by hand, judged: known bursts give known figures, known faults are named."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.rtv.analysis import inspect_capture, render_text, report_json, report_schema
from appliance.rtv.analysis.pacing import cinst
from appliance.rtv.analysis.report import Check, FlowReport, Report
from appliance.rtv.layout import Packing, packet_layout
from appliance.rtv.pcap import CaptureError, read_capture
from appliance.rtv.rtp import encode_header
from appliance.rtv.sdp import MetadataMedia, SdpLeg, Session, VideoMedia
from appliance.rtv.traffic import SenderType, TrafficModel, traffic_model
from drivers.video import Sampling, Scan, VideoFormat, format_named
from tests.rtv.capture import (
    TAI_START,
    Record,
    Timed,
    glued,
    in_order,
    metadata_packets,
    on_schedule,
    pcap,
    pcapng,
    records,
    udp_frame,
    video_packets,
)

SMALL = VideoFormat(640, 108, Fraction(50))
META = {"destination": "239.1.1.3", "port": 20004}


def model_of(fmt: VideoFormat, kind: SenderType = SenderType.N) -> TrafficModel:
    return traffic_model(fmt, len(packet_layout(fmt)), kind)


def schedule(fmt: VideoFormat, units: int, **options: int) -> list[Timed]:
    model = model_of(fmt)
    return on_schedule(video_packets(fmt, units), fmt, tro=model.tro, trs=model.trs, **options)


def session_of(fmt: VideoFormat, kind: SenderType = SenderType.N) -> Session:
    return Session(
        "test",
        "192.0.2.10",
        (VideoMedia(fmt, (SdpLeg("239.1.1.1", 20000, "192.0.2.10"),), sender_type=kind),),
        (MetadataMedia((SdpLeg("239.1.1.3", 20004, "192.0.2.10"),)),),
    )


def check(flow: FlowReport, name: str) -> Check:
    (found,) = (item for item in flow.checks if item.name == name)
    return found


def good_capture(units: int = 60) -> list[Record]:
    return in_order(
        records(schedule(SMALL, units, lead=4, burst=4)),
        records(metadata_packets(SMALL, units), **META),
    )


def one_video(data: bytes, **options: object) -> tuple[Report, FlowReport]:
    report = inspect_capture(data, **options)  # type: ignore[arg-type]
    (flow,) = (item for item in report.flows if item.kind == "video")
    return report, flow


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
    assert metadata.metadata.origin_matches == 60
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
    assert narrow.vrx_min == -14 and narrow.frames_share == 0
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


def without(timed: list[Timed], *places: int) -> list[Timed]:
    return [packet for n, packet in enumerate(timed) if n not in places]


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


def changed(timed: list[Timed], place: int, at: int, value: bytes) -> list[Timed]:
    time, packet = timed[place]
    return [
        *timed[:place],
        (time, packet[:at] + value + packet[at + len(value) :]),
        *timed[place + 1 :],
    ]


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


def test_uneven_timestamps_are_named() -> None:
    timed = schedule(SMALL, 6)
    per_frame = len(packet_layout(SMALL))
    for place in range(2 * per_frame, 3 * per_frame):
        stamp = int.from_bytes(timed[place][1][4:8], "big") + 7
        timed = changed(timed, place, 4, stamp.to_bytes(4, "big"))
    _, flow = one_video(pcap(records(timed)), session=session_of(SMALL))
    assert check(flow, "timestamps").ok is False
    assert flow.video is not None and flow.video.aligned == 5


def test_metadata_that_does_not_belong_to_the_video() -> None:
    video, grains = schedule(SMALL, 60, lead=4, burst=4), metadata_packets(SMALL, 60)
    missing = in_order(records(video), records(without(grains, 30), **META))
    report = inspect_capture(pcap(missing))
    assert (report.agreements[0].video_only, report.agreements[0].ok) == (1, False)
    assert not report.ok
    stamp = int.from_bytes(grains[30][1][4:8], "big") + 100
    wrong = changed(grains, 30, 4, stamp.to_bytes(4, "big"))
    report = inspect_capture(pcap(in_order(records(video), records(wrong, **META))))
    assert (report.agreements[0].video_only, report.agreements[0].metadata_only) == (1, 1)
    (flow,) = (item for item in report.flows if item.kind == "metadata")
    assert check(flow, "origin timestamps").ok is False


def test_a_static_part_that_comes_too_seldom() -> None:
    report = inspect_capture(pcap(records(metadata_packets(SMALL, 80, static_every=60), **META)))
    (flow,) = report.flows
    assert check(flow, "static part").ok is False
    assert flow.metadata is not None and flow.metadata.static_gap_ns == 1_200_000_000


def test_a_grain_over_several_packets_is_put_together() -> None:
    seen: list[bytes] = []

    def read(grain: bytes) -> list[str]:
        seen.append(grain)
        return [f"{len(grain)} octets of DICOM"]

    data = pcap(records(metadata_packets(SMALL, 5, parts=2), **META))
    report = inspect_capture(data, read_grain=read)
    (flow,) = report.flows
    assert flow.metadata is not None
    assert flow.metadata.packets_per_grain is not None
    assert flow.metadata.packets_per_grain.max == 2
    assert len(seen) == 5 and all(grain[128:132] == b"DICM" for grain in seen)
    assert "octets of DICOM" in render_text(report)


def test_a_grain_that_the_reader_refuses_is_named() -> None:
    def read(grain: bytes) -> list[str]:
        raise ValueError(f"group length: 5 of {len(grain)} octets are missing")

    report = inspect_capture(pcap(records(metadata_packets(SMALL, 5), **META)), read_grain=read)
    assert "octets are missing" in check(report.flows[0], "grain contents").text
    assert not report.ok


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


def test_a_short_snap_length_is_enough_for_the_video() -> None:
    _, flow = one_video(pcap(records(schedule(SMALL, 4)), snap=96))
    assert all(item.ok is not False for item in flow.checks), flow.checks


def vlan(frame: bytes) -> bytes:
    return frame[:12] + b"\x81\x00\x00\x05" + frame[12:]


def cooked(frame: bytes) -> bytes:
    return bytes(14) + frame[12:]


@pytest.mark.parametrize(("wrap", "link"), [(vlan, 1), (cooked, 113), (lambda f: f[14:], 101)])
def test_other_link_layers(wrap: object, link: int) -> None:
    taken = [(time, wrap(frame)) for time, frame in records(schedule(SMALL, 3))]  # type: ignore[operator]
    data = bytearray(pcap(taken))
    data[20] = link
    report, _ = one_video(bytes(data))
    assert report.ok


def test_other_traffic_is_passed_over_and_counted() -> None:
    frame = udp_frame(b"hello")
    other = [
        (0, frame[:12] + b"\x86\xdd" + bytes(40)),
        (0, frame[:12] + b"\x08\x06" + bytes(28)),
        (0, frame[:23] + b"\x06" + frame[24:]),
        (0, frame[:20] + b"\x20\x00" + frame[22:]),
        (0, frame[:30]),
        (0, frame),
    ]
    report = inspect_capture(pcap(other))
    assert report.passed_over == {
        "IPv6": 1,
        "other protocols": 1,
        "cut in the IP header": 1,
        "not UDP": 1,
        "IP fragments": 1,
    }
    assert [flow.kind for flow in report.flows] == ["udp"]
    assert not report.ok


def test_plain_rtp_is_another_essence() -> None:
    sound = [
        (TAI_START + n * 10**6, encode_header(97, n, 48 * n, 7) + bytes(288)) for n in range(9)
    ]
    report = inspect_capture(pcap(records(sound)))
    assert [flow.kind for flow in report.flows] == ["rtp"]
    assert "no ST 2110-20 video" in render_text(report)


def test_an_interrupted_capture_is_read_to_its_last_record() -> None:
    whole = pcap(records(schedule(SMALL, 4)))
    report = inspect_capture(whole[:-100])
    assert any("ends within a record" in note for note in report.notes)
    assert report.records == 4 * len(packet_layout(SMALL)) - 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "nothing"),
        (b"GIF89a", "give a pcap"),
        (pcap([])[:20], "header"),
        (pcap([(0, b"x")])[:32] + b"\xff\xff\xff\x7f" + bytes(9), "broken"),
        (pcapng([])[:28] + b"\x00\x00\x00\x01\x00\x00\x00\x05" + bytes(8), "broken"),
    ],
)
def test_what_is_no_capture_is_one_clear_error(data: bytes, words: str) -> None:
    with pytest.raises(CaptureError, match=words) as caught:
        inspect_capture(data)
    assert "\n" not in str(caught.value)


TINY = VideoFormat(64, 6, Fraction(50), Scan.PROGRESSIVE)
SEEDS = [
    write(in_order(records(schedule(TINY, 3)), records(metadata_packets(TINY, 3, parts=2), **META)))
    for write in (pcap, pcapng)
]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SEEDS), st.data())
def test_a_hostile_capture_is_judged_or_refused(seed: bytes, data: st.DataObject) -> None:
    octets = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 6))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    del octets[data.draw(st.integers(len(octets) // 2, len(octets))) :]
    try:
        report = inspect_capture(bytes(octets), read_grain=lambda grain: [grain.hex()])
    except CaptureError as error:
        assert "\n" not in str(error)
        return
    json.dumps(report_json(report))
    assert render_text(report).endswith("\n")


def conforms(value: object, schema: dict[str, object], definitions: dict[str, object]) -> bool:
    """As much of JSON Schema as ours uses."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return conforms(value, definitions[name], definitions)  # type: ignore[arg-type]
    if "anyOf" in schema:
        return any(conforms(value, one, definitions) for one in schema["anyOf"])  # type: ignore[attr-defined]
    kind = schema["type"]
    if kind == "object":
        if not isinstance(value, dict):
            return False
        named = schema.get("properties", {})
        extra = schema["additionalProperties"]
        return set(schema.get("required", [])) <= set(value) and all(  # type: ignore[call-overload]
            conforms(item, named.get(key, extra), definitions)  # type: ignore[attr-defined]
            for key, item in value.items()
        )
    if kind == "array":
        return isinstance(value, list) and all(
            conforms(item, schema["items"], definitions)  # type: ignore[arg-type]
            for item in value
        )
    types = {"integer": int, "string": str, "boolean": bool, "null": type(None)}
    return type(value) is types[str(kind)]


def test_the_report_is_as_its_schema_says() -> None:
    schema = report_schema()
    report = json.loads(json.dumps(report_json(inspect_capture(pcap(good_capture(4))))))
    assert conforms(report, schema, schema["$defs"])
    assert schema["$defs"]["Report"]["properties"]["ok"] == {"type": "boolean"}
    assert all(kind["description"] for kind in schema["$defs"].values())
    report["flows"][0]["packets"] = "many"
    assert not conforms(report, schema, schema["$defs"])


def test_records_keep_their_nanoseconds() -> None:
    capture = read_capture(pcapng([(1_795_000_000_123_456_789, b"abc")]))
    assert capture.time.tolist() == [1_795_000_000_123_456_789]
    assert bytes(capture.octets[capture.offset[0] :][:3]) == b"abc"
