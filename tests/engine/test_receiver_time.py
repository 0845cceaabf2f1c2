"""When the receiver shows what: link offset, slates, fields, slices."""

from __future__ import annotations

import time
from fractions import Fraction

import numpy as np
import pytest

from drivers.video import FrameFlag, Scan, VideoFormat
from tests.support.plain_sender import send, tai_now
from tests.support.receiver_stage import (
    FORMAT,
    PERIOD,
    faults,
    picture,
    rows,
    settled,
    stage,
)

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


def test_the_automatic_offset_grows_when_frames_come_late() -> None:
    """A little at a time and only for what was seen; not for what happened while both started."""
    count = 20
    with stage(metadata=False) as s:
        begin = s.counters()["link_offset_ns"]
        delay = begin + 20_000_000  # every frame is complete so long after its instant
        first = s.k
        for n in range(count):
            tai = (first + n) * PERIOD
            while tai_now() < tai + delay:
                time.sleep(0.0005)
            send(s.video.video(tai * 90_000 // 10**9 & 0xFFFFFFFF, picture(n)), s.ports[0])
            if n == 1:
                assert s.counters()["offset_raises"] == 0, "frames of the start count for nothing"
        got = settled(s, count)
        codes = s.codes()
    assert got[0].flags & FrameFlag.LATE
    assert [rows(g) for g in got] == [picture(n).v210() for n in range(count)]
    c = s.counters()
    assert c["link_offset_ns"] > delay
    assert c["offset_raises"] == codes.count("link-offset") >= 1
    assert c["late"] == sum(bool(g.flags & FrameFlag.LATE) for g in got) < count


def test_without_a_flow_there_is_a_slate_at_the_frame_rate() -> None:
    with stage(metadata=False) as s:
        time.sleep(0.5)
        before = len(s.sink.shown)
        assert 6 <= before <= 12  # 25 a second, after two frames
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


@pytest.mark.parametrize("apart", [3600 // 2, 0])
def test_two_fields_make_one_frame(apart: int) -> None:
    """Fields half a frame apart; segments of one frame may share the timestamp."""
    fmt = VideoFormat(96, 24, Fraction(25), Scan.INTERLACED if apart else Scan.PSF)
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
        assert faults(g) == 0


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
