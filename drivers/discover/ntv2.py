"""AJA cards in the inventory: those that libajantv2 lists, by the key of `--source ntv2:KEY`,
beside the boards that the kernel sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from drivers.discover.model import Device, Kind
from drivers.ntv2 import Card, Cards

DRIVER = "ajantv2"


def described(card: Card) -> Device:
    """A card."""
    ways = (("capture", card.inputs), ("playout", card.outputs))
    return Device(
        Kind.CARD,
        f"ntv2:{card.key}",
        f"AJA {card.model}",
        driver=DRIVER,
        usable=not card.why_not,
        why=card.why_not,
        details={
            "can": [way for way, connectors in ways if connectors],
            "inputs": [f"SDI {n + 1}" for n in range(card.inputs)],
            "outputs": [f"SDI {n + 1}" for n in range(card.outputs)],
            "either_way": card.either_way,
            "audio_channels": card.channels,
        },
    )


def joined(devices: Iterable[Device], ask: Callable[[], Cards] = Cards) -> list[Device]:
    """The kernel's devices and the library's, which is asked only where a board with AJA's driver
    is. Where it cannot be asked, or knows of no card, the board says so with the remedy."""
    found = list(devices)
    boards = [one for one in found if one.kind is Kind.CARD and one.driver == DRIVER and one.usable]
    if not boards:
        return found
    cards: list[Card] = []
    why = "libajantv2 lists no card; may this user open /dev/ajantv2*?"
    try:
        cards = ask().list()
    except ValueError as error:
        why = str(error).removeprefix("ntv2: ")
    if not cards:
        found = [replace(one, usable=False, why=why) if one in boards else one for one in found]
    return [*found, *map(described, cards)]
