"""Ctrl-C at any moment of the command's life, from its first instant on: no traceback."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

RTVBOX = Path(sys.executable).parent / "rtvbox"


@pytest.mark.parametrize("after_ms", [3, 10, 20, 30, 45, 60, 80, 100, 150, 200, 300, 450, 700])
def test_it_ends_without_a_word_of_modules(after_ms: int) -> None:
    child = subprocess.Popen(
        # Whoever runs the tests in the background has it ignored, and we would inherit that.
        ["env", "--default-signal=INT", str(RTVBOX), "devices", "--watch"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    time.sleep(after_ms / 1000)
    child.send_signal(signal.SIGINT)
    said = child.communicate(timeout=20)[0].decode()
    assert "Traceback" not in said and "Error" not in said and "Exception" not in said, said
    # A shell shows both as 130. What watches until it is ended may also end well.
    assert child.returncode in (-signal.SIGINT, 130, 0)


def test_a_job_in_the_background_stays_deaf_to_it() -> None:
    """A shell without job control starts jobs with SIGINT ignored; that is left as it is."""
    child = subprocess.Popen(
        ["sh", "-c", f"trap '' INT; exec {RTVBOX} formats"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    said = child.communicate(timeout=20)[0].decode()
    assert child.returncode == 0 and "1080p50" in said
