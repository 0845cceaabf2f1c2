"""Captures of the first octets of packets (tcpdump -s): what they cannot show is not judged."""

from __future__ import annotations

import pytest

from appliance.rtv.analysis import inspect_capture
from appliance.rtv.analysis.report import FlowReport, Report
from tests.rtv.capture import glued, in_order, metadata_packets, pcap, records
from tests.rtv.judged import META, SMALL, check, good_capture, schedule, session_of

WORDS = "cannot be judged: truncated"


def flow(report: Report, kind: str) -> FlowReport:
    (found,) = (item for item in report.flows if item.kind == kind)
    return found


@pytest.mark.parametrize("with_sdp", [True, False])
def test_a_good_stream_stays_good(with_sdp: bool) -> None:
    session = session_of(SMALL) if with_sdp else None
    report = inspect_capture(pcap(good_capture(), snap=128), session=session, read_grain=refuse)
    metadata = flow(report, "metadata")
    for name in ("grains", "grain contents", "static part"):
        assert check(metadata, name).ok is None, name
        assert WORDS in check(metadata, name).text
    assert check(metadata, "header extension").ok  # it was captured, and so is judged
    assert check(metadata, "grain timestamps").ok
    assert check(metadata, "sequence").ok
    assert flow(report, "video").video is not None
    assert [a.ok for a in report.agreements] == [True]
    assert report.ok


def refuse(_grain: bytes) -> list[str]:
    raise AssertionError("a grain that was not wholly captured was read")


def test_bursts_that_were_cut_off_lose_no_packets() -> None:
    """Receive offload glued each grain's packets, and the capture kept the first octets."""
    grains = metadata_packets(SMALL, 60, parts=1)
    big = [(time, packet + bytes(1200)) for time, packet in grains]
    data = pcap(
        in_order(records(schedule(SMALL, 60, lead=4)), records(glued(big, 2), **META)), snap=128
    )
    report = inspect_capture(data, session=session_of(SMALL))
    metadata = flow(report, "metadata")
    assert check(metadata, "offload").ok is None
    assert WORDS in check(metadata, "offload").text
    assert check(metadata, "sequence").ok is None
    assert WORDS in check(metadata, "sequence").text


@pytest.mark.parametrize("snap", [46, 60, 96])
def test_less_than_a_header_extension_is_no_fault_either(snap: int) -> None:
    report = inspect_capture(pcap(good_capture(), snap=snap), session=session_of(SMALL))
    cut = [item for item in report.flows if item.in_sdp and item.kind == "udp"]
    assert cut
    for item in cut:
        assert check(item, "payload").ok is None
        assert WORDS in check(item, "payload").text
    failed = [c for item in report.flows for c in item.checks if c.ok is False]
    assert failed == []


@pytest.mark.parametrize("snap", [*range(60), 64, 80, 100, 118, 119, 130, 200, 250])
def test_any_length_is_judged_without_falling(snap: int) -> None:
    for session in (None, session_of(SMALL)):
        report = inspect_capture(pcap(good_capture(6), snap=snap), session=session)
        assert not [c for item in report.flows for c in item.checks if c.ok is False]


def test_a_capture_that_is_whole_still_fails_for_what_is_wrong() -> None:
    short = [(time, packet[:150]) for time, packet in metadata_packets(SMALL, 60, parts=1)]
    swapped = [(time, packet[:-40] + bytes(40)) for time, packet in short]
    data = pcap(in_order(records(schedule(SMALL, 60, lead=4)), records(swapped, **META)))
    report = inspect_capture(data, session=session_of(SMALL))
    assert not report.ok


def test_the_udp_size_is_judged_by_the_sdp_and_not_without_one() -> None:
    (udp,) = (
        check(item, "UDP size")
        for item in inspect_capture(pcap(good_capture())).flows
        if item.kind == "video"
    )
    assert udp.ok is None and "not judged" in udp.text and "SDP" in udp.text
    with_sdp = inspect_capture(pcap(good_capture()), session=session_of(SMALL))
    assert check(flow(with_sdp, "video"), "UDP size").ok is True


@pytest.mark.parametrize(
    ("every", "units", "ok"),
    [
        (50, 60, True),  # 1.2 s of capture, two of them or one in the middle
        (60, 60, False),  # one at the begin, and nothing for more than a second
        (10, 20, True),
        (50, 40, None),
    ],
)
def test_the_static_part_in_a_short_capture(every: int, units: int, ok: bool | None) -> None:
    data = pcap(
        in_order(
            records(schedule(SMALL, units, lead=4)),
            records(metadata_packets(SMALL, units, static_every=every), **META),
        )
    )
    found = check(flow(inspect_capture(data, session=session_of(SMALL)), "metadata"), "static part")
    assert found.ok is ok, found.text
