"""What every card family's source must do. A family's test class inherits `SourceConformance` and
says how to make one; `FaultConformance` is for sources whose signal can be disturbed on demand."""

from __future__ import annotations

import time
from fractions import Fraction
from itertools import pairwise
from typing import Any

from drivers.card import PretendCard
from drivers.video import Layout, Scan, Signal, Source, VideoFormat
from tests.drivers.reading import SECOND, Reading, Result, reading, tai

SMALL = VideoFormat(320, 180, Fraction(100))


class SourceConformance:
    """Inherit, and give `make`."""

    can_slice = True

    def make(self, format: VideoFormat, **options: Any) -> Source:
        raise NotImplementedError

    def test_is_a_source(self) -> None:
        source = self.make(SMALL)
        assert isinstance(source, Source)
        assert source.format == SMALL
        source.close()
        source.close()

    def test_frames_come_in_order_with_the_asked_format(self) -> None:
        with reading(self.make(SMALL)) as r:
            frames = r.frames(3)
        numbers = [f.sequence for f in frames]
        assert numbers == sorted(set(numbers))
        for frame in frames:
            assert frame.format == SMALL
            assert frame.layout is Layout.V210
            assert frame.signal is Signal.LOCKED
            assert frame.lines_ready == SMALL.height

    def test_capture_times_fit_the_sequence(self) -> None:
        with reading(self.make(SMALL)) as r:
            frames = [(f.sequence, f.capture_tai) for f in (r.frame() for _ in range(8))]
        for (n0, t0), (n1, t1) in pairwise(frames):
            assert abs((t1 - t0) - (n1 - n0) * 10_000_000) <= 1_000_000

    def test_whole_frames_are_not_handed_on_before_their_end(self) -> None:
        with reading(self.make(SMALL)) as r:
            for _ in range(5):
                frame = r.frame()
                assert tai() >= frame.capture_tai + 10_000_000

    def test_slices_grow_in_order_and_not_before_their_time(self) -> None:
        if not self.can_slice:
            return self.refuses_slices()
        with reading(self.make(SMALL), slices=True) as r:
            for _ in range(5):
                frame = r.frame()
                ready = 0
                for lines in (1, 60, 120, 180):
                    assert r.wait_lines(frame, lines) is Result.OK
                    now = frame.lines_ready
                    assert now >= max(lines, ready)
                    ready = now
                    # A row cannot be there before its place in the raster has passed.
                    assert tai() >= frame.capture_tai + 10_000_000 * lines // 200
            assert r.wait_lines(frame, 181, 1_000_000) is Result.TIMEOUT
        return None

    def refuses_slices(self) -> None:
        source = self.make(SMALL)
        r = Reading(source)
        assert r.start(slices=True) is Result.REFUSED
        assert "slices" in r.reader.error()
        source.close()

    def test_interlaced_frames_come_whole(self) -> None:
        fmt = VideoFormat(320, 180, Fraction(50), Scan.INTERLACED)
        with reading(self.make(fmt), slices=self.can_slice) as r:
            for frame in r.frames(2):
                assert frame.lines_ready == 180

    def test_a_slow_consumer_loses_the_oldest_and_holds_nothing_up(self) -> None:
        source = self.make(SMALL)
        with reading(source) as r:
            first = r.frame()
            time.sleep(0.15)
            late = r.frames(2)
            assert source.stats()["dropped"] > 0
            assert late[0].sequence - first.sequence > 5
            assert late[1].sequence == late[0].sequence + 1

    def test_frames_stay_valid_after_the_source_is_closed(self) -> None:
        source = self.make(SMALL)
        r = Reading(source)
        r.start()
        frames = r.frames(4)
        before = [f.to_rgb() for f in frames]
        r.reader.stop()
        source.close()
        del r, source
        for frame, picture in zip(frames, before, strict=True):
            assert (frame.to_rgb() == picture).all()

    def test_a_consumer_that_holds_all_buffers_starves_only_itself(self) -> None:
        source = self.make(SMALL, buffers=6)
        with reading(source) as r:
            held = r.frames(6)
            time.sleep(0.05)
            pictures = [f.to_rgb() for f in held]
            time.sleep(0.05)
            for frame, picture in zip(held, pictures, strict=True):
                assert (frame.to_rgb() == picture).all()
            assert source.stats()["no_buffer"] > 0
            last = held[-1].sequence
            del held, frame
            assert r.frame().sequence > last

    def test_starts_again_after_a_stop(self) -> None:
        source = self.make(SMALL)
        r = Reading(source)
        for _ in range(3):
            assert r.start() is Result.OK
            r.frames(2)
            r.reader.stop()
            r.reader.stop()
            assert r.next(0)[0] is Result.TIMEOUT
        source.close()

    def test_before_the_start_nothing_comes(self) -> None:
        source = self.make(SMALL)
        assert Reading(source).next(1_000_000)[0] is Result.TIMEOUT
        source.close()


class FaultConformance(SourceConformance):
    """Sources with the faults of `PretendCard`."""

    def make(self, format: VideoFormat, **options: Any) -> PretendCard:
        raise NotImplementedError

    def test_genlocked_frames_begin_on_alignment_points(self) -> None:
        fmt = VideoFormat(320, 180, Fraction(60000, 1001))
        with reading(self.make(fmt)) as r:
            for frame in r.frames(3):
                k = round(Fraction(frame.capture_tai) * fmt.rate / SECOND)
                assert frame.capture_tai == int(k / fmt.rate * SECOND)

    def test_phase(self) -> None:
        with reading(self.make(SMALL, phase_ns=1_234_567)) as r:
            assert r.frame().capture_tai % 10_000_000 == 1_234_567

    def test_drift_changes_the_period_by_that_much(self) -> None:
        for ppm in (10_000, -10_000):
            with reading(self.make(SMALL, drift_ppm=ppm)) as r:
                frames = [(f.sequence, f.capture_tai) for f in (r.frame() for _ in range(10))]
            n = frames[-1][0] - frames[0][0]
            expected = n * 10_000_000 * 1_000_000 // (1_000_000 + ppm)
            assert abs(frames[-1][1] - frames[0][1] - expected) <= 1

    def test_drift_set_at_a_frame_begins_there(self) -> None:
        source = self.make(SMALL)
        source.set_drift(50_000, at=5)
        with reading(source) as r:
            at = {f.sequence: f.capture_tai for f in (r.frame() for _ in range(12))}
        for n, t in at.items():
            if n + 1 in at:
                assert abs(at[n + 1] - t - (10_000_000 if n < 5 else 9_523_809)) <= 1, n

    def test_loss_and_return_of_the_signal(self) -> None:
        source = self.make(SMALL)
        with reading(source) as r:
            last = r.frame()
            source.lose_signal()
            frames, event = r.until(Result.SIGNAL_CHANGED)
            assert event["signal"] == Signal.ABSENT
            last = frames[-1] if frames else last
            assert r.next(50_000_000)[0] is Result.TIMEOUT
            source.restore()
            frames, event = r.until(Result.SIGNAL_CHANGED)
            assert not frames
            assert event["signal"] == Signal.LOCKED
            frame = r.frame()
            assert frame.signal is Signal.LOCKED
            # Nothing was captured meanwhile: the card's counter stood still.
            assert frame.sequence == last.sequence + 1
            assert frame.generation == last.generation

    def test_loss_with_frames_that_say_so(self) -> None:
        source = self.make(SMALL)
        source.lose_signal(Signal.UNLOCKED, frames=True, at=3)
        source.restore(at=6)
        with reading(source) as r:
            before, _ = r.until(Result.SIGNAL_CHANGED)
            without, _ = r.until(Result.SIGNAL_CHANGED)
            after = r.frame()
        assert {f.signal for f in before} == {Signal.LOCKED}
        assert [f.sequence for f in without] == [3, 4, 5]
        for frame in without:
            assert frame.signal is Signal.UNLOCKED
            assert frame.to_rgb().max() == 0
        assert after.signal is Signal.LOCKED
        assert after.to_rgb().max() > 100

    def test_unplug_and_replug(self) -> None:
        source = self.make(SMALL)
        with reading(source, slices=True) as r:
            frame = r.frame()
            source.unplug()
            _, event = r.until(Result.GONE)
            assert event["signal"] == Signal.GONE
            for _ in range(3):
                assert r.next(SECOND)[0] is Result.GONE
            assert r.wait_lines(frame, SMALL.height + 1) is Result.GONE
            assert r.start() is Result.GONE
            assert "unplugged" in r.reader.error()
            source.replug()
            assert r.start() is Result.OK
            r.frame()

    def test_unplug_at_a_frame(self) -> None:
        source = self.make(SMALL)
        source.unplug(at=4)
        with reading(source) as r:
            frames, _ = r.until(Result.GONE)
        assert [f.sequence for f in frames] == [0, 1, 2, 3]

    def test_freeze_shows_the_same_picture_in_new_frames(self) -> None:
        source = self.make(SMALL)
        source.freeze(at=3)
        source.freeze(False, at=6)
        with reading(source) as r:
            frames = r.frames(8)
        assert [f.sequence for f in frames] == list(range(8))
        pictures = [f.to_rgb() for f in frames[2:6]]
        assert all((p == pictures[0]).all() for p in pictures)

    def test_too_many_faults_are_refused(self) -> None:
        source = self.make(SMALL)
        try:
            for n in range(200):
                source.freeze(at=1_000_000 + n)
        except ValueError as e:
            assert "faults" in str(e)
        else:
            raise AssertionError("two hundred waiting faults were taken")
        finally:
            source.close()
