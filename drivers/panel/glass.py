"""What has to be sent so that a glass shows something else. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# A write costs about this many octets beside its text, so a shorter gap is sent again instead.
_JOIN = 6


@dataclass(frozen=True)
class Span:
    """Codes to write from a place on; row and column count from 0."""

    row: int
    column: int
    codes: bytes


def fitted(lines: Sequence[str], columns: int, rows: int) -> tuple[str, ...]:
    """Lines as many and as long as the glass has: cut or filled with spaces."""
    lines = [line[:columns].ljust(columns) for line in lines[:rows]]
    return (*lines, *[" " * columns] * (rows - len(lines)))


def spans(before: Sequence[bytes] | None, after: Sequence[bytes], longest: int) -> list[Span]:
    """What changed, in as few writes as is cheap. before: None when it is not known what is
    shown. longest: codes that one write takes."""
    found = []
    for row, new in enumerate(after):
        old = before[row] if before is not None else b""
        start = end = -1
        for column, code in enumerate(new):
            if old[column : column + 1] == bytes((code,)):
                continue
            if start >= 0 and (column - end > _JOIN or column - start >= longest):
                found.append(Span(row, start, new[start:end]))
                start = -1
            if start < 0:
                start = column
            end = column + 1
        if start >= 0:
            found.append(Span(row, start, new[start:end]))
    return found
