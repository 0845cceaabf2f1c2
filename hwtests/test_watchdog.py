"""A watchdog that nobody feeds resets the machine."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from hwtests.bench import Bench


def test_a_hungry_watchdog_barks(bench: Bench, host: Any) -> None:
    device = bench.watchdog.get("device")
    if device is None:
        pytest.skip("the bench has no watchdog")
    wanted = bench.watchdog.get("driver", "")
    nodes = sorted(Path("/sys/class/watchdog").glob("watchdog*"))
    named = [one for one in nodes if wanted in (one / "identity").read_text().lower()]
    node = f"/dev/{named[0].name}" if named else device
    before = len(host.events())
    handle = os.open(node, os.O_WRONLY)
    try:
        os.write(handle, b"\0")
        deadline = time.monotonic() + 120
        while not any(one["event"] == "WATCHDOG" for one in host.events()[before:]):
            assert time.monotonic() < deadline, "nobody heard it bark"
            time.sleep(0.5)
    finally:
        os.write(handle, b"V")  # the magic close: it is off again
        os.close(handle)
