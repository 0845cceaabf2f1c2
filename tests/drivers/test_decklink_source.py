"""A DeckLink input, against a library without cards."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from drivers.decklink import DeckLinkSource
from drivers.frame import Frame
from drivers.video import Scan, Signal, VideoFormat, format_named
from tests.drivers.conformance import SourceConformance
from tests.drivers.decklink_bench import TINY, cards, driver, until
from tests.drivers.reading import Reading, Result, reading, tai
from tests.support.decklink_card import (
    DEPTH_8,
    DEPTH_10,
    DEPTH_12,
    RECORDER,
    RGB,
    YCC,
    Pretend,
    digest,
)

__all__ = ["cards"]


def source(format: VideoFormat = TINY, **options: Any) -> DeckLinkSource:
    return DeckLinkSource("101", format, driver=driver(), **options)


def digest_of(frame: Frame) -> int:
    words = np.ascontiguousarray(frame.planes[0]).view(np.uint32)
    fmt = frame.format
    per_row = fmt.width * 2 // 3 if fmt.depth == 10 else fmt.width // 2
    return digest(int(word) for word in words[:, :per_row].ravel())


@pytest.mark.usefixtures("cards")
class TestConformance(SourceConformance):
    can_slice = False

    def make(self, format: VideoFormat, **options: Any) -> DeckLinkSource:
        from tests.drivers.decklink_bench import pretend

        pretend().format(RECORDER, "tini" if format.scan is Scan.INTERLACED else "tiny")
        return source(format, **options)


def test_every_frame_is_what_the_card_saw(cards: Pretend) -> None:
    made = source(queue=8, buffers=24)
    with reading(made) as r:
        frames = r.frames(12)
        got = [digest_of(f) for f in frames]
        assert made.stats()["lost"] == 0
    sent = cards.pictures(RECORDER, shown=False)
    first = sent.index(got[0])
    assert got == sent[first : first + 12]
    assert [f.sequence for f in frames] == list(range(frames[0].sequence, frames[0].sequence + 12))


def test_eight_bit(cards: Pretend) -> None:
    cards.format(RECORDER, "tiny", YCC | DEPTH_8)
    with reading(source(VideoFormat(320, 180, Fraction(100), depth=8))) as r:
        frame = r.frames(3)[-1]
        assert digest_of(frame) in cards.pictures(RECORDER, shown=False)


def test_stamps_are_tai_at_the_start_of_the_raster(cards: Pretend) -> None:
    cards.clock(RECORDER, 50_000)
    made = source()
    with reading(made) as r:
        before = tai()
        frames = [(f.sequence, f.capture_tai) for f in (r.frame() for _ in range(60))]
        for n, at in frames:
            assert before - 40_000_000 < at < tai() - 9_000_000, n
        steps = [(b - a) / (m - n) for (n, a), (m, b) in zip(frames, frames[10:], strict=False)]
        # 50 ppm of 10 ms are 500 ns; a busy machine moves single readings by more.
        assert abs(float(np.median(steps)) - 9_999_500) < 2_000
        assert made.stats()["impossible_stamps"] == 0


def test_sound_and_ancillary_data(cards: Pretend) -> None:
    made = source(channels=8)
    with reading(made) as r:
        frames = r.frames(4)
        for frame in frames:
            assert frame.audio is not None
            assert frame.audio.shape == (480, 8)
            assert (frame.audio >> 16 << 16 == frame.audio).all()
        values = [int(f.audio[0, 0]) >> 16 for f in frames if f.audio is not None]
        assert values == list(range(values[0], values[0] + 4))
        stats = made.stats()
    assert stats["audio_samples"] == stats["frames"] * 480
    assert stats["anc_timecodes"] == stats["anc_payload_ids"] == stats["frames"]
    assert stats["timecode"] & 0xFFFFFF00 == 0x10203000
    with reading(source(channels=0)) as r:
        assert r.frame().audio is None


def test_loss_of_the_signal_is_told_and_nothing_is_passed_for_live(cards: Pretend) -> None:
    made = source()
    with reading(made) as r:
        last = r.frame()
        cards.signal(RECORDER, False)
        frames, event = r.until(Result.SIGNAL_CHANGED)
        assert event["signal"] == Signal.ABSENT
        last = frames[-1] if frames else last
        assert r.next(60_000_000)[0] is Result.TIMEOUT
        assert made.stats()["no_signal"] > 2
        cards.signal(RECORDER, True)
        frames, event = r.until(Result.SIGNAL_CHANGED)
        assert (frames, event["signal"]) == ([], Signal.LOCKED)
        frame = r.frame()
        assert frame.signal is Signal.LOCKED
        assert frame.sequence == last.sequence + 1
        assert frame.generation == last.generation
        live = set(cards.pictures(RECORDER, shown=False))
        assert {digest_of(last), digest_of(frame)} <= live


@pytest.mark.parametrize(
    ("mode", "detected", "signal", "words"),
    [
        ("Hp50", YCC | DEPTH_10, Signal.MISMATCH, "1920x1080p 50 frames/s, 10 bit"),
        ("Hi50", YCC | DEPTH_10, Signal.MISMATCH, "1920x1080i 25 frames/s, 10 bit"),
        ("tiny", YCC | DEPTH_8, Signal.MISMATCH, "320x180p 100 frames/s, 8 bit"),
        ("tiny", RGB | DEPTH_10, Signal.UNSUPPORTED, "320x180p 100 frames/s, 10 bit RGB"),
        ("tiny", YCC | DEPTH_12, Signal.UNSUPPORTED, "320x180p 100 frames/s, 12 bit"),
        ("ntsc", YCC | DEPTH_10, Signal.UNSUPPORTED, "720x486i 30000/1001 frames/s, 10 bit"),
    ],
)
def test_another_format_is_named_and_not_handed_on(
    cards: Pretend, mode: str, detected: int, signal: Signal, words: str
) -> None:
    made = source()
    with reading(made) as r:
        before = r.frame()
        cards.format(RECORDER, mode, detected)
        _, event = r.until(Result.FORMAT_CHANGED)
        assert event["signal"] == signal
        assert f"the input is {words}; configured is 320x180p" in r.reader.error()
        seen = {r.next(50_000_000)[0] for _ in range(3)}
        assert Result.OK not in seen
        assert made.stats()["signal"] == signal
        cards.format(RECORDER, "tiny")
        until(lambda: made.stats()["signal"] == Signal.LOCKED, "the right format does not return")
        results = [r.next() for _ in range(2)]
        frame = next(f for result, f, _ in results if result is Result.OK)
        assert frame is not None
        assert frame.generation > before.generation
        assert frame.format == TINY
        assert digest_of(frame) in cards.pictures(RECORDER, shown=False)


def test_a_change_of_colour_space_alone_restarts_nothing(cards: Pretend) -> None:
    made = source(queue=8, buffers=24)
    with reading(made) as r:
        first = r.frame()
        cards.colour(RECORDER)
        until(lambda: made.stats()["colour_changes"] == 1, "the card said nothing")
        frames = r.frames(5)
    assert frames[-1].sequence == first.sequence + 5
    assert made.stats()["format_changes"] == 0
    assert made.stats()["lost"] == 0


def test_a_card_that_is_pulled_out_is_gone_until_a_start_after_it_is_back(cards: Pretend) -> None:
    made = source()
    with reading(made) as r:
        frame = r.frame()
        picture = frame.to_rgb()
        cards.plug(RECORDER, False)
        _, event = r.until(Result.GONE)
        assert event["signal"] == Signal.GONE
        assert r.next(10_000_000)[0] is Result.GONE
        assert r.start() is Result.GONE
        assert "not there" in r.reader.error()
        assert (frame.to_rgb() == picture).all()
        cards.plug(RECORDER, True)
        assert r.next(10_000_000)[0] is Result.GONE
        assert r.start() is Result.OK
        assert r.frame().signal is Signal.LOCKED
        assert made.stats()["removals"] == 1


@pytest.mark.usefixtures("cards")
def test_pictures_lie_in_our_memory_and_are_not_copied() -> None:
    made = source()
    with reading(made) as r:
        frames = r.frames(3)
        stats = made.stats()
        assert stats["buffers_out"] >= stats["frames_out"] >= 3
        addresses = {f.planes[0].__array_interface__["data"][0] for f in frames}
        assert len(addresses) == 3
        assert all(address % 4096 == 0 for address in addresses)
        del frames
        until(lambda: made.stats()["frames_out"] <= 3, "frames are not given back")


def test_the_cards_thread_is_not_kept(cards: Pretend) -> None:
    made = source(format_named("720p50"))
    cards.format(RECORDER, "hp50")
    with reading(made) as r:
        r.next()
        until(lambda: made.stats()["frames"] > 20, "no frames", made.stats)
        assert made.stats()["callback_p50_ns"] < 1_000_000


@pytest.mark.usefixtures("cards")
def test_an_input_that_is_closed_while_frames_come() -> None:
    for _ in range(10):
        made = source()
        r = Reading(made)
        assert r.start() is Result.OK
        time.sleep(0.012)
        made.close()
        assert r.next(0)[0] is Result.TIMEOUT
