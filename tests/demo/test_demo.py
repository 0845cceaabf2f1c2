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
from tests.support.evidence import at_stake

DEMO = ["demo", "--headless", "--seconds", "3", "--format", "720p50", "--sender-type", "W"]

STATUS_FRAMES = 75  # sender and receiver write their states half a second apart, or more


def by_delay(stake: int, _concealed: int) -> int:
    return stake


def by_concealing(_stake: int, concealed: int) -> int:
    return concealed


def never(_stake: int, _concealed: int) -> int:
    return 0


# Figures that tell a fault, and how many of it delays can excuse.
MUST_NOT_MOVE = {
    **dict.fromkeys(("sink.lost", "sink.repeated", "rx.concealed_frames", "rx.repeats"), by_delay),
    **dict.fromkeys(("tx.repeats", "tx.drops", "tx.source_lost", "tx.skipped"), by_delay),
    **dict.fromkeys(("sink.torn", "sink.metadata_mismatch"), by_concealing),
    **dict.fromkeys(("sink.out_of_order", "sink.unreadable", "rx.no_patient"), never),
    **dict.fromkeys(("rx.metadata_missing", "rx.metadata_mismatch", "tx.slates"), never),
}


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
        timeout=300,  # a probe, two starts and a conversion, on a machine that does more
        env={**os.environ, "TMPDIR": str(place)},
    )
    assert report.exists(), done.stderr
    found = json.loads(report.read_text(encoding="utf-8"))
    jsonschema.validate(found, json_schema())
    assert list(place.iterdir()) == []
    # A busy machine may lose frames; then the verdict must say so, and the exit code too, and the
    # threads of the stream must have noted by how much they came late.
    assert done.returncode == int(not found["verdict"]["good"]), done.stdout
    assert set(found["measured"]) == {"scope", "room"}
    for name, row in found["measured"].items():
        assert row["presented"] > 30, done.stdout + done.stderr
        spread = row["latency"]
        held = row["figures"].get("rx.sender_held", 0)  # counted when received, so a moment before
        assert abs(row["presented"] - held - spread["count"]) <= min(held, 1)
        order = [spread[name] for name in ("min", "p50", "p99", "p99_9", "max")]
        assert order == sorted(order)
        wrong = {name: n for name, n in row["figures"].items() if name in MUST_NOT_MOVE}
        assert not (wrong and found["verdict"]["good"]), wrong
        stake = at_stake(20_000_000, found["transmitters"][name], found["receivers"][name])
        concealed = row["figures"].get("rx.concealed_frames", 0)
        for figure, n in wrong.items():
            assert n <= MUST_NOT_MOVE[figure](stake, concealed), (figure, n, stake, done.stdout)
        apart = row["sent"] - row["presented"] - row["lost"] + row["repeated"]
        assert abs(apart) <= STATUS_FRAMES + stake, (row, done.stdout)
        assert found["receivers"][name]["packets"]["video"] > 0
        assert found["transmitters"][name]["metadata"]["grains"] > 0
    assert "Yamada" not in done.stdout + done.stderr + report.read_text(encoding="utf-8")
