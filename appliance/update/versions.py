"""Versions of an image: two to four numbers, compared as numbers, as the boot loader does. Pure."""

from __future__ import annotations

import re

_VERSION = re.compile(r"\d{1,6}(\.\d{1,6}){1,3}", re.ASCII)


def parse(text: str) -> tuple[int, ...]:
    """The numbers. Raises ValueError, one line."""
    if not _VERSION.fullmatch(text):
        raise ValueError(f"version: {text[:40]!r} is no version; two to four numbers, 1.2.0")
    return tuple(int(part) for part in text.split("."))


def newer(one: str, other: str) -> bool:
    """Whether one comes after the other. 1.2 and 1.2.0 are the same."""
    first, second = parse(one), parse(other)
    longest = max(len(first), len(second))
    return first + (0,) * (longest - len(first)) > second + (0,) * (longest - len(second))


def refuse_old(offered: str, running: str) -> None:
    """Only what is newer is installed: the way back is the other slot. Raises ValueError."""
    if not newer(offered, running):
        raise ValueError(
            f"version: {offered} is not newer than {running}, which runs; "
            "to go back, use: rtvbox update rollback"
        )
