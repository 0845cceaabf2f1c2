"""Capture files of all kinds: link layers, cut, hostile; and the report's schema."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.rtv import timing
from appliance.rtv.analysis import inspect_capture, render_text, report_json, report_schema
from appliance.rtv.grain_text import grain_lines
from appliance.rtv.layout import packet_layout
from appliance.rtv.pcap import CaptureError, read_capture
from appliance.rtv.rtp import encode_header
from drivers.video import Scan, VideoFormat, format_named
from tests.rtv.capture import (
    TAI_START,
    Timed,
    in_order,
    metadata_packets,
    pcap,
    pcapng,
    records,
    udp_frame,
)
from tests.rtv.judged import (
    META,
    SMALL,
    good_capture,
    one_video,
    schedule,
)
from tests.support import grains


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


def test_real_grains_are_read_and_found_whole() -> None:
    """Grains of the transmitter's own templates, over packets as it splits them."""
    made = grains.session(video="1080p50").templates
    timed: list[Timed] = []
    fmt = format_named("1080p50")
    sequence = 100
    for frame in range(60):
        index = timing.alignment_index(TAI_START, fmt.rate) + frame
        tai = timing.alignment_point(index, fmt.rate)
        values = grains.moment(tai)
        grain = grains.grain(made, values, static=frame % 25 == 0)
        stamp = timing.alignment_rtp(index, fmt.rate)
        packets = list(grains.packets(made, grain, values, sequence=sequence, timestamp=stamp))
        sequence += len(packets)
        timed += [(tai + 1000 + n, packet) for n, packet in enumerate(packets)]
    report = inspect_capture(pcap(records(timed, **META)), read_grain=grain_lines)
    assert report.ok, render_text(report)
    (flow,) = report.flows
    assert flow.metadata is not None
    assert (flow.metadata.grains, flow.metadata.with_static) == (60, 3)
    assert "Yamada^Tarou" in render_text(report)
