"""Runs the command in this process: it is the same `main`, without a second of imports each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from appliance.cli import main

PATIENT = {
    "patient": {"name": {"alphabetic": "Test^Person"}, "id": "T1", "birth_date": "1970-01-01"},
    "study": {"accession_number": "ACC1"},
}


class Outcome(NamedTuple):
    """What a person gets: exit code, both outputs."""

    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture
def rtvbox(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `rtvbox` with arguments."""

    def run(*argv: str) -> Outcome:
        try:
            code = main([str(word) for word in argv])
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return run


@pytest.fixture
def patient(tmp_path: Path) -> Path:
    """A patient file."""
    path = tmp_path / "patient.json"
    path.write_text(json.dumps(PATIENT), encoding="utf-8")
    return path
