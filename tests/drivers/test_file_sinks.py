"""Sinks of the command line: what they write."""

from __future__ import annotations

import json
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from drivers import _video
from drivers import frame as frames
from drivers.file import CaptureSink, NullSink, PngSink, RawSink
from drivers.frame import FramePool
from drivers.synthetic import SyntheticSink, SyntheticSource
from drivers.video import FrameFlag, Sink, VideoFormat
from tests.drivers.reading import Result, reading, tai

FMT = VideoFormat(320, 180, Fraction(50))


def show(sink: SyntheticSink, count: int) -> None:
    """Shows frames of rising grey, slowly enough for any disk."""
    assert isinstance(sink, Sink)
    writer = _video.SinkWriter(sink.capsule())
    assert writer.start(FMT.native()) == Result.OK
    pool = FramePool(FMT, 4, metadata=16)
    for n in range(count):
        frame = pool.acquire()
        while frame is None:
            time.sleep(0.001)
            frame = pool.acquire()
        frames.from_rgb(frame, np.full((180, 320, 3), 10 * n, np.uint8))
        frame.set(sequence=n, lines_ready=180, metadata=b"secret", rtp_timestamp=100 + n)
        assert writer.submit(frame.native, tai()) == Result.OK
        time.sleep(0.01)
    sink.close()
    sink.close()
    writer.stop()


def test_null_shows_and_keeps_nothing() -> None:
    sink = NullSink()
    show(sink, 3)
    assert sink.stats()["shown"] == 3


def test_capture_writes_planes_and_facts(tmp_path: Path) -> None:
    sink = CaptureSink(tmp_path / "new" / "folder")
    show(sink, 3)
    stats = sink.stats()
    assert (stats["written"], stats["keep_dropped"], stats["write_errors"]) == (3, 0, 0)
    files = sorted(p.name for p in (tmp_path / "new" / "folder").iterdir())
    assert files == [f"{n:08d}.{kind}" for n in range(3) for kind in ("json", "raw")]
    facts = json.loads((tmp_path / "new/folder/00000002.json").read_text())
    assert (facts["sequence"], facts["rtp_timestamp"], facts["layout"]) == (2, 102, "V210")
    assert facts["planes"] == [{"rows": 180, "row_bytes": 896}]
    assert facts["metadata_bytes"] == 6
    assert "secret" not in json.dumps(facts)
    pool = FramePool(FMT, 1).acquire()
    assert pool is not None
    raw = np.fromfile(tmp_path / "new/folder/00000002.raw", np.uint8)
    pool.planes[0][:] = raw.reshape(180, 896)
    assert np.abs(pool.to_rgb().astype(int) - 20).max() <= 1


def test_capture_writes_the_sound(tmp_path: Path) -> None:
    sink = CaptureSink(tmp_path)
    writer = _video.SinkWriter(sink.capsule())
    assert writer.start(FMT.native()) == Result.OK
    with reading(SyntheticSource(FMT)) as r:
        assert writer.submit(r.frame().native, tai()) == Result.OK
    writer.stop()
    sink.close()
    assert (tmp_path / "00000000.s32").stat().st_size == 960 * 2 * 4


def test_png_pictures_can_be_looked_at(tmp_path: Path) -> None:
    sink = PngSink(tmp_path)
    show(sink, 2)
    with Image.open(tmp_path / "00000001.png") as picture:
        assert picture.size == (320, 180)
        assert np.abs(np.asarray(picture).astype(int) - 10).max() <= 1


def test_the_name_of_a_png_says_what_is_no_live_picture(tmp_path: Path) -> None:
    sink = PngSink(tmp_path)
    writer = _video.SinkWriter(sink.capsule())
    assert writer.start(FMT.native()) == Result.OK
    pool = FramePool(FMT, 3)
    for flags in (FrameFlag.SLATE, FrameFlag(0), FrameFlag.CONCEALED | FrameFlag.NO_METADATA):
        frame = pool.acquire()
        assert frame is not None
        frame.set(lines_ready=180, flags=flags)
        assert writer.submit(frame.native, tai()) == Result.OK
        time.sleep(0.01)
    writer.stop()
    sink.close()
    names = ["00000000-slate.png", "00000001.png", "00000002-concealed-no_metadata.png"]
    assert sorted(p.name for p in tmp_path.iterdir()) == names


def test_raw_appends(tmp_path: Path) -> None:
    path = tmp_path / "all.raw"
    for total in (2, 4):
        sink = RawSink(path)
        show(sink, 2)
        assert path.stat().st_size == total * 180 * 896


def test_a_slow_disk_drops_copies_and_counts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RawSink, "write", lambda _self, _frame: time.sleep(0.1))
    sink = RawSink(tmp_path / "a.raw", waiting=2)
    begun = time.monotonic()
    show(sink, 12)
    assert time.monotonic() - begun < 1.0
    stats = sink.stats()
    assert stats["shown"] == 12
    assert stats["keep_dropped"] > 5
    assert stats["written"] + stats["keep_dropped"] == 12


def test_a_full_disk_is_counted_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_self: object, _frame: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(CaptureSink, "write", full)
    sink = CaptureSink(tmp_path)
    show(sink, 2)
    assert sink.stats()["write_errors"] == 2
    assert "No space left" in sink.error()


def test_places_that_cannot_be_written_are_refused_with_the_field(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"^capture: "):
        CaptureSink(tmp_path / "file")
    with pytest.raises(ValueError, match=r"^png: "):
        PngSink(tmp_path / "file" / "below")
    with pytest.raises(ValueError, match=r"^raw: "):
        RawSink(tmp_path / "none" / "a.raw")
