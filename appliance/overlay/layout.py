"""The overlay document: which values stand in which of the nine zones, and how they look.

A document is a JSON object; every key is optional:

    {"margin": 3,              free space to the picture's edges, % of its height, 0..15
     "gap": 1.5,               free space between zones, % of the height, 0..10
     "size": 3,                height of text, % of the picture's height, 1.5..15
     "colour": "#ffffff",
     "plate": 0.55,            opacity of the dark plate behind text, 0..1
     "outline": true,          black outline around text
     "value_size": 2.6,        height of all values that change per frame (one atlas), 1.5..6
     "zones": {"top-left": [{"item": "patient-name", "groups": ["ideographic"]}, ...], ...}}

An item has `item` and may have its own `label`, `size`, `colour`, `plate` and `outline`;
`patient-name` may have `groups` and `order`, `text` must have `text`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

ZONES = (
    "top-left",
    "top-centre",
    "top-right",
    "middle-left",
    "middle-centre",
    "middle-right",
    "bottom-left",
    "bottom-centre",
    "bottom-right",
)

STATIC_LABELS: dict[str, str] = {
    "patient-name": "",
    "patient-id": "ID",
    "patient-birth-date": "*",
    "patient-sex": "",
    "accession-number": "Acc",
    "study-id": "Study",
    "study-date": "Study",
    "study-time": "Study",
    "acquisition-time": "Acq",
    "content-time": "Content",
    "study-description": "",
    "series-description": "",
    "modality": "",
    "institution": "",
    "referring-physician": "Ref",
    "device": "",
}
"""Items of the static part and their labels: signs and DICOM's own terms, no language's."""

DYNAMIC_LABELS: dict[str, tuple[str, int]] = {
    "origin-utc": ("UTC", 12),
    "origin-date": ("UTC", 10),
    "position": ("xyz mm", 24),
    "look-at": ("→ mm", 24),
    "up": ("↑", 24),
    "imaging-subject": ("◉", 3),
    "information": ("ⓘ", 3),
    "rtp-timestamp": ("RTP", 10),
}
"""Values of every frame: label and the number of characters they may need."""

NAME_GROUPS = ("alphabetic", "ideographic", "phonetic")
NAME_ORDERS = ("family-first", "given-first")

_CONTRAST = 4.5


@dataclass(frozen=True)
class Style:
    """How a line of text looks. size: % of the picture's height; plate: opacity 0..1."""

    size: float = 3.0
    colour: tuple[int, int, int] = (255, 255, 255)
    plate: float = 0.55
    outline: bool = True


@dataclass(frozen=True)
class Item:
    """One entry of a zone. `groups` and `order` matter to patient-name, `text` to text."""

    item: str
    label: str
    style: Style
    groups: tuple[str, ...] = ("alphabetic", "ideographic")
    order: str = "family-first"
    text: str = ""

    @property
    def dynamic(self) -> bool:
        """Whether the value is drawn natively, anew for each frame."""
        return self.item in DYNAMIC_LABELS

    @property
    def lines(self) -> int:
        """The most lines it can take."""
        return len(self.groups) if self.item == "patient-name" else 1


@dataclass(frozen=True)
class Layout:
    """A validated overlay document."""

    zones: Mapping[str, tuple[Item, ...]]
    margin: float = 3.0
    gap: float = 1.5
    value_size: float = 2.6
    style: Style = field(default_factory=Style)


DEFAULT_DOCUMENT: dict[str, Any] = {
    "zones": {
        "top-left": [
            {"item": "patient-name", "size": 4},
            {"item": "patient-id"},
        ],
        "top-right": [
            {"item": "patient-birth-date"},
            {"item": "patient-sex"},
        ],
        "bottom-left": [
            {"item": "accession-number", "size": 2.6},
            {"item": "study-date", "size": 2.6},
        ],
        "bottom-right": [
            {"item": "origin-date"},
            {"item": "origin-utc"},
        ],
    },
}
"""Leaves the middle of the picture, where the surgeon looks, free."""


def parse_layout(document: object) -> Layout:
    """Validates a document (as from json.loads) whole.

    Raises ValueError with one line: the path of the key, its value and the remedy.
    """
    top = _mapping(document, "layout")
    _known(
        top,
        {"margin", "gap", "size", "colour", "plate", "outline", "value_size", "zones"},
        "",
    )
    style = _style(top, Style(), "")
    zones: dict[str, tuple[Item, ...]] = {}
    for zone, entries in _mapping(top.get("zones", {}), "zones").items():
        path = f"zones.{zone}"
        if zone not in ZONES:
            raise ValueError(f"{path}: no such zone;{_nearest(zone, ZONES)}")
        if not isinstance(entries, list):
            raise ValueError(f"{path}: {_show(entries)} is no list of items; write [{{...}}, ...]")
        items = tuple(_item(entry, style, f"{path}[{i}]") for i, entry in enumerate(entries))
        if items:
            zones[zone] = items
    return Layout(
        zones=zones,
        margin=_number(top, "margin", 3.0, 0, 15, ""),
        gap=_number(top, "gap", 1.5, 0, 10, ""),
        value_size=_number(top, "value_size", 2.6, 1.5, 6, ""),
        style=style,
    )


def parse_layout_text(text: str) -> Layout:
    """The same from JSON text; a key that is given twice is refused."""
    try:
        document = json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"layout: is no JSON at line {error.lineno}, column {error.colno}: {error.msg}"
        ) from None
    except RecursionError:
        raise ValueError("layout: is nested too deeply; zones hold lists of items") from None
    return parse_layout(document)


def default_layout() -> Layout:
    """Name and ID, birth date and sex, accession number, and the time of the frame's origin."""
    return parse_layout(DEFAULT_DOCUMENT)


def luminance(colour: tuple[float, float, float]) -> float:
    """Relative luminance of an R'G'B' colour 0..255 (linear light, 0..1)."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (v / 255 for v in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: tuple[float, float, float], b: tuple[float, float, float]) -> float:
    """Contrast ratio of two colours, 1..21."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def _item(entry: object, style: Style, path: str) -> Item:
    d = _mapping(entry, path)
    name = d.get("item")
    choices = ("text", *STATIC_LABELS, *DYNAMIC_LABELS)
    if name is None:
        raise ValueError(f"{path}.item: is missing; choose one of {', '.join(choices)}")
    if not isinstance(name, str) or name not in choices:
        raise ValueError(f"{path}.item: {_show(name)} is unknown;{_nearest(name, choices)}")
    allowed = {"item", "label", "size", "colour", "plate", "outline"}
    if name == "patient-name":
        allowed |= {"groups", "order"}
    if name == "text":
        allowed |= {"text"}
    if name in DYNAMIC_LABELS:
        if "size" in d:
            raise ValueError(
                f"{path}.size: values of a frame share one size; set value_size instead"
            )
        if "outline" in d:
            raise ValueError(
                f"{path}.outline: values of a frame have none; set plate for readability"
            )
    _known(d, allowed, path)
    own = _style(d, style, path)
    _readable(own, name in DYNAMIC_LABELS, path)
    label = d.get("label", STATIC_LABELS.get(name, DYNAMIC_LABELS.get(name, ("", 0))[0]))
    text = d.get("text", "")
    for key, value in (("label", label), ("text", text)):
        if not isinstance(value, str) or len(value) > 80:
            raise ValueError(f"{path}.{key}: {_show(value)} is no text of at most 80 characters")
    if name == "text" and not text.strip():
        raise ValueError(f"{path}.text: is missing; say what to write")
    order = d.get("order", "family-first")
    if order not in NAME_ORDERS:
        raise ValueError(f"{path}.order: {_show(order)}; choose {' or '.join(NAME_ORDERS)}")
    return Item(name, label, own, _groups(d, path), order, text)


def _groups(d: Mapping[str, Any], path: str) -> tuple[str, ...]:
    groups = d.get("groups", ["alphabetic", "ideographic"])
    if not isinstance(groups, list) or not groups:
        raise ValueError(f"{path}.groups: {_show(groups)} is no list; choose of {NAME_GROUPS}")
    for i, group in enumerate(groups):
        if group not in NAME_GROUPS or group in groups[:i]:
            raise ValueError(
                f"{path}.groups[{i}]: {_show(group)} is unknown or given twice; choose of "
                f"{', '.join(NAME_GROUPS)}"
            )
    return tuple(groups)


def _style(d: Mapping[str, Any], base: Style, path: str) -> Style:
    dot = f"{path}." if path else ""
    colour = base.colour
    if "colour" in d:
        text = d["colour"]
        if not isinstance(text, str) or not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
            raise ValueError(f"{dot}colour: {_show(text)} is no colour; write it like #ffcc00")
        colour = (int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16))
    outline = d.get("outline", base.outline)
    if not isinstance(outline, bool):
        raise ValueError(f"{dot}outline: {_show(outline)} is neither true nor false")
    return Style(
        size=_number(d, "size", base.size, 1.5, 15, path),
        colour=colour,
        plate=_number(d, "plate", base.plate, 0, 1, path),
        outline=outline,
    )


def _readable(style: Style, dynamic: bool, path: str) -> None:
    """Whatever the picture: text must stand out from what is next to it."""
    outline = style.outline and not dynamic
    grey = 255 * (1 - style.plate)
    beside = (0.0, 0.0, 0.0) if outline else (grey, grey, grey)
    ratio = contrast(style.colour, beside)
    if ratio < _CONTRAST:
        remedy = (
            "choose a lighter colour"
            if outline
            else "choose a lighter colour or a plate of 0.55 or more"
            + ("" if dynamic else ", or an outline")
        )
        raise ValueError(
            f"{path}: contrast {ratio:.1f} on a white picture is below {_CONTRAST}; {remedy}"
        )


def _number(
    d: Mapping[str, Any], key: str, default: float, low: float, high: float, path: str
) -> float:
    value = d.get(key, default)
    where = f"{path}.{key}" if path else key
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{where}: {_show(value)} is no number from {low:g} to {high:g}")
    return float(value)


def _mapping(value: object, path: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{path}: {_show(value)} is no JSON object; write {{...}}")
    return value


def _known(d: Mapping[str, Any], keys: set[str], path: str) -> None:
    for key in d:
        if key not in keys:
            where = f"{path}.{key}" if path else str(key)
            raise ValueError(f"{where}: unknown key;{_nearest(key, sorted(keys))}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    d = dict(pairs)
    if len(d) < len(pairs):
        twice = next(k for i, (k, _) in enumerate(pairs) if k in dict(pairs[:i]))
        raise ValueError(f"{twice}: is given twice; keep one")
    return d


def _nearest(name: object, known: tuple[str, ...] | list[str]) -> str:
    close = get_close_matches(str(name)[:80], known, 1)
    return f" did you mean {close[0]}?" if close else f" choose one of {', '.join(known)}"


def _show(value: object) -> str:
    text = json.dumps(value, default=str, ensure_ascii=True)
    return text if len(text) <= 60 else text[:57] + "..."
