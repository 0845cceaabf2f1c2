"""What a person writes behind `v4l2:`, KEY[,NAME=VALUE ...], and which input a word means. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drivers.video import Signal


@dataclass(frozen=True)
class Connector:
    """An input of a capture node, or an output of a playout node.

    signal: of an input; None where nobody knows: a driver tells it of the chosen input only.
    """

    number: int
    name: str
    chosen: bool
    dv_timings: bool
    signal: Signal | None


def parsed(text: str, *names: str) -> tuple[str, dict[str, str]]:
    """The key, and the options by name; names: those that there are. Raises ValueError, one
    line."""
    key, *words = text.split(",")
    options: dict[str, str] = {}
    last = ""
    for word in words:
        name, equals, value = word.partition("=")
        if word and not equals and options.get(last, "").startswith("heap:"):
            options[last] += f",{word}"  # a heap's own name: linux,cma
            continue
        last = name
        if name not in names or not equals or not value:
            known = " or ".join(f"v4l2:KEY,{one}=..." for one in names)
            raise ValueError(f"{word!r} is no option of a V4L2 node; write {known}")
        if name in options:
            raise ValueError(f"{name} is given twice; keep one")
        options[name] = value
    return key, options


def meant(word: str, what: str, there: Sequence[Connector]) -> Connector:
    """The connector that a word means: its number, its name, or the beginning of one name; case,
    spaces and signs do not count. what: input or output. Raises ValueError, one line."""
    if word.isdecimal():
        found = [one for one in there if one.number == int(word)]
    else:
        found = [one for one in there if _plain(one.name) == _plain(word)]
        found = found or [one for one in there if _plain(one.name).startswith(_plain(word))]
    if len(found) == 1 and (word.isdecimal() or _plain(word)):
        return found[0]
    names = ", ".join(f"{one.number} ({one.name})" for one in there) or "none"
    verdict = "may be several" if len(found) > 1 else "is not there"
    raise ValueError(f"{what} {word!r} {verdict}; choose {names}")


def _plain(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum())
