"""Blackmagic DeckLink cards: capture and playout through the vendor's `libDeckLinkAPI.so`, loaded
when a card is asked for. Its interfaces (generation A, of Desktop Video 12.2 and newer, and B and C
where a card answers no older ones) are described here by name, number and order; nothing of the
vendor's is in this tree.

What was run where:

| | card | stand-in library | compiled only |
|---|---|---|---|
| list, arrival, removal | no | yes | |
| capture, format change, signal loss | no | yes | |
| memory of ours for the card to write into | no | yes | |
| embedded sound in | no | yes | |
| ancillary packets, RP 188 timecode in | no | yes | |
| capture from a library that answers only generation B | no | yes | |
| hardware time stamps mapped to TAI | no | yes | |
| playout, lowest latency and scheduled | no | yes | |
| output clock trimmed towards TAI | no | yes | |
| embedded sound out, ancillary packets out | no | yes | |

Nothing here has seen a card. Believed and not known: that a driver of version 16 still answers to
generation A; that a positive trim is faster (the servo finds out, and says when a card does not
follow); whether frames are stamped at their end (`DeckLinkSource.stamp_at_end`); that a card
asks frames that are not of its own making for their packets, and takes sound beside frames that are
shown at once.
"""

from drivers.decklink.cards import Card, Driver
from drivers.decklink.sink import ClockState, DeckLinkSink, NextSlip
from drivers.decklink.source import DeckLinkSource

__all__ = ["Card", "ClockState", "DeckLinkSink", "DeckLinkSource", "Driver", "NextSlip"]
