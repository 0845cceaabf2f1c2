"""The receiver from outside: packets of a plain Python sender, frames in a sink."""

from __future__ import annotations

import random
import struct
import time

import pytest

from drivers.video import FrameFlag
from tests.support.plain_sender import Flow, Picture, grain, send, srd, tai_now
from tests.support.receiver_stage import (
    PERIOD,
    faults,
    picture,
    rows,
    settled,
    stage,
)

# ---- whole frames -------------------------------------------------------------------------------


def test_pictures_arrive_bit_for_bit_with_their_own_metadata() -> None:
    with stage() as s:
        sent = []
        for n in range(6):
            tai, ts = s.next_frame()
            p = picture(n)
            s.send_grain(tai, ts, static="Frame^One" if n == 0 else "")
            send(s.video.video(ts, p), s.ports[0])
            sent.append((tai, ts, p))
        got = settled(s, 6)
        part = s.rx.static_part()
        again = s.rx.static_part()
    for (tai, ts, p), shown in zip(sent, got, strict=True):
        assert rows(shown) == p.v210()
        assert shown.timestamp == ts
        assert shown.metadata == grain("1.2.3", tai)
        assert shown.origin == shown.capture == tai
        assert shown.static_id == 1
        assert faults(shown) == 0
        assert shown.presented >= shown.due >= tai
    c = s.counters()
    assert c["frames"] == c["complete"] == c["presented"] == 6
    assert c["lost"] == c["concealed_frames"] == c["metadata_missing"] == 0
    # Without the dynamic part: what changes with every frame is no part of it.
    assert part is not None and part[0] == 1
    whole, short = grain("1.2.3", sent[0][0], static="Frame^One"), grain("1.2.3", sent[0][0])
    assert part[1].startswith(whole[:132]) and part[1].endswith(whole[len(short) :])
    assert whole.startswith(part[1][: len(part[1]) - len(whole) + len(short)])
    assert again is None
    h = s.rx.histograms()
    assert h["latency"]["count"] == 6
    assert PERIOD < h["latency"]["min"] <= h["latency"]["p50"] <= h["latency"]["max"]
    assert h["arrival"]["max"] < h["latency"]["max"]
    assert s.sink.stops == 1


@pytest.mark.parametrize("groups", [1, 5, 48, 200])
def test_any_cut_of_the_picture_will_do(groups: int) -> None:
    """A pgroup a packet, parts of rows, whole rows, several rows in one packet."""
    with stage(metadata=False) as s:
        _, ts = s.next_frame()
        p = picture(groups)
        send(s.video.video(ts, p, groups=groups), s.ports[0])
        (shown,) = settled(s, 1)
    assert rows(shown) == p.v210()
    assert faults(shown) == 0


def test_reordered_and_doubled_packets_change_nothing() -> None:
    with stage(metadata=False) as s:
        _, first = s.next_frame()
        send(s.video.video(first, picture(0)), s.ports[0])
        _, ts = s.next_frame()
        p = picture(1)
        packets = s.video.video(ts, p)
        order = random.Random(5)
        mixed = [
            packet
            for at in range(0, len(packets), 16)
            for packet in order.sample(packets[at : at + 16], len(packets[at : at + 16]))
        ]
        send(mixed + packets[10:20], s.ports[0])
        got = settled(s, 2)
        time.sleep(0.05)
        c = s.counters()
    assert rows(got[1]) == p.v210()
    assert faults(got[1]) == 0
    assert c["duplicates"] == 10
    assert c["reordered"] > 10
    assert c["lost"] == 0


def test_lost_packets_show_the_frame_before_in_their_place() -> None:
    with stage(metadata=False) as s:
        before, after = picture(1), picture(2)
        _, ts = s.next_frame()
        send(s.video.video(ts, before, groups=8), s.ports[0])
        _, ts = s.next_frame()
        packets = s.video.video(ts, after, groups=8)
        gone = {3, 4, 40, len(packets) - 1}
        send([p for i, p in enumerate(packets) if i not in gone], s.ports[0])
        for n in range(3, 5):
            _, ts = s.next_frame()
            send(s.video.video(ts, picture(n), groups=8), s.ports[0])
        got = settled(s, 4)
    expected = Picture(after.width, after.height, [list(r) for r in after.rows])
    for lost in gone:
        for at in range(lost * 8, lost * 8 + 8):
            row, group = divmod(at, after.width // 2)
            expected.rows[row][group] = before.rows[row][group]
    assert rows(got[1]) == expected.v210()
    assert got[1].flags & FrameFlag.CONCEALED
    assert not got[2].flags & FrameFlag.CONCEALED
    c = s.counters()
    assert c["lost"] == c["lost_a"] == 4
    assert c["concealed_frames"] == 1
    assert c["concealed_pgroups"] == 32


def test_joining_in_the_middle_of_a_frame_shows_no_half_picture() -> None:
    with stage(metadata=False) as s:
        _, ts = s.next_frame()
        send(s.video.video(ts, picture(0))[60:], s.ports[0])
        for n in range(1, 4):
            _, ts = s.next_frame()
            send(s.video.video(ts, picture(n)), s.ports[0])
        got = settled(s, 3)
    assert [rows(g) for g in got[:3]] == [picture(n).v210() for n in range(1, 4)]
    c = s.counters()
    assert c["joined_midway"] == 1
    assert c["lost"] == c["concealed_frames"] == 0


# ---- what others send ---------------------------------------------------------------------------


def hostile(flow: Flow, ts: int) -> list[bytes]:
    """Packets that each break another rule; none may change the picture."""
    good = struct.pack("!H", 0) + srd(5, 0, 0) + bytes(5)
    header = flow.packet(ts, b"")
    return [
        b"",
        b"\x80",
        b"\x40" + header[1:] + good,  # version 1
        b"\x8f" + header[1:],  # 15 contributing sources that are not there
        b"\x90" + header[1:] + b"\xbe\xde\xff\xff",  # an extension beyond the end
        b"\xa0" + header[1:] + b"\xff",  # padding beyond the beginning
        flow.packet(ts, good)[:1] + b"\x61" + flow.packet(ts, good)[2:],  # payload type 97
        flow.packet(ts, b"\0\0"),  # no row header
        flow.packet(ts, struct.pack("!H", 0) + srd(4, 0, 0) + bytes(4)),  # no whole pgroup
        flow.packet(ts, struct.pack("!H", 0) + srd(5, 0, 1) + bytes(5)),  # between pgroups
        flow.packet(ts, struct.pack("!H", 0) + srd(5, 24, 0) + bytes(5)),  # below the picture
        flow.packet(ts, struct.pack("!H", 0) + srd(10, 0, 94) + bytes(10)),  # beyond the row
        flow.packet(ts, struct.pack("!H", 0) + srd(5, 0, 0, field=1) + bytes(5)),
        flow.packet(ts, struct.pack("!H", 0) + srd(5, 0, 0, more=1)),  # the next is missing
        flow.packet(ts, struct.pack("!H", 0) + srd(240, 0, 0) + bytes(100)),  # cut off
        flow.packet(ts + 90_000 * 60, good),  # a minute ahead
    ]


def test_hostile_packets_are_dropped_and_counted() -> None:
    with stage(metadata=False) as s:
        for n in range(3):
            _, ts = s.next_frame()
            packets = s.video.video(ts, picture(n))
            bad = hostile(Flow(96, 0x1234, sequence=s.video.sequence + 5000), ts)
            send(packets[:50] + bad + packets[50:], s.ports[0])
        got = settled(s, 3)
        c = s.counters()
    assert [rows(g) for g in got] == [picture(n).v210() for n in range(3)]
    assert all(faults(g) == 0 for g in got)
    assert c["bad_rtp"] == 3 * 5  # the empty datagram is no packet
    assert c["bad_pt"] == 3
    assert c["bad_srd"] == 3 * 7
    assert c["bad_size"] == 3
    assert c["bad_timestamp"] == 3
    assert c["invalid"] == 3 * 15


def test_a_second_sender_is_ignored_while_the_first_lives_and_heard_afterwards() -> None:
    with stage(metadata=False) as s:
        other = Flow(96, 0x9999)
        for n in range(4):
            _, ts = s.next_frame()
            ours, theirs = s.video.video(ts, picture(n)), other.video(ts, picture(100 + n))
            send([p for pair in zip(ours, theirs, strict=True) for p in pair], s.ports[0])
        got = settled(s, 4)
        c = s.counters()
        assert [rows(g) for g in got] == [picture(n).v210() for n in range(4)]
        assert c["foreign_packets"] == 4 * len(theirs)
        assert s.codes().count("foreign-sender") == 1
        time.sleep(0.3)  # the first has gone
        s.k = tai_now() // PERIOD + 2
        for n in range(3):
            _, ts = s.next_frame()
            send(other.video(ts, picture(200 + n)), s.ports[0])
        got = settled(s, 7)
        assert rows(got[6]) == picture(202).v210()
        assert "sender-changed" in s.codes()


def test_another_device_under_the_same_number_is_said_to_be_another() -> None:
    with stage(metadata=False) as s:
        for n, source in enumerate(["127.0.0.1"] * 3 + ["127.0.0.2"] * 3):
            if n == 3:
                time.sleep(0.3)  # the first has gone
                s.k = tai_now() // PERIOD + 2
            _, ts = s.next_frame()
            send(s.video.video(ts, picture(n)), s.ports[0], source=source)
        settled(s, 5)
        assert s.codes().count("sender-changed") == 1
        assert s.counters()["sender_changes"] == 1


def test_a_sender_that_leaves_frames_out_loses_no_packet() -> None:
    with stage(metadata=False) as s:
        for n in range(3):
            s.k += 10
            _, ts = s.next_frame()
            send(s.video.video(ts - 10 * 3600, picture(2 * n)), s.ports[0])  # long late
            send(s.video.video(ts, picture(2 * n + 1)), s.ports[0])
        got = settled(s, 6)
    assert [rows(g) for g in got] == [picture(n).v210() for n in range(6)]
    assert s.counters()["invalid"] == s.counters()["concealed_frames"] == 0


def test_a_sender_without_tai_is_shown_by_arrival() -> None:
    with stage(metadata=False) as s:
        ts = 0xFFFFF000  # an arbitrary start, wrapping soon
        for n in range(5):
            s.next_frame()
            send(s.video.video(ts, picture(n)), s.ports[0])
            ts = ts + 3600 & 0xFFFFFFFF
        got = settled(s, 5)
        assert "sender-clock" in s.codes()
    assert [rows(g) for g in got] == [picture(n).v210() for n in range(5)]
    assert all(g.flags & FrameFlag.NO_LOCK for g in got)


# ---- two paths ----------------------------------------------------------------------------------


def test_two_paths_that_each_lose_other_packets_lose_nothing() -> None:
    with stage(metadata=False, legs=2, skew_ns=200_000_000) as s:
        lost_a = lost_b = 0
        for n in range(6):
            _, ts = s.next_frame()
            packets = s.video.video(ts, picture(n))
            choice = random.Random(n)
            a, b = [], []
            for p in packets:
                toss = choice.random()
                if toss >= 0.2:
                    a.append(p)
                if not 0.2 <= toss < 0.4:
                    b.append(p)
            lost_a += len(packets) - len(a)
            lost_b += len(packets) - len(b)
            send(a, s.ports[0])
            time.sleep(0.004)
            send(b, s.ports[1])
        got = settled(s, 6)
    c = s.counters()
    assert [rows(g) for g in got] == [picture(n).v210() for n in range(6)]
    assert c["concealed_frames"] == c["lost"] == 0
    assert c["lost_b"] == pytest.approx(lost_b, abs=2)  # what is lost before the first is unseen
    assert c["lost_a"] == pytest.approx(lost_a, abs=2)
    assert c["recovered"] == c["lost_a"]
    assert c["redundant"] > 0
    assert c["duplicates"] == 0
    assert s.rx.histograms()["skew"]["p50"] > 3_000_000


def test_a_dead_path_delays_nothing_but_the_wait_for_it() -> None:
    with stage(metadata=False, legs=2) as s:
        for n in range(5):
            _, ts = s.next_frame()
            send(s.video.video(ts, picture(n)), s.ports[1])
        got = settled(s, 5)
    assert [rows(g) for g in got] == [picture(n).v210() for n in range(5)]
    assert s.counters()["lost"] == 0
