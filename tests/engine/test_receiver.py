"""The receiver seen from outside: packets made by a plain Python sender, frames in a sink."""

from __future__ import annotations

import functools
import random
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from appliance.engine import _engine
from drivers.video import FrameFlag, Scan, VideoFormat
from tests.support.collecting_sink import CollectingSink, Shown
from tests.support.plain_sender import Flow, Picture, extension, grain, send, srd, tai_now

FORMAT = VideoFormat(96, 24, Fraction(50))
PERIOD = 20_000_000


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


class Stage:
    """A receiver on 127.0.0.1, its sink, and the flows towards it."""

    def __init__(
        self, fmt: VideoFormat = FORMAT, *, metadata: bool = True, legs: int = 1, **options: Any
    ) -> None:
        self.format = fmt
        self.sink = CollectingSink()
        self.ports = [free_port() for _ in range(legs)]
        self.metadata_port = free_port()
        self.video = Flow(96, 0x1234)
        self.metadata = Flow(104, 0x5678)
        self.k = tai_now() // PERIOD + 2
        leg = {"interface": "lo", "address": "127.0.0.1"}
        self.rx = _engine.Receiver(
            self.sink.capsule(),
            format=fmt.native(),
            video=[leg | {"port": p} for p in self.ports],
            metadata=[leg | {"port": self.metadata_port}] if metadata else [],
            payload_type=96,
            metadata_payload_type=104,
            realtime=False,
            rcvbuf=1 << 20,
            **options,
        )

    def next_frame(self) -> tuple[int, int]:
        """Waits for the next alignment point; its TAI and RTP timestamp."""
        tai = self.k * PERIOD
        self.k += 1
        while tai_now() < tai:
            time.sleep(0.0005)
        return tai, tai * 90_000 // 10**9 & 0xFFFFFFFF

    def send_grain(self, tai: int, ts: int, instance: str = "1.2.3", static: str = "") -> None:
        x = extension(tai, tai, start=True, end=True)
        data = grain(instance, tai, static=static)
        send([self.metadata.packet(ts, data, marker=True, extension=x)], self.metadata_port)

    def counters(self) -> dict[str, int]:
        return self.rx.counters()

    def codes(self) -> list[str]:
        return [e["code"] for e in self.rx.events()]


@contextmanager
def stage(*args: Any, **options: Any) -> Iterator[Stage]:
    s = Stage(*args, **options)
    s.rx.start()
    try:
        yield s
    finally:
        s.rx.stop()


def rows(shown: Shown) -> list[bytes]:
    return [bytes(r) for r in shown.planes[0]]


@functools.cache
def picture(seed: int) -> Picture:
    return Picture.noise(FORMAT.width, FORMAT.height, seed)


def settled(s: Stage, frames: int) -> list[Shown]:
    return s.sink.wait(lambda live: len(live) >= frames)


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
        assert shown.flags == 0
        assert shown.presented >= shown.due >= tai
    c = s.counters()
    assert c["frames"] == c["complete"] == c["presented"] == 6
    assert c["lost"] == c["concealed_frames"] == c["metadata_missing"] == c["late"] == 0
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
    assert shown.flags == 0


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
    assert got[1].flags == 0
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
    assert all(g.flags == 0 for g in got)
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


def test_a_sender_without_tai_is_shown_by_arrival() -> None:
    with stage(metadata=False) as s:
        ts = 0xFFFFF000  # an arbitrary start, wrapping soon
        for n in range(5):
            s.next_frame()
            send(s.video.video(ts, picture(n)), s.ports[0])
            ts = ts + 1800 & 0xFFFFFFFF
        got = settled(s, 5)
        assert "sender-clock" in s.codes()
    assert [rows(g) for g in got] == [picture(n).v210() for n in range(5)]
    assert all(g.flags & FrameFlag.NO_LOCK for g in got)


# ---- two paths ----------------------------------------------------------------------------------


def test_two_paths_that_each_lose_other_packets_lose_nothing() -> None:
    with stage(metadata=False, legs=2) as s:
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


# ---- time ---------------------------------------------------------------------------------------


def test_each_frame_is_presented_at_its_origin_plus_the_link_offset() -> None:
    with stage(metadata=False, link_offset_ns=60_000_000) as s:
        sent = []
        for n in range(5):
            tai, ts = s.next_frame()
            send(s.video.video(ts, picture(n)), s.ports[0])
            sent.append(tai)
        got = settled(s, 5)
    for tai, g in zip(sent, got, strict=True):
        assert g.due == tai + 60_000_000
        assert g.presented >= g.due


def test_the_automatic_offset_grows_once_when_frames_come_late() -> None:
    with stage(metadata=False) as s:
        begin = s.counters()["link_offset_ns"]
        for n in range(6):
            _, ts = s.next_frame()
            time.sleep(0.03)
            send(s.video.video(ts, picture(n)), s.ports[0])
            s.k += 1
        got = settled(s, 6)
        codes = s.codes()
    assert got[0].flags & FrameFlag.LATE
    assert [rows(g) for g in got] == [picture(n).v210() for n in range(6)]
    c = s.counters()
    assert c["link_offset_ns"] > begin + 5_000_000
    assert c["offset_raises"] == codes.count("link-offset") >= 1
    assert c["late"] < 6


def test_without_a_flow_there_is_a_slate_at_the_frame_rate() -> None:
    with stage(metadata=False) as s:
        time.sleep(0.3)
        before = len(s.sink.shown)
        assert 8 <= before <= 16  # 50 a second, after two frames
        assert all(x.flags & FrameFlag.SLATE for x in s.sink.shown)
        for n in range(3):
            _, ts = s.next_frame()
            send(s.video.video(ts, picture(n)), s.ports[0])
        settled(s, 3)
        time.sleep(0.3)
        held = s.sink.shown[-1]
        assert held.flags & FrameFlag.SLATE and held.flags & FrameFlag.REPEATED
        assert "flow-lost" in s.codes()
        s.k = tai_now() // PERIOD + 2
        _, ts = s.next_frame()
        send(s.video.video(ts, picture(9)), s.ports[0])
        got = settled(s, 4)
        assert rows(got[3]) == picture(9).v210()
        assert "flow-back" in s.codes()
    # Held: the last picture, darkened; its luma is lower than it was.
    shown = np.concatenate([np.frombuffer(r, "<u4") for r in rows(held)])
    bright = np.concatenate([np.frombuffer(r, "<u4") for r in picture(2).v210()])
    assert (shown >> 10 & 1023)[::2].mean() < 0.6 * (bright >> 10 & 1023)[::2].mean()


def test_max_frames_ends_the_run_exactly() -> None:
    with stage(metadata=False, max_frames=3) as s:
        for n in range(5):
            _, ts = s.next_frame()
            send(s.video.video(ts, picture(n)), s.ports[0])
        settled(s, 3)
        time.sleep(0.1)
        assert not s.rx.running()
    assert len(s.sink.live()) == 3


# ---- other scans and slices ---------------------------------------------------------------------


@pytest.mark.parametrize("apart", [1800 // 2, 0])
def test_two_fields_make_one_frame(apart: int) -> None:
    """Fields half a frame apart; segments of one frame may share the timestamp."""
    fmt = VideoFormat(96, 24, Fraction(50), Scan.INTERLACED if apart else Scan.PSF)
    with stage(fmt) as s:
        sent = []
        for n in range(4):
            tai, ts = s.next_frame()
            p = picture(n)
            s.send_grain(tai, ts, static="A^A")
            send(s.video.video(ts, p, field=0), s.ports[0])
            send(s.video.video(ts + apart, p, field=1), s.ports[0])
            sent.append((ts, p))
        got = settled(s, 4)
    for (ts, p), g in zip(sent, got, strict=True):
        assert rows(g) == p.v210()
        assert g.timestamp == ts
        assert g.flags == 0


def test_in_slices_rows_are_shown_before_the_frame_is_whole() -> None:
    pictures = [picture(n) for n in range(4)]
    with stage(slices=True) as s:
        for n in range(4):
            tai, ts = s.next_frame()
            s.send_grain(tai, ts, static="A^A")
            packets = s.video.video(ts, pictures[n], groups=48)
            for at in range(0, len(packets), 2):
                send(packets[at : at + 2], s.ports[0])
                time.sleep(0.001)
        got = settled(s, 4)
    assert [rows(g) for g in got] == [picture(n).v210() for n in range(4)]
    for g in got:
        ready = [n for n, _ in g.lines]
        assert ready == sorted(ready)
        assert ready[-1] == FORMAT.height
        assert not g.flags & FrameFlag.CONCEALED
    assert any(0 < n < FORMAT.height for g in got for n, _ in g.lines)
    assert s.rx.histograms()["latency"]["p50"] < PERIOD


def test_in_slices_a_lost_row_is_filled_from_the_frame_before() -> None:
    with stage(slices=True, metadata=False) as s:
        for n in range(4):
            _, ts = s.next_frame()
            packets = s.video.video(ts, picture(n), groups=48)
            if n == 2:
                del packets[5]
            send(packets, s.ports[0])
        got = settled(s, 4)
    expected = picture(2).v210()
    expected[5] = picture(1).v210()[5]
    assert rows(got[2]) == expected
    assert got[2].flags & FrameFlag.CONCEALED
    assert rows(got[3]) == picture(3).v210()


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


# ---- what a person does wrong -------------------------------------------------------------------


def receiver(**changes: Any) -> Any:
    options: dict[str, Any] = {
        "format": FORMAT.native(),
        "video": [{"interface": "lo", "address": "127.0.0.1", "port": 5004}],
        "metadata": [],
        "payload_type": 96,
        "metadata_payload_type": 104,
        "realtime": False,
    }
    return _engine.Receiver(CollectingSink().capsule(), **(options | changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"video": []}, "video: give one leg"),
        ({"payload_type": 33}, "payload_type"),
        ({"metadata": [{"address": "127.0.0.1", "port": 1}], "metadata_payload_type": 3}, "96"),
        ({"video": [{"address": "127.0.0.1", "port": 5004, "colour": 1}]}, r"video\[0\].colour"),
        ({"video": [{"interface": "lo", "port": 5004}]}, r"video\[0\].address"),
        ({"video": [{"address": "127.0.0.1", "port": 0}]}, "port"),
        ({"extensions": {"origin": 15}}, "extensions.origin"),
        ({"link_offset_ns": -5}, "link_offset_ns"),
        ({"skew_ns": 10**9}, "skew_ns"),
        ({"format": FORMAT.native() | {"depth": 9}}, "layout"),
    ],
)
def test_configuration_errors_name_the_field(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words) as e:
        receiver(**changes)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    ("leg", "words"),
    [
        ({"interface": "nosuch0", "address": "239.1.2.3", "port": 5004}, "nosuch0 does not exist"),
        ({"interface": "lo", "address": "198.51.100.7", "port": 5004}, "198.51.100.7"),
        ({"interface": "lo", "address": "fe80::1", "port": 5004}, "no IPv4 address"),
    ],
)
def test_sockets_that_cannot_be_opened_name_interface_and_address(
    leg: dict[str, Any], words: str
) -> None:
    rx = receiver(video=[leg])
    with pytest.raises(OSError, match=words):
        rx.start()
    assert not rx.running()
    rx.stop()


def test_a_sink_that_does_not_start_says_why() -> None:
    rx = _engine.Receiver(
        CollectingSink(start=-1).capsule(),
        format=FORMAT.native(),
        video=[{"interface": "lo", "address": "127.0.0.1", "port": free_port()}],
        metadata=[],
        payload_type=96,
        metadata_payload_type=104,
    )
    with pytest.raises(RuntimeError, match="sink: not today"):
        rx.start()


def test_multicast_with_and_without_a_source_filter() -> None:
    port = free_port()
    results = []
    for source in ("", "127.0.0.1", "127.0.0.9"):
        sink = CollectingSink()
        leg = {"interface": "lo", "address": "239.255.77.7", "port": port, "source_ip": source}
        rx = _engine.Receiver(
            sink.capsule(),
            format=FORMAT.native(),
            video=[leg],
            metadata=[],
            payload_type=96,
            metadata_payload_type=104,
            realtime=False,
            rcvbuf=1 << 20,
        )
        rx.start()
        flow = Flow(96, 7)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
            ts = tai_now() * 9 // 100_000 & 0xFFFFFFFF
            for p in flow.video(ts, picture(1), groups=48):
                out.sendto(p, ("239.255.77.7", port))
        time.sleep(0.2)
        rx.stop()
        results.append((len(sink.live()), rx.counters()["packets"]))
    assert results[0] == (1, 24)
    assert results[1] == (1, 24)
    assert results[2] == (0, 0)
