"""The pretend card's output sees what is wrong with what it shows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import pytest

from drivers import _video
from drivers import frame as frames
from drivers.frame import Frame, FramePool
from drivers.synthetic import SyntheticSink, SyntheticSource, read_stamp, write_stamp
from drivers.video import FrameFlag, Sink, VideoFormat
from tests.drivers.reading import Result, reading, tai

FMT = VideoFormat(320, 180, Fraction(100))
PERIOD = 10_000_000


class Panel:
    """A started sink and a pool of frames to show on it."""

    def __init__(self, sink: SyntheticSink, slices: bool = False) -> None:
        self.sink = sink
        self.writer = _video.SinkWriter(sink.capsule())
        assert self.writer.start(FMT.native(), slices) == Result.OK, self.writer.error()
        self.pool = FramePool(FMT, 12)
        self.due = tai() + PERIOD

    def frame(self, sequence: int, **values: Any) -> Frame:
        frame = self.pool.acquire()
        assert frame is not None
        frames.fill_black(frame)
        write_stamp(frame, sequence, 1_000 + sequence)
        return frame.set(
            sequence=sequence, origin_tai=1_000 + sequence, **({"lines_ready": 180} | values)
        )

    def show(self, frame: Frame, due: int | None = None) -> None:
        if due is None:
            due = self.due = max(self.due + PERIOD, tai() + PERIOD)
            while self.due > tai() + 3 * PERIOD:
                time.sleep(0.002)
        assert self.writer.submit(frame.native, due) == Result.OK

    def show_all(self, *sequences: int) -> dict[str, int]:
        for n in sequences:
            self.show(self.frame(n))
        return self.end()

    def end(self) -> dict[str, int]:
        self.writer.stop()
        return self.sink.stats()


@pytest.fixture
def panel() -> Iterator[Callable[..., Panel]]:
    made: list[Panel] = []

    def make(slices: bool = False, **options: Any) -> Panel:
        made.append(Panel(SyntheticSink(**options), slices))
        return made[-1]

    yield make
    for p in made:
        p.writer.stop()
        p.sink.close()


def faults(stats: dict[str, int]) -> dict[str, int]:
    """What is not zero of all that should be, but for `late`, which is this machine's."""
    names = [
        *("lost", "repeated", "out_of_order", "torn", "unreadable", "strips_unreadable"),
        *("metadata_mismatch", "origin_unknown", "underruns", "overflow", "slates", "concealed"),
        *("keep_dropped", "stamp_concealed"),
    ]
    return {name: stats[name] for name in names if stats[name]}


def test_is_a_sink(panel: Callable[..., Panel]) -> None:
    assert isinstance(panel().sink, Sink)


def test_a_good_stream_has_no_fault(panel: Callable[..., Panel]) -> None:
    stats = panel().show_all(*range(10))
    assert faults(stats) == {}
    assert (stats["submitted"], stats["shown"], stats["live"]) == (10, 10, 10)
    assert stats["last_sequence"] == 9


@pytest.mark.parametrize(
    ("sequences", "expected"),
    [
        ((0, 1, 4, 5), {"lost": 2}),
        ((0, 1, 1, 1, 2), {"repeated": 2}),
        ((0, 2, 1, 2, 3), {"lost": 1, "out_of_order": 1}),
        ((7, 8), {}),
    ],
)
def test_counts_what_is_lost_repeated_and_out_of_order(
    panel: Callable[..., Panel], sequences: tuple[int, ...], expected: dict[str, int]
) -> None:
    assert faults(panel().show_all(*sequences)) == expected


def test_a_torn_picture_is_seen(panel: Callable[..., Panel]) -> None:
    p = panel()
    torn, other = p.frame(1), p.frame(2)
    torn.planes[0][100:] = other.planes[0][100:]
    p.show(p.frame(0))
    p.show(torn)
    p.show(p.frame(2))
    # Which of the two it was cannot be said, so it counts for neither: one is missing.
    assert faults(p.end()) == {"torn": 1, "lost": 1}


def test_metadata_of_another_frame_is_seen(panel: Callable[..., Panel]) -> None:
    p = panel()
    p.show(p.frame(0))
    p.show(p.frame(1).set(origin_tai=1_000))
    p.show(p.frame(2).set(origin_tai=0))
    p.show(p.frame(3).set(origin_tai=1, flags=int(FrameFlag.NO_METADATA)))
    stats = p.end()
    assert faults(stats) == {"metadata_mismatch": 1, "origin_unknown": 1}
    assert stats["no_metadata"] == 1


def test_a_stamp_that_concealment_covered_is_no_other_frames(panel: Callable[..., Panel]) -> None:
    p = panel()
    covered, stale = p.frame(0), p.frame(0)
    p.show(p.frame(0))
    p.show(covered.set(origin_tai=1_001, flags=int(FrameFlag.CONCEALED)))
    # Without the mark it is a picture that was shown before, under another frame's metadata.
    p.show(stale.set(origin_tai=1_001))
    expected = {"concealed": 1, "stamp_concealed": 1, "metadata_mismatch": 1, "repeated": 1}
    assert faults(p.end()) == expected


def test_a_picture_without_a_stamp_is_seen(panel: Callable[..., Panel]) -> None:
    p = panel()
    blank = p.frame(1)
    frames.fill_black(blank)
    p.show(blank)
    assert faults(p.end()) == {"unreadable": 1, "strips_unreadable": 6}


def test_slates_are_counted_apart(panel: Callable[..., Panel]) -> None:
    p = panel()
    p.show(p.frame(0))
    for _ in range(2):
        slate = p.frame(0)
        frames.fill_black(slate)
        p.show(slate.set(flags=int(FrameFlag.SLATE)))
    p.show(p.frame(1))
    stats = p.end()
    assert faults(stats) == {"slates": 2}
    assert (stats["shown"], stats["live"]) == (4, 2)


def test_marks_are_counted(panel: Callable[..., Panel]) -> None:
    p = panel()
    marks = FrameFlag.CONCEALED | FrameFlag.REPEATED | FrameFlag.LATE | FrameFlag.NO_PATIENT
    p.show(p.frame(0, flags=int(marks)))
    stats = p.end()
    for name in ("concealed", "flagged_repeated", "flagged_late", "no_patient"):
        assert stats[name] == 1, name


def test_without_checks_any_picture_will_do(panel: Callable[..., Panel]) -> None:
    stats = panel(check="none").show_all(5, 3, 3)
    assert faults(stats) == {}
    assert stats["shown"] == 3


def test_shows_at_the_due_time_not_before(panel: Callable[..., Panel]) -> None:
    p = panel()
    due = tai() + 100_000_000
    p.show(p.frame(0), due)
    time.sleep(0.05)
    assert p.sink.stats()["shown"] == 0
    assert p.sink.latest() is None
    time.sleep(0.15)
    assert p.sink.stats()["shown"] == 1
    latest = p.sink.latest()
    assert latest is not None
    assert Frame.from_capsule(latest).sequence == 0
    # The stamp says when it was captured; it was shown when it was due.
    assert abs(p.sink.stats()["latency_max_ns"] - (due - 1_000)) <= 0
    assert p.sink.latency()["count"] == 1


def test_what_comes_after_its_time_is_late_and_shown_at_once(panel: Callable[..., Panel]) -> None:
    p = panel()
    p.show(p.frame(0), tai() - 30_000_000)
    time.sleep(0.05)
    stats = p.sink.stats()
    assert (stats["late"], stats["shown"]) == (1, 1)
    assert 30_000_000 <= stats["late_max_ns"] < 100_000_000


def test_more_than_it_can_hold_is_dropped_and_counted(panel: Callable[..., Panel]) -> None:
    p = panel()
    far = tai() + 600_000_000
    for n in range(11):
        p.show(p.frame(n), far)
    stats = p.sink.stats()
    assert stats["submitted"] == 11
    assert 2 <= stats["overflow"] <= 3  # one may be in the showing thread's hands
    begun = time.monotonic()
    p.writer.stop()  # due far away: given up
    assert time.monotonic() - begun < 0.4
    assert p.sink.stats()["shown"] == 0
    assert p.pool.acquire() is not None


def test_rows_are_there_when_they_are_scanned(panel: Callable[..., Panel]) -> None:
    p = panel(slices=True)
    frame = p.frame(0, lines_ready=0)
    due = tai() + 20_000_000
    p.show(frame, due)
    while tai() < due:
        frame.set(lines_ready=min(180, frame.lines_ready + 30))
        time.sleep(0.001)
    assert frame.lines_ready == 180
    stats = p.end()
    assert faults(stats) == {}
    assert stats["shown"] == 1


def test_rows_that_are_not_there_are_underruns(panel: Callable[..., Panel]) -> None:
    p = panel(slices=True, steps=18)
    p.show(p.frame(0, lines_ready=90), tai() + 20_000_000)
    stats = p.end()
    assert faults(stats) == {"underruns": 1}
    assert stats["underrun_rows"] == 90


def test_rows_of_a_frame_that_came_late_are_underruns(panel: Callable[..., Panel]) -> None:
    p = panel(slices=True, steps=18)
    p.show(p.frame(0), tai() - 20_000_000)
    stats = p.end()
    assert stats["underruns"] == 1
    assert stats["underrun_rows"] == 180


def test_a_frame_that_is_not_whole_is_an_underrun_without_a_line_clock(
    panel: Callable[..., Panel],
) -> None:
    p = panel(slices=True, line_clock=False)
    p.show(p.frame(0, lines_ready=100))
    stats = p.end()
    assert faults(stats) == {"underruns": 1}
    assert stats["underrun_rows"] == 80


def test_other_formats_are_refused(panel: Callable[..., Panel]) -> None:
    p = panel()
    frame = FramePool(VideoFormat(640, 360, Fraction(50)), 1).acquire()
    assert frame is not None
    assert p.writer.submit(frame.native, 0) == Result.REFUSED
    assert p.writer.error().startswith("format: ")
    wrong = FMT.native() | {"depth": 8}
    assert p.writer.start(wrong) == Result.REFUSED
    assert p.writer.error().startswith("format: ")


def test_keeps_copies_that_hold_nothing_of_the_sender(panel: Callable[..., Panel]) -> None:
    p = panel(keep=4)
    for n in range(6):
        p.show(p.frame(n, static_id=9, rtp_timestamp=n))
    stats = p.end()
    assert (stats["kept"], stats["keep_dropped"]) == (4, 2)
    kept = p.sink.frames(4, timeout=1)
    assert [f.sequence for f in kept] == [0, 1, 2, 3]
    for n, frame in enumerate(kept):
        stamp = read_stamp(frame)
        assert stamp is not None
        assert stamp.sequence == n
        assert (frame.static_id, frame.rtp_timestamp, frame.lines_ready) == (9, n, 180)
    assert p.sink.take() is None
    with pytest.raises(TimeoutError, match="0 of 1"):
        p.sink.frames(1, timeout=0.01)
    p.sink.close()
    p.sink = SyntheticSink()
    assert kept[0].to_rgb().shape == (180, 320, 3)


def test_from_source_to_sink_in_slices_with_sound() -> None:
    source, sink = SyntheticSource(FMT), SyntheticSink(keep=8)
    writer = _video.SinkWriter(sink.capsule())
    assert writer.start(FMT.native(), True) == Result.OK
    with reading(source, slices=True) as r:
        for _ in range(20):
            frame = r.frame()
            # Two frames of air: this test is about order and sound, not about this machine.
            assert writer.submit(frame.native, frame.capture_tai + 2 * PERIOD) == Result.OK
            del frame
    writer.stop()
    stats = sink.stats()
    assert faults(stats) == {"origin_unknown": 20, "keep_dropped": 12}
    assert stats["shown"] == 20
    assert stats["audio_samples"] == 20 * 480
    assert stats["latency_max_ns"] == 2 * PERIOD
    kept = sink.frames(8, timeout=1)
    assert all(f.audio is not None and f.audio.shape == (480, 2) for f in kept)
    sink.close()


def test_options_out_of_range_are_refused_with_their_name() -> None:
    for options, field in [
        ({"check": "x"}, "check"),
        ({"steps": 0}, "steps"),
        ({"keep": -1}, "keep"),
    ]:
        with pytest.raises(ValueError, match=f"^{field}: "):
            SyntheticSink(**options)  # type: ignore[arg-type]
