"""Any video file, image sequence or multi-frame DICOM object at a pretend card's input."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Unpack

from drivers.card import QUEUE, CardTiming, PretendCard, checked_memory
from drivers.file import _file
from drivers.file.pictures import ImageReader, Picture, Reader, image_files
from drivers.file.plan import frames_of
from drivers.frame import Frame, FramePool
from drivers.video import Layout, VideoFormat

_CHUNK = 8  # frames of memory taken at a time for a clip that is kept
_STREAM_BYTES = 256 << 20


def open_reader(path: str, rate: Fraction | None = None) -> Reader:
    """Finds out what a path is: a folder or glob of images, an image, a DICOM object, a video.

    rate: pictures a second where the file does not say (images, some DICOM objects).
    ValueError, one line: not there, not readable, without a picture.
    """
    images = image_files(path)
    if images is not None:
        return ImageReader(images, rate or Fraction(25))
    place = Path(path)
    if not place.exists():
        raise ValueError(f"file: {path} does not exist")
    if not place.is_file():
        raise ValueError(f"file: {path} is a pipe or device; name a file that can be played again")
    if not place.stat().st_size:  # also what is no file, though the kernel says so (/proc)
        raise ValueError(f"file: {path} is empty; name a video file")
    try:
        dicom = _is_dicom(place)
    except OSError as e:
        raise ValueError(f"file: {path} cannot be read: {e.strerror}") from e
    if dicom:
        from drivers.file.dicom import DicomReader

        return DicomReader(place, rate)
    from drivers.file.video_file import VideoReader

    return VideoReader(place)


def _is_dicom(path: Path) -> bool:
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # the kernel's log would wait
    with os.fdopen(fd, "rb") as f:
        return f.read(132)[128:] == b"DICM"


class FileSource(PretendCard):
    """A card whose input is a file, looping for ever.

    Pictures are scaled to fit the raster with square pixels, black around them; each frame shows
    the picture nearest to it in time. Colours become those of the format, ten bits deep (RGB, full
    range and BT.2020 formats: through 8 bits). Interlaced formats show one picture in both fields.

    A clip that fits `memory` is converted before the constructor returns and plays without Python.
    A longer one is decoded ahead in a thread; where that is too slow the last picture is held and
    its frame marked REPEATED (`stats()["underruns"]`). Faults and timing: see `PretendCard`.

    stamp: burns the counter and capture time as black and white blocks into the bottom rows
    (`drivers.synthetic.stamp_rows(format)[2]`), for sinks that check.
    """

    def __init__(
        self,
        path: str | Path,
        format: VideoFormat,
        layout: Layout | None = None,
        *,
        stamp: bool = False,
        rate: Fraction | None = None,
        memory: int = 1 << 30,
        buffers: int = 8,
        **timing: Unpack[CardTiming],
    ) -> None:
        """rate: pictures a second where the file does not say; memory: bytes for a kept clip; for
        the timing see `PretendCard`. ValueError, one line, when there is nothing to play."""
        checked_memory(buffers, timing.get("queue", QUEUE))
        if rate is not None and rate <= 0:
            raise ValueError(f"rate: {rate} is not a picture rate")
        self._path = str(path)
        self._reader = open_reader(self._path, rate)
        self._native = format.native(layout)
        self._rate = format.rate
        self._pool_format = (format, layout)
        self._bytes = _frame_bytes(format, layout)
        self._feeder = _file.Feeder(self._native, buffers, stamp)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._counts = {"pictures": 0, "loop_frames": 0, "damaged": 0}
        about = self._reader.about()
        if about is None or about * self._bytes > memory or not self._keep_all(memory):
            self._begin_stream()
        super().__init__(self._feeder.content(), format, layout, **timing)

    def stats(self) -> dict[str, int]:
        """The card's counters, and: pictures (converted), loop_frames (0 until known), damaged
        (times that the file broke off early), kept (1: the clip is in memory), underruns."""
        return (
            super().stats()
            | self._counts
            | {"kept": int(self._thread is None), "underruns": self._feeder.underruns}
        )

    def close(self) -> None:
        """Stops the card and the decoder; idempotent."""
        self._stop.set()
        super().close()
        if self._thread is not None:
            self._thread.join()

    def _new_pool(self, count: int) -> FramePool:
        format, layout = self._pool_format
        return FramePool(format, count, layout)

    def _once_through(self) -> Iterator[tuple[Picture, int, int]]:
        """The pictures of one loop. ValueError: there is none."""
        nothing = True
        for item in frames_of(self._until_damage(), self._rate):
            nothing = False
            yield item
        if nothing:
            raise ValueError(f"file: {self._path} has no frame that can be decoded")

    def _until_damage(self) -> Iterator[tuple[Fraction, Fraction, Picture]]:
        """A file that breaks off after its beginning ends there."""
        nothing = True
        try:
            for item in self._reader.pictures():
                nothing = False
                yield item
        except ValueError:
            if nothing:
                raise
            self._counts["damaged"] += 1

    def _keep_all(self, memory: int) -> bool:
        """Converts the whole clip. False when it is longer than its file said."""
        kept: list[Frame] = []
        order: list[int] = []
        pool: FramePool | None = None
        for picture, _, count in self._once_through():
            if (len(kept) + 1) * self._bytes > memory:
                self._counts["damaged"] = 0
                return False
            frame = pool.acquire() if pool else None
            if frame is None:
                pool = self._new_pool(_CHUNK)
                frame = pool.acquire()
            assert frame is not None
            picture.draw(frame)
            order += [len(kept)] * count
            kept.append(frame)
        for frame in kept:
            self._feeder.keep(frame.capsule())
        self._feeder.loop(order)
        self._counts["pictures"] = len(kept)
        self._counts["loop_frames"] = len(order)
        return True

    def _begin_stream(self) -> None:
        ahead = max(8, min(32, _STREAM_BYTES // self._bytes, _file.RING))
        first = self._once_through()
        item = next(first)  # tells the caller, not the thread, when nothing can be decoded
        self._thread = threading.Thread(
            target=self._stream, args=(item, first, ahead), name="rtv-file", daemon=True
        )
        self._thread.start()
        while self._feeder.waiting < ahead and self._thread.is_alive():
            time.sleep(0.005)

    def _stream(
        self, item: tuple[Picture, int, int], rest: Iterator[tuple[Picture, int, int]], ahead: int
    ) -> None:
        # Frames that consumers hold come on top of those that wait.
        pool = self._new_pool(ahead + 16)
        base = end = 0
        while not self._stop.is_set():
            picture, first, count = item
            frame = None
            while self._feeder.waiting >= ahead or (frame := pool.acquire()) is None:
                if self._stop.wait(0.002):
                    return
            picture.draw(frame)
            self._counts["pictures"] += 1
            end = base + first + count
            self._feeder.push(frame.capsule(), base + first, count)
            following = next(rest, None)
            if following is None:
                self._counts["loop_frames"] = end - base
                base = end
                rest, following = self._again()
            if following is None:
                return
            item = following

    def _again(self) -> tuple[Iterator[tuple[Picture, int, int]], tuple[Picture, int, int] | None]:
        """The next loop and its first picture; waits while the file cannot be read any more (the
        last picture is held, marked, meanwhile). None when the source is closed."""
        while True:
            rest = self._once_through()
            try:
                return rest, next(rest)
            except ValueError:
                self._counts["damaged"] += 1
            if self._stop.wait(1.0):
                return rest, None


def _frame_bytes(format: VideoFormat, layout: Layout | None) -> int:
    frame = FramePool(format, 1, layout).acquire()
    assert frame is not None
    return sum(plane.nbytes for plane in frame.planes)
