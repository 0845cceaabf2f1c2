"""A DeckLink input, against the stand-in library."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from drivers.decklink import DeckLinkSource
from drivers.frame import Frame
from drivers.synthetic import read_stamp
from drivers.synthetic._synthetic import stamp_rows
from drivers.video import Signal, VideoFormat, format_named
from tests.drivers.decklink_bench import DUO, DUO_AT, FRAME, HD, cards, driver, until
from tests.drivers.reading import Reading, Result, reading, tai
from tests.support.standin import Local

__all__ = ["cards"]


def source(format: VideoFormat = HD, **options: Any) -> DeckLinkSource:
    return DeckLinkSource(DUO, format, driver=driver(), **options)


def stamp(frame: Frame) -> tuple[int, int]:
    """The camera's number and time, read from the picture."""
    got = read_stamp(frame)
    assert got is not None
    return got.sequence, got.tai


def assert_as_sent(frame: Frame) -> None:
    """Every sample but the strips of the stamp is the camera's (tests/support/decklink)."""
    number, _ = stamp(frame)
    fmt = frame.format
    memory = frame.planes[0]
    rows, columns = np.indices((fmt.height, fmt.width * 2), dtype=np.int64)
    wave = 7 * columns + 13 * rows + 29 * (number % 4)
    if fmt.depth == 10:
        words = np.ascontiguousarray(memory).view(np.uint32)
        samples = np.stack([words >> shift & 0x3FF for shift in (0, 10, 20)], axis=2)
        seen, wanted = samples.reshape(fmt.height, -1), 64 + wave % 877
    else:
        seen, wanted = memory, 16 + wave % 219
    right = seen[:, : fmt.width * 2] == wanted
    for first, count in stamp_rows(fmt.native(frame.layout)):
        right[first : first + count] = True
    assert right.all()


def test_every_frame_is_what_the_card_saw(cards: Local) -> None:
    made = source(queue=8, buffers=24)
    with reading(made) as r:
        frames = [r.frame() for _ in range(6)]
        for frame in frames:
            assert frame.format == HD
            assert frame.signal is Signal.LOCKED
            assert frame.lines_ready == 720
        assert_as_sent(frames[0])
        assert_as_sent(frames[5])
        numbers = [(f.sequence, stamp(f)[0]) for f in frames]
    # What the card left out on a busy machine is a gap in both counts.
    assert {b - a for a, b in numbers} == {numbers[0][1] - numbers[0][0]}
    assert cards(f"capture {DUO_AT}")["running"] is False


def test_eight_bit(cards: Local) -> None:
    cards(f"source {DUO_AT} hp50 8")
    with reading(source(format_named("720p50", depth=8))) as r:
        assert_as_sent(r.frame())


def test_stamps_are_tai_at_the_start_of_the_raster(cards: Local) -> None:
    cards(f"card {DUO_AT} 60000")
    made = source()
    with reading(made) as r:
        off = []
        for _ in range(50):
            frame = r.frame()
            assert tai() >= frame.capture_tai + FRAME
            off.append(frame.capture_tai - stamp(frame)[1])
        assert abs(float(np.median(off))) < 300_000, off
        assert made.stats()["impossible_stamps"] == 0
        assert abs(made.stats()["card_ppb"] - 60_000) < 30_000


def test_sound_and_ancillary_data(cards: Local) -> None:
    assert cards(f"capture {DUO_AT}")["running"] is False
    made = source(channels=8)
    with reading(made) as r:
        for frame in [r.frame() for _ in range(3)]:
            sound = frame.audio
            assert sound is not None
            assert sound.shape == (960, 8)
            high = sound.view(np.uint32) >> 16
            assert (high << 16 == sound.view(np.uint32)).all()
            first = int(high[0, 0])
            samples, channels = np.indices(sound.shape)
            assert (high == (first + 31 * samples + 1009 * channels) % 65536).all()
        until(lambda: made.stats()["anc_payload_ids"] > 3, "no packets", made.stats)
        stats = made.stats()
        assert stats["timecodes"] > 3
        assert stats["anc_packets"] >= 2 * stats["anc_payload_ids"]
        assert stats["timecode"] != 0
    with reading(source(channels=0)) as r:
        assert r.frame().audio is None


def test_loss_of_the_signal_is_told_and_nothing_is_passed_for_live(cards: Local) -> None:
    made = source()
    with reading(made) as r:
        before = r.frame()
        cards(f"signal {DUO_AT} off")
        _, event = r.until(Result.SIGNAL_CHANGED)
        assert event["signal"] == Signal.ABSENT
        assert r.next(100_000_000)[0] is Result.TIMEOUT
        assert made.stats()["no_signal"] > 1
        assert made.stats()["signal"] == Signal.ABSENT
        cards(f"signal {DUO_AT} on")
        frames, event = r.until(Result.SIGNAL_CHANGED)
        assert (frames, event["signal"]) == ([], Signal.LOCKED)
        after = r.frame()
        assert_as_sent(after)
        assert after.generation == before.generation


@pytest.mark.parametrize(
    ("what", "signal", "words"),
    [
        ("Hp25 10", Signal.MISMATCH, "1920x1080p 25 frames/s, 10 bit"),
        ("Hi50 10", Signal.MISMATCH, "1920x1080i 25 frames/s, 10 bit"),
        ("hp50 8", Signal.MISMATCH, "1280x720p 50 frames/s, 8 bit"),
        ("hp59 10", Signal.MISMATCH, "1280x720p 60000/1001 frames/s, 10 bit"),
        ("hp50 rgb", Signal.UNSUPPORTED, "1280x720p 50 frames/s, 10 bit RGB"),
        ("hp50 12", Signal.UNSUPPORTED, "1280x720p 50 frames/s, 12 bit"),
        ("ntsc 10", Signal.UNSUPPORTED, "720x486i 30000/1001 frames/s, 10 bit"),
    ],
)
def test_another_format_is_named_and_not_handed_on_until_the_right_one_returns(
    cards: Local, what: str, signal: Signal, words: str
) -> None:
    made = source()
    with reading(made) as r:
        # After a start a card takes two frames to see a format; until then there is no signal.
        before = r.frames(3)[-1]
        cards(f"source {DUO_AT} {what}")
        _, event = r.until(Result.FORMAT_CHANGED)
        assert event["signal"] == signal
        said = r.reader.error()
        assert f"the input is {words}; configured is 1280x720p 50 frames/s, 10 bit" in said
        assert Result.OK not in {r.next(40_000_000)[0] for _ in range(4)}
        assert made.stats()["signal"] == signal
        cards(f"source {DUO_AT} hp50 10")
        frame = None
        for _ in range(20):
            result, frame, _ = r.next()
            if result is Result.OK:
                break
        assert frame is not None
        assert frame.generation > before.generation
        assert frame.format == HD
        assert_as_sent(frame)


def test_starting_on_another_format(cards: Local) -> None:
    cards(f"source {DUO_AT} Hp25 10")
    with reading(source()) as r:
        # What comes before the card has told of it carries no picture (no input, at most).
        for _ in range(20):
            result, frame, event = r.next()
            assert frame is None
            if result is Result.FORMAT_CHANGED:
                break
        assert result is Result.FORMAT_CHANGED
        assert event["signal"] == Signal.MISMATCH


def test_a_change_that_the_configured_samples_already_carry_restarts_nothing(
    cards: Local,
) -> None:
    made = source()
    with reading(made) as r:
        r.frame()
        cards(f"source {DUO_AT} hp50 rgb")
        r.until(Result.FORMAT_CHANGED)
        before = cards(f"capture {DUO_AT}")["told"]
        time.sleep(0.2)
        # Followed, the card would tell of it again and again.
        assert cards(f"capture {DUO_AT}")["told"] == before
        assert made.stats()["format_changes"] == 1


def test_another_colour_space_in_the_same_samples_restarts_nothing(cards: Local) -> None:
    """A camera that goes from BT.709 to BT.2020. A card tells of it after each new beginning."""
    made = source()
    with reading(made) as r:
        before = r.frames(3)[-1]
        told = cards(f"capture {DUO_AT}")["told"]
        cards(f"colour {DUO_AT} 2020")
        until(lambda: made.stats()["colour_changes"] == 1, "it is not told", made.stats)
        numbers = [before.sequence, *(r.frame().sequence for _ in range(12))]
        assert cards(f"capture {DUO_AT}")["told"] == told + 1
        stats = made.stats()
        assert stats["colour_changes"] == stats["starts"] == 1
        assert stats["format_changes"] == stats["signal_changes"] == stats["generation"] == 0
        assert numbers == sorted(numbers)
        assert r.frame().signal is Signal.LOCKED


def test_a_card_that_is_pulled_out_is_gone_until_a_start_after_it_is_back(cards: Local) -> None:
    made = source()
    with reading(made) as r:
        frame = r.frame()
        picture = frame.to_rgb()
        cards(f"remove {DUO_AT}")
        _, event = r.until(Result.GONE)
        assert event["signal"] == Signal.GONE
        assert r.next(10_000_000)[0] is Result.GONE
        assert r.start() is Result.GONE
        assert "not there" in r.reader.error()
        assert (frame.to_rgb() == picture).all()
        cards(f"arrive {DUO_AT}")
        assert r.next(10_000_000)[0] is Result.GONE
        assert r.start() is Result.OK
        assert r.frame().signal is Signal.LOCKED
        assert made.stats()["removals"] == 1


def test_frames_that_the_card_lost_are_gaps(cards: Local) -> None:
    made = source()
    with reading(made) as r:
        first = r.frame()
        cards(f"drop {DUO_AT} 3")
        until(lambda: made.stats()["lost"] >= 3, "no gap", made.stats)
        assert first.signal is Signal.LOCKED


@pytest.mark.usefixtures("cards")
def test_pictures_lie_in_our_memory_and_come_back() -> None:
    made = source(buffers=6)
    with reading(made) as r:
        frames = r.frames(4)
        stats = made.stats()
        assert stats["buffers_out"] >= stats["frames_out"] >= 4
        addresses = {f.planes[0].__array_interface__["data"][0] for f in frames}
        assert len(addresses) == 4
        assert all(address % 4096 == 0 for address in addresses)
        # With all out the card has nowhere to write, and nobody's picture changes.
        pictures = [f.to_rgb() for f in frames]
        until(lambda: made.stats()["no_buffer"] > 0, "the memory has no end", made.stats)
        for frame, picture in zip(frames, pictures, strict=True):
            assert (frame.to_rgb() == picture).all()
        last = frames[-1].sequence
        del frames, frame
        until(lambda: r.frame().sequence > last + 4, "it does not go on")


@pytest.mark.usefixtures("cards")
def test_frames_outlive_the_source() -> None:
    made = source()
    r = Reading(made)
    assert r.start() is Result.OK
    frames = r.frames(3)
    before = [f.to_rgb() for f in frames]
    r.reader.stop()
    made.close()
    del r, made
    for frame, picture in zip(frames, before, strict=True):
        assert (frame.to_rgb() == picture).all()


@pytest.mark.usefixtures("cards")
def test_slices_are_refused_and_starts_repeat() -> None:
    made = source()
    r = Reading(made)
    assert r.next(1_000_000)[0] is Result.TIMEOUT
    assert r.start(slices=True) is Result.REFUSED
    assert "slices" in r.reader.error()
    for _ in range(3):
        assert r.start() is Result.OK
        r.frames(2)
        r.reader.stop()
        r.reader.stop()
        assert r.next(0)[0] is Result.TIMEOUT
    for _ in range(5):  # closed while frames are on their way
        assert r.start() is Result.OK
        time.sleep(0.021)
        made.close()


@pytest.mark.usefixtures("cards")
def test_a_slow_consumer_loses_the_oldest_and_the_cards_thread_is_not_kept() -> None:
    made = source()
    with reading(made) as r:
        first = r.frame()
        until(lambda: made.stats()["dropped"] > 3, "nothing is dropped", made.stats)
        late = r.frames(2)
        assert late[0].sequence > first.sequence + 3
        assert made.stats()["callback_p50_ns"] < 2_000_000


@pytest.mark.parametrize("what", ["a", "b", "c", "buffers", "b-only"])
def test_every_generation_of_the_library_is_captured_from(cards: Local, what: str) -> None:
    cards(f"generation {what}")
    found = driver()
    card = found.card(DUO, "capture")
    assert card.generation == {"a": "A", "c": "C"}.get(what, "B")
    assert card.statistics is (what == "c")
    assert found.version == {"a": "14.2.0", "c": "16.0.0"}.get(what, "15.3.0")
    made = DeckLinkSource(DUO, HD, driver=found)
    with reading(made) as r:
        frames = r.frames(4)
        assert_as_sent(frames[0])
        assert frames[3].audio is not None
        # Its own memory is the card's where it takes none of ours.
        assert (made.stats()["buffers_out"] > 0) is (what != "b-only")
        until(lambda: made.stats()["anc_payload_ids"] > 3, "no packets", made.stats)
        cards(f"source {DUO_AT} Hp25 10")
        r.until(Result.FORMAT_CHANGED)
        cards(f"source {DUO_AT} hp50 10")
        until(lambda: r.next()[0] is Result.OK, "it does not go on")
    made.close()
    # Frames that outlive the card keep their buffers open until they are given back.
    assert_as_sent(frames[3])
