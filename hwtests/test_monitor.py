"""What a monitor shows: each picture, right to the value; black when there is none; never what a
dead program left."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from appliance.modes.flow import Endpoint, Route, tx_plan
from appliance.rtv.sdp import RefClock, write_sdp
from drivers import _video
from drivers.drm import DrmSink, _drm
from drivers.frame import FramePool, fill_black, from_rgb
from drivers.video import Scan, VideoFormat, format_named
from hwtests.bench import Bench

# So slow that a machine in emulation keeps up, and a screen can be grabbed before it goes black.
SLOW = VideoFormat(320, 180, Fraction(1, 4))
ROOT = Path(__file__).resolve().parents[1]
Grab = Callable[[], npt.NDArray[np.uint8]]


def tai() -> int:
    return time.clock_gettime_ns(time.CLOCK_TAI)


class Player:
    """A started sink, and pictures for it."""

    def __init__(self, key: str, fmt: VideoFormat) -> None:
        self.fmt = fmt
        self.sink = DrmSink(key)
        self.writer = _video.SinkWriter(self.sink.capsule())
        assert self.writer.start(fmt.native()) == 0, self.writer.error()
        self.pool = FramePool(fmt, 12)
        self.count = 0

    def show(self, due: int = 0, field: int = -1) -> npt.NDArray[np.uint8]:
        """Submits the next picture, due now if not said; returns it as a screen of the mode's size
        must hold it, R'G'B' [height, width, 3]; of an interlaced frame, when that field shows."""
        frame = self.pool.acquire()
        assert frame is not None
        rng = np.random.default_rng(self.count)
        small = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        rows, columns = -(-self.fmt.height // 6), -(-self.fmt.width // 8)
        picture = np.kron(small, np.ones((rows, columns, 1), np.uint8))
        from_rgb(frame, picture[: self.fmt.height, : self.fmt.width])
        frame.set(lines_ready=self.fmt.height, sequence=self.count)
        self.count += 1
        capsule = frame.capsule()
        assert self.writer.submit(frame.native, due or tai()) == 0, self.writer.error()
        stats = self.sink.stats()
        if not stats["width"]:
            return np.zeros((0, 0, 3), np.uint8)
        size = stats["width"], stats["height"]
        words = _drm.paint(capsule, "XRGB8888", *size, field).view("<u4")
        return np.stack([words >> shift & 255 for shift in (16, 8, 0)], axis=-1).astype(np.uint8)

    def wait(self, what: Callable[[dict[str, int]], bool], seconds: float) -> dict[str, int]:
        """The sink's figures as soon as they are so."""
        until = time.monotonic() + seconds
        while True:
            stats = self.sink.stats()
            if what(stats):
                return stats
            assert time.monotonic() < until, f"{stats}; {self.sink.events()}"
            time.sleep(0.01)

    def shown(self, count: int) -> dict[str, int]:
        return self.wait(lambda stats: stats["shown"] >= count, 10)

    def close(self) -> None:
        self.writer.stop()
        self.sink.close()


def flow(player: Player, count: int) -> dict[str, int]:
    """Submits black frames a millisecond before each is due; returns the figures at its end."""
    frames = []
    for _ in range(10):
        frame = player.pool.acquire()
        assert frame is not None
        fill_black(frame)
        frames.append(frame.set(lines_ready=player.fmt.height))
    period = player.fmt.frame_ns
    first = int(tai() / period) + 5
    for number in range(count):
        due = int((first + number) * period)
        time.sleep(max(0.0, (due - 1_000_000 - tai()) / 1e9))
        assert player.writer.submit(frames[number % 10].native, due) == 0
    time.sleep(float(2 * period / 1_000_000_000))
    return player.sink.stats()


def announced() -> str:
    """The SDP of a flow on this machine that nobody sends."""
    here = "127.0.0.1"
    route = Route("lo", here, Endpoint(here, 5000), Endpoint(here, 5002))
    clock = RefClock("localmac", "00-00-00-00-00-00")
    return write_sdp(tx_plan(format_named("640x360p10"), [route]).session("nobody", clock, 1))


@pytest.fixture
def play(monitor: dict[str, Any]) -> Iterator[Callable[[VideoFormat], Player]]:
    """Starts a player on the bench's monitor."""
    players: list[Player] = []

    def start(fmt: VideoFormat) -> Player:
        players.append(Player(monitor["key"], fmt))
        return players[-1]

    yield start
    for player in players:
        player.close()


@pytest.fixture
def grab(monitor: dict[str, Any], host: Any) -> Grab:
    """What the monitor shows, seen from outside of the machine."""
    if not monitor.get("grab"):
        pytest.skip("nobody can say what this monitor shows")

    def grabbed() -> npt.NDArray[np.uint8]:
        host.ask("screendump", name="screen.ppm")
        with Image.open(host.share / "screen.ppm") as picture:
            return np.asarray(picture.convert("RGB"))

    return grabbed


def matches(grab: Grab, wanted: npt.NDArray[np.uint8]) -> bool:
    """Whether the screen shows that, now or within two seconds: a grab may come too early."""
    until = time.monotonic() + 2
    while True:
        got = grab()
        if got.shape == wanted.shape and (got == wanted).all():
            return True
        if time.monotonic() > until:
            return False


def test_each_picture_is_on_the_screen_value_for_value(play: Any, grab: Grab) -> None:
    player = play(SLOW)
    for number in range(5):
        wanted = player.show()
        assert player.shown(number + 1)["last_sequence"] == number
        assert matches(grab, wanted), f"picture {number} is not what the screen shows"
    assert [one.sequence for one in player.sink.shown()] == list(range(5))
    assert player.sink.stats()["black"] == 0


def test_without_frames_the_screen_is_black_and_live_again_with_them(play: Any, grab: Grab) -> None:
    player = play(SLOW)
    wanted = player.show()
    player.shown(1)
    assert matches(grab, wanted)
    player.wait(lambda stats: stats["black"] == 1, 2 * 4 + 3)
    assert matches(grab, np.zeros_like(wanted))
    assert any("black" in text for _, _, text in player.sink.events())
    wanted = player.show()
    player.shown(2)
    assert matches(grab, wanted)


def test_fields_are_shown_one_after_the_other(play: Any, grab: Grab) -> None:
    player = play(replace(SLOW, rate=Fraction(1, 8), scan=Scan.INTERLACED))
    wanted = player.show(field=1)
    stats = player.shown(2)
    assert matches(grab, wanted)
    assert stats["submitted"] == 1
    first, second = player.sink.shown()
    assert (first.field, second.field) == (0, 1)
    assert second.due - first.due == 4_000_000_000
    assert second.flip >= second.due


def test_a_stopped_sink_leaves_no_picture(play: Any, grab: Grab) -> None:
    player = play(SLOW)
    wanted = player.show()
    player.shown(1)
    assert matches(grab, wanted)
    player.writer.stop()
    assert matches(grab, np.zeros_like(wanted))


def test_a_killed_program_leaves_no_picture(monitor: dict[str, Any], grab: Grab) -> None:
    program = (
        "import sys, time; from hwtests.test_monitor import Player, SLOW\n"
        "player = Player(sys.argv[1], SLOW); player.show(); player.shown(1)\n"
        "print('shown', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, monitor["key"]], cwd=ROOT, stdout=subprocess.PIPE
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == b"shown\n"
            before = grab()
            assert before.any()
            child.send_signal(signal.SIGKILL)
            child.wait(10)
            until = time.monotonic() + 5
            while (after := grab()).shape == before.shape and (after == before).all():
                assert time.monotonic() < until, "a dead program's picture stands"
        finally:
            child.kill()


def test_a_second_program_is_refused_in_one_line_that_names_the_first(
    play: Any, monitor: dict[str, Any]
) -> None:
    player = play(SLOW)
    own = Path("/proc/self/comm").read_text().strip()
    words = [sys.executable, "-m", "appliance.cli", "rx", "--sdp", "-", "--interface", "lo"]
    second = subprocess.run(
        [*words, "--sink", monitor["key"]],
        cwd=ROOT,
        input=announced().encode(),
        capture_output=True,
        timeout=120,
    )
    said = second.stderr.decode() + second.stdout.decode()
    assert second.returncode != 0
    assert f"is held by {own} (PID {os.getpid()}); stop that program first" in said
    assert "Traceback" not in said
    # The first one shows on.
    player.show()
    player.shown(1)


def test_bits_that_get_lost_are_an_event(play: Any, figure: Any) -> None:
    for depth in (10, 8):
        player = play(replace(SLOW, depth=depth))
        stats = player.sink.stats()
        glass = min(stats["bits"], stats["link_bits"] or stats["bits"])
        figure(f"monitor bits of a flow of {depth}", glass)
        said = [text for _, _, text in player.sink.events() if "bits become" in text]
        assert len(said) == (glass < depth)
        assert all(f"{depth} bits become {glass}: " in text for text in said)
        player.close()


def test_a_raster_that_no_mode_holds_is_refused_with_the_modes(monitor: dict[str, Any]) -> None:
    sink = DrmSink(monitor["key"])
    writer = _video.SinkWriter(sink.capsule())
    assert writer.start(VideoFormat(16000, 9000, Fraction(50)).native()) == -1
    assert "it has" in writer.error()
    assert sink.modes()[0] in writer.error()
    sink.close()


def test_a_monitor_that_is_pulled_and_put_back_shows_again(
    play: Any, monitor: dict[str, Any], bench: Bench, request: pytest.FixtureRequest, figure: Any
) -> None:
    """The kernel is told that the plug is out: its own switch, `status` in sysfs."""
    player = play(SLOW)
    status = Path(player.sink.connector.status_file)
    player.show()
    player.shown(1)
    try:
        status.write_text("off")
        player.wait(lambda stats: stats["connected"] == 0, 3)
        for _ in range(3):
            player.show()
        assert player.wait(lambda stats: stats["into_nothing"] == 3, 3)["unplugs"] == 1
    finally:
        status.write_text("detect")
    started = time.monotonic()
    player.wait(lambda stats: stats["modesets"] == 2, 10)
    took = time.monotonic() - started
    figure("monitor back s", round(took, 2))
    if bench.real_time:
        assert took < 2
    wanted = player.show()
    player.shown(2)
    if monitor.get("grab"):
        assert matches(request.getfixturevalue("grab"), wanted)
    said = " / ".join(text for _, _, text in player.sink.events())
    assert "was unplugged: pictures go into nothing" in said


def test_the_flow_is_shown_in_time(
    play: Any,
    monitor: dict[str, Any],
    bench: Bench,
    budget: dict[str, dict[str, float]],
    figure: Any,
) -> None:
    if not bench.real_time:
        pytest.skip("an emulated machine is too slow for a budget of time")
    fmt = format_named(monitor["format"])
    player = play(fmt)
    stats = flow(player, 600)
    for name in ("wait_ns", "lead_ns", "drift_ppb", "next_slip_ns", "due_to_flip_p50_ns"):
        figure(f"monitor {name}", stats[name])
    assert stats["shown"] >= 598
    assert stats["late_dropped"] + stats["missed_vblanks"] + stats["overflow"] == 0
    period = 1e12 / stats["nominal_mhz"]
    flips = [
        b.flip - a.flip - (b.vblank - a.vblank) * period
        for a, b in itertools.pairwise(player.sink.shown())
    ]
    assert max(map(abs, flips)) < budget["monitor"]["flip_error_us"] * 1000
