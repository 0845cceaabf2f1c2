"""The order of text of both directions on a line that is drawn in several pieces.

What is in one font goes to raqm whole, which knows all of the Unicode Bidirectional Algorithm
(UAX 9, whose rules are named here). Pieces in several fonts are set side by side by us, so their
order is ours to find. Directional control characters never get this far; that brackets come in
pairs (N0) is left out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import groupby
from typing import TypeVar

_Piece = TypeVar("_Piece")
_STRONG = ("L", "R", "AL")


def right_to_left(character: str) -> bool:
    """Whether a character is a letter of a script from right to left."""
    return unicodedata.bidirectional(character) in ("R", "AL")


def levels(text: str) -> list[int]:
    """The embedding level of each character: odd ones stand from right to left."""
    kinds = [unicodedata.bidirectional(c) for c in text]
    base = next((int(kind != "L") for kind in kinds if kind in _STRONG), 0)  # P2, P3
    side = "R" if base else "L"
    found = _neutral(_weak(kinds, side), side)
    out = [base + _RAISED[base][kind] for kind in found]
    for i in range(len(out) - 1, -1, -1):  # L1
        if kinds[i] not in ("WS", "S", "B"):
            break
        out[i] = base
    return out


_SEPARATED = (("ES", "EN"), ("CS", "EN"), ("CS", "AN"))
_RAISED = ({"L": 0, "R": 1, "EN": 2, "AN": 2}, {"L": 1, "R": 0, "EN": 1, "AN": 1})  # I1, I2


def _weak(kinds: list[str], side: str) -> list[str]:
    out: list[str] = []
    strong = side
    for kind in kinds:
        if kind == "NSM":  # W1
            kind = out[-1] if out else side
        if kind in _STRONG:
            strong = kind
        out.append("AN" if kind == "EN" and strong == "AL" else kind)  # W2
    out = ["R" if kind == "AL" else kind for kind in out]  # W3
    for i in range(1, len(out) - 1):  # W4
        before, kind, after = out[i - 1 : i + 2]
        if before == after and (
            (kind, before) == ("ES", "EN") or (kind, before[1:]) == ("CS", "N")
        ):
            out[i] = before
    at = 0
    for kind, group in groupby(list(out)):  # W5
        end = at + len(list(group))
        if kind == "ET" and "EN" in (*out[max(0, at - 1) : at], *out[end : end + 1]):
            out[at:end] = ["EN"] * (end - at)
        at = end
    strong = side
    for i, kind in enumerate(out):  # W7; what W6 makes neutral is no letter or number anyway
        strong = kind if kind in ("L", "R") else strong
        if kind == "EN" and strong == "L":
            out[i] = "L"
    return out


def _neutral(kinds: list[str], side: str) -> list[str]:
    """Every other character follows what is the same on both sides, or else the line (N1, N2)."""
    known = [kind if kind in ("L", "R", "EN", "AN") else "" for kind in kinds]
    out: list[str] = []
    for kind, group in groupby(known):
        size = len(list(group))
        if kind == "":
            left = out[-1] if out else side
            right = (known[len(out) + size :] or [side])[0]
            same = (left == "L") == (right == "L")
            kind = side if not same else "L" if left == "L" else "R"
        out += [kind] * size
    return out


def visual_order(pieces: Sequence[tuple[_Piece, int]]) -> list[_Piece]:
    """Pieces, each of one level, from left to right (L2)."""
    out = list(pieces)
    for level in range(max((level for _, level in out), default=0), 0, -1):
        turned: list[tuple[_Piece, int]] = []
        for high, group in groupby(out, key=lambda piece: piece[1] >= level):
            part = list(group)
            turned += part[::-1] if high else part
        out = turned
    return [piece for piece, _ in out]
