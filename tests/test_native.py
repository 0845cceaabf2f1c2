"""The C++ tests under ASan and UBSan, and a short run of every fuzz target."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.native_build import ROOT, configure_and_build, names

BUILD = ROOT / "build" / "sanitized"
FUZZ_SECONDS = 5
# Exit code of a test that needs what is not here, and has said what. Fuzz targets end with it too,
# when they have found something: theirs is a failure like any other.
NOT_RUN = 77


@pytest.fixture(scope="session")
def sanitized() -> Path:
    configure_and_build(BUILD, "clang++", "address,undefined", [*names("test"), *names("fuzz")])
    return BUILD / "tests" / "native"


def run(command: list[str], seconds: float, *, may_skip: bool = False) -> None:
    env = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"}
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=seconds,
        env=env,
    )
    if may_skip and done.returncode == NOT_RUN and not done.stderr:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-8000:]


@pytest.mark.parametrize("name", names("test"))
def test_native(sanitized: Path, name: str) -> None:
    run([str(sanitized / name)], 240, may_skip=True)


@pytest.mark.parametrize("name", names("fuzz"))
def test_fuzz_briefly(sanitized: Path, name: str, tmp_path: Path) -> None:
    run(
        [
            str(sanitized / name),
            f"-max_total_time={FUZZ_SECONDS}",
            "-rss_limit_mb=2048",
            "-timeout=10",
            f"-artifact_prefix={tmp_path}/",
        ],
        FUZZ_SECONDS + 120,
    )
