"""What services observe, as files that `cat` can read: /run/rtvbox/SERVICE.json.

Replaced in one step, so nobody reads half of it. Never a patient's data.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import Any

LARGEST = 1 << 20
OLD_S = 15.0
"""A service writes again within this time, also when nothing has changed."""


def publish(path: Path, observed: Mapping[str, Any] | list[Any]) -> None:
    """Replaces the file. Where there is no room for it the one before stays, which is old after
    OLD_S: a full /run ends no service, and no video. Raises OSError for everything else."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(json.dumps(observed, indent=1, ensure_ascii=False) + "\n")
        beside.chmod(0o644)
        beside.replace(path)
    except OSError as error:
        if error.errno not in (ENOSPC, EDQUOT):
            raise
    finally:
        beside.unlink(missing_ok=True)


def read(path: Path) -> dict[str, Any]:
    """What a service published. Raises ValueError, one line, where that is nothing or no object."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise ValueError("says nothing") from None
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    if len(data) > LARGEST:
        raise ValueError(f"says more than {LARGEST} octets")
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError("is no JSON") from None
    if not isinstance(tree, dict):
        raise ValueError("is no object")
    return tree


def observed(folder: Path, services: Iterable[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """What these services publish, and which of them say nothing, with the reason. A file that was
    not written for OLD_S is what a dead service left."""
    said: dict[str, Any] = {}
    silent: dict[str, str] = {}
    for name in services:
        path = folder / f"{name}.json"
        try:
            said[name] = read(path)
            if time.time() - path.stat().st_mtime > OLD_S:
                del said[name]
                silent[name] = "does not answer"
        except FileNotFoundError:
            silent[name] = "says nothing"
        except ValueError as error:
            silent[name] = str(error)
    return said, silent
