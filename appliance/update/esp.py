"""The boot partition: entries written, renamed and taken away, each step durable in its turn."""

from __future__ import annotations

import os
from errno import ENOSPC
from pathlib import Path

from appliance.box.disk import Disk
from appliance.update.entries import Entry, entries_of
from appliance.update.uki import command_line, root_hash

PLACE = Path("/efi/EFI/Linux")
_PIECE = 1 << 20


class Esp:
    """folder: where entries are, on the mounted boot partition. Raises OSError as disks do."""

    def __init__(self, folder: Path = PLACE, disk: Disk | None = None) -> None:
        self._folder = folder
        self._disk = disk or Disk()

    def entries(self) -> dict[str, Entry]:
        """By the names of their files."""
        return entries_of(sorted(path.name for path in self._folder.iterdir()))

    def root_of(self, name: str) -> str:
        """The hash of the root that an entry boots. Raises ValueError where it is damaged."""
        with (self._folder / name).open("rb") as file:

            def read(offset: int, count: int) -> bytes:
                file.seek(offset)
                return file.read(count)

            return root_hash(command_line(read))

    def remove(self, name: str) -> None:
        """The entry is gone."""
        self._disk.remove(self._folder / name)
        self._disk.settle(self._folder)

    def rename(self, name: str, entry: Entry) -> None:
        """Another state of the same entry."""
        if name != entry.name:
            self._disk.rename(self._folder / name, self._folder / entry.name)
            self._disk.settle(self._folder)

    def add(self, source: Path, entry: Entry) -> None:
        """A new entry, which is there whole or not at all. Raises ValueError where it does not
        fit, one line."""
        fresh = self._folder / "new.part"  # no name that a boot loader looks for
        try:
            with source.open("rb") as content:
                self._copy(content.fileno(), fresh)
        except OSError as error:
            self._disk.remove(fresh)
            if error.errno == ENOSPC:
                raise ValueError(
                    "boot partition: is full; take files away that are not rtvbox's"
                ) from None
            raise
        self._disk.rename(fresh, self._folder / entry.name)
        self._disk.settle(self._folder)

    def tidy(self) -> None:
        """What an interrupted installation left."""
        self._disk.remove(self._folder / "new.part")

    def _copy(self, content: int, fresh: Path) -> None:
        out = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            while piece := os.read(content, _PIECE):
                left = memoryview(piece)
                while left:
                    left = left[os.write(out, left) :]
            os.fsync(out)
        finally:
            os.close(out)
