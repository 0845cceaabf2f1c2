"""The AJA cards of this machine: who they are, what they can, and why one cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drivers.ntv2 import _ntv2


@dataclass(frozen=True)
class Card:
    """A card.

    key: its serial number, what `--source ntv2:KEY` takes; `KEY/2` is its second connector.
    inputs, outputs: SDI connectors. either_way: a connector is an input or an output, as one asks.
    channels: of embedded sound. why_not: one line, "" where it can be used.
    """

    key: str
    model: str
    inputs: int
    outputs: int
    either_way: bool
    channels: int
    why_not: str


class Cards:
    """Cards through libajantv2. Raises ValueError with one line where this build has no support
    for them; importing this package never fails for that."""

    def __init__(self) -> None:
        try:
            from drivers.ntv2 import _ntv2

            self.native: _ntv2.Boards = _ntv2.Boards()
        except ImportError as error:
            raise ValueError(f"ntv2: libajantv2 cannot be loaded ({error})") from None
        except ValueError as error:
            raise ValueError(f"ntv2: {error}") from None

    def list(self) -> list[Card]:
        """Those that are there now, in the driver's order; unusable ones too, with the reason."""
        return [Card(**said) for said in self.native.list()]

    def port(self, text: str, way: str) -> tuple[Card, int]:
        """The card and connector that `SERIAL` or `SERIAL/N` means, for "capture" or "playout".
        Raises ValueError with one line."""
        key, slash, number = text.partition("/")
        connector = int(number) if number.isascii() and number.isdigit() else 0
        if slash and not connector:
            raise ValueError(f"ntv2: connector {number!r} is no number; write {key}/1")
        cards = self.list()
        card = next((one for one in cards if one.key == key), None)
        if card is None:
            there = ", ".join(f"{one.key} ({one.model})" for one in cards)
            raise ValueError(
                f"ntv2: card {key!r} is not there; "
                + (f"choose {there}" if there else "no AJA card is (see rtvbox devices)")
            )
        if card.why_not:
            raise ValueError(f"ntv2: card {key} ({card.model}) cannot be used: {card.why_not}")
        has = card.inputs if way == "capture" else card.outputs
        if not has:
            raise ValueError(f"ntv2: card {key} ({card.model}) has no SDI for {way}")
        if (connector or 1) > has:
            raise ValueError(
                f"ntv2: connector {connector} is not on {card.model}; choose 1 to {has}"
            )
        return card, connector or 1
