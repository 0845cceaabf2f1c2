"""A sender and a receiver of `rtvbox`, each in a network namespace of this machine, and a witness
on the same switch who writes down what the metadata say."""

from __future__ import annotations

import json
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance import runner
from appliance.demo.namespaces import Box, Lab
from appliance.modes.flow import Endpoint, Route, tx_plan
from appliance.rtv.sdp import RefClock, parse_sdp, write_sdp
from appliance.rtv.traffic import SenderType
from drivers.frame import Frame
from drivers.video import VideoFormat, format_named
from hwtests.playing import output_of

VIDEO, METADATA = ("239.1.1.1", 5000), ("239.1.1.2", 5002)
_RTVBOX = (sys.executable, "-m", "appliance.cli")
_LINE = re.compile(r"(\d\d:\d\d:\d\d\.\d{3}) (\w+): ([a-z-]+): (.*)")


@dataclass(frozen=True)
class Event:
    """A line of an end's log that has a code. at: its time of day, as it stands there."""

    at: str
    level: str
    code: str
    text: str


class End:
    """One end: a process of `rtvbox`, its log, its status and its report."""

    def __init__(self, box: Box, folder: Path, name: str, *argv: object) -> None:
        self._log, self._status = folder / f"{name}.log", folder / f"{name}.status"
        self._report = folder / f"{name}.json"
        words = [name, *map(str, argv)]
        words += ["--status", str(self._status), "--report", str(self._report)]
        self._file = self._log.open("wb")
        self.process = box.popen([*_RTVBOX, *words], stdout=self._file, stderr=runner.STDOUT)

    def log(self) -> str:
        """All that it said so far. It never holds a word about a patient."""
        return self._log.read_text()

    def events(self) -> list[Event]:
        """Lines of the log with a code."""
        return [Event(*match.groups()) for match in _LINE.finditer(self.log())]

    def counters(self) -> dict[str, int]:
        """The engine's, half a second old at most; {} before it runs."""
        try:
            found: dict[str, int] = json.loads(self._status.read_text())["counters"]
        except (OSError, json.JSONDecodeError):
            return {}
        return found

    def alive(self) -> bool:
        """Whether it runs."""
        return self.process.poll() is None

    def close(self) -> None:
        """Lets go of the log."""
        self._file.close()

    def end(self) -> dict[str, Any]:
        """Ends it in order; its report."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        report: dict[str, Any] = json.loads(self._report.read_text())
        return report


class Stream:
    """Both ends and the witness. A machine that is emulated sends large datagrams without pacing
    (against ST 2110-21); others as a box does."""

    def __init__(
        self, folder: Path, source: str, name: str, patient: Path, *, real_time: bool
    ) -> None:
        self.folder = folder
        self.frames = folder / "frames"
        self.witnessed = folder / "metadata.pcap"
        self.lab = Lab(["tx", "rx", "witness"], mtu=1500 if real_time else 9000)
        self._source, self._name, self._patient = source, name, patient
        self._paced = real_time
        self._more = [] if real_time else ["--max-udp", "8960", "--sender-type", "W", "--unpaced"]
        self._processes: list[runner.Child] = []
        self._ends: list[End] = []

    def start(self) -> None:
        """Starts the witness and the receiver, and the sender when these listen."""
        self._watch()
        sdp = self.folder / "before.sdp"
        sdp.write_text(self._announced())
        self.rx = End(
            self.lab["rx"],
            self.folder,
            *("rx", "--sdp", sdp, "--interface", "eth0", "--sink", f"capture:{self.frames}"),
            *("--link-offset-ms", "300"),
        )
        self._ends.append(self.rx)
        self._until(self.rx.counters, 120, "the receiver's status")
        sdp = self.folder / "flow.sdp"
        self.tx = End(
            self.lab["tx"],
            self.folder,
            *("tx", "--source", self._source, "--format", self._name, "--depth", "8"),
            *("--interface", "eth0", "--static", self._patient, "--sdp-out", sdp),
            *("--video", "{}:{}".format(*VIDEO), "--metadata", "{}:{}".format(*METADATA)),
            *self._more,
        )
        self._ends.append(self.tx)
        self._until(lambda: self.rx.counters().get("presented"), 120, "a picture")
        before, said = parse_sdp(self._announced().encode()), parse_sdp(sdp.read_bytes())
        assert [one.legs for one in said.videos] == [one.legs for one in before.videos]
        assert said.video.format == before.video.format

    def _until(self, there: Callable[[], object], seconds: float, what: str) -> None:
        """Waits, and lets no pictures pile up meanwhile. Fails with the logs when an end has ended
        or it takes too long."""
        end = time.monotonic() + seconds
        while not there():
            logs = "\n".join(one.log() for one in self._ends)
            assert all(one.alive() for one in self._ends), f"{what} did not come:\n{logs}"
            assert time.monotonic() < end, f"{what} did not come:\n{logs}"
            for raw in self.frames.glob("*.raw"):
                raw.unlink()
            time.sleep(0.1)

    def _announced(self) -> str:
        """The SDP that the sender will write, but for its times and its clock: a receiver that
        starts only then takes this machine's CPU from the sender."""
        route = Route("eth0", self.lab["tx"].address(), Endpoint(*VIDEO), Endpoint(*METADATA))
        fast = {} if self._paced else {"max_udp": 8960, "sender_type": SenderType.W}
        plan = tx_plan(format_named(self._name, depth=8), [route], **fast)
        return write_sdp(plan.session("before", RefClock("localmac", "00-00-00-00-00-00"), 1))

    def _watch(self) -> None:
        box = self.lab["witness"]
        # A member of the group: a switch forwards only what is asked for.
        box.ip(f"addr add {METADATA[0]}/32 dev eth0 autojoin")
        wanted = f"udp and host {METADATA[0]}"
        words = ["tcpdump", "-i", "eth0", "-n", "-U", "-B", "4096", "-Z", "root"]
        words += ["-w", str(self.witnessed), wanted]
        self._processes.append(box.popen(words, stderr=runner.DEVNULL))

    def close(self) -> None:
        """Ends what still runs."""
        ends = [end.process for end in self._ends]
        for one in [*self._processes, *ends]:
            one.kill()
            one.wait()
        for end in self._ends:
            end.close()
        self.lab.close()


class Player:
    """Plays pictures out in a thread of its own, until it is closed: whatever comes to the input
    is then a picture of ours. A card that is pulled is opened again when it is back."""

    def __init__(
        self, key: str, fmt: VideoFormat, paint: Callable[[Frame, int, int], None]
    ) -> None:
        self._key, self._fmt, self._paint = key, fmt, paint
        self._stop = threading.Event()
        self._number = 0
        self.playing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends it."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with output_of(self._key, self._fmt, self._paint) as out:
                    out.count = self._number
                    while not self._stop.is_set():
                        self._number = out.show()
                        self.playing.set()
            except (ValueError, AssertionError):  # it is gone, or not yet back
                self.playing.clear()
                self._stop.wait(0.2)
