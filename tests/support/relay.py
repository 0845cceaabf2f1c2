"""A bad network between two loopback ports; see relay.c for what it can do."""

from __future__ import annotations

import json
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from types import TracebackType

SOURCE = Path(__file__).with_name("relay.c")


@cache
def _binary() -> Path:
    out = Path(tempfile.mkdtemp(prefix="relay-")) / "relay"
    subprocess.run(["cc", "-O2", "-o", str(out), str(SOURCE)], check=True)
    return out


class Relay:
    """Runs the relay while the context is open; `done` then holds what it did to the packets."""

    def __init__(self, listen: int, target: int, *faults: str) -> None:
        self._command = [str(_binary()), str(listen), str(target), *faults]
        self.done: dict[str, int] = {}

    def __enter__(self) -> Relay:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        out, _ = self._process.communicate("", timeout=10)
        self.done = json.loads(out)
