"""The slots' partitions: found by their labels, named by the hash of what they hold."""

from __future__ import annotations

import os
import re
from pathlib import Path

from appliance import runner
from appliance.update.esp import Esp
from appliance.update.state import SLOTS, Held, Slots, slot_of
from appliance.update.uki import partitions, root_hash

_NUMBER = re.compile(r"(?P<disk>/dev/(?:nvme\d+n\d+|mmcblk\d+)(?=p)|/dev/[a-z]+)p?(?P<part>\d+)")
_LONG_S = 1800.0


class Partitions:
    """root: of the file system; another one for tests on a machine in small."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root

    def device(self, label: str) -> Path:
        """The device of a label. Raises ValueError, one line."""
        link = self._root / "dev/disk/by-partlabel" / label
        try:
            return link.resolve(strict=True)
        except OSError:
            raise ValueError(f"partition {label}: is not there; this is no disk of a box") from None

    def identifiers(self) -> dict[str, str]:
        """PARTUUIDs of the root partitions by slot, as the partition table has them now: udev's
        links are of the last time the disk was looked at."""
        return {slot: self._identifier(f"root-{slot}") for slot in SLOTS}

    def running(self) -> str:
        """Hash of the root that this system runs from. Raises ValueError."""
        return root_hash((self._root / "proc/cmdline").read_text())

    def name(self, slot: str, root: str) -> None:
        """Gives the slot's partitions the names by which their content is found at a boot. Raises
        runner.CommandError."""
        for label, identifier in zip(
            (f"root-{slot}", f"verity-{slot}"), partitions(root), strict=True
        ):
            disk, number = self._place(label)
            argv = ["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", "--part-uuid", disk]
            runner.run([*argv, number, identifier], timeout=60)
        os.sync()

    def verify(self, slot: str, root: str) -> None:
        """Reads the whole slot back and compares it with its hash. Raises ValueError."""
        argv = ["veritysetup", "verify", str(self.device(f"root-{slot}"))]
        argv += [str(self.device(f"verity-{slot}")), root]
        try:
            runner.run(argv, timeout=_LONG_S)
        except runner.CommandError as error:
            raise ValueError(
                f"slot {slot}: what was written is not what is read back ({error}); "
                "the disk may be worn out"
            ) from None

    def _identifier(self, label: str) -> str:
        disk, number = self._place(label)
        return runner.run(["sfdisk", "--part-uuid", disk, number], timeout=60).strip().lower()

    def _place(self, label: str) -> tuple[str, str]:
        device = self.device(label)
        found = _NUMBER.fullmatch(str(device))
        if found is None:
            raise ValueError(f"partition {label}: {device} is no partition of a disk")
        return found["disk"], found["part"]


def slots(parts: Partitions, esp: Esp) -> Slots:
    """What is where. Raises ValueError where this is no box that was started from a slot."""
    by_slot = parts.identifiers()
    own = slot_of(partitions(parts.running())[0], by_slot)
    if own is None:
        raise ValueError("slots: this system runs from none of them")
    held: dict[str, Held] = {}
    for name, entry in esp.entries().items():
        try:
            slot = slot_of(partitions(esp.root_of(name))[0], by_slot)
        except ValueError:
            continue  # damaged: it boots nothing
        if slot is not None:
            held[slot] = Held(entry, name)
    version = held[own].entry.version if own in held else "unknown"
    return Slots(own, version, held)
