"""What a bench has, from its file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KINDS = ("capture", "playout", "loop", "panel", "monitor", "ptp")
_FIELDS = {
    "capture": {"key", "format"},
    "playout": {"key", "format"},
    "loop": {"playout", "capture", "format", "exact", "audio"},
    "panel": {"port", "model"},
    "monitor": {"key", "format", "grab"},
    "ptp": {"interface"},
    "watchdog": {"device", "driver"},
}
_PLAIN = {"name", "real_time", "prepare", "soak_seconds", "vivid", "host"}


@dataclass(frozen=True)
class Bench:
    """A bench. items: its devices by kind, each a table of the file. real_time: budgets of time
    and loss hold here. host: the folder where the host of a virtual machine takes requests."""

    name: str
    items: dict[str, list[dict[str, Any]]]
    real_time: bool = True
    prepare: tuple[str, ...] = ()
    soak_seconds: float = 3600.0
    vivid: bool = False
    host: Path | None = None
    watchdog: dict[str, Any] = field(default_factory=dict)


def read_bench(path: Path) -> Bench:
    """A bench file. ValueError names a key that is unknown, missing or of another type."""
    try:
        table = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"bench: {path}: {error}") from None
    unknown = set(table) - _PLAIN - set(_FIELDS)
    if unknown:
        raise ValueError(f"bench: {path}: unknown key {min(unknown)!r}")
    items: dict[str, list[dict[str, Any]]] = {}
    for kind in KINDS:
        entries = table.get(kind, [])
        if not isinstance(entries, list):
            raise ValueError(f"bench: {path}: write [[{kind}]], with two brackets")
        for entry in entries:
            wrong = set(entry) - _FIELDS[kind]
            if wrong:
                raise ValueError(f"bench: {path}: [[{kind}]] has no key {min(wrong)!r}")
        items[kind] = entries
    wrong = set(table.get("watchdog", {})) - _FIELDS["watchdog"]
    if wrong:
        raise ValueError(f"bench: {path}: [watchdog] has no key {min(wrong)!r}")
    return Bench(
        name=str(table.get("name", path.stem)),
        items=items,
        real_time=bool(table.get("real_time", True)),
        prepare=tuple(table.get("prepare", ())),
        soak_seconds=float(table.get("soak_seconds", 3600)),
        vivid=bool(table.get("vivid", False)),
        host=Path(table["host"]) if "host" in table else None,
        watchdog=table.get("watchdog", {}),
    )


def name_of(kind: str, item: dict[str, Any]) -> str:
    """What a test's name shows of an item."""
    if kind == "loop":
        return f"{item['playout']}-to-{item['capture']}"
    return str(item.get("key") or item.get("port") or item.get("interface"))
