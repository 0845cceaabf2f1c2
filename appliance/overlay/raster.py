"""Lines of text to coverage masks and rasters; what does not fit is shrunk, then cut at its end."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from appliance.overlay.bidi import levels, right_to_left, visual_order
from appliance.overlay.colour import Coverage, Raster, compose, ycbcr
from appliance.overlay.fonts import Fonts, Run, can_shape, clusters, find_fonts
from appliance.overlay.layout import Style

SMALLEST = 0.6
"""How far a line may shrink before its end is cut."""
LABEL = 0.75
"""Height of a label beside the text it stands before."""
LEADING = 1.34
"""Row to row, in heights of the text."""
_BASELINE = 1.04
_ELLIPSIS = "…"


@dataclass(frozen=True)
class Line:
    """A label and text, or (`cells`) a label and room for that many cells of an atlas."""

    label: str
    text: str
    style: Style
    pixels: int
    cells: int = 0


@dataclass(frozen=True)
class Slot:
    """Where in a block a line's cells stand; `line` is its place among the block's lines."""

    line: int
    x: int
    y: int


@dataclass(frozen=True)
class Block:
    """The lines of a zone as one raster, with even width."""

    raster: Raster
    slots: tuple[Slot, ...]
    issues: tuple[str, ...]


@dataclass(frozen=True)
class Atlas:
    """Glyphs 0x20..0x7e side by side; alpha: uint8 [cell_h, 95 * cell_w]."""

    cell_w: int
    cell_h: int
    alpha: npt.NDArray[np.uint8]


def line_height(pixels: int) -> int:
    """Rows that a line of text of this height takes."""
    return round(pixels * LEADING)


def padding(pixels: int) -> int:
    """Free pixels between text and the edge of its plate."""
    return max(2, round(pixels * 0.3))


class Typesetter:
    """Draws with one set of fonts for one colorimetry; remembers blocks it has drawn."""

    def __init__(self, fonts: Fonts, colorimetry: str) -> None:
        self._fonts = fonts
        self._colorimetry = colorimetry
        self._blocks: OrderedDict[object, Block] = OrderedDict()
        self.drawn = 0
        """Blocks that were really rasterised."""

    def block(self, lines: tuple[Line, ...], atlas: Atlas, room: int, align: float) -> Block:
        """Lines one below the other on a common plate. room: the widest it may get, pixels;
        align: 0 left, 0.5 centre, 1 right."""
        key = (lines, atlas.cell_w, atlas.cell_h, room, align)
        if key in self._blocks:
            self._blocks.move_to_end(key)
            return self._blocks[key]
        self.drawn += 1
        block = self._draw(lines, atlas, room, align)
        self._blocks[key] = block
        if len(self._blocks) > 64:
            self._blocks.popitem(last=False)
        return block

    def _draw(self, lines: tuple[Line, ...], atlas: Atlas, room: int, align: float) -> Block:
        pad = padding(max(line.pixels for line in lines))
        issues: list[str] = []
        parts = [self._parts(line, atlas, room - 2 * pad, issues) for line in lines]
        if align == 0:  # values below each other start below each other
            column = max(
                (p[0][0] for line, p in zip(lines, parts, strict=True) if line.cells), default=0
            )
            parts = [
                ((max(p[0][0], column), p[0][1]), p[1]) if line.cells else p
                for line, p in zip(lines, parts, strict=True)
            ]
        inner = max(label + text for (label, _), (text, _) in parts)
        width = inner + 2 * pad + (inner & 1)
        rows: list[Raster] = []
        slots: list[Slot] = []
        y = 0
        for i, (line, ((label, label_image), (text, text_image))) in enumerate(
            zip(lines, parts, strict=True)
        ):
            above = pad // 2 if i == 0 else 0
            below = pad // 2 if i == len(lines) - 1 else 0
            height = line_height(line.pixels)
            fill = np.zeros((above + height + below, width), np.float32)
            outline = np.zeros_like(fill)
            x = pad + round((inner - label - text) * align)
            for mask, at in ((label_image, x), (text_image, x + label)):
                if mask is not None:
                    _lay(fill, mask.fill, at, above, mask.left)
                    _lay(outline, mask.outline, at, above, mask.left)
            if line.cells:
                slots.append(Slot(i, (x + label) & ~1, y + above))
            colour = ycbcr(line.style.colour, self._colorimetry)
            rows.append(compose(line.style.plate, outline, fill, colour))
            y += above + height + below
        return Block(np.ascontiguousarray(np.concatenate(rows)), tuple(slots), tuple(issues))

    def _parts(
        self, line: Line, atlas: Atlas, room: int, issues: list[str]
    ) -> tuple[tuple[int, Mask | None], tuple[int, Mask | None]]:
        """(width, mask) of the label and of the text; the label's width includes the gap."""
        label: tuple[int, Mask | None] = (0, None)
        if line.label:
            runs, missing = self._fonts.runs(line.label)
            issues += missing
            small, gap = _label_sizes(line.pixels)
            left = room - line.cells * atlas.cell_w if line.cells else room // 3
            runs, small = self._fit(runs, small, left - gap, _tall(line))
            wide = _width(runs, small) + gap
            label = (wide, self._mask(runs, small, line))
        if line.cells:
            return label, (line.cells * atlas.cell_w, None)
        runs, missing = self._fonts.runs(line.text)
        issues += missing
        fitted, pixels = self._fit(runs, line.pixels, room - label[0], _tall(line))
        if fitted is not runs:
            issues.append("a text is longer than its zone; its end is cut")
        return label, (_width(fitted, pixels), self._mask(fitted, pixels, line))

    def label_width(self, label: str, pixels: int) -> int:
        """Pixels that a label and the gap behind it take beside text of this height."""
        if not label:
            return 0
        small, gap = _label_sizes(pixels)
        return _width(self._fonts.runs(label)[0], small) + gap

    def _fit(self, runs: list[Run], pixels: int, room: int, tall: int) -> tuple[list[Run], int]:
        """The same runs, smaller if need be; or their start and an ellipsis. Marks on marks
        (Thai, Lao, Khmer ...) may not stand out of the line, where they would be cut off."""
        while sum(_extent(runs, pixels)) > tall and pixels > 8:
            pixels -= 1
        smallest = max(8, round(pixels * SMALLEST))
        wide = _width(runs, pixels)
        while wide > room and pixels > smallest:
            pixels = max(smallest, min(pixels - 1, pixels * room // wide))
            wide = _width(runs, pixels)
        if wide <= room:
            return runs, pixels
        whole = [c for run in runs for c in clusters(run.text)]
        low, high = 0, len(whole)
        while high - low > 1:
            middle = (low + high) // 2
            cut, _ = self._fonts.runs("".join(whole[:middle]) + _ELLIPSIS)
            low, high = (middle, high) if _width(cut, pixels) <= room else (low, middle)
        cut, _ = self._fonts.runs("".join(whole[:low]).rstrip() + _ELLIPSIS)
        return cut, pixels

    def _mask(self, runs: list[Run], pixels: int, line: Line) -> Mask:
        stroke = min(_stroke(line), max(1, round(pixels / 13)))
        return draw_runs(runs, pixels, line_height(line.pixels), line.pixels, stroke)

    def atlas(self, pixels: int) -> Atlas:
        """The glyphs of per-frame values: digits and letters in cells of one width."""
        face = next(
            (f for f in self._fonts.faces if f.path.stem == "DejaVuSansMono-Bold"),
            self._fonts.faces[0],
        )
        font = face.at(pixels)
        glyphs = [chr(c) for c in range(0x20, 0x7F)]
        cell_w = max(int(np.ceil(font.getlength(g))) for g in "0123456789-:.# ")
        cell_h = line_height(pixels)
        image = Image.new("L", (95 * cell_w, cell_h))
        for i, glyph in enumerate(glyphs):
            cell = Image.new("L", (cell_w, cell_h))
            at = (cell_w / 2, round(pixels * _BASELINE))
            ImageDraw.Draw(cell).text(at, glyph, fill=255, font=font, anchor="ms")
            image.paste(cell, (i * cell_w, 0))
        return Atlas(cell_w, cell_h, np.asarray(image).copy())


@dataclass(frozen=True)
class Mask:
    """Coverage 0..1 of text and of its outline (which lies under the text too); `left`: pixels
    before the place where the text starts."""

    fill: Coverage
    outline: Coverage
    left: int


def draw_runs(runs: list[Run], pixels: int, height: int, line_pixels: int, stroke: int) -> Mask:
    """Draws runs on one baseline, that of text of `line_pixels` in a line of `height` rows, moved
    where tall marks need it."""
    left = stroke + 2
    size = (_width(runs, pixels) + 2 * left, height)
    above, below = _extent(runs, pixels)
    usual = round(line_pixels * _BASELINE)
    baseline = max(min(usual, height - stroke - below), stroke + above)
    masks: list[Coverage] = []
    for around in (0, stroke):
        image = Image.new("L", size)
        draw = ImageDraw.Draw(image)
        x = float(left)
        for run, direction in _visual(runs):
            font = run.face.at(pixels)
            draw.text(
                (x, baseline),
                run.text,
                fill=255,
                font=font,
                anchor="ls",
                stroke_width=around,
                direction=direction,
            )
            x += font.getlength(run.text)
        masks.append(np.asarray(image, np.float32) / np.float32(255))
    return Mask(masks[0], masks[1] if stroke else np.zeros_like(masks[0]), left)


def _stroke(line: Line) -> int:
    return max(1, round(line.pixels / 13)) if line.style.outline and not line.cells else 0


def _tall(line: Line) -> int:
    """Rows that text may take within its outline."""
    return line_height(line.pixels) - 2 * _stroke(line)


def _extent(runs: list[Run], pixels: int) -> tuple[int, int]:
    """Rows above and below the baseline that the text takes."""
    boxes = [run.face.at(pixels).getbbox(run.text, anchor="ls") for run in runs]
    above = max((-box[1] for box in boxes), default=0)
    below = max((box[3] for box in boxes), default=0)
    return max(0, int(np.ceil(above))), max(0, int(np.ceil(below)))


def _label_sizes(pixels: int) -> tuple[int, int]:
    """Height of a label and the gap behind it."""
    return max(8, round(pixels * LABEL)), round(pixels * 0.4)


def _width(runs: list[Run], pixels: int) -> int:
    return int(np.ceil(sum(run.face.at(pixels).getlength(run.text) for run in runs)))


def _visual(runs: list[Run]) -> list[tuple[Run, str | None]]:
    """Runs from left to right, each of one direction; a line in one font is left to raqm whole."""
    text = "".join(run.text for run in runs)
    if len(runs) == 1 or not any(right_to_left(c) for c in text):
        return [(run, None) for run in runs]
    heights = levels(text)
    pieces: list[tuple[tuple[Run, str], int]] = []
    at = 0
    for run in runs:
        for level, group in groupby(zip(run.text, heights[at:], strict=False), key=lambda p: p[1]):
            part = Run("".join(c for c, _ in group), run.face)
            pieces.append(((part, "rtl" if level % 2 else "ltr"), level))
        at += len(run.text)
    # Without raqm Pillow takes no direction.
    return [(run, side if can_shape() else None) for run, side in visual_order(pieces)]


def _lay(into: Coverage, mask: Coverage, x: int, y: int, left: int) -> None:
    """Adds a mask, clipped to the line."""
    start = x - left
    first, last = max(start, 0), min(start + mask.shape[1], into.shape[1])
    rows = min(mask.shape[0], into.shape[0] - y)
    part = into[y : y + rows, first:last]
    np.maximum(part, mask[:rows, first - start : last - start], out=part)


class Typesetters:
    """One typesetter for each language of Han characters ("ja", "ko", "zh")."""

    def __init__(self, colorimetry: str) -> None:
        self._colorimetry = colorimetry
        self._made: dict[str, Typesetter] = {}

    def of(self, language: str) -> Typesetter:
        """ValueError when no font is installed."""
        if language not in self._made:
            self._made[language] = Typesetter(find_fonts(language), self._colorimetry)
        return self._made[language]

    @staticmethod
    def limits() -> tuple[str, ...]:
        """What a log should say of text that cannot be drawn as it should here."""
        if can_shape():
            return ()
        return (
            "names from right to left and of joined letters (Arabic, Hebrew, Thai, Devanagari ...) "
            "are drawn wrongly: Pillow finds no raqm; install libfribidi0",
        )

    @property
    def drawn(self) -> int:
        """Blocks rasterised so far."""
        return sum(t.drawn for t in self._made.values())
