"""Boxes whose clock service runs, and grandmasters, joined by cables: no switch between them, since
on one kernel a bridge gives a packet's time stamp to its sender twice and upsets ptp4l."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from appliance import runner
from appliance.box.observe import read
from appliance.box.paths import Paths
from appliance.box.rules import accept
from appliance.box.store import Store
from appliance.demo.namespaces import Box, Lab

GM = """[global]
domainNumber {domain}
logAnnounceInterval -2
logSyncInterval -3
logMinDelayReqInterval -3
time_stamping software
free_running 1
priority1 {priority}
clockClass {quality}
uds_address {uds}
utc_offset {utc}
[{interface}]
"""


class Stage:
    """follower's eth0 leads to gm0's eth0, its eth1 to gm1's eth0."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self._lab, self._folder = lab, folder
        self.paths = Paths.below(folder / "box")
        self.store = Store(self.paths.state)
        self._stack = ExitStack()
        self._masters: dict[str, subprocess.Popen[bytes]] = {}
        self.log = folder / "journal"
        self.process: subprocess.Popen[bytes] | None = None

    def want(self, **clock: Any) -> None:
        networks = {
            name: {"interface": f"eth{n}", "address": f"10.99.{n}.2/24"}
            for n, name in enumerate(("data", "data_2"))
        }
        document = {"schema": 1, "networks": networks, "clock": clock}
        self.store.put(accept(json.dumps(document)), "test")

    def begin(self) -> None:
        """The clock service of the follower."""
        argv = [sys.executable, "-m", "appliance.clock", "--by-hand", "--no-adjust"]
        with self.log.open("ab") as log:
            self.process = self._lab["follower"].popen(
                [*argv, "--root", str(self._folder / "box")], stderr=log
            )

    def end(self) -> None:
        """Only the service: ptp4l stays."""
        assert self.process is not None
        self.process.terminate()
        assert self.process.wait(10) == 0, self.log.read_text()
        assert "Traceback" not in self.log.read_text(), self.log.read_text()
        self.process = None

    def close(self) -> None:
        for name in tuple(self._masters):
            self.kill(name)
        if self.process is not None:
            self.end()
        if pid := self.ptp4l():
            os.kill(pid, signal.SIGTERM)

    def grandmaster(
        self, name: str, *, priority: int = 100, quality: int = 6, domain: int = 127, utc: int = 37
    ) -> None:
        """Begins to give the time on that side."""
        config = self._folder / f"{name}.conf"
        config.write_text(
            GM.format(
                domain=domain,
                priority=priority,
                quality=quality,
                utc=utc,
                uds=self._folder / f"{name}.sock",
                interface="eth0",
            )
        )
        self._masters[name] = self._lab[name].popen(
            ["ptp4l", "-f", str(config), "-m", "-q"], stdout=subprocess.DEVNULL
        )

    def kill(self, name: str) -> None:
        """No goodbye."""
        master = self._masters.pop(name)
        master.kill()
        master.wait()

    def cable(self, name: str, word: str) -> None:
        self._lab[name].ip(f"link set eth0 {word}")

    def box(self) -> Box:
        return self._lab["follower"]

    def ptp4l(self) -> int:
        """The follower's ptp4l; 0: none."""
        try:
            return int((self.paths.run / "clock/ptp4l.pid").read_text().split()[0])
        except (OSError, ValueError):
            return 0

    def status(self) -> dict[str, Any]:
        return read(self.paths.observed("clock"))

    def issues(self) -> set[str]:
        return {issue["id"] for issue in self.status()["issues"]}

    def wait(self, there: Callable[[], Any], what: str, seconds: float = 25) -> None:
        end = time.monotonic() + seconds
        while True:
            try:
                if there():
                    return
            except (ValueError, KeyError):
                pass
            if time.monotonic() > end:
                said = self.paths.observed("clock")
                state = said.read_text() if said.exists() else "nothing"
                raise AssertionError(f"no {what}: {state}\n{self.log.read_text()}")
            time.sleep(0.05)

    def until(self, state: str, seconds: float = 25) -> None:
        self.wait(lambda: self.status()["state"] == state, state, seconds)


@contextmanager
def cables() -> Iterator[Lab]:
    """The laboratory."""
    with Lab(["follower", "gm0", "gm1"], networks=0) as lab:
        own = lab["follower"]
        for n in (0, 1):
            other = lab[f"gm{n}"]
            argv = own.argv(
                [
                    *f"ip link add eth{n} type veth peer name eth0".split(),
                    *("netns", f"/proc/self/fd/{other.net}"),
                ]
            )
            runner.run(argv, pass_fds=(*own.pass_fds, other.net))
            own.ip(f"addr add 10.99.{n}.2/24 dev eth{n}", f"link set eth{n} up")
            other.ip(f"addr add 10.99.{n}.1/24 dev eth0", "link set eth0 up")
        yield lab
