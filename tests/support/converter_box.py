"""A box of the laboratory whose converter daemon runs, as systemd would run it."""

from __future__ import annotations

import asyncio
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


class ConverterBox:
    """mode: of the converter. document: what is wanted at the start; None: nothing was told.
    patience: seconds that anything may take; a machine in emulation wants more."""

    def __init__(
        self, box: Box, root: Path, mode: str, document: Any = None, *, patience: float = 20
    ) -> None:
        self._patience = patience
        self.box, self.paths, self.mode = box, Paths.below(root), mode
        self.store = Store(self.paths.state)
        self.log = root / "journal"
        root.mkdir(parents=True, exist_ok=True)
        self._root = root
        if document is not None:
            self.want(document)
        self.process = self.begin()

    def begin(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return self.box.popen(
                [
                    *(sys.executable, "-m", "appliance.converter", self.mode),
                    *("--root", str(self._root)),
                ],
                stderr=log,
            )

    def __enter__(self) -> Self:
        self.wait(lambda: self.paths.observed("converter").exists(), "its first words")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.terminate()
        try:
            code = self.process.wait(max(10, self._patience / 4))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        if kind is None:
            assert code == 0, self.journal()
            assert "Traceback" not in self.journal()

    def want(self, document: Any) -> int:
        """Another desired state, as the agent writes it; its generation."""
        return self.store.put(accept(text(document)), "test").number

    def ask(self, name: str, **values: Any) -> Any:
        return asyncio.run(ask(self.paths.link("converter"), name, **values))

    def status(self) -> dict[str, Any]:
        return read(self.paths.observed("converter"))

    def issues(self) -> set[str]:
        return {issue["id"] for issue in self.status()["issues"]}

    def journal(self) -> str:
        return self.log.read_text()

    def wait(self, there: Callable[[], Any], what: str, seconds: float = 0) -> None:
        """Until it is there; seconds: instead of the patience."""
        end = time.monotonic() + (seconds or self._patience)
        while True:
            try:
                if there():
                    return
            except (ValueError, KeyError):
                pass
            if self.process.poll() is not None or time.monotonic() > end:
                said = self.paths.observed("converter")
                state = said.read_text() if said.exists() else "nothing"
                raise AssertionError(f"no {what}: {state}\n{self.journal()}")
            time.sleep(0.05)
