"""From text to the codes of a panel's character ROM, and the drawings of what no ROM has. Pure.

The ROM of CFA-631 and CFA-635 is not ASCII where a person would expect it ([ ] \\ { | } @ $ _ are
elsewhere); the HD44780's lacks the backslash and the tilde.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

SLOTS = 8
"""Drawings that a panel holds at a time, as codes 0..7."""

# Eight rows from the top, five pixels each, the left one is 16. The last row stays empty: on a
# glass without gaps it would touch the line below.
GLYPHS: dict[str, tuple[int, ...]] = {
    "▸": (8, 12, 14, 15, 14, 12, 8, 0),
    "●": (0, 14, 31, 31, 31, 14, 0, 0),
    "○": (0, 14, 17, 17, 17, 14, 0, 0),
    "✓": (0, 1, 3, 22, 28, 8, 0, 0),
    "⚠": (4, 4, 10, 14, 21, 27, 31, 0),
    "↑": (4, 14, 21, 4, 4, 4, 4, 0),
    "↓": (4, 4, 4, 4, 21, 14, 4, 0),
}


def _ascii_but(changed: dict[str, int], missing: str) -> dict[str, int]:
    plain = {chr(code): code for code in range(0x20, 0x7F) if chr(code) not in missing}
    return plain | changed


_HD44780 = _ascii_but(
    {"→": 0x7E, "←": 0x7F, "¥": 0x5C, "°": 0xDF, "µ": 0xE4, "ä": 0xE1, "ö": 0xEF, "ü": 0xF5}
    | {"ß": 0xE2, "ñ": 0xEE, "÷": 0xFD, "█": 0xFF},
    "\\~",
)
_CFA63X = _ascii_but(
    {"$": 162, "@": 160, "[": 250, "\\": 251, "]": 252, "^": 29, "_": 196, "{": 253, "|": 254}
    | {"}": 255, "~": 206, "¡": 64, "£": 161, "¤": 36, "¥": 163, "§": 95, "°": 128, "²": 130}
    | {"³": 131, "±": 140, "µ": 143, "Ä": 91, "Ö": 92, "Ñ": 93, "Ü": 94, "¿": 96, "ä": 123}
    | {"ö": 124, "ñ": 125, "ü": 126, "à": 127, "è": 164, "é": 165, "ù": 166, "ì": 167, "ò": 168}
    | {"Ç": 169, "Ø": 171, "ø": 172, "Å": 174, "å": 175, "Æ": 188, "æ": 189, "ß": 190, "É": 191}
    | {"ê": 199, "ç": 200, "↑": 222, "→": 223, "↓": 224, "←": 225, "▸": 16, "█": 214},
    "`",
)
CHARSETS: dict[str, dict[str, int]] = {"hd44780": _HD44780, "cfa63x": _CFA63X}

# What stands for a character that neither ROM nor drawing has.
_INSTEAD = {"\\": "/", "~": "-", "`": "'", "–": "-", "—": "-", "…": ".", "’": "'", "“": '"'}
_INSTEAD |= {"”": '"', "×": "x", "→": ">", "←": "<", "↑": "^", "↓": "v", "▸": ">"}
_INSTEAD |= {"●": "*", "○": "o", "✓": "+", "⚠": "!"}


@dataclass(frozen=True)
class Encoded:
    """Rows as codes. glyphs: which drawing each used slot holds."""

    rows: tuple[bytes, ...]
    glyphs: tuple[str, ...]


def encode(lines: tuple[str, ...], charset: str, held: tuple[str, ...] = ()) -> Encoded:
    """Text as codes of this ROM. held: the drawings that the panel has now, slot by slot; they
    stay where they are for as long as they are used or there is room."""
    table = CHARSETS[charset]
    wanted = {char for line in lines for char in line if char in GLYPHS and char not in table}
    slots = list(held)
    for char in sorted(wanted - set(slots)):
        free = next((at for at, old in enumerate(slots) if old not in wanted), None)
        if len(slots) < SLOTS:
            slots.append(char)
        elif free is not None:
            slots[free] = char
    drawn = {char: at for at, char in enumerate(slots)}
    rows = tuple(bytes(_code(char, table, drawn) for char in line) for line in lines)
    return Encoded(rows, tuple(slots))


def _code(char: str, table: dict[str, int], drawn: dict[str, int]) -> int:
    if char in table:
        return table[char]
    if char in drawn:
        return drawn[char]
    instead = _INSTEAD.get(char)
    if instead is None:
        # An accented letter that the ROM lacks is better read without its accent than not at all.
        instead = unicodedata.normalize("NFKD", char)[:1]
    return table.get(instead, table["?"])


def decode(row: bytes, charset: str, glyphs: dict[int, tuple[int, ...]]) -> str:
    """What a person sees: the emulator's side. glyphs: drawings by slot."""
    seen = {code: char for char, code in CHARSETS[charset].items()}
    drawn = {pixels: char for char, pixels in GLYPHS.items()}
    text = []
    for code in row:
        if code < 2 * SLOTS:  # codes 8..15 show the drawings again
            text.append(drawn.get(glyphs.get(code % SLOTS, ()), "▒"))
        else:
            text.append(seen.get(code, "▒"))
    return "".join(text)
