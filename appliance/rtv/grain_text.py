"""A grain as lines for a person, with what it lacks. For the analysis of a capture."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import Dataset

from .grain_parse import parse_grain
from .iod_check import check_grain

_LONGEST = 100


def grain_lines(data: bytes) -> list[str]:
    """What a whole grain says, static part and patient included, then its faults as `! ...`.

    Give this to `analysis.inspect` as read_grain only where a person asked to see it. Raises
    GrainError (a ValueError).
    """
    grain = parse_grain(data)
    lines = [f"{name}: {value}" for name, value in vars(grain.meta).items() if value is not None]
    if grain.dynamic is not None:
        lines += [f"{n}: {v}" for n, v in vars(grain.dynamic).items() if v is not None]
    if grain.static:
        lines += _dataset(grain.static_dataset(), "")
    return [_line(line) for line in lines] + [f"! {fault}" for fault in check_grain(grain)]


def _dataset(dataset: Dataset, indent: str) -> Iterator[str]:
    for element in dataset:
        name = element.keyword or str(element.tag)
        if element.VR == "SQ":
            yield f"{indent}{name}: {len(element.value)} item(s)"
            for item in element.value:
                yield from _dataset(item, indent + "  ")
        elif element.VR in ("OB", "OW", "UN") and len(element.value or b"") > 32:
            yield f"{indent}{name}: {len(element.value)} octets"
        else:
            yield f"{indent}{name}: {element.value}"


def _line(text: str) -> str:
    """One line, nothing in it that a terminal would obey."""
    shown = "".join(c if c.isprintable() else "." for c in text)
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 3] + "..."
