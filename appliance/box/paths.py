"""Where a box keeps things. Nothing else in the tree spells these folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """state: survives a power cut (the data partition). run: gone with the power."""

    state: Path = Path("/var/lib/rtvbox")
    run: Path = Path("/run/rtvbox")

    @classmethod
    def below(cls, root: Path) -> Paths:
        """The same tree somewhere else."""
        return cls(root / "var/lib/rtvbox", root / "run/rtvbox")

    def observed(self, service: str) -> Path:
        """What a service observes, as one JSON object; replaced in one step."""
        return self.run / f"{service}.json"

    def link(self, service: str) -> Path:
        """The service's socket for live commands and events."""
        return self.run / f"{service}.sock"
