"""The demonstration whole, without its page: it measures, judges itself, and leaves nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from appliance.report import json_schema

DEMO = ["demo", "--headless", "--seconds", "3", "--format", "720p50", "--sender-type", "W"]


@pytest.mark.netns
@pytest.mark.slow
def test_headless(tmp_path: Path) -> None:
    report = tmp_path / "demo.json"
    place = tmp_path / "tmp"
    place.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "appliance.cli", *DEMO, "--report", str(report)],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
        env={**os.environ, "TMPDIR": str(place)},
    )
    assert report.exists(), done.stderr
    found = json.loads(report.read_text(encoding="utf-8"))
    jsonschema.validate(found, json_schema())
    assert list(place.iterdir()) == []
    # A busy machine may lose frames; then the verdict must say so, and the exit code too.
    assert done.returncode == int(not found["verdict"]["good"]), done.stdout
    assert set(found["measured"]) == {"scope", "room"}
    for name, row in found["measured"].items():
        assert row["presented"] > 30, done.stdout + done.stderr
        assert row["latency"]["count"] == row["presented"]
        lost = row["lost"] + row["repeated"] + row["foreign_metadata"]
        assert not (lost and found["verdict"]["good"])
        assert found["receivers"][name]["packets"]["video"] > 0
        assert found["transmitters"][name]["metadata"]["grains"] > 0
    assert "Yamada" not in done.stdout + done.stderr + report.read_text(encoding="utf-8")
