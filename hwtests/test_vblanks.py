"""Phase and steering against exact vblanks: vkms, in the virtual machine. It has modes of 59.94 and
60 Hz, so pictures of these rates must not slip, and 61 and 50 a second must, as often as arithmetic
says. The pictures are small: an emulated CPU carries these, and the timing is the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
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
# Of the modes that are chosen: pixel clock in kHz and totals, by width.
TIMINGS = {640: (25_175, 800 * 525), 848: (33_750, 1088 * 517)}


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


@pytest.fixture
def waiting(pretend: str) -> Iterator[str]:
    """The key of vkms' connector while its monitor says that it waits for pictures."""
    switch = Path("/sys/module/vkms/parameters/pretend_vrr")
    if not switch.exists():
        pytest.skip("vkms is an old build; run: .venv/bin/python -m hwtests.vm.vkms")
    switch.write_text("Y")
    yield pretend
    switch.write_text("N")


def test_a_refresh_that_can_follow_is_asked_to_and_else_is_not(waiting: str, figure: Any) -> None:
    """The kernel's side of VRR: vkms takes the property, but refreshes when it always does."""
    for rate, follows in ((50, True), (60, False), (25, False)):
        player = Player(waiting, VideoFormat(96, 64, Fraction(rate), depth=8))
        try:
            stats = flow(player, rate * 4)
            pictures, events = player.sink.shown(), player.sink.events()
        finally:
            player.close()
        assert stats["follows"] == follows, "the kernel says otherwise"
        said = any("the refresh follows the flow" in text for _, _, text in events)
        assert said == follows
        assert stats["matched"] == (follows or rate == 60)
        assert stats["shown"] > rate
        assert all(one.flip >= one.due for one in pictures)
        if not follows:
            continue
        assert stats["slips_repeat"] + stats["slips_drop"] + stats["missed_vblanks"] == 0
        assert all(one.wanted == 0 for one in pictures)
        for name in ("wait_min_ns", "wait_max_ns", "lead_ns", "late_dropped", "shown"):
            figure(f"vkms asked to follow {rate}: {name}", stats[name])


@pytest.mark.parametrize(
    ("rate", "width"), [("60000/1001", 640), ("60", 848), ("61", 640), ("50", 640)]
)
def test_slips_are_those_that_arithmetic_foretells(
    pretend: str, rate: str, width: int, figure: Any
) -> None:
    player = Player(pretend, VideoFormat(96, 64, Fraction(rate), depth=8))
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
    assert (stats["width"], stats["height"]) == (width, 480)
    # The kernel's stamps lie on the grid of its refreshes, whatever this machine's speed.
    clock, total = TIMINGS[width]
    period = Fraction(total * 1_000_000, clock)
    for a, b in itertools.pairwise(pictures):
        assert abs(b.flip - a.flip - (b.vblank - a.vblank) * period) < 500_000
    assert all(b.vblank > a.vblank for a, b in itertools.pairwise(pictures))
    assert all(one.flip >= one.due for one in pictures)
    # The drift is the arithmetic's; a part in a million for vkms' whole nanoseconds and stamps.
    wanted = (1 / period * 1_000_000_000) / Fraction(rate) - 1
    assert abs(stats["drift_ppb"] - wanted * 1_000_000_000) < 20_000
    unruly = stats["late_dropped"] + stats["missed_vblanks"]
    if unruly > stats["shown"] // 10:
        pytest.skip(f"this machine is too slow now: {unruly} pictures late, {stats['shown']} shown")
    # The wait for the vblank is what the steering promises, and with it the whole delay.
    band = min(max(period / 8, 1_000_000), period / 4)
    assert 0 <= stats["wait_min_ns"] <= stats["wait_max_ns"] <= period + band + 500_000
    delays = [one.flip - one.due for one in pictures if one.vblank == one.wanted]
    figure(f"vkms {rate} delay min ms", round(min(delays) / 1e6, 2))
    figure(f"vkms {rate} delay max ms", round(max(delays) / 1e6, 2))
    assert len(delays) > len(pictures) // 2
    longest_lead = 2 * 1_000_000_000 / Fraction(rate)
    assert max(delays) - min(delays) <= period + band + longest_lead
    expected = float(abs(wanted)) * stats["submitted"]
    right, wrong = stats["slips_repeat"], stats["slips_drop"]
    if wanted < 0:
        right, wrong = wrong, right
    # One to settle in, and each time that a busy machine's cost rises or falls.
    room = 2 + unruly // 10
    assert abs(right - expected) <= room
    assert wrong <= room
