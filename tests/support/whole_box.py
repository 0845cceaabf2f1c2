"""A whole box without systemd: network, clock and agent as processes, its converter the agent's
child, all in one network namespace. What their units start on a real box is started here."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from appliance.box.observe import read
from appliance.clock.programs import HandPrograms
from appliance.demo.namespaces import Box
from tests.support.agent_box import AgentBox

DAEMONS = ("net", "clock")


class WholeBox(AgentBox):
    """environment: of all its programs. Its interfaces lose what the laboratory gave them."""

    def __init__(self, box: Box, root: Path, environment: dict[str, str] | None = None) -> None:
        self.box = box
        root.mkdir(parents=True, exist_ok=True)
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        self._environment = environment
        for link in json.loads(box.run(["ip", "-j", "link"])):
            if link["ifname"] != "lo":
                box.ip(f"addr flush dev {link['ifname']}", f"link set {link['ifname']} down")
        self.root = root
        for name in DAEMONS:
            self.start(name)
        super().__init__(
            root,
            host="0.0.0.0",
            port=443,
            popen=lambda argv, **more: box.popen(argv, env=environment, **more),
        )

    def start(self, name: str) -> None:
        """A daemon that is not the agent, as systemd would after its end."""
        more = ["--by-hand", "--no-adjust"] if name == "clock" else []
        with (self.root / f"{name}.log").open("ab") as log:
            self._daemons[name] = self.box.popen(
                [sys.executable, "-m", f"appliance.{name}", "--root", str(self.root), *more],
                stderr=log,
                env=self._environment,
            )

    def pids(self) -> list[int]:
        """Of the daemons that are not the agent."""
        return [process.pid for process in self._daemons.values()]

    def kill(self, name: str) -> None:
        """SIGKILL."""
        process = self.process if name == "agent" else self._daemons[name]
        process.kill()
        process.wait()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            super().__exit__(kind, value, trace)
        finally:
            for process in self._daemons.values():
                process.terminate()
            for process in self._daemons.values():
                process.wait(10)
            asyncio.run(HandPrograms(self.paths.run / "clock").end())
        if kind is None:
            for name in DAEMONS:
                said = self.journal(name)
                assert "Traceback" not in said, said

    def journal(self, name: str) -> str:
        """Of a daemon that is not the agent."""
        return (self.root / f"{name}.log").read_text()

    def said(self, name: str) -> dict[str, Any]:
        return read(self.paths.observed(name))

    def address(self) -> str:
        """Of the configuration network, as it is now."""
        self.wait(lambda: self.said("network")["configuration"]["address"], "an address")
        return str(self.said("network")["configuration"]["address"])

    def issues(self) -> set[str]:
        """Of all services, as id:subject."""
        every = json.loads(self.paths.observed("issues").read_text())
        listed = every["issues"] if isinstance(every, dict) else every
        return {str(one["id"]) for one in listed}

    def status(self) -> str:
        """What `rtvbox status` prints."""
        done = subprocess.run(
            [sys.executable, "-m", "appliance.cli", "status", "--root", str(self.root)],
            capture_output=True,
            text=True,
            timeout=20,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout

    def until(self, there: Callable[[], Any], what: str, seconds: float = 90) -> None:
        """As `wait`, and says how the box is where it never comes."""
        try:
            self.wait(there, what, seconds)
        except AssertionError as error:
            logs = "\n".join(map(self.journal, DAEMONS))
            raise AssertionError(f"{error}\n{self.status()}\n{logs}") from None
