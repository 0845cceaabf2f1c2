"""From a layout, a video format and a static part to the arguments of the receiver's overlay."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pydicom.dataset import Dataset

from appliance.overlay.colour import Raster, ycbcr
from appliance.overlay.layout import DYNAMIC_LABELS, STATIC_LABELS, ZONES, Item, Layout
from appliance.overlay.raster import Atlas, Line, Slot, Typesetters, line_height, padding
from appliance.overlay.slates import slates
from appliance.overlay.text import NO_PATIENT, display
from drivers.video import VideoFormat

_AMBER = (255, 196, 0)
_ALIGN = {"left": 0.0, "centre": 0.5, "right": 1.0}


@dataclass(frozen=True)
class OverlayArguments:
    """What Receiver.set_overlay takes beside the static_id, and what a log should say.

    layers: (x, y, [h, w, 4] Y Cb Cr A). fields: kind, x, y, chars, align, colour (Y Cb Cr).
    issues: one line each, without patient data.
    """

    layers: tuple[tuple[int, int, Raster], ...]
    fields: tuple[dict[str, Any], ...]
    issues: tuple[str, ...]


@dataclass(frozen=True)
class _Area:
    """The room of a zone, pixels."""

    x: int
    y: int
    width: int
    height: int


class Composer:
    """Draws one layout for one video format.

    Not for several threads at once. Raises ValueError, one line, when the layout does not fit the
    format or no font is installed.
    """

    def __init__(self, layout: Layout, fmt: VideoFormat) -> None:
        self._layout = layout
        self._format = fmt
        self._typesetters = Typesetters(fmt.colorimetry)
        self._told = False  # what this machine's text drawing cannot do: said once
        self._areas = {zone: _area(zone, layout, fmt) for zone in layout.zones}
        self._value_pixels = _pixels(layout.value_size, fmt)
        self._atlas = self._typesetters.of("ja").atlas(self._value_pixels)
        for zone, items in layout.zones.items():
            self._check(zone, items)

    @property
    def drawn(self) -> int:
        """Blocks of text that were really rasterised, not remembered."""
        return self._typesetters.drawn

    def atlas(self) -> Atlas:
        """Arguments for Receiver.set_atlas."""
        return self._atlas

    def slates(self, reasons: Iterable[str]) -> dict[str, Raster]:
        """Arguments for set_slates of a receiver or transmitter with this format."""
        return slates(reasons, self._format, self._typesetters.of("ja"))

    def overlay(self, dataset: Dataset | None) -> OverlayArguments:
        """The overlay for a static part; None where no patient is confirmed."""
        setter = self._typesetters.of(_language(dataset))
        warning = _warning_item(self._layout)
        layers: list[tuple[int, int, Raster]] = []
        fields: list[dict[str, Any]] = []
        issues: list[str] = []
        if dataset is not None and not self._told:
            self._told = True
            issues += self._typesetters.limits()
        for zone, items in self._layout.zones.items():
            lines: list[Line] = []
            kinds: list[Item] = []
            for item in items:
                for line in self._lines(item, dataset, item is warning, issues):
                    lines.append(line)
                    kinds.append(item)
            if not lines:
                continue
            area, align = self._areas[zone], _ALIGN[zone.split("-")[1]]
            block = setter.block(tuple(lines), self._atlas, area.width, align)
            issues += [f"zones.{zone}: {issue}" for issue in block.issues]
            height, width, _ = block.raster.shape
            x = (area.x + round((area.width - width) * align)) & ~1
            down = {"top": 0.0, "middle": 0.5, "bottom": 1.0}[zone.split("-")[0]]
            y = area.y + round((area.height - height) * down)
            layers.append((x, y, block.raster))
            fields += [self._field(slot, kinds[slot.line], x, y, align) for slot in block.slots]
        return OverlayArguments(tuple(layers), tuple(fields), tuple(dict.fromkeys(issues)))

    def _lines(
        self, item: Item, dataset: Dataset | None, warn: bool, issues: list[str]
    ) -> list[Line]:
        size = _pixels(item.style.size, self._format)
        if item.dynamic:
            cells = DYNAMIC_LABELS[item.item][1]
            return [Line(item.label, "", item.style, self._value_pixels, cells)]
        if dataset is None and item.item in STATIC_LABELS:
            style = replace(item.style, colour=_AMBER, plate=max(item.style.plate, 0.7))
            return [Line("", NO_PATIENT, style, size)] if warn else []
        shown = display(dataset if dataset is not None else Dataset(), item)
        issues += shown.issues
        return [Line(item.label, text, item.style, size) for text in shown.lines]

    def _field(self, slot: Slot, item: Item, x: int, y: int, align: float) -> dict[str, Any]:
        return {
            "kind": item.item,
            "x": x + slot.x,
            "y": y + slot.y,
            "chars": DYNAMIC_LABELS[item.item][1],
            "align": "right" if align == 1 else "left",
            "colour": ycbcr(item.style.colour, self._format.colorimetry),
        }

    def _check(self, zone: str, items: tuple[Item, ...]) -> None:
        """A layout must fit whoever the patient is; a person learns that here, not in surgery."""
        area = self._areas[zone]
        sizes = [
            self._value_pixels if i.dynamic else _pixels(i.style.size, self._format) for i in items
        ]
        needed = sum(i.lines * line_height(s) for i, s in zip(items, sizes, strict=True))
        needed += padding(max(sizes)) if sizes else 0
        if needed > area.height:
            raise ValueError(
                f"zones.{zone}: its lines need {needed} rows, the zone has {area.height}; "
                "choose fewer items or a smaller size"
            )
        setter = self._typesetters.of("ja")
        labels = [setter.label_width(i.label, self._value_pixels) for i in items if i.dynamic]
        for i, item in enumerate(items):
            if not item.dynamic:
                continue
            cells = DYNAMIC_LABELS[item.item][1]
            wide = max(labels) + cells * self._atlas.cell_w + 2 * padding(max(sizes))
            if wide > area.width:
                raise ValueError(
                    f"zones.{zone}[{i}]: {cells} characters and the label need {wide} pixels, the "
                    f"zone has {area.width}; choose a smaller value_size or leave the zone beside "
                    "it free"
                )


def _pixels(size: float, fmt: VideoFormat) -> int:
    return max(10, round(size * fmt.height / 100))


def _area(zone: str, layout: Layout, fmt: VideoFormat) -> _Area:
    """A ninth of the picture within its margin; a half where the zone between is free."""
    row, column = zone.split("-")
    margin, gap = (round(v * fmt.height / 100) for v in (layout.margin, layout.gap))
    x, width = _span(
        ("left", "centre", "right").index(column),
        f"{row}-centre" in layout.zones,
        (margin, fmt.width - margin, gap),
    )
    y, height = _span(
        ("top", "middle", "bottom").index(row),
        f"middle-{column}" in layout.zones,
        (margin, fmt.height - margin, gap),
    )
    return _Area((x + 1) & ~1, y, (width - 1) & ~1, height)


def _span(index: int, three: bool, room: tuple[int, int, int]) -> tuple[int, int]:
    low, high, gap = room
    if three:
        size = (high - low - 2 * gap) // 3
        return (low, (low + high - size) // 2, high - size)[index], size
    size = (high - low - gap) // 2
    return (low, low, high - size)[index], size


def _warning_item(layout: Layout) -> Item | None:
    """Where it stands that no patient is confirmed: in the name's place, or else the first one's
    of what would be shown of a patient."""
    items = [i for z in ZONES for i in layout.zones.get(z, ()) if i.item in STATIC_LABELS]
    return next((i for i in items if i.item == "patient-name"), items[0] if items else None)


def _language(dataset: Dataset | None) -> str:
    """Whose shapes Han characters get, from the declared character sets."""
    declared = "" if dataset is None else str(dataset.get("SpecificCharacterSet", ""))
    if any(name in declared for name in ("GB18030", "GBK", "ISO 2022 IR 58")):
        return "zh"
    return "ko" if "IR 149" in declared else "ja"
