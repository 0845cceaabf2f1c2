"""An `rtv_source` written in Python: whole frames of known pictures at known instants."""

from __future__ import annotations

import ctypes
import threading
import time
from ctypes import CFUNCTYPE as FUNCTION
from ctypes import POINTER, Structure, c_char_p, c_int, c_int64, c_uint8, c_uint32, c_void_p
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from drivers.video import Signal, VideoFormat

OK, TIMEOUT, SIGNAL_CHANGED, FORMAT_CHANGED, GONE = range(5)


def tai() -> int:
    return time.clock_gettime_ns(time.CLOCK_TAI)


class Format(Structure):
    _fields_: ClassVar = [
        *[(name, c_uint32) for name in ("width", "height", "rate_num", "rate_den")],
        *[(n, c_uint8) for n in ("sampling", "depth", "scan", "layout")],
        *[(n, c_uint8) for n in ("colorimetry", "full_range", "r0", "r1")],
    ]


ABI = 2  # of drivers/include/rtvbox/video.h, which these structures repeat


class Frame(Structure):
    pass


RELEASE = FUNCTION(None, POINTER(Frame))
Frame._fields_ = [
    ("abi", c_uint32),
    ("refs", c_uint32),
    ("release", RELEASE),
    ("owner", c_void_p),
    ("format", Format),
    ("plane", c_void_p * 3),
    ("stride", c_uint32 * 3),
    ("bytes", ctypes.c_size_t),
    ("sequence", ctypes.c_uint64),
    ("capture_tai", c_int64),
    ("signal", c_uint32),
    ("generation", c_uint32),
    ("flags", c_uint32),
    ("lines_ready", c_uint32),
    ("audio", c_void_p),
    ("audio_samples", c_uint32),
    ("audio_channels", c_uint32),
    ("origin_tai", c_int64),
    ("presented_tai", c_int64),
    ("rtp_timestamp", c_uint32),
    ("static_id", c_uint32),
    ("metadata", c_void_p),
    ("metadata_bytes", c_uint32),
    ("anc_count", c_uint32),
    ("anc", c_void_p),
]


class Event(Structure):
    _fields_: ClassVar = [
        ("frame", POINTER(Frame)),
        ("format", Format),
        ("signal", c_uint32),
        ("generation", c_uint32),
        ("tai", c_int64),
    ]


_VOID = FUNCTION(None, c_void_p)
_START = FUNCTION(c_int, c_void_p, c_int)
_NEXT = FUNCTION(c_int, c_void_p, c_int64, POINTER(Event))
_WAIT = FUNCTION(c_int, c_void_p, POINTER(Frame), c_uint32, c_int64)
_ERROR = FUNCTION(c_char_p, c_void_p)


class Table(Structure):
    _fields_: ClassVar = [
        ("abi", c_uint32),
        ("size", c_uint32),
        ("self", c_void_p),
        ("retain", _VOID),
        ("release", _VOID),
        ("start", _START),
        ("next", _NEXT),
        ("wait_lines", _WAIT),
        ("stop", _VOID),
        ("error", _ERROR),
    ]


_KEPT: list[object] = []  # a table must outlive whoever retained it; a test's may live for ever


class PythonSource:
    """Frame n starts at origin + n periods and is handed over when it is whole.

    pictures: planes of bytes by n (repeated from the beginning). Each is one 2-D array per plane.
    """

    def __init__(
        self,
        fmt: VideoFormat,
        pictures: list[list[npt.NDArray[Any]]],
        *,
        origin: int,
        period_ns: int,
    ) -> None:
        self._native = Format(**fmt.native())
        self._pictures = pictures
        self._origin, self._period = origin, period_ns
        self._index = 0
        self.signal = Signal.LOCKED
        self._told = Signal.LOCKED
        self.starts = 0
        self.given: dict[int, int] = {}  # capture TAI -> n
        self._out: dict[int, Frame] = {}
        self._lock = threading.Lock()
        _KEPT.append(self)
        self._release = RELEASE(self._released)
        self._table = Table(ABI, ctypes.sizeof(Table), None)
        self._table.retain = _VOID(lambda _: None)
        self._table.release = _VOID(lambda _: None)
        self._table.start = _START(self._start)
        self._table.next = _NEXT(self._next)
        self._table.wait_lines = _WAIT(lambda *_: OK)
        self._table.stop = _VOID(lambda _: None)
        self._table.error = _ERROR(lambda _: b"unplugged by the test")

    def capsule(self) -> object:
        make = ctypes.pythonapi.PyCapsule_New
        make.restype, make.argtypes = ctypes.py_object, [c_void_p, c_char_p, c_void_p]
        self._name = b"rtvbox.source.1"
        return make(ctypes.addressof(self._table), self._name, None)

    def _start(self, _: int, _slices: int) -> int:
        self.starts += 1
        return GONE if self.signal is Signal.GONE else OK

    def _released(self, frame: Any) -> None:
        with self._lock:
            self._out.pop(ctypes.addressof(frame.contents))

    def _next(self, _: int, timeout: int, event: Any) -> int:
        if self.signal is Signal.GONE:
            return GONE
        latest = (tai() - self._origin) // self._period - 1
        if latest - self._index > 2:  # a slow reader loses the oldest
            self._index = latest
        ready = self._origin + (self._index + 1) * self._period
        wait = ready - tai()
        if wait > timeout:
            time.sleep(timeout / 1e9)
            return TIMEOUT
        time.sleep(max(0, wait) / 1e9)
        n, self._index = self._index, self._index + 1
        if self.signal is not Signal.LOCKED:
            changed, self._told = self._told is not self.signal, self.signal
            event.contents.signal = int(self.signal)
            return SIGNAL_CHANGED if changed else TIMEOUT
        self._told = self.signal
        event.contents.frame = ctypes.pointer(self._frame(n))
        return OK

    def _frame(self, n: int) -> Frame:
        planes = self._pictures[n % len(self._pictures)]
        frame = Frame(abi=ABI, refs=1, release=self._release, format=self._native)
        for k, plane in enumerate(planes):
            assert plane.flags.c_contiguous
            frame.plane[k] = plane.ctypes.data
            frame.stride[k] = plane.strides[0]
        frame.bytes = sum(plane.nbytes for plane in planes)
        frame.sequence, frame.signal = n, int(self.signal)
        frame.capture_tai = self._origin + n * self._period
        frame.lines_ready = self._native.height
        self.given[frame.capture_tai] = n
        with self._lock:
            self._out[ctypes.addressof(frame)] = frame
        return frame


def v210_picture(rng: np.random.Generator, fmt: VideoFormat) -> list[npt.NDArray[Any]]:
    """Random samples 4..1019 in v210."""
    groups = -(-fmt.width // 48) * 8
    words = np.zeros((fmt.height, groups * 4), np.uint32)
    for shift in (0, 10, 20):
        words |= rng.integers(4, 1020, words.shape, dtype=np.uint32) << np.uint32(shift)
    return [words.view(np.uint8)]


def v210_samples(picture: npt.NDArray[np.uint8], width: int) -> npt.NDArray[np.uint16]:
    """[height, 2 * width] samples in the order Cb Y Cr Y."""
    words = picture.view(np.uint32)
    parts = np.stack([(words >> np.uint32(s)) & np.uint32(1023) for s in (0, 10, 20)], axis=-1)
    return parts.reshape(words.shape[0], -1)[:, : 2 * width].astype(np.uint16)
