"""What changes from one document to another, key by key. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_LONGEST = 60


@dataclass(frozen=True)
class Difference:
    """path: key path; before, after: as JSON spells them, None where there is nothing."""

    path: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.path}: {_shown(self.before)} → {_shown(self.after)}"


def differences(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """Every value that differs, in the order of key paths. before, after: plain values."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            yield from differences(before.get(key), after.get(key), f"{path}.{key}".strip("."))
    elif isinstance(before, list) and isinstance(after, list):
        for at in range(max(len(before), len(after))):
            one = before[at] if at < len(before) else None
            other = after[at] if at < len(after) else None
            yield from differences(one, other, f"{path}[{at}]")
    elif before != after:
        yield Difference(path, before, after)


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return "set" if value else "empty"
    text = value if isinstance(value, str) else repr(value).lower()
    first, *more = text.splitlines() or [""]
    return f"{first[:_LONGEST]}…" if more or len(first) > _LONGEST else first or "empty"
