"""Phase and steering against exact vblanks: vkms, in the virtual machine. Its 640x480 refreshes
59.94 times a second; so 60 and 50 pictures a second must slip, and 59.94 must not."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from appliance import runner
from drivers.discover import Kind, inventory
from drivers.video import VideoFormat
from hwtests.bench import Bench
from hwtests.test_monitor import Player, flow
from hwtests.vm import vkms

MODULE = vkms.built(Path(__file__).resolve().parents[1] / "build" / "vm")
SECONDS = 12


@pytest.fixture(scope="module")
def pretend(bench: Bench) -> str:
    """The key of vkms' connector."""
    if bench.host is None:
        pytest.skip("only in the virtual machine: vkms is no monitor")
    if not MODULE.exists():
        pytest.skip("vkms is not built; run: .venv/bin/python -m hwtests.vm.vkms")
    needs = runner.run(["modinfo", "-F", "depends", str(MODULE)]).strip().split(",")
    for name in filter(None, needs):
        runner.run(["modprobe", name])
    if not Path("/sys/module/vkms").exists():
        runner.run(["insmod", str(MODULE)])
    runner.run(["udevadm", "settle"])
    (found,) = [one.key for one in inventory() if one.kind is Kind.MONITOR and "vkms" in one.key]
    return found


@pytest.mark.parametrize("rate", ["60000/1001", "60", "50"])
def test_slips_are_those_that_arithmetic_foretells(pretend: str, rate: str, figure: Any) -> None:
    # 640x480 exactly, so that no other mode is chosen; the rate is what differs.
    player = Player(pretend, VideoFormat(640, 480, Fraction(rate), depth=8))
    try:
        stats = flow(player, int(SECONDS * Fraction(rate)))
        pictures = player.sink.shown()
    finally:
        player.close()
    for name in (
        *("wait_ns", "wait_min_ns", "wait_max_ns", "lead_ns", "drift_ppb", "next_slip_ns"),
        *("slips_repeat", "slips_drop", "late_dropped", "missed_vblanks", "refresh_mhz", "shown"),
        *("due_to_flip_p50_ns", "due_to_flip_p99_ns", "due_to_flip_max_ns", "convert_p50_ns"),
    ):
        figure(f"vkms {rate} {name}", stats[name])
    assert stats["vblank"] == 1
    assert (stats["width"], stats["height"], stats["nominal_mhz"]) == (640, 480, 59_940)
    # The kernel's stamps lie on the grid of its refreshes, whatever this machine's speed.
    period = Fraction(800 * 525 * 1_000_000_000, 25_175_000)
    for a, b in itertools.pairwise(pictures):
        assert abs(b.flip - a.flip - (b.vblank - a.vblank) * period) < 500_000
    assert all(b.vblank > a.vblank for a, b in itertools.pairwise(pictures))
    assert all(one.flip >= one.due for one in pictures)
    # The drift is the arithmetic's; a part in a million for vkms' whole nanoseconds and stamps.
    wanted = (1 / period * 1_000_000_000) / Fraction(rate) - 1
    assert abs(stats["drift_ppb"] - wanted * 1_000_000_000) < 20_000
    if stats["late_dropped"] + stats["missed_vblanks"] > stats["shown"] // 100:
        pytest.skip("this machine is too slow today to say which slips are the steering's")
    expected = abs(wanted) * len(pictures)
    slips = stats["slips_repeat"] if wanted > 0 else stats["slips_drop"]
    assert abs(slips - expected) <= 1 + expected / 20
