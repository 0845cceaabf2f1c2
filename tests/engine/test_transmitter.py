"""The Transmitter on real sockets: what arrives on loopback is what the source gave."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from appliance.rtv.layout import packet_layout
from appliance.rtv.timing import alignment_index, alignment_point, alignment_rtp, rtp_timestamp
from drivers.video import FORMATS, Scan
from tests.engine.flow import Listener, samples_10bit, units
from tests.engine.python_source import tai
from tests.engine.transmitter_stage import (
    FIELDS,
    FORMAT,
    PERIOD,
    check_order,
    finish,
    leg,
    number_of,
    origin_of,
    read_grains,
    running,
    source,
    transmitter,
    video_units,
)
from tests.support import grains


def test_aligned_video_bit_for_bit_with_its_metadata() -> None:
    src = source(phase=3_000_000)
    with Listener() as video, Listener() as metadata:
        tx = transmitter(src, [leg(video)], [leg(metadata)], max_frames=8)
        tx.set_grain(**grains.session().templates.arguments())
        finish(tx)
        found = video_units(video)
        read = read_grains(metadata.packets())
    per = len(packet_layout(FORMAT))
    check_order(found, per)
    assert len(found) == len(read) == 8
    assert tx.counters()["packets"] == 8 * per
    assert tx.counters()["slates"] == 0
    assert any("PatientName" in ds for _, _, ds in read)
    for unit, (elements, timestamp, ds) in zip(found, read, strict=True):
        assert unit.timestamp == timestamp
        index = alignment_index(elements.sync, FORMAT.rate)
        assert alignment_point(index, FORMAT.rate) == elements.sync
        assert timestamp == alignment_rtp(index, FORMAT.rate)
        assert elements.origin == origin_of(ds)
        assert number_of(unit, src) == src.given[elements.origin] % 7
        assert 0 < elements.sync - elements.origin < 4 * PERIOD


def test_direct_is_stamped_with_the_capture_time() -> None:
    src = source(phase=7_000_123)
    with Listener() as video, Listener() as metadata:
        tx = transmitter(src, [leg(video)], [leg(metadata)], sync="direct", max_frames=6)
        tx.set_grain(**grains.session().templates.arguments())
        finish(tx)
        found, read = video_units(video), read_grains(metadata.packets())
    steps = np.diff([src.given[e.origin] for e, _, _ in read])
    count = tx.counters()
    assert (steps >= 1).all()
    assert int((steps - 1).sum()) <= count["drops"] + count["source_lost"]
    for unit, (elements, timestamp, _) in zip(found, read, strict=True):
        assert elements.sync == elements.origin
        assert unit.timestamp == timestamp == rtp_timestamp(elements.origin)
        assert number_of(unit, src) == src.given[elements.origin] % 7


def test_two_paths_carry_the_same_octets() -> None:
    src = source()
    with Listener() as one, Listener("239.77.1.2") as two:
        tx = transmitter(src, [leg(one), leg(two, dscp=46, ttl=3)], max_frames=4)
        finish(tx)
        first, second = one.packets(), two.packets()
    assert first == second and len(first) == 4 * len(packet_layout(FORMAT))


def test_source_port_is_used() -> None:
    with Listener() as video, Listener() as spare:
        port = spare.port
        spare.close()
        tx = transmitter(source(), [leg(video, source_port=port)], max_frames=1)
        finish(tx)
        assert video.packets()
        assert video.sender == ("127.0.0.1", port)


@pytest.mark.parametrize("scan", [Scan.INTERLACED, Scan.PSF])
def test_fields_and_segments(scan: Scan) -> None:
    fmt = replace(FIELDS, scan=scan)
    src = source(fmt)
    with Listener() as video:
        tx = transmitter(src, [leg(video)], fmt=fmt, max_frames=4)
        finish(tx)
        found = video_units(video)
    check_order(found, len(packet_layout(fmt)))
    assert [unit.second for unit in found] == [False, True] * 4
    assert tx.counters()["fields"] == 8
    for first, second in zip(found[::2], found[1::2], strict=True):
        assert (second.timestamp - first.timestamp) % 2**32 == (
            1800 if scan == Scan.INTERLACED else 0
        )
        whole = np.empty((32, 192), np.uint16)
        whole[0::2] = samples_10bit(first.octets(), 192)
        whole[1::2] = samples_10bit(second.octets(), 192)
        assert any((p == whole).all() for p in src.pictures)


@pytest.mark.parametrize(("share", "counter"), [(1.15, "repeats"), (0.87, "drops")])
def test_a_drifting_source_is_repeated_or_dropped(share: float, counter: str) -> None:
    src = source(period_ns=int(PERIOD * share), phase=5_000_000)
    with Listener() as video, Listener() as metadata:
        tx = transmitter(src, [leg(video)], [leg(metadata)], max_frames=60)
        tx.set_grain(**grains.session().templates.arguments())
        finish(tx)
        read, found = read_grains(metadata.packets()), video_units(video)
    count = tx.counters()
    origins = [e.origin for e, _, _ in read]
    numbers = [src.given[o] for o in origins]
    steps = np.diff(numbers)
    # What is counted is what was seen: a repeat is sent twice, a drop is a number left out.
    # The first 250 ms count for themselves.
    settling = count["settling"]
    assert count["repeats"] <= int((steps == 0).sum()) <= count["repeats"] + settling
    assert (steps >= 0).all()
    left_out = int((steps - 1).clip(0).sum())
    assert count["drops"] + count["source_lost"] + settling >= left_out
    assert 4 <= count[counter] <= 20
    assert [number_of(u, src) for u in found] == [n % 7 for n in numbers]
    if count["skipped"] == 0:
        assert set(np.diff([u.timestamp for u in found])) == {1800}


def test_static_part_each_half_second_and_at_once_when_it_changes() -> None:
    session = grains.session()
    with Listener() as video, Listener() as metadata:
        tx = transmitter(source(), [leg(video)], [leg(metadata)], static_period_ns=300_000_000)
        tx.set_grain(**session.templates.arguments())
        with running(tx):
            time.sleep(1.0)
            before = tx.counters()["grains"]
            tx.set_grain(**session.change_patient(None, now=grains.NOW).arguments())
            time.sleep(0.1)
            tx.set_grain(**session.change_patient(grains.document(), now=grains.NOW).arguments())
            time.sleep(0.3)
        read = read_grains(metadata.packets())
    with_static = [e.sync for e, _, ds in read if "PatientName" in ds]
    late = tx.counters()["skipped"] * PERIOD  # a machine that stood still
    assert max(np.diff(with_static[:3])) <= 300_000_000 + late
    instances = [ds.file_meta.RTVCommunicationSOPInstanceUID for _, _, ds in read]
    changes = [i for i in range(1, len(read)) if instances[i] != instances[i - 1]]
    assert len(changes) == 2 and changes[0] >= before
    assert "PatientName" not in read[changes[0]][2]
    assert "PatientName" in read[changes[1]][2]


def test_a_pose_is_sent_while_it_is_fresh_only() -> None:
    pose = {
        "viewpoint": (1.5, -2.25, 3.0),
        "look_at": (0.0, 0.5, 10.0),
        "up": (0.0, 1.0, 0.0),
        "field_of_view": (-4.0, 4.0, 3.0, -3.0, 1.0, 90.0),
    }
    with Listener() as video, Listener() as metadata:
        tx = transmitter(source(), [leg(video)], [leg(metadata)])
        tx.set_grain(**grains.session().templates.arguments())
        stale = tai() - 700_000_000
        tx.set_dynamic({"viewpoint": pose.pop("viewpoint")}, stale)  # alone it is no pose
        with running(tx):
            time.sleep(0.15)
            tx.set_dynamic(pose, stale)
            time.sleep(0.6)
        read = read_grains(metadata.packets())
    for elements, _, ds in read:
        (frame,) = ds[0x00060001].value
        if "CameraPositionGroupSequence" in frame:
            assert elements.sync - stale <= 1_000_000_000
            camera = frame.CameraPositionGroupSequence[0]
            assert tuple(camera.ViewpointPosition) == (1.5, -2.25, 3.0)
            assert tuple(camera.RenderFieldOfView) == pose["field_of_view"]
    assert 0 < tx.counters()["poses"] < len(read)
    assert tx.counters()["poses"] == sum(
        "CameraPositionGroupSequence" in ds[0x00060001].value[0] for _, _, ds in read
    )


def test_an_answer_does_not_make_an_old_pose_young() -> None:
    pose = {"viewpoint": (0, 0, 0), "look_at": (0, 0, 1), "up": (0, 1, 0)}
    with Listener() as video, Listener() as metadata:
        tx = transmitter(source(), [leg(video)], [leg(metadata)])
        tx.set_grain(**grains.session().templates.arguments())
        tx.set_dynamic(pose | {"field_of_view": (-1, 1, 1, -1, 1, 9)}, tai() - 2_000_000_000)
        tx.set_dynamic({"imaging_subject": True}, tai())
        with running(tx):
            time.sleep(0.15)
        read = read_grains(metadata.packets())
    assert len(read) > 2 and tx.counters()["poses"] == 0
    for _, _, ds in read:
        (frame,) = ds[0x00060001].value
        assert "CameraPositionGroupSequence" not in frame
        (useful,) = frame.FrameUsefulnessGroupSequence
        assert useful.IncludesImagingSubject == "YES"


def test_histograms_and_counters_agree() -> None:
    with Listener() as video:
        tx = transmitter(source(), [leg(video)], max_frames=5)
        finish(tx)
        assert video.packets()
    h, c = tx.histograms(), tx.counters()
    assert h["frame_send"]["count"] == 5
    assert h["pacing_late"]["count"] == c["bursts"]
    assert h["handover"]["min"] >= PERIOD  # whole frames: never before they are whole
    assert c["bytes"] == c["packets"] * 20 + 5 * 32 * 240  # headers, and 96 pixels a row
    assert c["thread_cpu_ns"] >= c["spin_ns"] >= 0


def test_unpaced_sends_everything() -> None:
    with Listener() as video:
        tx = transmitter(source(), [leg(video)], paced=False, burst=16, max_frames=3)
        finish(tx)
        check_order(video_units(video), len(packet_layout(FORMAT)))
    assert tx.counters()["frames"] == 3


def test_launch_times_are_taken_or_refused_with_a_word() -> None:
    with Listener() as video:
        tx = transmitter(source(), [leg(video)], txtime=True, max_frames=2)
        finish(tx)
        assert len(video_units(video)) == 2
    codes = {e["code"] for e in tx.events()}
    assert len(codes & {"txtime", "no-txtime"}) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"metadata_payload_type": 90}, "metadata_payload_type"),
        ({"payload_type": 128}, "payload_type"),
        ({"burst": 99}, "burst: 99 is above cmax"),
        ({"cmax": 0}, "cmax"),
        ({"max_udp": 99}, "max_udp"),
        ({"tro_ns": -1}, "tro_ns"),
        ({"active_ns": 0}, "active_ns"),
        ({"drain_ps": 0}, "drain_ps"),
        ({"lead_packets": 100_000}, "lead_packets"),
        ({"sync": "free"}, "sync: 'free'"),
        ({"static_period_ns": 2_000_000_000}, "static_period_ns"),
        ({"video": []}, "video"),
        ({"packets": np.zeros((0, 10), np.int32)}, "packets"),
        ({"packets": np.full((1, 10), 7, np.int32)}, "packets: row 0"),
        ({"video": [{"interface": "lo", "address": "nowhere", "port": 9}]}, "address: 'nowhere'"),
        ({"video": [{"interface": "lo", "address": "127.0.0.1"}]}, r"video\[0\].port"),
        ({"video": [{"interface": "lo", "address": "127.0.0.1", "port": 0}]}, "port: 0"),
        (
            {"video": [{"interface": "lo", "address": "127.0.0.1", "port": 9, "colour": 1}]},
            "unknown key",
        ),
        ({"video": [{"interface": "lo", "address": "127.0.0.1", "port": 9, "ttl": 0}]}, "ttl"),
    ],
)
def test_wrong_settings_are_named(changes: dict[str, Any], words: str) -> None:
    good = [{"interface": "lo", "address": "127.0.0.1", "port": 9}]
    with pytest.raises(ValueError, match=words) as error:
        transmitter(source(), changes.pop("video", good), **changes)
    assert "\n" not in str(error.value)


def test_missing_interface_and_foreign_address_are_os_errors() -> None:
    for where, words in (
        ({"interface": "nosuch0"}, "nosuch0"),
        ({"interface": "lo", "source_ip": "192.0.2.77"}, "192.0.2.77"),
    ):
        with pytest.raises(OSError, match=words):
            transmitter(source(), [{"address": "127.0.0.1", "port": 9, **where}])


def test_metadata_without_a_grain_does_not_start() -> None:
    with Listener() as video, Listener() as metadata:
        tx = transmitter(source(), [leg(video)], [leg(metadata)])
        with pytest.raises(ValueError, match="set_grain"):
            tx.start()
        assert not tx.running()


def test_grains_that_do_not_fit_are_refused() -> None:
    with Listener() as video:
        tx = transmitter(source(), [leg(video)])
        good = grains.session().templates.arguments()
        for changes, words in (
            ({"patches": {"base": [("origin_ptp", 10**6)]}}, "origin_ptp"),
            ({"patches": {"base": [("heart_rate", 0)]}}, "heart_rate"),
            ({"patches": {"bass": []}}, "unknown part"),
            ({"base": b""}, "base"),
            ({"extension_first": b"\xbe\xde\x00\x05abcd", "patches": {}}, "extension_first"),
        ):
            with pytest.raises(ValueError, match=words):
                tx.set_grain(**{**good, **changes})
        with pytest.raises(ValueError, match="viewpoint: needs 3"):
            tx.set_dynamic({"viewpoint": (1.0, 2.0)}, 0)
        with pytest.raises(ValueError, match="heart_rate"):
            tx.set_dynamic({"heart_rate": 60.0}, 0)


def test_full_size_frames() -> None:
    """1080p50 over a multicast group, read while it is sent."""
    fmt = FORMATS["1080p50"]
    src = source(fmt)
    with Listener("239.77.1.3") as video:
        tx = transmitter(src, [leg(video)], fmt=fmt, max_frames=3)
        got: list[bytes] = []
        with running(tx):
            until = time.monotonic() + 10
            while tx.running() and time.monotonic() < until:
                got += video.packets()
        found = units(got + video.packets(), payload_type=96, ssrc=0xCAFE)
    assert len(found) == 3
    check_order(found, len(packet_layout(fmt)))
    for unit in found:
        received = samples_10bit(unit.octets(), 3840)
        assert any((p == received).all() for p in src.pictures)
