"""Which version is in which slot, which runs, and what follows from it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from appliance.update.entries import Entry, State

SLOTS = ("a", "b")


@dataclass(frozen=True)
class Held:
    """What a slot holds, by the boot loader's entry of it. file: the entry's file."""

    entry: Entry
    file: str


@dataclass(frozen=True)
class Slots:
    """running: the slot that this system was started from. held: by slot; a slot without an entry
    cannot be booted. version: of what runs."""

    running: str
    version: str
    held: Mapping[str, Held]

    @property
    def other(self) -> str:
        """The slot that may be written."""
        return other_than(self.running)

    @property
    def on_trial(self) -> bool:
        """Whether what runs has still to prove itself."""
        own = self.held.get(self.running)
        return own is not None and own.entry.state is not State.GOOD

    def back(self) -> Held:
        """What a rollback would start. Raises ValueError, one line."""
        held = self.held.get(self.other)
        if held is None:
            raise ValueError("version: the other slot is empty; there is nothing to go back to")
        if held.entry.state is State.BAD:
            raise ValueError(
                f"version: {held.entry.version} in the other slot was given up; install another"
            )
        return held

    def as_json(self) -> dict[str, Any]:
        """As published."""
        return {
            "version": self.version,
            "slot": self.running,
            "slots": {
                slot: {"version": held.entry.version, "state": held.entry.state.value}
                if (held := self.held.get(slot))
                else {"version": None, "state": "empty"}
                for slot in SLOTS
            },
        }


def other_than(slot: str) -> str:
    """The other slot."""
    return SLOTS[1 - SLOTS.index(slot)]


def slot_of(root: str, by_slot: Mapping[str, str]) -> str | None:
    """The slot whose root partition has this PARTUUID. by_slot: PARTUUIDs by slot."""
    return next((slot for slot, found in by_slot.items() if found == root), None)
