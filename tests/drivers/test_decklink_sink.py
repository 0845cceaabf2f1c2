"""A DeckLink output, against the stand-in library."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from drivers import _video
from drivers.decklink import ClockState, DeckLinkSink, DeckLinkSource, NextSlip
from drivers.frame import Frame, FramePool, fill_black
from drivers.synthetic import read_stamp, write_stamp
from drivers.video import FrameFlag, VideoFormat, format_named
from tests.drivers.decklink_bench import (
    DUO,
    DUO_AT,
    FRAME,
    HD,
    MONITOR,
    MONITOR_AT,
    cards,
    driver,
    local,
    until,
)
from tests.drivers.reading import Result, reading, tai
from tests.support.standin import Local

__all__ = ["cards"]


class Showing:
    """A sink that was started, and frames to show on it."""

    def __init__(self, key: str = DUO, format: VideoFormat = HD, **options: Any) -> None:
        self.since = time.monotonic_ns()
        self.sink = DeckLinkSink(key, driver=driver(), **options)
        self.writer = _video.SinkWriter(self.sink.capsule())
        self.format = format
        self.result = Result(self.writer.start(format.native()))
        self.pool = FramePool(format, 24)

    def __enter__(self) -> Showing:
        assert self.result is Result.OK, self.writer.error()
        return self

    def __exit__(self, *_: object) -> None:
        self.writer.stop()
        self.sink.close()

    def frame(self, number: int) -> Frame:
        frame = self.pool.acquire()
        assert frame is not None
        fill_black(frame)
        write_stamp(frame, number, number)
        return frame.set(lines_ready=self.format.height)

    def show(self, count: int, first: int = 1) -> None:
        """Frames with those numbers, each handed over just before it is due."""
        due = tai() // FRAME * FRAME + 2 * FRAME
        for number in range(first, first + count):
            frame = self.frame(number).set(capture_tai=due - 2 * FRAME)
            while tai() < due - 1_000_000:
                time.sleep(0.0005)
            assert self.writer.submit(frame.native, due) == Result.OK
            due += FRAME

    def stats(self) -> dict[str, int]:
        return self.sink.stats()

    def log(self) -> list[dict[str, Any]]:
        """What left the Duo since the start, as the stand-in saw it."""
        log = local()(f"playout {DUO_AT}")["shown"]
        return [entry for entry in log if entry["mono"] >= self.since]

    def left(self) -> list[int]:
        """Numbers of the pictures that left it, in order; 0 for one without."""
        return [entry["sequence"] if entry["stamped"] else 0 for entry in self.log()]


@pytest.mark.parametrize("scheduled", [False, True])
def test_frames_leave_in_order_each_whole(cards: Local, scheduled: bool) -> None:
    with Showing(scheduled=scheduled) as it:
        it.show(30)
        until(lambda: 30 in it.left(), "the last one does not leave", it.left)
        log = cards(f"playout {DUO_AT}")
        assert log["low_latency"] is not scheduled
        assert not any(entry["torn"] for entry in it.log())
        left = [n for n in it.left() if n]
        assert left == sorted(left)
        stats = it.stats()
        # Each is shown, or was overtaken, and counted so.
        assert len(set(left)) + stats["dropped"] + stats["card_dropped"] + stats["overflow"] >= 30
        assert len(set(left)) > 10
        low = 3 * FRAME if scheduled else 2 * FRAME
        assert stats["latency_min_ns"] >= low - 2_000_000, stats
    assert it.stats()["open"] == 0
    assert it.stats()["with_card"] == 0


def test_the_picture_is_read_where_it_lies(cards: Local, tmp_path: Path) -> None:
    with Showing(idle_ns=60_000_000_000) as it:
        frame = it.frame(7)
        assert it.writer.submit(frame.native, tai()) == Result.OK
        until(lambda: 7 in it.left(), "it does not leave")
        cards(f"picture {DUO_AT} {tmp_path / 'picture'}")
        assert (tmp_path / "picture").read_bytes() == frame.planes[0].tobytes()


def test_late_and_dropped_frames_are_counted(cards: Local) -> None:
    with Showing(scheduled=True) as it:
        it.show(5)
        cards(f"outdrop {DUO_AT} 2")
        it.show(5, 6)
        until(lambda: it.stats()["card_dropped"] >= 2, "drops are not counted", it.stats)
        cards(f"outlate {DUO_AT} 1")
        it.show(10, 11)
        until(lambda: it.stats()["late"] >= 1, "late frames are not counted", it.stats)


@pytest.mark.usefixtures("cards")
def test_without_frames_black_comes_then_the_slate() -> None:
    with Showing(idle_ns=100_000_000) as it:
        until(lambda: it.left() == [0], "no black at the beginning", it.left)
        it.show(3)
        until(lambda: it.stats()["idle"] == 1, "the last picture stays", it.stats)
        until(lambda: it.left()[-1] == 0, "no black", it.left)
        slate = it.frame(99).set(flags=int(FrameFlag.SLATE))
        it.sink.set_slate(slate)
        it.show(3, 4)
        until(lambda: it.left()[-1] == 99, "no slate", it.left)
        it.sink.set_slate(None)


def test_a_card_that_is_pulled_out_and_put_back_goes_on(cards: Local) -> None:
    with Showing() as it:
        it.show(3)
        cards(f"remove {DUO_AT}")
        until(lambda: it.stats()["losses"] == 1, "the removal is not seen", it.stats)
        frame = it.frame(50)
        assert it.writer.submit(frame.native, tai()) == Result.GONE
        assert "unplugged" in it.writer.error()
        del frame
        cards(f"arrive {DUO_AT}")
        until(lambda: it.stats()["restarts"] == 1, "it does not come back", it.stats)
        it.show(5, 60)
        until(lambda: 64 in it.left(), "nothing is shown again", it.left)


@pytest.mark.usefixtures("cards")
def test_what_the_card_cannot_show_is_refused_in_one_line() -> None:
    found = driver()
    sink = DeckLinkSink(DUO, driver=found)
    writer = _video.SinkWriter(sink.capsule())
    assert writer.start(HD.native(), True) == Result.REFUSED
    assert "slices" in writer.error()
    assert writer.start(format_named("720p50", depth=12).native()) == Result.REFUSED
    assert "8 or 10 bit" in writer.error()
    odd = VideoFormat(1280, 720, HD.rate * 3 / 2)
    assert writer.start(odd.native()) == Result.REFUSED
    assert "does not show 1280x720p 75 frames/s, 10 bit" in writer.error()
    sink.close()


@pytest.mark.slow
def test_the_clock_is_steered_until_the_raster_follows_the_due_times(cards: Local) -> None:
    cards(f"card {DUO_AT} 70000")
    # Half a period off, the way there takes minutes at 127 ppm.
    cards(f"phase {DUO_AT} 2500000")
    with Showing(trim_seconds=1.0) as it:
        it.show(2)
        until(
            lambda: it.stats()["clock_state"] == ClockState.LOCKED,
            "no lock",
            lambda: {k: v for k, v in it.stats().items() if k.startswith("clock")},
            seconds=120,
        )
        stats = it.stats()
        assert abs(stats["clock_error_ns"]) < 250_000
        assert stats["clock_trims"] == 1
        assert stats["next_slip"] == NextSlip.NONE
        assert abs(stats["clock_drift_ppb"] - 70_000) < 30_000
        assert -110 < stats["clock_trim_ppm"] < -30


def test_a_card_without_trim_foretells_its_next_slip(cards: Local) -> None:
    cards(f"card {MONITOR_AT} 100000")
    with Showing(MONITOR) as it:
        it.show(2)
        until(
            lambda: abs(it.stats()["clock_drift_ppb"] - 100_000) < 20_000,
            "the drift is not measured",
            it.stats,
        )
        until(lambda: it.stats()["next_slip"] == NextSlip.REPEAT, "no slip is foretold", it.stats)
        stats = it.stats()
        assert stats["clock_trims"] == 0
        assert 0 <= stats["next_slip_ns"] <= 250 * 1_000_000_000


@pytest.mark.parametrize("scheduled", [False, True])
def test_what_a_card_captures_leaves_with_its_sound_and_its_packets(
    cards: Local, scheduled: bool
) -> None:
    """Looped through: from the Duo's input to its own output."""
    made = DeckLinkSource(DUO, HD, channels=8, driver=driver(), buffers=24, queue=8)
    sums: dict[int, str] = {}
    with (
        reading(made) as r,
        Showing(scheduled=scheduled, channels=8, ancillary=True) as it,
    ):
        for _ in range(40):
            frame = r.frame()
            got = read_stamp(frame)
            assert got is not None
            packets = " ".join(
                f"{p.did:02x}.{p.sdid:02x}@{p.line}:{p.data.hex()}" for p in frame.ancillary
            )
            assert packets == f"41.01@10:89ca0001 50.01@12:{got.sequence:016x}"
            sums[got.sequence] = packets
            assert it.writer.submit(frame.native, tai() + 1_000_000) == Result.OK
        until(lambda: len(it.left()) >= 25, "it does not leave", it.left)
        log = [entry for entry in it.log() if entry["stamped"]]
        sound = cards(f"playout {DUO_AT}")["sound"]
        stats = it.stats()
    sent = [entry["packets"] for entry in log if entry["packets"]]
    # A picture that is shown again brings its packets once.
    assert sent == [sums[entry["sequence"]] for entry in log if entry["packets"]]
    assert len(sent) == len({entry["sequence"] for entry in log}) >= 20
    assert stats["anc_left_out"] == 0
    assert sound["channels"] == 8
    assert sound["left"] >= 20 * 960
    assert sound["wrong"] == 0
    # Whole frames at most are left out or waited for, never a part of one.
    gaps = stats["dropped"] + stats["overflow"] + stats["card_dropped"] + stats["refused"]
    holes = stats["audio_silence"] // 960 + stats["audio_dropped"] // 960
    assert sound["breaks"] <= gaps + holes + stats["resyncs"], (sound, stats)
    assert stats["audio_samples"] >= sound["left"] - 960


def test_without_sound_or_packets_none_is_sent(cards: Local) -> None:
    with Showing() as it:
        it.show(5)
        until(lambda: 5 in it.left(), "it does not leave")
        assert cards(f"playout {DUO_AT}")["sound"]["channels"] == 0
        assert {entry["packets"] for entry in it.log()} == {""}
        assert it.stats()["audio_samples"] == 0
    with Showing(channels=2, ancillary=True) as it:
        it.show(5)
        until(lambda: 5 in it.left(), "it does not leave")
        assert cards(f"playout {DUO_AT}")["sound"]["left"] == 0
        assert {entry["packets"] for entry in it.log()} == {""}
    with pytest.raises(ValueError, match="choose 0, 2, 8 or 16"):
        DeckLinkSink(DUO, channels=3, driver=driver())
