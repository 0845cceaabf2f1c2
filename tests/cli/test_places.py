"""Files, pipes and devices that a command is pointed at: none holds it up, none is destroyed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from .conftest import PATIENT, Command
from .test_bad_input import SDP, check, tx

RTVBOX = [sys.executable, "-m", "appliance.cli"]
SHORT = {"--frames": "2", "--no-realtime": None}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits ten seconds for a writer."""
    monkeypatch.setattr("appliance.commands.places._PATIENCE_S", 0.2)


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    """A pipe that nobody writes or reads."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


def test_a_pipe_without_a_writer_is_not_waited_for(
    rtvbox: Command, fifo: Path, tmp_path: Path
) -> None:
    flow = tmp_path / "flow.sdp"
    flow.write_text(SDP)
    rx = ["rx", "--interface", "lo", "--sdp"]
    check(rtvbox(*tx({"--static": str(fifo)})), "tx", "static", "not whole", "writer")
    check(rtvbox(*rx, str(fifo)), "rx", "sdp", "not whole")
    check(rtvbox(*rx, str(flow), "--overlay", str(fifo)), "rx", "overlay", "not whole")
    check(rtvbox(*rx, str(flow), "--sink", f"raw:{fifo}"), "rx", "sink", "cannot be written")
    check(rtvbox("inspect", str(fifo)), "inspect", "capture", "is no file")
    check(rtvbox("inspect", "/etc/hostname", "--sdp", str(fifo)), "inspect", "sdp")
    check(rtvbox(*tx({"--source": f"file:{fifo}"})), "tx", "source", "pipe or device")


def test_a_patient_may_come_through_a_pipe(rtvbox: Command, fifo: Path) -> None:
    whole = json.dumps({**PATIENT, "pateint": {}})
    writer = threading.Thread(target=fifo.write_text, args=(whole,))
    writer.start()
    outcome = rtvbox(*tx({"--static": str(fifo)}))
    writer.join()
    check(outcome, "tx", "pateint")  # it was read to its end


def test_a_pipe_that_nobody_reads_takes_no_sdp(rtvbox: Command, fifo: Path) -> None:
    code, _, err = rtvbox(*tx({"--sdp-out": str(fifo)}))
    assert code == 1 and "nobody reads it" in err


def test_two_files_that_are_one_are_refused(rtvbox: Command, patient: Path) -> None:
    before = patient.read_bytes()
    link = patient.with_name("link.json")
    link.symlink_to(patient)
    outcome = rtvbox(*tx({"--static": str(patient), "--report": str(link)}))
    check(outcome, "tx", "report", "static")
    assert patient.read_bytes() == before


def test_a_link_stays_a_link_and_its_file_is_replaced(
    rtvbox: Command, patient: Path, tmp_path: Path
) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("before")
    link.symlink_to(real)
    rtvbox(*tx({"--static": str(patient), "--report": str(link), **SHORT}))
    assert link.is_symlink()
    assert json.loads(real.read_text())["frames"]["sent"] == 2


def test_a_report_to_our_own_output_leaves_the_device(patient: Path, tmp_path: Path) -> None:
    words = tx({"--static": str(patient), "--report": "/dev/stdout", **SHORT})
    before = Path("/dev/stdout").readlink()
    with (tmp_path / "out").open("wb") as out:
        subprocess.run([*RTVBOX, *words], stdout=out, stderr=subprocess.DEVNULL, check=False)
    assert Path("/dev/stdout").readlink() == before
    assert json.loads((tmp_path / "out").read_text())["frames"]["sent"] == 2


def test_a_full_disk_ends_no_stream(rtvbox: Command, patient: Path) -> None:
    _, _, err = rtvbox(*tx({"--static": str(patient), "--status": "/dev/full", **SHORT}))
    assert err.count("the run goes on") == 1
    assert "2 frames sent" in err


@pytest.mark.parametrize("option", ["--dynamic", "--faults-from"])
def test_a_path_that_cannot_be_looked_at_names_its_field(rtvbox: Command, option: str) -> None:
    check(rtvbox(*tx({option: "a" * 300})), "tx", option.removeprefix("--"), "too long")


def test_names_of_any_length(rtvbox: Command) -> None:
    for option in ("--report", "--sdp-out", "--status"):
        field = option.removeprefix("--")
        check(rtvbox(*tx({option: "a" * 300})), "tx", f"{field}: ", "too long")


@pytest.mark.parametrize("closed", ["<&- >&- 2>&-", "2>&-", "2>/dev/full"])
def test_without_standard_files(patient: Path, tmp_path: Path, closed: str) -> None:
    report = tmp_path / "report.json"
    words = tx({"--static": str(patient), "--report": str(report), **SHORT})
    line = " ".join([*RTVBOX, *words])
    subprocess.run(["bash", "-c", f"{line} {closed}"], check=False, timeout=60)
    assert json.loads(report.read_text())["frames"]["sent"] == 2


def test_a_reader_that_goes_away_and_a_full_disk() -> None:
    line = " ".join([*RTVBOX, "report-schema"])
    for ending, said in (("| true", b""), (">/dev/full", b"rtvbox: standard output: cannot")):
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {line} {ending}"], capture_output=True, check=False
        )
        assert done.returncode == 1
        assert done.stderr.startswith(said) and len(done.stderr.splitlines()) == bool(said)


def test_a_terminal_that_cannot_draw_frames_shows_question_marks() -> None:
    done = subprocess.run(
        [*RTVBOX, "panel", "--emulate"],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "TERM": "nonsense"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"????") and b"rtvbox" in done.stdout


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_starting_ends_it_without_a_word(
    fifo: Path, number: signal.Signals, code: int
) -> None:
    started = subprocess.Popen([*RTVBOX, *tx({"--static": str(fifo)})], stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while time.monotonic() < until:  # until it waits for its patient
        try:
            writer = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
            break
        except OSError:
            time.sleep(0.01)
    started.send_signal(number)
    _, said = started.communicate(timeout=60)
    os.close(writer)
    assert (started.returncode, said) == (code, b"")
