"""RAUC's custom boot loader backend: `python -m appliance.update.backend COMMAND [SLOT [STATE]]`.
Slots are named a and b, as in RAUC's system.conf. What it is asked goes to standard output."""

from __future__ import annotations

import sys

from appliance import runner
from appliance.update.entries import Entry, State
from appliance.update.esp import Esp
from appliance.update.partitions import Partitions, slots
from appliance.update.state import SLOTS, Slots
from appliance.update.versions import newer


def answer(found: Slots, esp: Esp, argv: list[str]) -> str:
    """Does it, or says it. Raises ValueError for what is no command."""
    match argv:
        case ["get-current"]:
            return found.running
        case ["get-primary"]:
            return primary(found)
        case ["get-state", slot] if slot in SLOTS:
            held = found.held.get(slot)
            return "bad" if held is None or held.entry.state is State.BAD else "good"
        case ["set-state", slot, state] if slot in SLOTS and state in ("good", "bad"):
            if (held := found.held.get(slot)) is not None:
                entry = held.entry.trusted() if state == "good" else held.entry.given_up()
                esp.rename(held.file, entry)
            return ""
        case ["set-primary", slot] if slot in SLOTS:
            make_primary(found, esp, slot)
            return ""
    raise ValueError(
        "usage: get-current | get-primary | set-primary SLOT | get-state SLOT | "
        "set-state SLOT good|bad"
    )


def primary(found: Slots) -> str:
    """The slot that the boot loader takes next: of those that are not given up, the newest."""
    best = found.running
    for slot, held in found.held.items():
        own = found.held.get(best)
        if own is None or comes_first(held.entry, own.entry):
            best = slot
    return best


def comes_first(one: Entry, other: Entry) -> bool:
    """Whether the boot loader takes one before other: what was given up comes last."""
    given_up = one.state is State.BAD, other.state is State.BAD
    return newer(one.version, other.version) if given_up[0] == given_up[1] else given_up[1]


def make_primary(found: Slots, esp: Esp, slot: str) -> None:
    """The boot loader takes the newest that is not given up: so the other one is given up, where
    it is the newer. Raises ValueError where the slot cannot be booted."""
    held = found.held.get(slot)
    if held is None:
        raise ValueError(f"slot {slot}: is empty")
    if held.entry.state is State.BAD:
        esp.rename(held.file, held.entry.fresh())
    for other, rival in found.held.items():
        if other != slot and newer(rival.entry.version, held.entry.version):
            esp.rename(rival.file, rival.entry.given_up())


def main(argv: list[str]) -> int:
    """The exit code."""
    try:
        esp = Esp()
        said = answer(slots(Partitions(), esp), esp, argv)
    except (ValueError, OSError, runner.CommandError) as error:
        print(f"rtvbox: {error}", file=sys.stderr)
        return 1
    if said:
        print(said)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
