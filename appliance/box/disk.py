"""The few things that the store does to a disk, each one durable when it returns.

They are a class so that a test can cut the power between any two of them.
"""

from __future__ import annotations

import os
from pathlib import Path


class Disk:
    """Files that outlive a power cut."""

    def write(self, path: Path, data: bytes) -> None:
        """A new file with this content, down on the disk. Its name is durable after `settle`."""
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(fd, left) :]
            os.fsync(fd)
        finally:
            os.close(fd)

    def point(self, link: Path, target: str) -> None:
        """A new symbolic link."""
        link.unlink(missing_ok=True)
        link.symlink_to(target)

    def rename(self, old: Path, new: Path) -> None:
        """Takes the place of `new` in one step."""
        old.rename(new)

    def settle(self, folder: Path) -> None:
        """Names in this folder are durable now."""
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def remove(self, path: Path) -> None:
        """It may be gone already."""
        path.unlink(missing_ok=True)
