"""What a bench has, from its file.

python -m hwtests.bench FILE     says what the file names, or what is wrong with it
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from drivers.panel import MODELS
from drivers.video import format_named


@dataclass(frozen=True)
class Bench:
    """A bench. items: its devices by kind, each a table of the file. real_time: budgets of time
    and loss hold here. box: the box's services run here, under systemd. host: the folder where the
    host of a virtual machine takes requests."""

    name: str
    items: dict[str, list[dict[str, Any]]]
    real_time: bool = True
    prepare: tuple[str, ...] = ()
    soak_seconds: float = 3600.0
    vivid: bool = False
    box: bool = False
    host: Path | None = None
    watchdog: dict[str, Any] = field(default_factory=dict)


# What may stand in a table: the name, its check, and whether it must be there. A check returns
# what is wrong with a value, for a person, or nothing.
Check = Callable[[Any], str | None]


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) and value else "write a text in quotes"


def _yes(value: Any) -> str | None:
    return None if isinstance(value, bool) else "write true or false"


def _seconds(value: Any) -> str | None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    return None if number else "write a number of seconds, above 0"


def _domain(value: Any) -> str | None:
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 127
    return None if good else "write a PTP domain, 0 to 127"


def _commands(value: Any) -> str | None:
    good = isinstance(value, list) and all(isinstance(one, str) and one for one in value)
    return None if good else "write a list of commands, each a text in quotes"


def _format(value: Any) -> str | None:
    if wrong := _text(value):
        return wrong
    try:
        format_named(value)
    except ValueError as error:
        return str(error).partition("; ")[2]
    return None


def _one_of(*words: str) -> Check:
    def check(value: Any) -> str | None:
        return None if value in words else f"choose {', '.join(words)}"

    return check


def _key(*families: str) -> Check:
    def check(value: Any) -> str | None:
        if isinstance(value, str) and value.partition(":")[2] and value.startswith(families):
            return None
        return f"write a key of rtvbox devices, which begins with {' or '.join(families)}"

    return check


_CARD = _key("v4l2:", "decklink:", "ntv2:")
_WAY = {"playout": (_CARD, True), "capture": (_CARD, True), "format": (_format, True)}
_FIELDS: dict[str, dict[str, tuple[Check, bool]]] = {
    "capture": {"key": (_CARD, True), "format": (_format, True)},
    "playout": {"key": (_CARD, True), "format": (_format, True)},
    "loop": {**_WAY, "exact": (_yes, False), "audio": (_yes, False)},
    "stream": _WAY,
    "panel": {"port": (_text, True), "model": (_one_of(*MODELS), False)},
    "monitor": {"key": (_key("drm:"), True), "format": (_format, True), "grab": (_yes, False)},
    "ptp": {
        "interface": (_text, True),
        "grandmaster": (_text, False),
        "domain": (_domain, False),
        "timestamps": (_one_of("hardware", "software"), False),
        "pretend": (_yes, False),
    },
}
KINDS = tuple(_FIELDS)
_WATCHDOG: dict[str, tuple[Check, bool]] = {"device": (_text, True), "driver": (_text, False)}
_PLAIN: dict[str, tuple[Check, bool]] = {
    "name": (_text, False),
    "real_time": (_yes, False),
    "prepare": (_commands, False),
    "soak_seconds": (_seconds, False),
    "vivid": (_yes, False),
    "box": (_yes, False),
    "host": (_text, False),
}


def read_bench(path: Path) -> Bench:
    """A bench file. ValueError, one line: what is unknown, missing or of another kind, and the
    remedy."""
    try:
        table = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"bench: {path}: {error}") from None
    try:
        return _bench(path, table)
    except ValueError as error:
        raise ValueError(f"bench: {path}: {error}") from None


def _bench(path: Path, table: dict[str, Any]) -> Bench:
    plain = {name: value for name, value in table.items() if name not in (*KINDS, "watchdog")}
    _check("", plain, _PLAIN, (*_PLAIN, *KINDS, "watchdog"))
    items: dict[str, list[dict[str, Any]]] = {}
    for kind in KINDS:
        entries = table.get(kind, [])
        if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            raise ValueError(f"{kind}: is no list of tables; write [[{kind}]], with two brackets")
        for number, entry in enumerate(entries, start=1):
            _check(f"[[{kind}]] {number}: ", entry, _FIELDS[kind])
        items[kind] = entries
    watchdog = table.get("watchdog", {})
    if not isinstance(watchdog, dict):
        raise ValueError("watchdog: is no table; write [watchdog], with one bracket")
    if watchdog:
        _check("[watchdog]: ", watchdog, _WATCHDOG)
    return Bench(
        name=table.get("name", path.stem),
        items=items,
        real_time=table.get("real_time", True),
        prepare=tuple(table.get("prepare", ())),
        soak_seconds=float(table.get("soak_seconds", 3600)),
        vivid=table.get("vivid", False),
        box=table.get("box", False),
        host=Path(table["host"]) if "host" in table else None,
        watchdog=watchdog,
    )


def _check(
    where: str,
    table: dict[str, Any],
    fields: dict[str, tuple[Check, bool]],
    choice: Iterable[str] = (),
) -> None:
    known = tuple(choice) or tuple(fields)
    for name, value in table.items():
        if name not in fields:
            near = get_close_matches(name, known, 1)
            remedy = f"is {near[0]} meant?" if near else f"choose {', '.join(known)}"
            raise ValueError(f"{where}{name}: is unknown; {remedy}")
        if wrong := fields[name][0](value):
            raise ValueError(f"{where}{name}: {value!r} is none; {wrong}")
    for name, (_, needed) in fields.items():
        if needed and name not in table:
            raise ValueError(f"{where}{name}: is missing; see hwtests/benches/example.toml")


def name_of(kind: str, item: dict[str, Any]) -> str:
    """What a test's name shows of an item."""
    if kind in ("loop", "stream"):
        return f"{item['playout']}-to-{item['capture']}"
    return str(item.get("key") or item.get("port") or item.get("interface"))


def main(argv: list[str]) -> int:
    """Reads a bench file and says what it has."""
    if len(argv) != 1:
        print("bench: name one file; see hwtests/benches/example.toml", file=sys.stderr)
        return 2
    try:
        bench = read_bench(Path(argv[0]))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    for kind in KINDS:
        names = ", ".join(name_of(kind, item) for item in bench.items[kind])
        print(f"{kind:<9} {names or 'none: its tests will be skipped'}")
    print(f"watchdog  {bench.watchdog.get('device', 'none: its test will be skipped')}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
