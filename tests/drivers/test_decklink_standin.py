"""The stand-in libDeckLinkAPI.so, asked by a client that shares no header with it."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

from tests.support.decklink_client import (
    ATTRIBUTES,
    BOOL,
    CONFIGURATION,
    F64,
    I32,
    I64,
    INPUT,
    NO_INPUT,
    OUTPUT,
    PACKETS,
    POINTER,
    U8,
    U32,
    Callback,
    Failed,
    Thing,
    clock,
    code,
    devices,
    entry,
    picture,
)
from tests.support.standin import Local
from tests.support.standin_picture import check_exact, drawn, row_bytes

RASTER = (1280, 720, Fraction(50))
MODE = code("hp50")
NS = 1_000_000_000


@pytest.fixture
def standin() -> Iterator[Local]:
    """As at the start; at the end every reference was given back."""
    local = Local()
    local("reset")
    yield local
    local("reset")
    assert local("objects") == {}


@contextmanager
def device(number: int, *interfaces: str) -> Iterator[list[Thing]]:
    """Faces of a device."""
    found = devices()
    faces = [found[number].ask(one) for one in interfaces]
    try:
        yield faces
    finally:
        for one in [*faces, *found]:
            one.release()


def wait(what: Callable[[], bool], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.005)


class Eye:
    """Collects what an input hands over; copies pictures only while `wanted`."""

    def __init__(self, wanted: int = 0) -> None:
        self.wanted = wanted
        self.flags: list[int] = []
        self.stream: list[int] = []
        self.duration = 0
        self.latency: list[int] = []
        self.pictures: list[bytes] = []
        self.sound: list[bytes] = []
        self.timecodes: list[int] = []
        self.numbers: list[int] = []
        self.changes: list[tuple[int, int, int]] = []
        self.on_change: Callable[[int], None] = lambda _: None
        self.port: Thing | None = None
        self.object = Callback(([U32, POINTER, U32], self.changed), ([POINTER, POINTER], self.came))

    def changed(self, events: int, mode: int, kind: int) -> int:
        found = Thing(mode).call(4, [], back=U32)
        self.changes.append((events, found, kind))
        self.on_change(found)
        return 0

    def came(self, address: int, sound: int | None) -> int:
        frame = Thing(address)
        flags = frame.call(7, [], back=U32)
        self.flags.append(flags)
        at, long = I64(), I64()
        pair = [ctypes.POINTER(I64), ctypes.POINTER(I64)]
        frame.do(13, [*pair, I64], ctypes.byref(at), ctypes.byref(long), NS)
        self.stream.append(at.value)
        self.duration = long.value
        if self.port is not None:
            frame.do(14, [I64, *pair], NS, ctypes.byref(at), ctypes.byref(long))
            self.latency.append(clock(self.port, False) - at.value)
        if len(self.pictures) < self.wanted and not flags & NO_INPUT:
            self.pictures.append(picture(frame))
            timecode = frame.thing(9, [U32], code("rp18"))
            self.timecodes.append(timecode.call(3, [], back=U32))
            timecode.release()
            packets = frame.ask(PACKETS)
            packet = packets.thing(4, [U8, U8], 0x50, 0x01)
            data, size = POINTER(), U32()
            out = [U32, ctypes.POINTER(POINTER), ctypes.POINTER(U32)]
            packet.do(3, out, code("ui08"), ctypes.byref(data), ctypes.byref(size))
            self.numbers.append(int.from_bytes(ctypes.string_at(data.value, size.value), "big"))
            packet.release()
            packets.release()
            if sound:
                packet = Thing(sound)
                size_of = packet.call(3, [], back=ctypes.c_long) * 2 * 2
                self.sound.append(ctypes.string_at(packet.get(4, POINTER), size_of))
        return 0


@contextmanager
def streaming(port: Thing, eye: Eye, pixels: str = "v210", flags: int = 0) -> Iterator[None]:
    port.do(18, [POINTER], eye.object.address)
    port.do(7, [U32, U32, U32], MODE, code(pixels), flags)
    port.do(11, [U32, U32, U32], 48000, 16, 2)
    port.do(14, [])
    try:
        yield
    finally:
        port.call(15, [])
        port.call(12, [])
        port.call(8, [])
        port.do(18, [POINTER], None)
        assert eye.object.references == 1


@pytest.mark.usefixtures("standin")
def test_devices_say_what_they_are() -> None:
    names, facts = [], []
    for one in devices():
        text = ctypes.c_void_p(one.get(4, POINTER))
        names.append(ctypes.string_at(text).decode())
        ctypes.CDLL(None).free(text)
        attributes = one.ask(ATTRIBUTES)
        number = {
            name: attributes.get(4, I64, [U32], code(name)) for name in ("peid", "dupx", "vios")
        }
        detects = attributes.get(3, BOOL, [U32], code("infd"))
        facts.append((hex(number["peid"]), number["dupx"], number["vios"], detects))
        attributes.release()
        one.release()
    assert names == [
        "Stand-in Duo (1)",
        "Stand-in Duo (2)",
        "Stand-in Recorder",
        "Stand-in Monitor",
    ]
    assert facts == [
        ("0x1a2b0010", code("dxfu"), 3, True),
        ("0x1a2b0011", code("dxin"), 0, True),
        ("0x1a2b0020", code("dxsp"), 1, False),
        ("0x1a2b0030", code("dxsp"), 2, False),
    ]
    information = entry("CreateDeckLinkAPIInformationInstance_0001")
    assert information.get(4, I64, [U32], code("vers")) == 0x0E020000
    assert information.release() == 0


@pytest.mark.usefixtures("standin")
def test_an_inactive_sub_device_does_nothing() -> None:
    with device(1, INPUT, OUTPUT) as (port, out):
        assert port.call(7, [U32, U32, U32], MODE, code("v210"), 0) != 0
        assert out.call(7, [U32, U32], MODE, 0) != 0


@pytest.mark.parametrize("pixels", ["v210", "2vuy"])
def test_captured_frames_are_exact(standin: Local, pixels: str) -> None:
    standin("source 0 hp50 10")
    eye = Eye(wanted=5)
    with device(0, INPUT) as [port], streaming(port, eye, pixels):
        wait(lambda: len(eye.pictures) == 5)
    stamps = [check_exact(pixels, *RASTER, one) for one in eye.pictures]
    assert [one.sequence for one in stamps] == eye.numbers
    for before, after in pairwise(stamps):
        frames = after.sequence - before.sequence
        assert abs(after.tai - before.tai - frames * 20_000_000) <= 1
    seconds, frames = divmod(stamps[0].sequence, 50)
    assert eye.timecodes[0] & 0xFF == (frames // 10 << 4 | frames % 10)
    assert eye.timecodes[0] >> 8 & 0xFF == (seconds % 60 // 10 << 4 | seconds % 10)
    assert [len(one) for one in eye.sound] == [960 * 4] * 5
    for place, one in zip(eye.stream, eye.sound, strict=False):
        left = int.from_bytes(one[:2], "little")
        assert left == 31 * 960 * (place // eye.duration) % 65536
    assert eye.duration == 20_000_000


def test_signal_loss_marks_frames(standin: Local) -> None:
    standin("source 0 hp50 10")
    eye = Eye()
    with device(0, INPUT) as [port], streaming(port, eye):
        wait(lambda: len(eye.flags) >= 3)
        assert not any(one & NO_INPUT for one in eye.flags)
        standin("signal 0 off")
        wait(lambda: bool(eye.flags[-1] & NO_INPUT))
        standin("signal 0 on")
        wait(lambda: not eye.flags[-1] & NO_INPUT)


def test_a_format_change_is_told_and_followed(standin: Local) -> None:
    standin("source 0 hp50 10")
    eye = Eye()
    with device(0, INPUT) as [port], streaming(port, eye, flags=1):

        def follow(mode: int) -> None:
            port.do(16, [])
            port.do(7, [U32, U32, U32], mode, code("v210"), 1)
            port.do(17, [])
            port.do(14, [])

        eye.on_change = follow
        wait(lambda: len(eye.flags) >= 2)
        assert eye.changes == []
        standin("source 0 hp60 10")
        wait(lambda: len(eye.changes) == 1)
        before = len(eye.flags)
        wait(lambda: len(eye.flags) > before + 2)
        assert eye.changes == [(1, code("hp60"), 1 | 16)]
        assert not eye.flags[-1] & NO_INPUT
        # Another colour space in the same mode is told, and told again after each restart.
        standin("source 0 hp60 rgb")
        wait(lambda: len(eye.changes) >= 4)
        assert set(eye.changes[1:]) == {(4, code("hp60"), 2 | 16)}


def test_without_detection_another_format_is_no_signal(standin: Local) -> None:
    standin("source 2 hp60 10")
    eye = Eye()
    with device(2, INPUT) as [port]:
        assert port.call(7, [U32, U32, U32], MODE, code("v210"), 1) != 0
        with streaming(port, eye):
            wait(lambda: len(eye.flags) >= 2)
    assert all(one & NO_INPUT for one in eye.flags)
    assert eye.changes == []


def test_lost_and_late_frames(standin: Local) -> None:
    standin("source 0 hp50 10")
    eye = Eye()
    with device(0, INPUT) as [port]:
        eye.port = port
        with streaming(port, eye):
            wait(lambda: len(eye.stream) >= 2)
            standin("drop 0 3")
            wait(lambda: standin("capture 0")["dropped"] == 3)
            seen = len(eye.stream)
            wait(lambda: len(eye.stream) >= seen + 2)
            # No frame came in the place of those three.
            gaps = [b - a for a, b in pairwise(eye.stream)]
            assert max(gaps) >= 80_000_000
            standin("late 0 1 12000000")
            wait(lambda: max(eye.latency) >= 12_000_000)


def test_removal_and_arrival(standin: Local) -> None:
    events: list[tuple[str, int]] = []
    arrived = Callback(
        ([POINTER], lambda one: events.append(("+", one)) or 0),
        ([POINTER], lambda one: events.append(("-", one)) or 0),
    )
    discovery = entry("CreateDeckLinkDiscoveryInstance_0003")
    discovery.do(3, [POINTER], arrived.address)
    wait(lambda: len(events) == 4)
    assert [kind for kind, _ in events] == ["+"] * 4
    first = events[0][1]
    eye = Eye()
    with device(0, INPUT) as [port], streaming(port, eye):
        wait(lambda: bool(eye.flags))
        standin("remove 0")
        seen = len(eye.flags)
        wait(lambda: len(events) == 5)
        assert events[4] == ("-", first)
        with pytest.raises(Failed):
            port.do(14, [])
        left = devices()
        assert len(left) == 3
        for one in left:
            one.release()
        assert len(eye.flags) == seen
        standin("arrive 0")
        wait(lambda: len(events) == 6)
    assert events[5] == ("+", first)
    discovery.do(4, [])
    assert discovery.release() == 0
    assert arrived.references == 1


def make_frame(out: Thing, sequence: int) -> Thing:
    row = row_bytes("v210", 1280)
    frame = out.thing(10, [I32, I32, I32, U32, U32], 1280, 720, row, code("v210"), 0)
    data = drawn("v210", *RASTER, sequence, 1000 + sequence).tobytes()
    ctypes.memmove(frame.get(8, POINTER), data, len(data))
    return frame


def shown(standin: Local, number: int) -> list[dict[str, Any]]:
    return [one for one in standin(f"playout {number}")["shown"] if one["stamped"]]


def test_synchronous_playout_is_shown(standin: Local, tmp_path: Any) -> None:
    with device(3, OUTPUT, CONFIGURATION) as (out, settings):
        settings.do(3, [U32, BOOL], code("llvo"), True)
        out.do(7, [U32, U32], MODE, 0)
        before = standin("playout 3")["synchronous"]
        for sequence in range(4):
            frame = make_frame(out, sequence)
            out.do(12, [POINTER], frame.address)
            frame.release()
        wait(lambda: shown(standin, 3)[-1]["sequence"] == 3)
        assert standin("playout 3")["synchronous"] == before + 4
        assert [one["sequence"] for one in shown(standin, 3)][-4:] == [0, 1, 2, 3]
        standin(f"picture 3 {tmp_path / 'shown'}")
        check_exact("v210", *RASTER, (tmp_path / "shown").read_bytes())
        out.do(8, [])


def test_scheduled_playout_tells_what_became_of_each_frame(standin: Local) -> None:
    results: list[tuple[int, int]] = []
    stopped: list[bool] = []
    with device(0, OUTPUT) as [out]:
        frames = []

        def done(address: int, result: int) -> int:
            results.append(([one.address for one in frames].index(address), result))
            return 0

        callback = Callback(([POINTER, U32], done), ([], lambda: stopped.append(True) or 0))
        out.do(7, [U32, U32], MODE, 0)
        out.do(14, [POINTER], callback.address)
        frames = [make_frame(out, sequence) for sequence in range(40)]
        times = [5 * i for i in range(20)] + [10_000 + i for i in range(20)]
        for frame, at in zip(frames, times, strict=True):
            out.do(13, [POINTER, I64, I64, I64], frame.address, at, 1, 50)
        standin("outdrop 0 1")
        out.do(25, [I64, I64, F64], 0, 50, 1.0)
        wait(lambda: len(results) >= 3)
        standin("outlate 0 1")
        wait(lambda: any(result == 1 for _, result in results))
        stamp = out.get(31, I64, [POINTER, I64], frames[1].address, NS)
        assert 0 <= clock(out, True) - stamp < 10 * NS
        out.do(26, [I64, ctypes.POINTER(I64), I64], 0, None, 50)
        wait(lambda: bool(stopped))
        assert sorted(place for place, _ in results) == list(range(40))
        outcome = dict(results)
        assert outcome[0] == 2
        assert outcome[1] == 0
        assert list(outcome.values()).count(2) == 1
        assert all(outcome[i] == 3 for i in range(20, 40))
        out.do(14, [POINTER], None)
        out.do(8, [])
        for frame in frames:
            assert frame.release() == 0
        assert callback.references == 1


def rate_of(out: Thing, seconds: float) -> float:
    """The output's clock against CLOCK_MONOTONIC, ppm."""

    def pair() -> tuple[int, int]:
        tries = []
        for _ in range(20):
            before = time.monotonic_ns()
            card = clock(out, True)
            after = time.monotonic_ns()
            tries.append((after - before, (before + after) // 2, card))
        _, mono, card = min(tries)
        return mono, card

    mono, card = pair()
    time.sleep(seconds)
    mono_after, card_after = pair()
    return ((card_after - card) / (mono_after - mono) - 1) * 1e6


def test_the_trim_changes_the_output_clock(standin: Local) -> None:
    standin("card 0 40000")
    with device(0, OUTPUT, CONFIGURATION) as (out, settings):
        assert rate_of(out, 0.4) == pytest.approx(40, abs=15)
        settings.do(5, [U32, I64], code("ctad"), -127)
        assert rate_of(out, 0.4) == pytest.approx(-87, abs=15)
        assert settings.call(5, [U32, I64], code("ctad"), 128) != 0
        standin("reference 0 locked")
        assert out.get(29, U32) == 2
        assert rate_of(out, 0.4) == pytest.approx(0, abs=15)
    with device(3, CONFIGURATION) as [settings]:
        assert settings.call(5, [U32, I64], code("ctad"), 1) != 0


def test_a_reference_given_back_twice_ends_the_process() -> None:
    script = (
        "from tests.support.decklink_client import *;"
        "one = entry('CreateDeckLinkIteratorInstance_0004');"
        "one.release(); one.release()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode < 0
    assert "Iterator: given back more often than taken" in done.stderr
