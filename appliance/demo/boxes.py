"""The boxes of the demonstration: each sender and each receiver is its own process, started by
the same command line as on a real box, in its own machine of the laboratory."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance import runner
from appliance.demo.namespaces import Box
from appliance.demo.pictures import Stream


@dataclass(frozen=True)
class Choice:
    """How the streams are carried."""

    format: str
    depth: int
    sender_type: str
    max_udp: int
    realtime: bool


class Process:
    """One `rtvbox` process in a box."""

    def __init__(self, box: Box, argv: list[str], log: Path) -> None:
        with log.open("wb") as out:
            self._child = box.popen(
                [sys.executable, "-m", "appliance.cli", *argv],
                stdin=runner.DEVNULL,
                stdout=out,
                stderr=runner.STDOUT,
                start_new_session=True,  # a Ctrl-C is for the demonstration, which ends them
            )
        self._log = log

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._child.poll() is None

    def refused(self) -> bool:
        """Whether it ended because of what it was told: a file without a picture, for example."""
        return self._child.poll() == 2

    def send(self, number: signal.Signals) -> None:
        """Sends a signal, if it still runs."""
        if self.alive():
            self._child.send_signal(number)

    def stop(self, seconds: float = 15.0) -> None:
        """Ends it: asked first, killed when it does not listen."""
        self.send(signal.SIGTERM)
        try:
            self._child.wait(seconds)
        except runner.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def last_words(self) -> str:
        """The end of its log."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit code {self._child.returncode}, no word"


class Line:
    """One stream: its sender, its receiver, and what belongs to both."""

    def __init__(self, stream: Stream, number: int, folder: Path, choice: Choice) -> None:
        self.stream = stream
        self._folder, self._choice = folder, choice
        self._group = f"239.77.{number}"
        self._patient = 0
        self._cut = False
        self._tx: Process | None = None
        self._rx: Process | None = None
        self._write_patient()

    @property
    def sender_type(self) -> str:
        """Of ST 2110-21, as it is sent."""
        return self._choice.sender_type

    def file(self, name: str) -> Path:
        """A file of this stream in the demonstration's folder."""
        return self._folder / f"{self.stream.name}.{name}"

    def start_tx(self, box: Box) -> None:
        """Starts the sender; it converts its pictures first, so `ready` comes later."""
        choice, stream = self._choice, self.stream
        argv = ["tx", "--source", stream.source, "--stamp", "--format", choice.format]
        argv += ["--depth", str(choice.depth), "--interface", "eth0", "--name", stream.title]
        argv += ["--video", f"{self._group}.1:5000", "--metadata", f"{self._group}.2:5002"]
        argv += ["--sender-type", choice.sender_type, "--sop-class", stream.sop_class]
        argv += ["--max-udp", str(choice.max_udp)]
        argv += ["--static", str(self.file("patient")), "--sdp-out", str(self.file("sdp"))]
        argv += ["--faults-from", f"socket:{self.file('faults')}"]
        if stream.picture_rate is not None:
            argv += ["--picture-rate", str(stream.picture_rate)]
        self._tx = Process(box, argv + self._common("tx"), self.file("tx.log"))

    def start_rx(self, box: Box) -> None:
        """Starts the receiver of the sender's SDP."""
        argv = ["rx", "--sdp", str(self.file("sdp")), "--interface", "eth0", "--sink", "check"]
        argv += ["--overlay", "default", "--preview", str(self.file("preview"))]
        self._rx = Process(box, argv + self._common("rx"), self.file("rx.log"))

    def _common(self, role: str) -> list[str]:
        argv = ["--status", str(self.file(f"{role}.status"))]
        argv += ["--report", str(self.file(f"{role}.report"))]
        return argv if self._choice.realtime else [*argv, "--no-realtime"]

    def forget(self) -> None:
        """Takes away what an earlier start left in the folder."""
        for name in ("sdp", "tx.status", "rx.status", "tx.report", "rx.report"):
            self.file(name).unlink(missing_ok=True)

    def await_sdp(self, seconds: float, ended: Callable[[], bool]) -> None:
        """Until the sender has said how to receive it. Raises ValueError with its last words when
        it refuses what it was told, CommandError when it fails."""
        self._await(lambda: self.file("sdp").exists(), self._tx, "the sender", seconds, ended)

    def await_picture(self, seconds: float, ended: Callable[[], bool]) -> None:
        """Until the receiver shows frames of a confirmed patient. Raises as `await_sdp`."""

        def shown() -> bool:
            return bool(self.status("rx").get("counters", {}).get("static_id"))

        self._await(shown, self._rx, "the receiver", seconds, ended)

    def _await(
        self,
        there: Callable[[], bool],
        process: Process | None,
        who: str,
        seconds: float,
        ended: Callable[[], bool],
    ) -> None:
        end = time.monotonic() + seconds
        while not there() and not ended():
            if process is None or not process.alive() or time.monotonic() > end:
                words = process.last_words() if process else "not started"
                said = f"{self.stream.name}: {who} did not start: {words}"
                if process is not None and process.refused():
                    raise ValueError(said)
                raise runner.CommandError(said)
            time.sleep(0.05)

    def status(self, role: str) -> dict[str, Any]:
        """The last status of "tx" or "rx"; empty while there is none."""
        try:
            found = json.loads(self.file(f"{role}.status").read_text(encoding="utf-8"))
        except (OSError, json.JSONDecodeError):
            return {}
        return found if isinstance(found, dict) else {}

    def report(self, role: str) -> dict[str, Any]:
        """The report of "tx" or "rx", after it has ended; empty when it wrote none."""
        try:
            found = json.loads(self.file(f"{role}.report").read_text(encoding="utf-8"))
        except (OSError, json.JSONDecodeError):
            return {}
        return found if isinstance(found, dict) else {}

    def dead(self) -> str:
        """Which process has died and its last words; "" while both run."""
        for role, process in (("tx", self._tx), ("rx", self._rx)):
            if process is not None and not process.alive():
                return f"{self.stream.name} {role}: {process.last_words()}"
        return ""

    def change_patient(self) -> None:
        """The next patient, as a Configurator would send it."""
        self._patient = (self._patient + 1) % len(self.stream.patients)
        self._write_patient()
        if self._tx is not None:
            self._tx.send(signal.SIGHUP)

    def _write_patient(self) -> None:
        text = json.dumps(self.stream.patients[self._patient], ensure_ascii=False)
        beside = self.file("patient.new")
        beside.write_text(text, encoding="utf-8")
        beside.replace(self.file("patient"))

    @property
    def cut(self) -> bool:
        """Whether the source's cable is pulled."""
        return self._cut

    def toggle_cut(self) -> None:
        """Pulls the cable of the source, or puts it back."""
        self._cut = not self._cut
        with contextlib.suppress(OSError):
            _write_line(self.file("faults"), "loss" if self._cut else "restore")

    def stop(self) -> None:
        """Receiver first, so that it does not see the sender go; then the sender."""
        for process in (self._rx, self._tx):
            if process is not None:
                process.stop()


def _write_line(path: Path, line: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as to:
        to.settimeout(2)
        to.connect(str(path))
        to.sendall(line.encode() + b"\n")
