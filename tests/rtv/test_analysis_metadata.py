"""Metadata flows in a capture: grains, their times and what they say."""

from __future__ import annotations

import json

import pytest

from appliance.rtv.analysis import inspect_capture, render_text, report_json
from appliance.rtv.rtp import decode_packet, ptp_bytes, ptp_from
from tests.rtv.capture import (
    in_order,
    metadata_packets,
    pcap,
    records,
)
from tests.rtv.judged import (
    META,
    SMALL,
    changed,
    check,
    schedule,
    without,
)


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
    assert check(flow, "grain timestamps").ok is False


@pytest.mark.parametrize(("age_ms", "ok"), [(0, True), (35, True), (-5, False), (1500, False)])
def test_an_origin_is_a_little_older_than_its_grain(age_ms: int, ok: bool) -> None:
    """A frame synchroniser holds a picture for up to two frames; nothing is made beforehand."""
    timed = []
    for time, packet in metadata_packets(SMALL, 5):
        origin = decode_packet(packet).elements[0][1]
        older = ptp_bytes(ptp_from(origin) - age_ms * 10**6)
        timed.append((time, packet[:17] + older + packet[27:]))
    (flow,) = inspect_capture(pcap(records(timed, **META))).flows
    assert check(flow, "grain timestamps").ok is ok
    assert flow.metadata is not None and flow.metadata.origin_age_ns is not None
    assert abs(flow.metadata.origin_age_ns.p50 - age_ms * 10**6) < 12_000


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


def test_faults_of_a_grain_are_told_and_its_patient_only_when_asked() -> None:
    def read(grain: bytes) -> list[str]:
        return ["PatientName: Doe^Jane", f"! {grain[128:132].decode()} without a series"]

    data = pcap(records(metadata_packets(SMALL, 5), **META))
    for show in (True, False):
        report = inspect_capture(data, read_grain=read, show_grains=show)
        assert check(report.flows[0], "grain contents").text == "DICM without a series"
        assert ("Doe^Jane" in render_text(report)) is show
        assert ("Doe^Jane" in json.dumps(report_json(report))) is show
