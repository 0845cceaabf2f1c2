"""Lists of names with reasons: `name   why it is there`, one a line. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def read_list(text: str, of: str) -> dict[str, str]:
    """Names and their reasons. Raises ValueError for a line without a reason, or a name twice."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, reason = line.partition(" ")
        if not reason.strip():
            raise ValueError(f"{of}:{number}: {name} has no reason; write one behind the name")
        if name in found:
            raise ValueError(f"{of}:{number}: {name} is listed twice; keep one")
        found[name] = reason.strip()
    return found


def key_of(inputs: Mapping[str, Any]) -> str:
    """The same for the same inputs."""
    text = json.dumps(inputs, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
