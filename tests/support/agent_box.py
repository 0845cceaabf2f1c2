"""A whole box without systemd: the agent as a process, its converter as the agent's child."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from appliance.agent.client import BoxClient, pair
from appliance.box.link import ask
from appliance.box.observe import read
from appliance.box.paths import Paths
from appliance.commands.remote_site import Site


class AgentBox:
    """enter: turns a command line into one that runs elsewhere (a network namespace)."""

    def __init__(
        self,
        root: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        popen: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen,
    ) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.root, self.paths, self.host = root, Paths.below(root), host
        self.log = root / "journal"
        self._popen, self._port = popen, port
        self.process = self.begin()

    def begin(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return self._popen(
                [
                    *(sys.executable, "-m", "appliance.agent", "--by-hand"),
                    *("--root", str(self.root), "--host", self.host, "--port", str(self._port)),
                ],
                stderr=log,
            )

    def __enter__(self) -> Self:
        self.wait(lambda: self.about()["port"], "API")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        if kind is None:
            assert "Traceback" not in self.log.read_text(), self.log.read_text()

    @property
    def where(self) -> str:
        return f"{self.host}:{self.about()['port']}"

    def about(self) -> dict[str, Any]:
        return read(self.paths.observed("agent"))

    def converter(self) -> dict[str, Any]:
        return read(self.paths.observed("converter"))

    def at_the_box(self, name: str, **values: Any) -> Any:
        return asyncio.run(ask(self.paths.link("agent"), name, **values))

    def pair(self, site: Site) -> str:
        """As a person does it: press the key, read the code, type it."""
        code = self.at_the_box("open_pairing", seconds=60)
        self.wait(lambda: self.about()["pairing"] == code, "code on the glass")

        async def go() -> str:
            async with BoxClient(self.where, site.any_box()) as box:
                authority, key = site.authority()
                return await pair(box, code, await box.shown(), authority, key)

        serial = asyncio.run(go())
        self.wait(lambda: self.about()["provisioned"], "site")
        time.sleep(0.6)  # the door is opened anew
        return serial

    def wait(self, there: Callable[[], Any], what: str, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while True:
            try:
                if there():
                    return
            except (ValueError, KeyError, OSError):
                pass
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"no {what}\n{self.log.read_text()}")
            time.sleep(0.05)
