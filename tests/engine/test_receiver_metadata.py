"""The receiver's pairing: each frame with its own metadata and nobody else's."""

from __future__ import annotations

import struct
import time
from typing import Any

import numpy as np
import pytest

from drivers.video import FrameFlag
from tests.support.plain_sender import Flow, extension, grain, send
from tests.support.receiver_stage import (
    picture,
    rows,
    settled,
    stage,
)

# ---- metadata -----------------------------------------------------------------------------------


def test_no_frame_is_shown_with_the_patient_before() -> None:
    with stage() as s:
        plan = [  # instance, static part
            ("1.1", "Alpha^A"), ("1.1", ""), ("1.2", ""), ("1.2", ""), ("1.2", "Beta^B"),
            ("1.2", ""), ("1.1", ""), ("1.2", ""),
        ]  # fmt: skip
        for n, (instance, static) in enumerate(plan):
            tai, ts = s.next_frame()
            s.send_grain(tai, ts, instance, static)
            send(s.video.video(ts, picture(n)), s.ports[0])
        got = settled(s, len(plan))
        part = s.rx.static_part()
    assert [g.static_id for g in got] == [1, 1, 0, 0, 2, 2, 0, 2]
    for g in got:
        assert bool(g.flags & FrameFlag.NO_PATIENT) == (g.static_id == 0)
    c = s.counters()
    assert c["patient_changes"] == 1
    assert c["no_patient"] == 3
    assert part is not None and part[0] == 2 and b"Beta^B" in part[1]
    assert not any("Alpha" in e["text"] or "Beta" in e["text"] for e in s.rx.events())


def test_a_static_part_of_another_instance_than_its_meta_confirms_nobody() -> None:
    with stage() as s:
        tai, ts = s.next_frame()
        data = grain("1.1", tai) + grain("1.9", tai, static="Wrong^W")[len(grain("1.9", tai)) :]
        x = extension(tai, tai, start=True, end=True)
        send([s.metadata.packet(ts, data, marker=True, extension=x)], s.metadata_port)
        send(s.video.video(ts, picture(0)), s.ports[0])
        (shown,) = settled(s, 1)
    assert shown.static_id == 0
    assert shown.flags & FrameFlag.NO_PATIENT
    assert s.counters()["metadata_mismatch"] == 1
    assert s.rx.static_part() is None


def test_a_frame_whose_grain_is_missing_says_so_and_borrows_none() -> None:
    with stage() as s:
        for n in range(5):
            tai, ts = s.next_frame()
            if n != 2:
                s.send_grain(tai, ts, static="A^A")
            send(s.video.video(ts, picture(n)), s.ports[0])
        got = settled(s, 5)
    assert [bool(g.flags & FrameFlag.NO_METADATA) for g in got] == [
        False,
        False,
        True,
        False,
        False,
    ]
    assert got[2].metadata == b""
    assert got[2].static_id == 0
    assert s.counters()["metadata_missing"] == 1


def test_grains_for_other_timestamps_are_never_paired() -> None:
    with stage() as s:
        for n in range(4):
            tai, ts = s.next_frame()
            s.send_grain(tai, ts + 1, static="A^A")
            send(s.video.video(ts, picture(n)), s.ports[0])
        got = settled(s, 4)
    assert all(g.flags & FrameFlag.NO_METADATA and g.metadata == b"" for g in got)


@pytest.mark.parametrize("reading", ["flags", "marker", "neither", "continuation-with-extension"])
def test_a_grain_over_several_packets_in_each_reading(reading: str) -> None:
    with stage() as s:
        for n in range(4):
            tai, ts = s.next_frame()
            data = grain("1.5", tai, static="Long^" + "L" * 3001)
            parts = [data[i : i + 1200] for i in range(0, len(data), 1200)]
            packets = []
            for i, part in enumerate(parts):
                first, last = i == 0, i + 1 == len(parts)
                x = b""
                if first:
                    x = extension(tai, tai, start=reading != "neither", end=False)
                elif reading == "continuation-with-extension" or (reading == "flags" and last):
                    x = struct.pack("!HHBBH", 0xBEDE, 1, 0x50, last << 6, 0)
                mark = last and reading != "neither"
                packets.append(s.metadata.packet(ts, part, marker=mark, extension=x))
            send(packets, s.metadata_port)
            send(s.video.video(ts, picture(n)), s.ports[0])
        got = settled(s, 4)
        part = s.rx.static_part()
    assert [g.static_id for g in got] == [1, 1, 1, 1]
    assert part is not None and part[1].endswith(b"L" * 100)
    assert s.counters()["grain_lost"] == s.counters()["grain_invalid"] == 0


def test_a_grain_with_a_hole_is_dropped_whole() -> None:
    with stage() as s:
        for n in range(4):
            tai, ts = s.next_frame()
            data = grain("1.5", tai, static="Long^" + "L" * 3001)
            x = extension(tai, tai, start=True, end=False)
            packets = [
                s.metadata.packet(ts, data[:1200], extension=x),
                s.metadata.packet(ts, data[1200:2400]),
                s.metadata.packet(ts, data[2400:], marker=True),
            ]
            if n == 2:
                del packets[1]
            send(packets, s.metadata_port)
            send(s.video.video(ts, picture(n)), s.ports[0])
        got = settled(s, 4)
    assert [bool(g.flags & FrameFlag.NO_METADATA) for g in got] == [False, False, True, False]
    assert s.counters()["metadata_lost"] == 1


# ---- overlay ------------------------------------------------------------------------------------


def white(width: int, height: int) -> np.ndarray[Any, np.dtype[np.uint16]]:
    return np.tile(np.array([940, 512, 512, 1023], np.uint16), (height, width, 1))


def test_concealment_never_copies_text() -> None:
    """Row 2 of the second frame is lost; the overlay of patient 1 lies on rows 0..7."""
    with stage() as s:
        s.rx.set_overlay(1, [(0, 0, white(96, 8))])
        plan = [("1.1", "A^A"), ("1.1", ""), ("1.2", ""), ("1.2", "")]
        for n, (instance, static) in enumerate(plan):
            tai, ts = s.next_frame()
            s.send_grain(tai, ts, instance, static)
            packets = s.video.video(ts, picture(n), groups=48)
            if n == 2:
                del packets[2]
            send(packets, s.ports[0])
        got = settled(s, 4)
    assert rows(got[1])[:8] != picture(1).v210()[:8]
    assert rows(got[1])[8:] == picture(1).v210()[8:]
    expected = picture(2).v210()
    expected[2] = picture(1).v210()[2]
    assert rows(got[2]) == expected  # another patient: nothing is drawn, nothing shines through
    assert rows(got[3]) == picture(3).v210()


def test_metadata_of_another_device_than_the_video_confirms_nobody() -> None:
    """It was there first, with the right timestamps; the SDP named no sender."""
    with stage() as s:
        forged = Flow(104, 0xBAD)
        for n in range(12):
            tai, ts = s.next_frame()
            packets = s.video.video(ts, picture(n))
            send(packets[:1], s.ports[0])
            time.sleep(0.005)  # the video's sender is known first
            data = grain("6.6.6", tai, static="Other^Patient")
            x = extension(tai, tai, start=True, end=True)
            wrong = forged.packet(ts, data, marker=True, extension=x)
            send([wrong], s.metadata_port, source="127.0.0.2")
            if n >= 6:
                s.send_grain(tai, ts, static="Right^Patient")
            send(packets[1:], s.ports[0])
        got = [g.static_id for g in settled(s, 10)]
        part = s.rx.static_part()
        c = s.counters()
        assert got[:6] == [0] * 6 and 1 in got and part is not None
        assert b"Right^Patient" in part[1] and b"Other" not in part[1]
        assert c["foreign_packets"] == 12
        assert c["patient_changes"] == 0
        assert s.codes().count("foreign-sender") == 1


def test_metadata_of_another_device_before_the_first_video_is_forgotten() -> None:
    """It confirms a patient under the very instance that the sender will use."""
    with stage() as s:
        forged = Flow(104, 0xBAD)
        for _ in range(2):
            tai, ts = s.next_frame()
            data = grain("1.2.3", tai, static="Other^Patient")
            x = extension(tai, tai, start=True, end=True)
            wrong = forged.packet(ts, data, marker=True, extension=x)
            send([wrong], s.metadata_port, source="127.0.0.2")
        for n in range(8):
            tai, ts = s.next_frame()
            send(s.video.video(ts, picture(n))[:1], s.ports[0])
            time.sleep(0.005)
            s.send_grain(tai, ts, static="Right^Patient" if n >= 4 else "")
            send(s.video.video(ts, picture(n)), s.ports[0])
        got = settled(s, 8)
        part = s.rx.static_part()
        c = s.counters()
    assert [g.static_id for g in got[:4]] == [0] * 4  # nobody's, though the instance is the same
    assert got[-1].static_id == 2
    assert part is not None and b"Right^Patient" in part[1] and b"Other" not in part[1]
    assert c["metadata_missing"] == 0  # the sender's own grains are taken from the first one on
    assert c["patient_changes"] == 0
    assert c["static_id"] == 2
    assert s.codes().count("foreign-sender") == 1
