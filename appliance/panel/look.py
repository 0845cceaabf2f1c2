"""Reads what the services observed: one file each in a folder, or all sections in one file."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from appliance.panel.status import SECTIONS, Status, status_of

FOLDER = Path("/run/rtvbox")
OLD_S = 15.0
"""A service writes its file again within this time, also when nothing changed; an older one is
what a dead service left, and is not shown as if it were true now."""
_LARGEST = 1 << 20


def look(where: Path) -> Status:
    """The status now. where: a folder with SECTION.json, or a file that a person wrote. What
    cannot be read is silent, with its reason; nothing is raised."""
    if where.is_dir():
        return _folder(where)
    try:
        document = _json(where)
    except ValueError as error:
        return status_of({}, dict.fromkeys(SECTIONS, str(error)))
    if not isinstance(document, dict):
        return status_of({}, dict.fromkeys(SECTIONS, f"{where.name} is no object"))
    return status_of(document)


def _folder(where: Path) -> Status:
    sections: dict[str, Any] = {}
    silent: dict[str, str] = {}
    for name in SECTIONS:
        path = where / f"{name}.json"
        try:
            age = time.time() - path.stat().st_mtime
            if age > OLD_S:
                silent[name] = "does not answer"
            else:
                sections[name] = _json(path)
        except FileNotFoundError:
            silent[name] = "is not running"
        except (OSError, ValueError) as error:
            silent[name] = str(error)
    return status_of(sections, silent)


def _json(path: Path) -> Any:
    """The document; raises ValueError, a few words."""
    try:
        with path.open("rb") as handle:
            octets = handle.read(_LARGEST + 1)
    except FileNotFoundError:
        raise ValueError("is not running") from None
    except OSError as error:
        raise ValueError(f"{path.name}: {error.strerror}") from None
    if len(octets) > _LARGEST:
        raise ValueError(f"{path.name} is too large")
    try:
        return json.loads(octets)
    except (ValueError, RecursionError):
        raise ValueError(f"{path.name} is no JSON") from None
