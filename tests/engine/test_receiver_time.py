"""When the receiver shows what: link offset, slates, fields, slices."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

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
    """A little at a time and only for what was seen. What comes while the offset is being found
    is shown at once and is not late; what exceeds it later is, and raises it again."""
    count, slower = 24, 12
    with stage(metadata=False) as s:
        begin = s.counters()["link_offset_ns"]
        first = s.k
        for n in range(count):
            tai = (first + n) * PERIOD
            # Every frame is complete so long after its instant.
            if n == 0:
                delay = begin + 20_000_000
            elif n == slower:
                delay = s.counters()["link_offset_ns"] + 30_000_000
            while tai_now() < tai + delay:
                time.sleep(0.0005)
            send(s.video.video(tai * 90_000 // 10**9 & 0xFFFFFFFF, picture(n)), s.ports[0])
            if n == 1:
                assert s.counters()["offset_raises"] == 0, "frames of the start count for nothing"
        got = settled(s, count)
        codes = s.codes()
    assert not any(g.flags & FrameFlag.LATE for g in got[:5])  # of the first 250 ms
    assert got[slower].flags & FrameFlag.LATE
    assert [rows(g) for g in got] == [picture(n).v210() for n in range(count)]
    c = s.counters()
    assert c["link_offset_ns"] > delay
    assert c["offset_raises"] == codes.count("link-offset") >= 2
    assert c["late"] == sum(bool(g.flags & FrameFlag.LATE) for g in got) < count // 2


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
    assert luma(rows(held)) < 0.6 * luma(picture(2).v210())


@pytest.mark.parametrize(("ground", "lumas"), [("black", 1), ("pattern", 8)])
def test_what_stands_there_without_a_flow_is_chosen(ground: str, lumas: int) -> None:
    with stage(metadata=False, ground=ground) as s:
        for n in range(3):
            _, ts = s.next_frame()
            send(s.video.video(ts, picture(n)), s.ports[0])
        settled(s, 3)
        time.sleep(0.4)
        shown = s.sink.shown[-1]
    assert shown.flags & FrameFlag.SLATE
    assert not shown.flags & FrameFlag.REPEATED
    words = np.frombuffer(b"".join(rows(shown)), "<u4")
    parts = np.stack([words & 1023, words >> 10 & 1023, words >> 20 & 1023], 1).reshape(-1, 12)
    assert len(np.unique(parts[:, 1::2])) == lumas


def banner() -> np.ndarray[Any, np.dtype[np.uint16]]:
    """As wide as the picture: white over four rows."""
    return np.tile(np.array([940, 512, 512, 1023], np.uint16), (4, FORMAT.width, 1))


BANNER_ROWS = range(24 - 4 - 24 // 6, 24 - 24 // 6)  # in the lower part


def beside_banner(shown: list[bytes]) -> list[bytes]:
    return [row for n, row in enumerate(shown) if n not in BANNER_ROWS]


def has_banner(shown: list[bytes]) -> bool:
    return all(
        (np.frombuffer(shown[row][:256], "<u4") >> 10 & 1023)[::2].min() == 940
        for row in BANNER_ROWS
    )


def test_a_late_picture_is_shown_at_once_and_says_so_long_enough_to_be_read() -> None:
    offset = 60_000_000
    with stage(metadata=False, link_offset_ns=offset) as s:
        s.rx.set_overlay(0, [])
        s.rx.set_slates({"late": banner()})
        for n in range(5):
            tai, ts = s.next_frame()
            while n == 2 and tai_now() < tai + offset + 10_000_000:
                time.sleep(0.0005)
            send(s.video.video(ts, picture(n)), s.ports[0])
        settled(s, 5)
        time.sleep(1.1)
        s.k = tai_now() // PERIOD + 2
        for n in (5, 6):
            _, ts = s.next_frame()
            send(s.video.video(ts, picture(n)), s.ports[0])
        got = settled(s, 7)
    assert [bool(g.flags & FrameFlag.LATE) for g in got] == [n == 2 for n in range(7)]
    assert got[2].capture + offset + 10_000_000 < got[2].due <= got[2].presented
    for n, g in enumerate(got):
        # In full light beside the banner: it is the newest picture there is.
        assert beside_banner(rows(g)) == beside_banner(picture(n).v210())
        assert has_banner(rows(g)) == (n in (2, 3, 4))


def test_while_a_picture_takes_too_long_the_last_one_is_called_late_and_then_no_video() -> None:
    """Packets come all the time, one each 30 ms: first it is lateness, after half a second it is
    no video."""
    with stage(metadata=False, link_offset_ns=20_000_000) as s:
        s.rx.set_slates({"late": banner()})
        _, ts = s.next_frame()
        send(s.video.video(ts, picture(0)), s.ports[0])
        settled(s, 1)
        _, ts = s.next_frame()
        packets = s.video.video(ts, picture(1), groups=48)
        for packet in packets[:-1]:
            send([packet], s.ports[0])
            time.sleep(0.03)
        codes = s.codes()
        send(packets[-1:], s.ports[0])
        got = settled(s, 2)
        shown = list(s.sink.shown)
    assert codes.index("video-late") < codes.index("flow-lost")
    first, last = (next(i for i, x in enumerate(shown) if x is g) for g in got)
    between = shown[first + 1 : last]
    assert all(x.flags & FrameFlag.SLATE and x.flags & FrameFlag.REPEATED for x in between)
    late = [x for x in between if x.flags & FrameFlag.LATE]
    gone = [x for x in between if not x.flags & FrameFlag.LATE]
    assert between == late + gone
    assert len(late) >= 5
    assert gone
    for x in late:
        assert has_banner(rows(x))
        assert beside_banner(rows(x)) == beside_banner(picture(0).v210())
    assert not has_banner(rows(gone[0]))
    assert luma(rows(gone[0])) < 0.6 * luma(rows(got[0]))
    assert rows(got[1]) == picture(1).v210()
    assert got[1].flags & FrameFlag.LATE


def luma(shown: list[bytes]) -> float:
    words = np.concatenate([np.frombuffer(r, "<u4") for r in shown])
    return float((words >> 10 & 1023)[::2].mean())


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
