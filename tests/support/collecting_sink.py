"""A sink that keeps a copy of everything: the C table of video.h, made with ctypes."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivers.video import FrameFlag


class _Format(ctypes.Structure):
    _fields_ = [(n, ctypes.c_uint32) for n in ("width", "height", "rate_num", "rate_den")] + [
        (n, ctypes.c_uint8)
        for n in ("sampling", "depth", "scan", "layout", "colorimetry", "full_range", "r0", "r1")
    ]


_ABI = 2  # of drivers/include/rtvbox/video.h, which the structures below repeat


class _Frame(ctypes.Structure):
    _fields_ = [
        ("abi", ctypes.c_uint32),
        ("refs", ctypes.c_uint32),
        ("release", ctypes.c_void_p),
        ("owner", ctypes.c_void_p),
        ("format", _Format),
        ("plane", ctypes.c_void_p * 3),
        ("stride", ctypes.c_uint32 * 3),
        ("bytes", ctypes.c_size_t),
        ("sequence", ctypes.c_uint64),
        ("capture_tai", ctypes.c_int64),
        ("signal", ctypes.c_uint32),
        ("generation", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("lines_ready", ctypes.c_uint32),
        ("audio", ctypes.c_void_p),
        ("audio_samples", ctypes.c_uint32),
        ("audio_channels", ctypes.c_uint32),
        ("origin_tai", ctypes.c_int64),
        ("presented_tai", ctypes.c_int64),
        ("rtp_timestamp", ctypes.c_uint32),
        ("static_id", ctypes.c_uint32),
        ("metadata", ctypes.c_void_p),
        ("metadata_bytes", ctypes.c_uint32),
        ("anc_count", ctypes.c_uint32),
        ("anc", ctypes.c_void_p),
    ]


_P = ctypes.c_void_p
_VOID = ctypes.CFUNCTYPE(None, _P)
_START = ctypes.CFUNCTYPE(ctypes.c_int, _P, _P, ctypes.c_int)
_SUBMIT = ctypes.CFUNCTYPE(ctypes.c_int, _P, ctypes.POINTER(_Frame), ctypes.c_int64)
_ERROR = ctypes.CFUNCTYPE(ctypes.c_void_p, _P)


class _Table(ctypes.Structure):
    _fields_ = [
        ("abi", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        ("self", _P),
        ("retain", _VOID),
        ("release", _VOID),
        ("start", _START),
        ("submit", _SUBMIT),
        ("stop", _VOID),
        ("error", _ERROR),
    ]


@dataclass
class Shown:
    """One frame as the sink got it."""

    planes: list[np.ndarray[Any, Any]]
    flags: FrameFlag
    timestamp: int
    static_id: int
    metadata: bytes
    origin: int
    capture: int
    presented: int
    due: int
    lines: list[tuple[int, int]]  # with slices: (rows ready, ns since the hand-over)

    @property
    def live(self) -> bool:
        return FrameFlag.SLATE not in self.flags


class CollectingSink:
    """Copies each frame in submit(); with slices it waits there until the frame is whole."""

    def __init__(self, start: int = 0) -> None:
        self.shown: list[Shown] = []
        self.formats: list[dict[str, int]] = []
        self.stops = 0
        self._news = threading.Condition()
        self._slices = False
        self._why = ctypes.create_string_buffer(b"not today")
        none = _VOID(lambda _: None)
        self._keep = (
            none,
            _START(lambda _, fmt, slices: self._start(fmt, slices, start)),
            _SUBMIT(lambda _, frame, due: self._submit(frame.contents, due)),
            _VOID(lambda _: self._stop()),
            _ERROR(lambda _: ctypes.addressof(self._why)),
        )
        self._table = _Table(_ABI, ctypes.sizeof(_Table), None, none, none, *self._keep[1:])

    def capsule(self) -> object:
        new = ctypes.pythonapi.PyCapsule_New
        new.restype = ctypes.py_object
        new.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        # An engine that holds the capsule calls us until it goes, whoever else forgot us.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self))
        return new(ctypes.addressof(self._table), b"rtvbox.sink.1", None)

    def _start(self, fmt: int, slices: int, answer: int) -> int:
        f = _Format.from_address(fmt)
        self.formats.append(
            {n: getattr(f, n) for n, _ in _Format._fields_ if n not in ("r0", "r1")}
        )
        self._slices = bool(slices)
        return answer

    def _stop(self) -> None:
        self.stops += 1

    def _submit(self, frame: _Frame, due: int) -> int:
        lines = []
        if self._slices:
            begin = time.monotonic_ns()
            while frame.lines_ready < frame.format.height and len(lines) < 10_000:
                lines.append((frame.lines_ready, time.monotonic_ns() - begin))
                time.sleep(0.0005)
            lines.append((frame.lines_ready, time.monotonic_ns() - begin))
        planes = []
        for plane, stride in zip(frame.plane, frame.stride, strict=True):
            if plane:
                size = stride * frame.format.height
                raw = np.frombuffer(ctypes.string_at(plane, size), np.uint8)
                planes.append(raw.reshape(frame.format.height, stride))
        shown = Shown(
            planes,
            FrameFlag(frame.flags),
            frame.rtp_timestamp,
            frame.static_id,
            ctypes.string_at(frame.metadata, frame.metadata_bytes),
            frame.origin_tai,
            frame.capture_tai,
            frame.presented_tai,
            due,
            lines,
        )
        with self._news:
            self.shown.append(shown)
            self._news.notify_all()
        return 0

    def live(self) -> list[Shown]:
        """The frames so far that are no slates."""
        with self._news:
            return [s for s in self.shown if s.live]

    def wait(self, enough: Callable[[list[Shown]], bool], seconds: float = 5.0) -> list[Shown]:
        """Waits until the live frames are enough; fails with what came instead."""
        with self._news:
            if not self._news.wait_for(
                lambda: enough([s for s in self.shown if s.live]), timeout=seconds
            ):
                got = [(s.timestamp, str(s.flags)) for s in self.shown]
                raise AssertionError(f"waited {seconds} s in vain; shown: {got[-20:]}")
            return [s for s in self.shown if s.live]
