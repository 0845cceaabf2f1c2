"""PTP on the bench: the follower locks to a grandmaster, stays close, notices its loss and comes
back. With hardware timestamps where the port offers them. The virtual machine has none: there both
ends are namespaces of one machine with one clock, which proves this test and the protocol's way,
and synchronises nothing."""

from __future__ import annotations

import os
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from appliance import runner
from appliance.demo.namespaces import Lab
from drivers.discover import Kind, inventory
from hwtests.bench import Bench
from hwtests.ptp import Clock

Budget = dict[str, dict[str, float]]
Figure = Callable[..., None]


@dataclass
class Pair:
    """A follower, and how to start a grandmaster of ours; None: the network has one."""

    follower: Clock
    master: Callable[[], Clock] | None


@pytest.fixture
def pair(ptp: dict[str, Any], tmp_path: Path) -> Iterator[Pair]:
    """The follower of a bench's port, started."""
    if shutil.which("ptp4l") is None:
        pytest.skip("linuxptp is not installed; run: apt-get install linuxptp")
    if os.geteuid():
        pytest.skip("ptp4l sets clocks: run as root")
    stamps = ptp.get("timestamps", "hardware")
    common: dict[str, Any] = {"stamps": stamps, "domain": ptp.get("domain", 127)}
    if ptp.get("pretend"):
        yield from pretend_pair(tmp_path, common)
        return
    ports = {one.name: one for one in inventory() if one.kind is Kind.NETWORK}
    names = [ptp["interface"], *([ptp["grandmaster"]] if "grandmaster" in ptp else [])]
    for name in names:
        assert name in ports, f"{name}: no such network port here"
        offers = ports[name].details["timestamps"]
        if stamps == "hardware" and offers != "hardware":
            pytest.skip(f"{name} offers {offers} timestamps only")
    common["transport"] = "L2" if len(names) > 1 else "UDPv4"
    follower = Clock(tmp_path, "follower", names[0], follower=True, **common)

    def master() -> Clock:
        return Clock(tmp_path, "master", names[1], follower=False, **common)

    try:
        yield Pair(follower, master if len(names) > 1 else None)
    finally:
        follower.close()


def pretend_pair(folder: Path, common: dict[str, Any]) -> Iterator[Pair]:
    """Both ends in namespaces of this machine."""
    # Flooded: a switch of this slow machine forgets who asked for PTP's groups.
    with Lab(["master", "follower"], snooping=False) as lab:

        def clock(name: str) -> Clock:
            box = lab[name]
            return Clock(
                *(folder, name, "eth0"),
                follower=name == "follower",
                place=box.argv,
                pass_fds=box.pass_fds,
                **common,
            )

        follower = clock("follower")
        try:
            yield Pair(follower, lambda: clock("master"))
        finally:
            follower.close()
            # What the follower made of its own jitter is taken back.
            runner.run(["phc_ctl", "CLOCK_REALTIME", "freq", "0"])


def test_it_locks_and_stays_close(
    pair: Pair, ptp: dict[str, Any], bench: Bench, budget: Budget, figure: Figure
) -> None:
    numbers = budget["ptp"]
    master = pair.master() if pair.master else None
    try:
        took = pair.follower.until("SLAVE", numbers["lock_s"])
        seen = []
        until = time.monotonic() + (60 if bench.real_time else 10)
        while time.monotonic() < until:
            offset = pair.follower.offset_ns()
            if offset is not None:
                seen.append(offset)
            time.sleep(0.25)
        status = pair.follower.ask("TIME_STATUS_NP")
    finally:
        if master:
            master.close()
    if ptp.get("pretend"):
        figure(
            "ptp pretend", "one clock for both ends: the protocol is shown, nothing synchronised"
        )
    figure("ptp timestamps", ptp.get("timestamps", "hardware"))
    figure("ptp lock s", round(took, 1), numbers["lock_s"])
    limit = numbers["offset_us"] if bench.real_time else numbers["emulated_offset_us"]
    figure("ptp offset us, rms", round(statistics.fmean(n * n for n in seen) ** 0.5 / 1000, 3))
    figure("ptp offset us, largest", round(max(map(abs, seen)) / 1000, 3), limit)
    assert len(seen) > 10, "it answers too seldom"
    assert status["gmPresent"] == "true"
    assert max(map(abs, seen)) / 1000 < limit


def test_it_notices_the_loss_and_comes_back(pair: Pair, budget: Budget, figure: Figure) -> None:
    if pair.master is None:
        pytest.skip("the grandmaster is the network's: pull its cable by hand")
    numbers = budget["ptp"]
    first = pair.master()
    try:
        pair.follower.until("SLAVE", numbers["lock_s"])
    finally:
        first.close()
    took = pair.follower.until("LISTENING", numbers["notice_s"])
    figure("ptp loss noticed s", round(took, 2), numbers["notice_s"])
    again = pair.master()
    try:
        took = pair.follower.until("SLAVE", numbers["lock_s"])
        figure("ptp lock again s", round(took, 2), numbers["lock_s"])
    finally:
        again.close()
