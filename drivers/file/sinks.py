"""Outputs that keep what they are shown: the command line's sinks.

The native half shows frames at their time and copies them aside; a thread writes the copies. A
slow disk loses copies, counted (`keep_dropped`), and never holds a frame or the receiver up.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from drivers.frame import Frame
from drivers.synthetic import SyntheticSink

_PATIENCE_S = 10.0


class NullSink(SyntheticSink):
    """Shows frames at their time and keeps nothing."""

    def __init__(self, *, realtime: bool = True) -> None:
        super().__init__("none", realtime=realtime)


class _WritingSink(SyntheticSink):
    """Hands each shown frame to `write` in a thread of its own."""

    def __init__(self, *, waiting: int, realtime: bool) -> None:
        """waiting: copies that may wait for the disk."""
        super().__init__("none", keep=waiting, realtime=realtime)
        self._ended = threading.Event()
        self._counts = {"written": 0, "write_errors": 0}
        self._error = ""
        self._thread = threading.Thread(target=self._write_all, name="rtv-writer", daemon=True)
        self._thread.start()

    def write(self, frame: Frame) -> None:
        """Writes one frame."""
        raise NotImplementedError

    def finish(self) -> None:
        """After the last frame."""

    def _write_all(self) -> None:
        while True:
            ended = self._ended.is_set()
            frame = self.take()
            if frame is not None:
                try:
                    self.write(frame)
                    self._counts["written"] += 1
                except OSError as e:
                    self._counts["write_errors"] += 1
                    self._error = str(e)
                continue
            if ended:
                break
            self._ended.wait(0.005)
        try:
            self.finish()
        except OSError as e:
            self._counts["write_errors"] += 1
            self._error = str(e)

    def error(self) -> str:
        """Why the last write failed; "" if none did."""
        return self._error

    def stats(self) -> dict[str, int]:
        """Also: written, write_errors."""
        return super().stats() | self._counts

    def close(self) -> None:
        """Stops the card, then writes what waits, for ten seconds at most (a pipe whose reader
        sleeps takes nothing); idempotent."""
        super().close()
        self._ended.set()
        self._thread.join(_PATIENCE_S)


def frame_facts(frame: Frame) -> dict[str, Any]:
    """What is known of a frame, for JSON. Metadata only by its length: it names the patient."""
    f = frame.format
    return {
        "sequence": frame.sequence,
        "capture_tai": frame.capture_tai,
        "origin_tai": frame.origin_tai,
        "presented_tai": frame.presented_tai,
        "rtp_timestamp": frame.rtp_timestamp,
        "static_id": frame.static_id,
        "metadata_bytes": len(frame.metadata),
        "signal": frame.signal.name,
        "flags": [flag.name for flag in frame.flags],
        "width": f.width,
        "height": f.height,
        "rate": str(f.rate),
        "scan": f.scan.name,
        "sampling": f.sampling.value,
        "depth": f.depth,
        "colorimetry": f.colorimetry,
        "layout": frame.layout.name,
        "planes": [{"rows": p.shape[0], "row_bytes": p.strides[0]} for p in frame.planes],
    }


class CaptureSink(_WritingSink):
    """A folder: per frame NNNNNNNN.raw (planes one after the other, rows padded as in memory) and
    NNNNNNNN.json (`frame_facts`); where there is sound, NNNNNNNN.s32 (interleaved int32)."""

    def __init__(self, folder: str | Path, *, waiting: int = 8, realtime: bool = True) -> None:
        self._folder = _made(folder, "capture")
        self._n = 0
        super().__init__(waiting=waiting, realtime=realtime)

    def write(self, frame: Frame) -> None:
        """Writes the frame's files; the JSON last, so that its presence says complete."""
        stem = self._folder / f"{self._n:08d}"
        self._n += 1
        with stem.with_suffix(".raw").open("wb") as f:
            for plane in frame.planes:
                f.write(plane.data)
        if frame.audio is not None:
            stem.with_suffix(".s32").write_bytes(frame.audio.tobytes())
        stem.with_suffix(".json").write_text(json.dumps(frame_facts(frame), indent=1) + "\n")


class PngSink(_WritingSink):
    """A folder of NNNNNNNN.png, R'G'B' 8 bit; a picture that is not simply a live one says so,
    NNNNNNNN-slate-no_metadata.png. Slow: most frames of a fast format are dropped."""

    def __init__(self, folder: str | Path, *, waiting: int = 8, realtime: bool = True) -> None:
        self._folder = _made(folder, "png")
        self._n = 0
        super().__init__(waiting=waiting, realtime=realtime)

    def write(self, frame: Frame) -> None:
        """Writes one picture; its number counts pictures, not frames. The words are its flags."""
        words = "".join(f"-{str(flag.name).lower()}" for flag in frame.flags)
        name = self._folder / f"{self._n:08d}{words}.png"
        self._n += 1
        Image.fromarray(frame.to_rgb()).save(name, compress_level=1)


class RawSink(_WritingSink):
    """One file: planes of frame after frame, rows padded as in memory."""

    def __init__(self, path: str | Path, *, waiting: int = 8, realtime: bool = True) -> None:
        try:
            # A pipe that nobody reads is refused here, where an ordinary opening would wait.
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
            fd = os.open(path, flags, 0o666)
            os.set_blocking(fd, True)
            self._file: BinaryIO = os.fdopen(fd, "ab")
        except OSError as e:
            raise ValueError(f"raw: {path} cannot be written: {e.strerror}") from e
        super().__init__(waiting=waiting, realtime=realtime)

    def write(self, frame: Frame) -> None:
        """Appends one frame."""
        for plane in frame.planes:
            self._file.write(plane.data)

    def finish(self) -> None:
        """Closes the file."""
        self._file.close()


def _made(folder: str | Path, field: str) -> Path:
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise ValueError(f"{field}: {path} cannot be made: {e.strerror}") from e
    return path
