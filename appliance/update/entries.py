"""Entries of the boot loader, as their files' names say it (Boot Loader Specification, boot
counting): `rtvbox_1.2.0.efi` is good, `rtvbox_1.2.0+3.efi` may be tried three times,
`rtvbox_1.2.0+0-3.efi` has failed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

TRIES = 3
"""Boots that a new version has to prove itself."""
_NAME = re.compile(
    r"rtvbox_(?P<version>\d{1,6}(?:\.\d{1,6}){1,3})"
    r"(?:\+(?P<left>\d{1,3})(?:-(?P<done>\d{1,3}))?)?\.efi",
    re.ASCII,
)


class State(StrEnum):
    """What the boot loader thinks of an entry."""

    GOOD = "good"
    TRIAL = "trial"
    BAD = "bad"


@dataclass(frozen=True)
class Entry:
    """One file. left: tries that it has, None: it is counted no more. done: tries that failed."""

    version: str
    left: int | None = None
    done: int = 0

    @property
    def state(self) -> State:
        """good: always booted; trial: while tries are left; bad: only when there is no other."""
        if self.left is None:
            return State.GOOD
        return State.TRIAL if self.left else State.BAD

    @property
    def name(self) -> str:
        """Of its file."""
        count = "" if self.left is None else f"+{self.left}"
        if self.left is not None and self.done:
            count += f"-{self.done}"
        return f"rtvbox_{self.version}{count}.efi"

    def fresh(self) -> Entry:
        """With all its tries."""
        return Entry(self.version, TRIES)

    def given_up(self) -> Entry:
        """Not to be booted while there is another."""
        return Entry(self.version, 0, self.done)

    def trusted(self) -> Entry:
        """Counted no more."""
        return Entry(self.version)


def entry_of(name: str) -> Entry | None:
    """Of a file's name; None: it is none of ours."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    left = found["left"]
    return Entry(found["version"], None if left is None else int(left), int(found["done"] or 0))


def entries_of(names: Iterable[str]) -> dict[str, Entry]:
    """Ours among these files."""
    found = ((name, entry_of(name)) for name in names)
    return {name: entry for name, entry in found if entry is not None}
