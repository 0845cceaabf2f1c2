"""What the kernel knows of TAI: the offset that CLOCK_TAI has from UTC."""

from __future__ import annotations

import ctypes
import ctypes.util
import os

_ADJ_TAI = 0x0080


class _Timex(ctypes.Structure):
    # struct timex of adjtimex(2).
    _fields_ = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("time", ctypes.c_long * 2),
        ("tick", ctypes.c_long),
        ("ppsfreq", ctypes.c_long),
        ("jitter", ctypes.c_long),
        ("shift", ctypes.c_int),
        ("stabil", ctypes.c_long),
        ("jitcnt", ctypes.c_long),
        ("calcnt", ctypes.c_long),
        ("errcnt", ctypes.c_long),
        ("stbcnt", ctypes.c_long),
        ("tai", ctypes.c_int),
        ("padding", ctypes.c_int * 11),
    ]


def tai_offset() -> int:
    """TAI - UTC as the kernel holds it, seconds; 0: it was never told."""
    values = _Timex()
    if _libc().adjtimex(ctypes.byref(values)) < 0:
        return 0
    return int(values.tai)


def set_tai_offset(seconds: int) -> None:
    """Tells the kernel. Raises OSError without CAP_SYS_TIME."""
    values = _Timex(modes=_ADJ_TAI, constant=seconds)
    if _libc().adjtimex(ctypes.byref(values)) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
