"""Lines that other programs write to a sender, good and bad, by a FIFO and by a socket."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.commands.lines import LineInput
from appliance.rtv.dynamic import MAX_LINE, parse_line

from .test_bad_input import tx

RTVBOX = [sys.executable, "-m", "appliance.cli"]
GOOD = b'{"imaging_subject": true, "information": false}\n'


def wait(what: Any, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


@contextmanager
def sending(patient: Path, tmp_path: Path, **options: str) -> Iterator[list[Any]]:
    """A sender on loopback; afterwards: exit code, report, what it said."""
    report, status = tmp_path / "report.json", tmp_path / "status.json"
    words = {"--static": str(patient), "--report": str(report), "--status": str(status)}
    words |= {f"--{name.replace('_', '-')}": value for name, value in options.items()}
    run = subprocess.Popen([*RTVBOX, *tx(words)], stderr=subprocess.PIPE)
    result: list[Any] = []
    try:
        wait(lambda: status.exists() or run.poll() is not None)
        assert run.poll() is None, run.stderr and run.stderr.read()
        yield result
    finally:
        run.send_signal(signal.SIGTERM)
        _, said = run.communicate(timeout=30)
    result += [run.returncode, json.loads(report.read_text()), said.decode()]


def write(place: Path, data: bytes) -> None:
    if place.is_socket():
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as end:
            end.connect(str(place))
            end.sendall(data)
    else:
        with place.open("wb", buffering=0) as end:
            end.write(data)


@pytest.mark.parametrize("kind", ["fifo", "socket"])
def test_garbage_is_counted_and_what_follows_is_heard(
    patient: Path, tmp_path: Path, kind: str
) -> None:
    place = tmp_path / "lines"
    if kind == "fifo":
        os.mkfifo(place)
    noise = random.Random(7).randbytes(60_000).replace(b"\n", b"?")
    named = f"socket:{place}" if kind == "socket" else str(place)
    with sending(patient, tmp_path, dynamic=named) as result:
        write(place, noise + b"\n" + b"[" * 4000 + b"\n" + b'{"tai": 1e400}\n' + GOOD)
        write(place, b'{"imaging_subject": "' + b"x" * 20_000)  # and never an end
        write(place, b"\n" + b"\xff\xfe\x00\n" * 3 + GOOD)
        time.sleep(0.5)
    _, report, said = result
    assert "Traceback" not in said
    # One too long, nesting, a time that is none, one without an end, three of no text.
    assert report["metadata"]["dynamic_rejected"] == 1 + 2 + 1 + 3
    assert "line passed over: dynamic: a line is longer than 4096" in said


def test_ten_thousand_lines_a_second_hold_no_frame_up(patient: Path, tmp_path: Path) -> None:
    place = tmp_path / "lines"
    with sending(patient, tmp_path, dynamic=f"socket:{place}") as result:
        for _ in range(10):
            write(place, GOOD * 900 + b"nonsense\n" * 100)
            time.sleep(0.1)
    _, _, said = result
    assert "Traceback" not in said
    assert said.count("passed over") <= 4  # one a second


def test_a_line_too_long_to_be_kept_is_refused_like_any_other(tmp_path: Path) -> None:
    got: list[str] = []

    def take(line: bytes) -> None:
        try:
            parse_line(line)
            got.append("taken")
        except ValueError as error:
            got.append(str(error))

    lines = LineInput(f"socket:{tmp_path / 's'}", "dynamic", take)
    write(tmp_path / "s", b"x" * (5 * MAX_LINE) + b"\n" + GOOD)
    wait(lambda: len(got) == 2)
    lines.close()
    assert "longer than 4096" in got[0] and got[1] == "taken"
    assert not (tmp_path / "s").exists()


def test_the_example_of_the_help_is_taken() -> None:
    said = subprocess.run([*RTVBOX, "tx", "--help"], capture_output=True, check=True).stdout
    example = said.decode().split('  {"viewpoint"')[1].split("(on one line)")[0]
    values = parse_line(('{"viewpoint"' + example.replace("\n", " ")).encode()).values
    assert len(values) == 5
