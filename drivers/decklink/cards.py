"""The DeckLink cards of this machine: who they are, what they can, and why one cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drivers.decklink import _decklink

CONNECTORS = {
    1: "SDI",
    2: "HDMI",
    4: "optical SDI",
    8: "component",
    16: "composite",
    32: "S-Video",
}


@dataclass(frozen=True)
class Card:
    """A card, or one sub-device of a card with several.

    key: what `--source decklink:KEY` takes: the persistent id in decimal, as other programs show
    it too, or the device handle of a card that has none. duplex: full (input and output at once),
    half, simplex, inactive, "" not told. preroll: frames that a scheduled output needs ahead.
    channels: of embedded sound, at most. generation: of the vendor's interfaces, the newest that
    the card answers (A: version 12.2, B: 14.3, C: 16.0). statistics: it offers those of C.
    busy: used by some program as capture, playout.
    why_no_capture, why_no_playout: one line, "" where it can be used so.
    """

    key: str
    model: str
    name: str
    sub_device: int
    sub_devices: int
    duplex: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    detects_format: bool
    trims_clock: bool
    has_reference: bool
    preroll: int
    channels: int
    generation: str
    statistics: bool
    busy: tuple[str, ...]
    why_no_capture: str
    why_no_playout: str

    @property
    def can(self) -> tuple[str, ...]:
        """What it can be used for: capture, playout."""
        ways = (("capture", self.why_no_capture), ("playout", self.why_no_playout))
        return tuple(way for way, why in ways if not why)


def _names(bits: int, names: dict[int, str]) -> tuple[str, ...]:
    return tuple(name for bit, name in names.items() if bits & bit)


def _card(said: dict[str, Any]) -> Card:
    own = {name: said[name] for name in Card.__dataclass_fields__ if name in said}
    return Card(
        **{
            **own,
            "inputs": _names(said["inputs"], CONNECTORS),
            "outputs": _names(said["outputs"], CONNECTORS),
            "busy": _names(said["busy"], {1: "capture", 2: "playout"}),
        }
    )


class Driver:
    """The vendor's driver. Raises ValueError with one line, "no driver: install Desktop Video",
    where it is not installed or does not answer; importing this package never fails for that."""

    def __init__(self, library: str = "libDeckLinkAPI.so") -> None:
        """library: its name, found as any shared library is, or its path."""
        try:
            self.native = _decklink.Driver(library)
        except ValueError as error:
            raise ValueError(f"decklink: {error}") from None

    @property
    def version(self) -> str:
        """Of the driver's interface: 14.2.1."""
        return self.native.version

    def cards(self) -> list[Card]:
        """Those that are there now, in the driver's order; unusable ones too, with the reason."""
        return [_card(said) for said in self.native.cards()]

    def news(self) -> list[tuple[str, str]]:
        """("arrived" or "removed", key) since the last call; cards that were there at the
        beginning arrive first."""
        return [("arrived" if came else "removed", key) for came, key in self.native.news()]

    def fileno(self) -> int:
        """Readable while there is news: for select. It belongs to this object."""
        return self.native.fileno()

    def card(self, key: str, way: str) -> Card:
        """The card of that key for "capture" or "playout". Raises ValueError with one line."""
        cards = self.cards()
        for card in cards:
            if card.key != key:
                continue
            why = card.why_no_capture if way == "capture" else card.why_no_playout
            if why:
                raise ValueError(f"decklink: card {key} ({card.name}) cannot be used: {why}")
            return card
        usable = ", ".join(f"{c.key} ({c.name})" for c in cards if way in c.can)
        raise ValueError(
            f"decklink: card {key!r} is not there; "
            + (f"choose {usable}" if usable else f"no card for {way} is")
        )
