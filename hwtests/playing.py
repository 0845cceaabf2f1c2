"""Cards driven by hand: frames with a readable stamp into an output, frames out of an input."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance import runner
from appliance.modes.cards import make_sink, make_source
from drivers import _video
from drivers.discover import inventory
from drivers.frame import Frame, FramePool, fill_black
from drivers.synthetic import Stamp, read_stamp, write_stamp
from drivers.video import Signal, VideoFormat, format_named

OK, TIMEOUT, SIGNAL, FORMAT, GONE = 0, 1, 2, 3, 4


def tai() -> int:
    """CLOCK_TAI, ns."""
    return time.clock_gettime_ns(time.CLOCK_TAI)


def format_of(item: dict[str, Any], depth: int = 8) -> VideoFormat:
    """The format that the bench names. depth 8: what every card carries unchanged."""
    return format_named(item["format"], depth=depth)


@dataclass
class Arrival:
    """What an input gave: a result of next(), its frame, the signal's state, and when (TAI ns)."""

    result: int
    frame: Frame | None
    signal: Signal
    at: int

    @property
    def stamp(self) -> Stamp | None:
        """What is written in the picture."""
        return None if self.frame is None else read_stamp(self.frame)


class Input:
    """An input that was started."""

    def __init__(self, key: str, fmt: VideoFormat) -> None:
        self.source = make_source(key, fmt, slices=False, stamp=False, realtime=True)
        self.reader = _video.SourceReader(self.source.capsule())
        assert self.reader.start() == OK, self.reader.error()

    def next(self, timeout: float = 1.0) -> Arrival:
        """The next frame or event."""
        result, native, said = self.reader.next(int(timeout * 1e9))
        frame = None if native is None else Frame(native)
        return Arrival(result, frame, Signal(said["signal"]), tai())

    def until(self, wanted: Any, timeout: float) -> list[Arrival]:
        """Everything up to the first that `wanted` is true of. Fails when it does not come."""
        deadline, found = time.monotonic() + timeout, []
        while time.monotonic() < deadline:
            found.append(self.next(0.2))
            if wanted(found[-1]):
                return found
        told = [(one.result, one.signal.name) for one in found if one.result != TIMEOUT]
        raise AssertionError(f"it did not come in {timeout:g} s; the last were {told[-5:]}")

    def frames(self, count: int, timeout: float) -> list[Frame]:
        """So many frames in a row."""
        deadline, found = time.monotonic() + timeout, []
        while len(found) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} frames in {timeout:g} s"
            one = self.next(0.2)
            if one.frame is not None:
                found.append(one.frame)
        return found


@contextmanager
def input_of(key: str, fmt: VideoFormat) -> Iterator[Input]:
    """An input, stopped at the end."""
    card = Input(key, fmt)
    try:
        yield card
    finally:
        card.reader.stop()
        card.source.close()


def black(frame: Frame, number: int, due: int) -> None:
    """Black, with a stamp."""
    fill_black(frame)
    write_stamp(frame, number, due)


Paint = Callable[[Frame, int, int], None]
"""Draws picture NUMBER that is due at a TAI (ns) into a frame, with its stamp."""


class Output:
    """An output that was started, and pictures for it."""

    def __init__(self, key: str, fmt: VideoFormat, paint: Paint = black) -> None:
        self.fmt = fmt
        self._paint = paint
        self.sink = make_sink(key, realtime=True)
        self.writer = _video.SinkWriter(self.sink.capsule())
        assert self.writer.start(fmt.native()) == OK, self.writer.error()
        self.pool = FramePool(fmt, 16)
        self.period = int(fmt.frame_ns)
        self.count, self.due = 0, 0
        self.due_of: dict[int, int] = {}

    def show(self) -> int:
        """Submits the next frame for the next frame time, and waits until shortly before it.
        Returns its number."""
        self.due = max(self.due + self.period, tai() + self.period)
        time.sleep(max(0, self.due - tai() - 2 * self.period) / 1e9)
        frame = self.pool.acquire()
        assert frame is not None, "the output keeps every frame"
        self.count += 1
        self._paint(frame, self.count, self.due)
        frame.set(lines_ready=self.fmt.height, sequence=self.count, origin_tai=self.due)
        self.due_of[self.count] = self.due
        result = self.writer.submit(frame.native, self.due)
        assert result == OK, (result, self.writer.error())
        return self.count


@contextmanager
def output_of(key: str, fmt: VideoFormat, paint: Paint = black) -> Iterator[Output]:
    """An output, stopped at the end."""
    card = Output(key, fmt, paint)
    try:
        yield card
    finally:
        card.writer.stop()
        card.sink.close()


def node(key: str) -> str:
    """The node of a V4L2 key, with or without options, for v4l2-ctl."""
    return next(one.node for one in inventory() if one.key == key.partition(",")[0])


def control(key: str, **values: int) -> None:
    """Sets controls of vivid by their names."""
    words = ",".join(f"{name}={value}" for name, value in values.items())
    runner.run(["v4l2-ctl", "-d", node(key), "-c", words], timeout=60)


VIVID = Path("/sys/bus/platform/drivers/vivid")

# As v4l2-ctl wants them: CTA-861 numbers do not work with Debian 12's. The format, its name in
# vivid's own list, and the timings.
_720 = "width=1280,height=720,hs=40,hbp=220,vfp=5,vs=5,vbp=20,polarities=3"
_TIMINGS = {
    "720p50": ("1280x720p50", f"{_720},pixelclock=74250000,hfp=440"),
    "720p60": ("1280x720p60", f"{_720},pixelclock=74250000,hfp=110"),
    "1280x720p24": ("1280x720p24", f"{_720},pixelclock=59400000,hfp=1760"),
    "1280x720p25": ("1280x720p25", f"{_720},pixelclock=74250000,hfp=2420"),
    "1280x720p30": ("1280x720p30", f"{_720},pixelclock=74250000,hfp=1760"),
    "720x576p50": (
        "720x576p50",
        "width=720,height=576,pixelclock=27000000,hfp=12,hs=64,hbp=68,vfp=5,vs=5,vbp=39",
    ),
    "1080i50": (
        "1920x1080i50",
        "width=1920,height=1080,interlaced=1,polarities=3,pixelclock=74250000,hfp=528,hs=44,hbp=148,"
        "vfp=2,vs=5,vbp=15,il_vfp=2,il_vs=5,il_vbp=16",
    ),
    "640x480p59.94": (
        "640x480p59",
        "width=640,height=480,pixelclock=25175000,hfp=16,hs=96,hbp=48,vfp=10,vs=2,vbp=33",
    ),
}


def vivid_sends(key: str, name: str) -> None:
    """vivid's input sees that format, from its own generator, without a fault."""
    wish = f"--set-dv-bt-timings={_TIMINGS[name][1]}"
    runner.run(["v4l2-ctl", "-d", node(key), wish], timeout=60)
    control(key, dv_timings_signal_mode=0)


def vivid_signals(key: str, name: str) -> None:
    """vivid's pretended source changes to that format; the input is not told to follow."""
    listed = runner.run(["v4l2-ctl", "-d", node(key), "--list-ctrls-menus"], timeout=60)
    wish = _TIMINGS[name][0]
    numbers = [line.split(":")[0].strip() for line in listed.splitlines() if wish in line]
    assert numbers, f"vivid lists no {wish}"
    control(key, dv_timings=int(numbers[0]), dv_timings_signal_mode=4)
