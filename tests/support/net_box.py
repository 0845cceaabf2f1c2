"""A box of the laboratory whose network daemon runs, as systemd would run it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from appliance.box.link import ask
from appliance.box.observe import read
from appliance.box.paths import Paths
from appliance.box.rules import accept
from appliance.box.store import Store
from appliance.demo.namespaces import Box
from tests.box.documents import text


class NetBox:
    """document: what is wanted at the start; None: nothing was told. The box's interfaces lose
    what the laboratory gave them: what they have afterwards is the daemon's doing."""

    def __init__(self, box: Box, root: Path, document: Any = None, *options: str) -> None:
        self.box, self.paths, self._root = box, Paths.below(root), root
        self.options = options
        self.store = Store(self.paths.state)
        self.log = root / "journal"
        root.mkdir(parents=True, exist_ok=True)
        for link in json.loads(box.run(["ip", "-j", "link"])):
            if link["ifname"] != "lo":
                box.ip(f"addr flush dev {link['ifname']}", f"link set {link['ifname']} down")
        if document is not None:
            self.want(document)
        self.process = self.begin()

    def begin(self) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-m", "appliance.net", "--root", str(self._root), *self.options]
        with self.log.open("ab") as log:
            return self.box.popen(argv, stderr=log)

    def __enter__(self) -> Self:
        self.wait(lambda: self.paths.link("network").exists() and self.status(), "its first words")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        code = self.end()
        if kind is None:
            assert code == 0, self.journal()
            assert "Traceback" not in self.journal(), self.journal()

    def end(self) -> int:
        """SIGTERM; the exit code."""
        self.process.terminate()
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def again(self) -> None:
        """Starts it again, as systemd does."""
        self.paths.observed("network").unlink(missing_ok=True)
        self.process = self.begin()
        self.wait(self.status, "words after the restart")

    def settle(self) -> None:
        """Every network that is wanted has its address."""
        views = ("configuration", "data", "data_2", "hospital")
        self.wait(
            lambda: all(v["address"] for name, v in self.status().items() if name in views),
            "addresses",
        )

    def want(self, document: Any) -> int:
        """Another desired state, as the agent writes it; its generation."""
        return self.store.put(accept(text(document)), "test").number

    def ask(self, name: str, **values: Any) -> Any:
        return asyncio.run(ask(self.paths.link("network"), name, **values))

    def status(self) -> dict[str, Any]:
        return read(self.paths.observed("network"))

    def network(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.status()[name]
        return found

    def issues(self) -> set[str]:
        """As id or id:subject."""
        every = self.status()["issues"]
        return {f"{one['id']}:{one['subject']}".rstrip(":") for one in every}

    def addresses(self, device: str) -> set[str]:
        """That the kernel has."""
        found = json.loads(self.box.run(["ip", "-j", "-4", "addr", "show", "dev", device]))
        return {f"{a['local']}/{a['prefixlen']}" for one in found for a in one["addr_info"]}

    def routes(self) -> set[str]:
        """Of the main table that are not the kernel's own, as `ip` spells them."""
        lines = self.box.run(["ip", "-4", "route", "show", "proto", "142"]).splitlines()
        return {" ".join(line.split()) for line in lines}

    def journal(self) -> str:
        return self.log.read_text()

    def wait(self, there: Callable[[], Any], what: str, seconds: float = 15) -> None:
        end = time.monotonic() + seconds
        while True:
            try:
                if there():
                    return
            except (ValueError, KeyError):
                pass
            if self.process.poll() is not None or time.monotonic() > end:
                said = self.paths.observed("network")
                state = said.read_text() if said.exists() else "nothing"
                raise AssertionError(f"no {what}: {state}\n{self.journal()}")
            time.sleep(0.05)
