"""The store of desired states: every change a new generation, none ever half written.

    generations/000012.json   generation, when and by whom it was made, its document, a checksum
    desired.json              link to the one that is wanted now
    good.json                 link to the last one that worked

A power cut at any instant leaves `desired.json` at the old generation or the new one, whole.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from appliance.box.desired import Desired, of_tree
from appliance.box.disk import Disk
from appliance.box.problems import RefusedError

KEPT = 20
"""Generations that are kept beside the wanted and the good one."""
_LARGEST = 4 << 20
_ENTRY = re.compile(r"([0-9]{1,12})\.json", re.ASCII)


@dataclass(frozen=True)
class Generation:
    """One entry. number: grows by at least one. made: UTC, as the box knew it. by: who, for the
    record: "panel", "agent:NAME", "config"."""

    number: int
    made: str
    by: str
    desired: Desired


@dataclass(frozen=True)
class Loaded:
    """What the box shall be. generation None: it was never told. good: number of the last that
    worked. damage: one line for each thing on disk that could not be used."""

    generation: Generation | None
    good: int | None
    damage: tuple[str, ...] = ()

    @property
    def desired(self) -> Desired | None:
        """The document."""
        return self.generation.desired if self.generation else None


class ConflictError(Exception):
    """Somebody else changed the state since it was read. One line, with the remedy."""


class Store:
    """folder: the box's state folder, made where it is missing. Raises OSError as disks do."""

    def __init__(self, folder: Path, disk: Disk | None = None, *, kept: int = KEPT) -> None:
        self._folder = folder
        self._entries = folder / "generations"
        self._disk = disk or Disk()
        self._kept = kept

    def load(self) -> Loaded:
        """The wanted generation; where that is damaged, the good one, then the newest whole one."""
        damage: list[str] = []
        good, wanted = self._pointed("good.json"), self._pointed("desired.json")
        for name in ("desired.json", "good.json"):
            link = self._folder / name
            if link.exists() and not link.is_symlink():
                damage.append(f"{name} is no link to a generation")
        candidates = [wanted, good, *sorted(self._numbers(), reverse=True)]
        for number in dict.fromkeys(candidates):
            if number is None:
                continue
            try:
                return Loaded(self._read(number), good, tuple(damage))
            except (OSError, ValueError, RefusedError) as error:
                why = str(error).splitlines()[0]
                damage.append(f"generation {number} cannot be used: {why}")
        return Loaded(None, None, tuple(damage))

    def wanted(self) -> str:
        """What the link to the wanted generation says; another text: there is another one. Cheap:
        whoever waits for a change may ask many times a second."""
        return str(self._pointed("desired.json"))

    def get(self, number: int) -> Generation:
        """One generation. Raises ValueError, one line, when there is none or it is damaged."""
        try:
            return self._read(number)
        except (OSError, RefusedError) as error:
            known = ", ".join(str(one) for one in self._numbers() if one != number) or "none"
            why = "is not kept" if isinstance(error, OSError) else "cannot be used"
            if isinstance(error, RefusedError):
                why += f" ({error.problems[0]})"
            raise ValueError(f"generation: {number} {why}; choose {known}") from None

    def numbers(self) -> list[int]:
        """Of the generations that are kept, oldest first."""
        return self._numbers()

    def put(self, desired: Desired, by: str, *, expect: int | None = None) -> Generation:
        """Makes this the wanted state. expect: the generation that the change was made from (0:
        none yet); None: whatever it is. Raises ConflictError."""
        with self._alone():
            current = self._pointed("desired.json") or 0
            if expect is not None and expect != current:
                raise ConflictError(
                    f"generation: is {current} now and not {expect}; read it again, then change it"
                )
            number = max([current, *self._numbers()]) + 1
            made = datetime.now(UTC).isoformat(timespec="seconds")
            entry = Generation(number, made, by, desired)
            self._write(entry)
            self._set("desired.json", number)
            self._tidy()
            return entry

    def mark_good(self, number: int) -> None:
        """This generation works."""
        with self._alone():
            if self._pointed("good.json") != number:
                self._set("good.json", number)

    def rollback(self, by: str, number: int | None = None) -> Generation:
        """The content of an earlier generation as a new one. number None: of the last good one, or
        the one before where the wanted one is the good one. Raises ValueError, one line."""
        wanted, good = self._pointed("desired.json"), self._pointed("good.json")
        if number is None:
            earlier = [one for one in self._numbers() if wanted is None or one < wanted]
            number = good if good not in (None, wanted) else max(earlier, default=None)
        if number is None:
            raise ValueError("generation: there is none to go back to; apply a document")
        return self.put(self.get(number).desired, f"{by} (back to {number})")

    def forget(self) -> None:
        """All of it, for a factory reset."""
        with self._alone():
            for name in ("desired.json", "good.json"):
                self._disk.remove(self._folder / name)
            self._disk.settle(self._folder)
            for number in self._numbers():
                self._disk.remove(self._entry(number))
            self._disk.settle(self._entries)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One writer at a time, over all processes."""
        self._entries.mkdir(parents=True, exist_ok=True)
        # To be read is enough for a lock: every service of the box's group may take it.
        fd = os.open(self._folder / ".lock", os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def _entry(self, number: int) -> Path:
        return self._entries / f"{number:06d}.json"

    def _numbers(self) -> list[int]:
        if not self._entries.is_dir():
            return []
        found = (_ENTRY.fullmatch(path.name) for path in self._entries.iterdir())
        return sorted(int(name[1]) for name in found if name)

    def _pointed(self, name: str) -> int | None:
        try:
            target = Path(os.readlink(self._folder / name)).name  # noqa: PTH115 - of the text
        except OSError:
            return None
        entry = _ENTRY.fullmatch(target)
        return int(entry[1]) if entry else None

    def _read(self, number: int) -> Generation:
        path = self._entry(number)
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # a pipe would be waited for without end
            raise ValueError("it is no file")
        if found.st_size > _LARGEST:
            raise ValueError("it is too long")
        try:
            tree: dict[str, Any] = json.loads(path.read_bytes())
        except RecursionError:
            raise ValueError("it is too deep") from None
        if not isinstance(tree, dict) or tree.get("sha256") != _checksum(tree.get("document")):
            raise ValueError("its checksum is wrong")
        if tree.get("generation") != number:
            raise ValueError("it is another generation's")
        if not isinstance(tree.get("made"), str) or not isinstance(tree.get("by"), str):
            raise ValueError("it does not say when and by whom it was made")
        return Generation(number, tree["made"], tree["by"], of_tree(tree["document"]))

    def _write(self, entry: Generation) -> None:
        document = entry.desired.as_json()
        tree = {
            "generation": entry.number,
            "made": entry.made,
            "by": entry.by,
            "sha256": _checksum(document),
            "document": document,
        }
        text = json.dumps(tree, indent=2, ensure_ascii=False) + "\n"
        fresh = self._entries / ".new"
        self._disk.write(fresh, text.encode())
        self._disk.rename(fresh, self._entry(entry.number))
        self._disk.settle(self._entries)

    def _set(self, name: str, number: int) -> None:
        fresh = self._folder / f".{name}.new"
        self._disk.point(fresh, f"generations/{number:06d}.json")
        self._disk.rename(fresh, self._folder / name)
        self._disk.settle(self._folder)

    def _tidy(self) -> None:
        spared = {self._pointed("desired.json"), self._pointed("good.json")}
        for number in self._numbers()[: -self._kept]:
            if number not in spared:
                self._disk.remove(self._entry(number))


def _checksum(document: Any) -> str:
    text = json.dumps(document, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
