"""Which installed font has which character, and how a line is cut into runs of one font."""

from __future__ import annotations

import re
import struct
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from PIL import ImageFont, features

FONT_ROOTS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))

_FAMILIES = ("DejaVuSans-Bold", "DejaVuSans", "NotoSans-Bold", "NotoSans-Regular")
_CJK = ("NotoSansCJK-Bold", "NotoSansCJK-Regular")
_LAO = (0x0E80, 0x0EFF)
_CJK_FACE = {"ja": 0, "ko": 1, "zh": 2}  # of the collection: the same code, another shape


@dataclass(frozen=True)
class Face:
    """One face of a font file with the characters it has (sorted, closed intervals)."""

    path: Path
    index: int
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def has(self, character: str) -> bool:
        """Whether the face has its own glyph for the character."""
        code = ord(character)
        at = bisect_right(self.starts, code) - 1
        return at >= 0 and code <= self.ends[at]

    def without(self, block: tuple[int, int]) -> Face:
        """The same face, but what it has in a block (first, last) is not used."""
        pieces = [
            piece
            for start, end in zip(self.starts, self.ends, strict=True)
            for piece in ((start, min(end, block[0] - 1)), (max(start, block[1] + 1), end))
            if piece[0] <= piece[1]
        ]
        starts, ends = zip(*pieces, strict=True)
        return replace(self, starts=starts, ends=ends)

    def at(self, pixels: int) -> ImageFont.FreeTypeFont:
        """The face at a size, pixels per em."""
        return _sized(self.path, self.index, pixels)


@lru_cache(maxsize=64)
def _sized(path: Path, index: int, pixels: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), pixels, index=index)


@dataclass(frozen=True)
class Run:
    """Text in one face."""

    text: str
    face: Face


@dataclass(frozen=True)
class Fonts:
    """The faces to look through, best first."""

    faces: tuple[Face, ...]

    def runs(self, text: str) -> tuple[list[Run], list[str]]:
        """Cuts a line into runs; what no face has shows as a replacement.

        One face for the line if any has all of it; or else one for each word, or for its letters,
        since those that join must come from one font; or else one for each character with its
        marks. Returns the runs and one issue line for each script that was missing.
        """
        runs: list[Run] = []
        missing: list[str] = []
        for part, face in self._assigned(text, (_words, _letters, clusters)):
            if face is None:
                missing.append(part[0])
                part, face = self._substitute()
            if runs and runs[-1].face is face:
                runs[-1] = Run(runs[-1].text + part, face)
            else:
                runs.append(Run(part, face))
        issues = sorted({f"no installed font has {_script(c)}" for c in missing})
        return runs, issues

    def _assigned(
        self, text: str, cuts: tuple[Callable[[str], Iterable[str]], ...]
    ) -> Iterator[tuple[str, Face | None]]:
        """Pieces with the face that has all of each, cut no finer than that needs."""
        face = self._face(text)
        if face is not None or not cuts:
            yield text, face
            return
        for part in cuts[0](text):
            yield from self._assigned(part, cuts[1:])

    def _face(self, text: str) -> Face | None:
        needed = {c for c in text if c not in "\u200c\u200d" and not "\ufe00" <= c <= "\ufe0f"}
        return next((f for f in self.faces if all(f.has(c) for c in needed)), None)

    def _substitute(self) -> tuple[str, Face]:
        for sign in "\ufffd?":
            for face in self.faces:
                if face.has(sign):
                    return sign, face
        raise ValueError("fonts: no face has even a question mark; install fonts-dejavu-core")


def find_fonts(language: str = "ja", roots: Iterable[Path] = FONT_ROOTS) -> Fonts:
    """The installed fonts, known good ones first. language: "ja", "ko" or "zh", for Han.

    Raises ValueError when there is none.
    """
    found: dict[str, Path] = {}
    for root in roots:
        for path in sorted(root.rglob("*")):
            if path.suffix.lower() in (".ttf", ".otf", ".ttc"):
                found.setdefault(path.stem, path)
    # Those for user interfaces first: their marks stay within the line.
    sans = sorted(
        (n for n in found if n.startswith("NotoSans") and "CJK" not in n),
        key=lambda n: ("UI-" not in n, n),
    )
    bold = [n for n in sans if n.endswith("-Bold")]
    regular = [n for n in sans if n.endswith("-Regular")]
    order = dict.fromkeys((*_FAMILIES, *_CJK, *bold, *regular, *sorted(found)))
    faces = []
    for name in order:
        if name not in found or any(s in name for s in ("Italic", "Oblique", "Serif", "Math")):
            continue
        # Looked at: in looped Thai of this family a tone mark lies on the vowel, which reads as
        # another vowel; so do DejaVu's marks of Lao.
        if "Looped" in name:
            continue
        index = _CJK_FACE[language] if name in _CJK else 0
        face = load_face(found[name], index)
        if face is not None:
            faces.append(face.without(_LAO) if name.startswith("DejaVu") else face)
    if not faces:
        raise ValueError("fonts: none is installed; install fonts-dejavu-core and fonts-noto-cjk")
    return Fonts(tuple(faces))


def _words(text: str) -> list[str]:
    return re.findall(r"\s+|\S+\s*", text)


def _letters(text: str) -> Iterator[str]:
    for _, group in groupby(clusters(text), key=lambda cluster: cluster[0].isalpha()):
        yield "".join(group)


def can_shape() -> bool:
    """Whether Pillow joins letters and knows both directions: it needs raqm, and raqm, in Pillow's
    wheels, libfribidi of the system."""
    return bool(features.check("raqm"))


def clusters(text: str) -> Iterator[str]:
    """What is drawn as one: a character with its marks, joiners and variation selectors."""
    start = 0
    for at in range(1, len(text)):
        c = text[at]
        joined = unicodedata.category(c) in ("Mn", "Me", "Mc") or c in "\u200c\u200d"
        if not joined:
            yield text[start:at]
            start = at
    if text:
        yield text[start:]


def _script(character: str) -> str:
    """The first word of a character's name says its script: a log gets no text of a patient."""
    words = unicodedata.name(character, "unnamed").split(" ")
    return f"{words[0].lower()} characters"


@lru_cache(maxsize=64)
def load_face(path: Path, index: int) -> Face | None:
    """Reads which characters a face has; None when the file is no usable font."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
            offset = 0
            if head[:4] == b"ttcf":
                count = struct.unpack(">I", head[8:12])[0]
                if index >= count:
                    return None
                file.seek(12 + 4 * index)
                offset = struct.unpack(">I", file.read(4))[0]
            file.seek(offset)
            tables = struct.unpack(">4xH6x", file.read(12))[0]
            for _ in range(tables):
                tag, _, start, length = struct.unpack(">4sIII", file.read(16))
                if tag == b"cmap":
                    file.seek(start)
                    intervals = _intervals(file.read(length))
                    return Face(path, index, *zip(*intervals, strict=True)) if intervals else None
    except (OSError, struct.error, IndexError):
        return None
    return None


def _intervals(cmap: bytes) -> list[tuple[int, int]]:
    """Characters of a cmap table that map to a glyph, from its best Unicode subtable."""
    rank = {(3, 10): 4, (0, 4): 3, (0, 6): 3, (3, 1): 2, (0, 3): 1}
    count = struct.unpack_from(">2xH", cmap)[0]
    records = [struct.unpack_from(">HHI", cmap, 4 + 8 * i) for i in range(count)]
    records = [r for r in records if (r[0], r[1]) in rank]
    if not records:
        return []
    at = max(records, key=lambda r: rank[r[0], r[1]])[2]
    kind = struct.unpack_from(">H", cmap, at)[0]
    if kind == 12:
        groups = struct.unpack_from(">I", cmap, at + 12)[0]
        found = [struct.unpack_from(">III", cmap, at + 16 + 12 * i) for i in range(groups)]
        return sorted((first + (glyph == 0), last) for first, last, glyph in found)
    return _segments(cmap, at) if kind == 4 else []


def _segments(cmap: bytes, at: int) -> list[tuple[int, int]]:
    n = struct.unpack_from(">H", cmap, at + 6)[0] // 2
    last = struct.unpack_from(f">{n}H", cmap, at + 14)
    first = struct.unpack_from(f">{n}H", cmap, at + 16 + 2 * n)
    delta = struct.unpack_from(f">{n}H", cmap, at + 16 + 4 * n)
    place = at + 16 + 6 * n
    offset = struct.unpack_from(f">{n}H", cmap, place)
    codes = []
    for i in range(n):
        for code in range(first[i], min(last[i], 0xFFFE) + 1):
            if offset[i] == 0:
                glyph = (code + delta[i]) & 0xFFFF
            else:
                where = place + 2 * i + offset[i] + 2 * (code - first[i])
                glyph = struct.unpack_from(">H", cmap, where)[0]
            if glyph:
                codes.append(code)
    out: list[tuple[int, int]] = []
    for code in sorted(codes):
        if out and out[-1][1] == code - 1:
            out[-1] = (out[-1][0], code)
        else:
            out.append((code, code))
    return out
