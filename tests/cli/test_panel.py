"""`rtvbox panel` as a person meets it: with and without a terminal, and at a port."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from drivers.panel.emulator import Emulator

from ..panel.boxes import document
from .conftest import Command


@pytest.fixture
def status(tmp_path: Path) -> Path:
    """A box as one file."""
    path = tmp_path / "status.json"
    path.write_text(json.dumps(document()))
    return path


def test_without_a_terminal_the_glass_is_printed_once(rtvbox: Command, status: Path) -> None:
    code, out, err = rtvbox("panel", "--emulate", "--status", status)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "┌────────────────────┐",
        "│OR 3 tower        TX│  ● green",
        "│In 1080p50        ok│  ● green",
        "│Flow on   PTP locked│  ● green",
        "│10.20.0.31        ⚠1│  ● amber",
        "└────────────────────┘",
    ]


def test_each_model_and_a_box_without_services(rtvbox: Command, tmp_path: Path) -> None:
    code, out, _ = rtvbox("panel", "--emulate", "--model", "cfa533", "--status", tmp_path)
    assert code == 0
    assert out.splitlines()[1:3] == ["│rtvbox         ?│", "│Picture  unknown│"]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ((), "--emulate --port is required"),
        (("--emulate", "--port", "x"), "not allowed with"),
        (("--emulate", "--model", "cfa999"), "choose from"),
        (("--emulate", "--status", "/nowhere"), "--status: /nowhere does not exist"),
        (("--emulate", "--store-boot-screen"), "it goes with --port"),
        (("--port", "/dev/null"), "/dev/null is no serial port; rtvbox devices lists them"),
        (("--port", "/dev/nope", "--store-boot-screen"), "not plugged in; plug the panel in"),
        (("--port", "serial:nope", "--store-boot-screen"), "not plugged in"),
    ],
)
def test_bad_input(rtvbox: Command, argv: tuple[str, ...], words: str) -> None:
    code, out, err = rtvbox("panel", *argv)
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.splitlines()) == 1


def test_another_model_than_the_one_named(rtvbox: Command) -> None:
    emulator = Emulator("cfa631")
    code, _, err = rtvbox("panel", "--port", emulator.port, "--model", "cfa635")
    emulator.close()
    assert code == 2
    assert "the panel says 'CFA631:h1.0,v1.5', which is no cfa635; give cfa631" in err


def test_the_boot_screen_is_stored(rtvbox: Command) -> None:
    emulator = Emulator("cfa635")
    code, out, _ = rtvbox("panel", "--port", emulator.port, "--store-boot-screen")
    assert (code, out) == (0, "stored on the cfa635\n")
    emulator.unplug()
    emulator.plug()
    shown = emulator.picture().rows
    emulator.close()
    assert [row.rstrip() for row in shown[:2]] == ["rtvbox", "starting ..."]


class Child:
    """The command in a terminal of its own."""

    def __init__(self, *argv: str) -> None:
        self.pid, self._fd = pty.fork()
        if not self.pid:
            os.execv(sys.executable, [sys.executable, "-m", "appliance.cli", *argv])
        self.seen = ""

    def reads(self, words: str, seconds: float = 20.0) -> None:
        """Waits for words in what comes from now on."""
        self.waits(lambda: words in self.seen, words, seconds)
        self.seen = ""

    def waits(self, reached: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while not reached():
            assert time.monotonic() < end, f"{what!r} is not in {self.seen!r}"
            if select.select([self._fd], [], [], 0.05)[0]:
                try:
                    octets = os.read(self._fd, 65536)
                except OSError:
                    octets = b""
                self.seen += re.sub(r"\x1b\[\d*[A-Z]", "", octets.decode(errors="replace"))

    def types(self, octets: bytes) -> None:
        os.write(self._fd, octets)

    def code(self) -> int:
        end = time.monotonic() + 10
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self._fd)
                return os.waitstatus_to_exitcode(status)
            select.select([self._fd], [], [], 0.05)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError("it did not end")


def test_in_a_terminal(status: Path) -> None:
    child = Child("panel", "--emulate", "--status", str(status))
    child.reads("OR 3 tower")
    for octets, words in (
        (b"\r", "▸Status"),
        (b"\x1b[B", "▸Issues"),
        (b"\x1b[B\x1b[B\r", "Pairing code:"),
        (b"\x1b", "▸Identity"),
        (b"x", "10.20.0.31"),
        (b"p", "the cable is out"),
        (b"p", "OR 3 tower"),
    ):
        child.types(octets)
        child.reads(words)
    child.types(b"\x03")
    assert child.code() == 0


def test_a_port_is_served_until_it_is_told_to_end(status: Path, tmp_path: Path) -> None:
    emulator = Emulator("cfa635", tmp_path / "panel")
    child = Child("panel", "--port", emulator.port, "--status", str(status))
    child.reads("info: found cfa635 (CFA635:h1.0,v1.5)")
    child.waits(lambda: "OR 3 tower" in emulator.picture().rows[0], "OR 3 tower")
    os.kill(child.pid, signal.SIGTERM)
    assert child.code() == 0
    assert emulator.picture().rows[0].startswith("Panel service")
    emulator.close()
