"""What a receiver measures and says of a stream that is not all live pictures on all paths."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from drivers.video import FrameFlag
from tests.support.plain_sender import send
from tests.support.receiver_stage import PERIOD, picture, stage


def test_latency_is_that_of_live_pictures_only() -> None:
    """The cable is pulled: banners come at the frame rate, with the origin of the last picture."""
    with stage() as s:
        last = 0
        for n in range(20):
            tai, ts = s.next_frame()
            live = n < 4 or n >= 18
            last = tai if live else last
            s.send_grain(tai, ts, static="A^A", origin=last)
            send(s.video.video(ts, picture(n % 5)), s.ports[0])
        got = s.sink.wait(lambda live: bool(live) and live[-1].timestamp == ts)
    c, h = s.counters(), s.rx.histograms()
    assert c["sender_held"] > 8  # a busy machine may lose some
    for name in ("latency", "added"):
        assert h[name]["count"] == c["presented"] - c["sender_held"] <= 6, name
    assert h["arrival"]["count"] <= 6
    for name in ("latency", "added", "arrival"):
        assert h[name]["max"] < 10 * PERIOD, name  # the oldest banner is 14 frames old
    for before, now in pairwise(got):
        assert bool(now.flags & FrameFlag.REPEATED) == (now.origin == before.origin)
    assert not got[0].flags & FrameFlag.REPEATED


def test_a_path_that_is_lost_and_back_is_said_with_its_name() -> None:
    """ST 2022-7: the picture stands on the other path, so the log is the only one to tell."""
    with stage(metadata=False, legs=2) as s:
        for n in range(26):
            _, ts = s.next_frame()
            packets = s.video.video(ts, picture(n % 5))
            send(packets, s.ports[0])
            if not 6 <= n < 18:
                send(packets, s.ports[1])
        time.sleep(0.1)
        events = [e for e in s.rx.events() if e["code"].startswith("path-")]
    name = f"video path 2 (127.0.0.1:{s.ports[1]} on lo)"
    assert [(e["code"], e["severity"]) for e in events] == [
        ("path-lost", "warning"),
        ("path-back", "info"),
    ]
    assert events[0]["text"] == f"{name}: no packets come; path 1 carries on"
    assert events[1]["text"].startswith(f"{name}: packets come again, after 0.")
    assert events[1]["tai"] - events[0]["tai"] > 2 * PERIOD
    c = s.counters()
    assert c["path_losses"] == 1
    assert c["lost"] == 0


@pytest.mark.parametrize("silent", [0, 1])
def test_a_path_that_never_came_is_said_once(silent: int) -> None:
    with stage(metadata=False, legs=2) as s:
        for n in range(14):
            _, ts = s.next_frame()
            send(s.video.video(ts, picture(n % 5)), s.ports[1 - silent])
        time.sleep(0.1)
        texts = [e["text"] for e in s.rx.events() if e["code"] == "path-lost"]
    where = f"video path {silent + 1} (127.0.0.1:{s.ports[silent]} on lo)"
    assert texts == [f"{where}: no packets come; path {2 - silent} carries on"]


def test_a_stream_that_stops_on_both_paths_has_lost_no_path() -> None:
    with stage(metadata=False, legs=2) as s:
        for n in range(20):
            _, ts = s.next_frame()
            if 6 <= n < 14:
                continue
            packets = s.video.video(ts, picture(n % 5))
            for port in s.ports:
                send(packets, port)
        time.sleep(0.1)
        codes = s.codes()
    assert "flow-lost" in codes and "path-lost" not in codes


def test_joining_between_a_grain_and_its_frame_is_no_fault() -> None:
    with stage() as s:
        for n in range(5):
            tai, ts = s.next_frame()
            if n:
                s.send_grain(tai, ts, static="A^A")
            send(s.video.video(ts, picture(n)), s.ports[0])
        got = s.sink.wait(lambda live: bool(live) and live[-1].timestamp == ts)
    assert got[0].flags & FrameFlag.NO_METADATA  # and is shown as what it is
    assert s.counters()["metadata_missing"] == 0


def test_a_flow_without_metadata_is_a_fault_from_its_second_frame_on() -> None:
    with stage() as s:
        for n in range(4):
            _, ts = s.next_frame()
            send(s.video.video(ts, picture(n)), s.ports[0])
        got = s.sink.wait(lambda live: bool(live) and live[-1].timestamp == ts)
    assert s.counters()["metadata_missing"] == len(got) - 1
