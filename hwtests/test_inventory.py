"""Everything that the bench names is found; what is unplugged is noticed, and found again."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from drivers.discover import Kind, Watch, inventory
from hwtests.bench import Bench

VIVID = Path("/sys/bus/platform/drivers/vivid")


def test_the_inventory_holds_what_the_bench_names(bench: Bench) -> None:
    found = {device.key for device in inventory()}
    for kind in ("capture", "playout", "monitor"):
        for item in bench.items[kind]:
            if item["key"].startswith(("v4l2:", "drm:")):
                assert item["key"] in found
            elif item["key"].startswith("ntv2:"):  # ntv2:SERIAL/CONNECTOR
                assert item["key"].partition("/")[0].partition(",")[0] in found


def test_a_network_port_says_what_it_stamps(ptp: dict[str, Any]) -> None:
    if ptp.get("pretend"):
        pytest.skip("the port is a pretended one")
    ports = {one.name: one for one in inventory() if one.kind is Kind.NETWORK}
    assert ports[ptp["interface"]].details["timestamps"] == ptp.get("timestamps", "hardware")


def test_a_card_that_is_pulled_and_put_back_is_noticed(
    bench: Bench, budget: dict[str, dict[str, float]], figure: Any
) -> None:
    if not bench.vivid:
        pytest.skip("only vivid can be pulled by a program; pull a card by hand")
    watch = Watch()
    before = set(watch.devices)
    keys = {one["key"] for kind in ("capture", "playout") for one in bench.items[kind]}
    for action, what in (("unbind", "removed"), ("bind", "added")):
        started = time.monotonic_ns()
        (VIVID / action).write_text("vivid.0")
        seen: dict[str, int] = {}
        while keys - set(seen):
            changes = watch.wait(10)
            assert changes, f"no event came for {sorted(keys - set(seen))}"
            for change in changes:
                if change.what == what:
                    seen[change.device.key] = change.mono_ns
        took = (max(seen[key] for key in keys) - started) / 1e9
        limit = budget["inventory"]["notice_s"]
        figure(f"inventory {what} s", round(took, 3), limit)
        if bench.real_time:
            assert took < limit
    assert set(watch.devices) == before
