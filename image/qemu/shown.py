"""What the terminal shows of boxes in machines. Pure, but for `write`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

_HELP = "arrows, Enter, Escape: the panel's keys   Ctrl-C: end"


def beside(left: Sequence[str], right: Sequence[str], wide: int) -> list[str]:
    """Two columns, each so wide."""
    rows = max(len(left), len(right))
    padded = [*left, *[""] * (rows - len(left))], [*right, *[""] * (rows - len(right))]
    return [
        f"{one[:wide]:{wide}}  {other[:wide]}".rstrip() for one, other in zip(*padded, strict=True)
    ]


def box(title: str, glass: Sequence[str], said: Sequence[str]) -> list[str]:
    """One box: its panel, and its status."""
    return [title, *glass, *said]


def help_line() -> str:
    """Of the keys."""
    return _HELP


def write(lines: Sequence[str], before: int) -> int:
    """Draws over the lines that were drawn before; how many there are now."""
    wide = shutil.get_terminal_size().columns - 1
    up = f"\x1b[{before}A" if before else ""
    text = "".join(f"\r\x1b[K{line[:wide]}\n" for line in lines)
    sys.stdout.write(f"{up}{text}\x1b[J")
    sys.stdout.flush()
    return len(lines)
