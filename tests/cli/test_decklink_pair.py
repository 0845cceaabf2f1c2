"""A sender and a receiver as processes of two boxes, each with a DeckLink card: the stand-in for
the vendor's library on both ends. What arrives, and what picture, reports and events say when the
signal, the format or a card goes."""

from __future__ import annotations

import signal
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from appliance.demo.namespaces import Lab
from tests.cli.test_pair import RTVBOX, report, until
from tests.drivers.decklink_bench import DUO, DUO_AT
from tests.support.standin import Remote
from tests.support.standin_picture import drawn, frame_of, row_bytes, stamp_of

pytestmark = pytest.mark.netns

RASTER = (1280, 720, Fraction(50))
BYTES = row_bytes("v210", 1280) * 720
FRAME_NS = 20_000_000
OFFSET_NS = 150_000_000


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["tx", "rx"]) as made:
        yield made


class Pair:
    """Both ends while they run. tx, rx: their cards' commands."""

    def __init__(self, lab: Lab, folder: Path, patient: Path, sink: str) -> None:
        self.folder = folder
        self.camera = Remote(folder / "camera")
        self.monitor = Remote(folder / "monitor")
        self.sender = self._start(
            lab,
            "tx",
            self.camera.environment(f"source {DUO_AT} hp50 10"),
            *("tx", "--source", f"decklink:{DUO}", "--format", "720p50", "--interface", "eth0"),
            *("--video", "239.1.1.1:5000", "--metadata", "239.1.1.2:5002", "--static", patient),
            *("--sender-type", "W", "--sdp-out", folder / "flow.sdp"),
            *("--report", folder / "tx.json"),
        )
        self.receiver = None
        try:
            until(lambda: (folder / "flow.sdp").exists(), self.sender)
            self.receiver = self._start(
                lab,
                "rx",
                self.monitor.environment(),
                *("rx", "--sdp", folder / "flow.sdp", "--interface", "eth0", "--sink", sink),
                *("--link-offset-ms", "150", "--report", folder / "rx.json"),
            )
            self.camera.connect()
            self.monitor.connect()
        except BaseException:
            self.kill()
            raise

    def _start(self, lab: Lab, box: str, environment: dict[str, str], *argv: object) -> Any:
        # Into a file: an end that says much must not wait for somebody to read it.
        with (self.folder / f"{box}.log").open("wb") as log:
            return lab[box].popen(
                [*RTVBOX, *map(str, argv)], stdout=log, stderr=log, env=environment
            )

    def kill(self) -> None:
        """Ends both, however they are."""
        for end in (self.sender, self.receiver):
            if end is not None:
                end.kill()
                end.wait()
        self.camera.close()
        self.monitor.close()

    def said(self, box: str) -> str:
        """What that end has said so far."""
        return (self.folder / f"{box}.log").read_text(encoding="utf-8")

    def until(self, there: Callable[[], bool], what: str, seconds: float = 20) -> None:
        """Waits for a condition."""
        end = time.monotonic() + seconds
        while not there():
            if time.monotonic() > end or self.sender.poll() is not None:
                raise AssertionError(f"{what}\n{self.said('tx')}\n{self.said('rx')}")
            time.sleep(0.05)

    def shown(self) -> list[dict[str, Any]]:
        """What left the monitor's card, of 300 pictures at most."""
        found: list[dict[str, Any]] = self.monitor(f"playout {DUO_AT}")["shown"]
        return found

    def live(self, count: int = 25) -> None:
        """Waits until so many new pictures of the camera were shown, one after the other."""
        first = max((one["sequence"] for one in self.shown() if one["stamped"]), default=0)

        def there() -> bool:
            last = self.shown()[-1:]
            return bool(last) and last[0]["stamped"] and last[0]["sequence"] >= first + count

        self.until(there, "no live picture")

    def picture(self) -> bytes:
        """The bytes of what the monitor's card shows now."""
        path = self.folder / "picture"
        size = self.monitor(f"picture {DUO_AT} {path}")["bytes"]
        data = path.read_bytes()
        assert len(data) == size
        return data

    def bannered(self) -> bool:
        """Whether a banner in its red frame stands in the picture that is shown now."""
        data = self.picture()
        if len(data) != BYTES:
            return False
        rgb = frame_of("v210", *RASTER, data).to_rgb().astype(int)
        red = (rgb[..., 0] > 150) & (rgb[..., 1] < 80) & (rgb[..., 2] < 80)
        return bool(np.count_nonzero(red) > red.size // 100)

    def stop(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Ends both in order; their reports."""
        for end in (self.receiver, self.sender):
            end.send_signal(signal.SIGTERM)
            end.wait(timeout=30)
        assert "Traceback" not in self.said("tx") + self.said("rx")
        return report(self.folder / "tx.json"), report(self.folder / "rx.json")


@contextmanager
def pair(lab: Lab, folder: Path, patient: Path, sink: str = f"decklink:{DUO}") -> Iterator[Pair]:
    with ExitStack() as stack:
        made = Pair(lab, folder, patient, sink)
        stack.callback(made.kill)
        made.live()
        yield made


def check_exact(data: bytes) -> None:
    """Asserts that every sample is what the camera drew; rows' padding is nobody's."""
    stamp = stamp_of("v210", *RASTER, data)
    assert stamp is not None and stamp.readings == 6 and not stamp.torn
    wanted = drawn("v210", *RASTER, stamp.sequence, stamp.tai).tobytes()

    def samples(rows: bytes) -> npt.NDArray[np.uint32]:
        words = np.frombuffer(rows, "<u4").reshape(720, -1)
        ten = np.stack([words >> shift & 0x3FF for shift in (0, 10, 20)], axis=2)
        return ten.reshape(720, -1)[:, : 2 * 1280]

    assert (samples(data) == samples(wanted)).all()


def notices(found: dict[str, Any]) -> dict[str, str]:
    return {one["code"]: one["text"] for one in found["run"]["notices"]}


@pytest.mark.parametrize("way", ["", ",scheduled"])
def test_frames_arrive_as_the_camera_drew_them_with_their_stamps(
    lab: Lab, tmp_path: Path, patient: Path, way: str
) -> None:
    with pair(lab, tmp_path, patient, f"decklink:{DUO}{way}") as it:
        it.live(50)
        check_exact(it.picture())
        shown = [one for one in it.shown() if one["stamped"]]
        tx, rx = it.stop()
    assert not any(one["torn"] for one in shown)
    numbers = [one["sequence"] for one in shown]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) > (numbers[-1] - numbers[0]) // 2
    offset = time.clock_gettime_ns(time.CLOCK_TAI) - time.monotonic_ns()
    ages = [one["mono"] + offset - one["tai"] for one in shown]
    # From capture to the monitor's raster; a card hands a frame on when it is whole.
    assert min(ages) >= OFFSET_NS, ages
    assert statistics.median(ages) <= OFFSET_NS + 6 * FRAME_NS, ages
    assert rx["latency"]["min"] >= OFFSET_NS
    # Sound came with every frame, and disturbed nothing.
    assert tx["source"]["audio_samples"] >= 960 * 50
    assert tx["source"]["signal_changes"] == tx["source"]["no_signal"] == 0
    assert tx["source"]["impossible_stamps"] == 0
    assert rx["sink"]["latency_min_ns"] >= OFFSET_NS
    assert rx["metadata"]["mismatches"] == rx["metadata"]["invalid"] == 0


def test_signal_format_and_card_of_the_input(lab: Lab, tmp_path: Path, patient: Path) -> None:
    with pair(lab, tmp_path, patient) as it:
        for bad, code, good in [
            (f"signal {DUO_AT} off", "the input has no signal", f"signal {DUO_AT} on"),
            (f"source {DUO_AT} Hp25 10", "the input is 1920x1080", f"source {DUO_AT} hp50 10"),
            (f"remove {DUO_AT}", "the input card does not answer", f"arrive {DUO_AT}"),
        ]:
            assert not it.bannered()
            it.camera(bad)
            it.until(it.bannered, f"{bad}: no banner in the picture")
            it.until(lambda code=code: code in it.said("tx"), f"{bad}: not said")
            before = {one["sequence"] for one in it.shown()}
            time.sleep(0.3)
            # What stands under the banner is held: no picture moves on.
            assert {one["sequence"] for one in it.shown()} <= before
            it.camera(good)
            it.live()
        tx, rx = it.stop()
    assert set(notices(tx)) >= {"signal-lost", "format-changed", "source-gone"}
    assert "1920x1080 at 25/1 frames/s" in notices(tx)["format-changed"]
    assert "unplugged" in notices(tx)["source-gone"]
    # One more where the machine stood still for a tenth of a second.
    assert tx["frames"]["signal_losses"] >= 3
    assert tx["frames"]["slates"] > 20
    assert tx["source"]["removals"] == 1
    assert tx["source"]["format_changes"] == 2
    assert not tx["verdict"]["good"]
    # The flow itself never stopped.
    assert rx["engine"]["flow_losses"] == 0
    assert rx["metadata"]["mismatches"] == 0


def test_the_card_of_the_output(lab: Lab, tmp_path: Path, patient: Path) -> None:
    with pair(lab, tmp_path, patient) as it:
        it.monitor(f"remove {DUO_AT}")
        it.until(lambda: "is unplugged" in it.said("rx"), "the removal is not said")
        time.sleep(0.2)
        it.monitor(f"arrive {DUO_AT}")
        it.until(lambda: "is back and shows" in it.said("rx"), "the return is not said")
        it.live()
        check_exact(it.picture())
        tx, rx = it.stop()
    assert rx["sink"]["losses"] == rx["sink"]["restarts"] == 1
    assert f"card {DUO} is unplugged: nothing is shown" in notices(rx)["card"]
    assert rx["engine"]["sink_errors"] > 0
    assert "refused by the sink" in " ".join(rx["verdict"]["faults"])
    assert tx["source"]["signal_changes"] == 0
