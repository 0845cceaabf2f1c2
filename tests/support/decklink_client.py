"""A client of libDeckLinkAPI.so in plain ctypes: calls by slot number, objects of its own.

Written from the table of slots alone, without drivers/decklink: what it and our binding both
understand is not a shared mistake of one header.
"""

from __future__ import annotations

import ctypes
import uuid
from collections.abc import Callable
from typing import Any

from tests.support.standin import library

U8, U32, I32, I64, F64 = (
    ctypes.c_uint8,
    ctypes.c_uint32,
    ctypes.c_int32,
    ctypes.c_int64,
    ctypes.c_double,
)
POINTER = ctypes.c_void_p
BOOL = ctypes.c_bool

INPUT = "C21CDB6E-F414-46E4-A636-80A566E0ED37"
OUTPUT = "BE2D9020-461E-442F-84B7-E949CB953B9D"
ATTRIBUTES = "17D4BF8E-4911-473A-80A0-731CF6FF345B"
CONFIGURATION = "912F634B-2D4E-40A4-8AAB-8D80B73F1289"
PACKETS = "6C186C0F-459E-41D8-AEE2-4812D81AEE68"
NO_INPUT = 1 << 31


def code(text: str) -> int:
    """Four characters as a number."""
    return int.from_bytes(text.encode(), "big")


class Iid(ctypes.Structure):
    """An identifier by value."""

    _fields_ = (("bytes", U8 * 16),)

    @classmethod
    def of(cls, text: str) -> Iid:
        """From its printed form."""
        return cls((U8 * 16)(*uuid.UUID(text).bytes))


class Failed(Exception):
    """A call that did not return S_OK; `result` as an unsigned number."""

    def __init__(self, result: int) -> None:
        super().__init__(f"{result & 0xFFFFFFFF:#010x}")
        self.result = result & 0xFFFFFFFF


class Thing:
    """One interface pointer with one reference, given back by `release`."""

    def __init__(self, address: int | None) -> None:
        assert address, "a null pointer"
        self.address = address

    def call(self, slot: int, types: list[Any], *values: Any, back: Any = I32) -> Any:
        """Calls a method by its slot."""
        table = ctypes.cast(self.address, ctypes.POINTER(ctypes.POINTER(POINTER))).contents
        return ctypes.CFUNCTYPE(back, POINTER, *types)(table[slot])(self.address, *values)

    def do(self, slot: int, types: list[Any], *values: Any) -> None:
        """Calls a method that must succeed."""
        result = self.call(slot, types, *values)
        if result != 0:
            raise Failed(result)

    def get(self, slot: int, kind: Any, types: list[Any] | None = None, *values: Any) -> Any:
        """Calls a method that gives one value through its last pointer."""
        out = kind()
        self.do(slot, [*(types or []), ctypes.POINTER(kind)], *values, ctypes.byref(out))
        return out.value

    def ask(self, interface: str) -> Thing:
        """QueryInterface. Failed: it has none."""
        out = POINTER()
        self.do(0, [Iid, ctypes.POINTER(POINTER)], Iid.of(interface), ctypes.byref(out))
        return Thing(out.value)

    def thing(self, slot: int, types: list[Any] | None = None, *values: Any) -> Thing:
        """Calls a method that gives an object."""
        return Thing(self.get(slot, POINTER, types, *values))

    def add_ref(self) -> int:
        """References now."""
        return int(self.call(1, [], back=ctypes.c_ulong))

    def release(self) -> int:
        """References left."""
        return int(self.call(2, [], back=ctypes.c_ulong))


class Callback:
    """An object that the library calls: `methods` from slot 3 on, as (argument types, function)."""

    def __init__(self, *methods: tuple[list[Any], Callable[..., int]]) -> None:
        self.references = 1
        ask = ctypes.CFUNCTYPE(I32, POINTER, Iid, ctypes.POINTER(POINTER))
        count = ctypes.CFUNCTYPE(ctypes.c_ulong, POINTER)
        self._functions: list[Any] = [
            ask(self._ask),
            count(lambda _: self._count(1)),
            count(lambda _: self._count(-1)),
        ]
        for types, function in methods:
            kind = ctypes.CFUNCTYPE(I32, POINTER, *types)
            self._functions.append(kind(lambda _, *values, call=function: call(*values)))
        pointers = [ctypes.cast(one, POINTER).value for one in self._functions]
        self._table = (POINTER * (len(pointers) + 2))(*pointers)
        self._object = POINTER(ctypes.addressof(self._table))
        self.address = ctypes.addressof(self._object)

    def _ask(self, _: int, __: Iid, out: Any) -> int:
        out[0] = None
        return -0x7FFFFFFC

    def _count(self, change: int) -> int:
        self.references += change
        return self.references


def entry(name: str) -> Thing:
    """The object that an entry point of the library makes."""
    function = getattr(ctypes.CDLL(str(library())), name)
    function.restype = POINTER
    return Thing(function())


def devices() -> list[Thing]:
    """All devices that the library enumerates, one reference each."""
    iterator = entry("CreateDeckLinkIteratorInstance_0004")
    found = []
    while True:
        out = POINTER()
        if iterator.call(3, [ctypes.POINTER(POINTER)], ctypes.byref(out)) != 0:
            break
        found.append(Thing(out.value))
    iterator.release()
    return found


def clock(port: Thing, output: bool) -> int:
    """The hardware reference clock in ns."""
    now, inside, frame = I64(), I64(), I64()
    out = ctypes.POINTER(I64)
    slot = 30 if output else 19
    refs = [ctypes.byref(one) for one in (now, inside, frame)]
    port.do(slot, [I64, out, out, out], 1_000_000_000, *refs)
    return now.value


def picture(frame: Thing) -> bytes:
    """A frame's bytes, copied."""
    size = frame.call(5, [], back=ctypes.c_long) * frame.call(4, [], back=ctypes.c_long)
    return ctypes.string_at(frame.get(8, POINTER), size)
