"""Blackmagic DeckLink cards: capture and playout through the vendor's `libDeckLinkAPI.so`, loaded
when a card is asked for. Interfaces of generation A (Desktop Video 12.2 and newer) are described
here by name, number and order; nothing of the vendor's is in this tree.

What was run where:

| | card | stand-in library | compiled only |
|---|---|---|---|
| list, arrival, removal | no | yes | |
| capture, format change, signal loss | no | yes | |
| memory of ours for the card to write into | no | yes | |
| embedded sound in | no | yes | |
| ancillary packets, RP 188 timecode in | no | yes | |
| hardware time stamps mapped to TAI | no | yes | |
| playout, lowest latency and scheduled | no | yes | |
| output clock trimmed towards TAI | no | yes | |
| embedded sound out, ancillary data out | not built | not built | |

Nothing here has seen a card. Believed and not known: that a driver of version 16 still answers to
generation A; that a positive trim is faster (the servo finds out, and says when a card does not
follow); whether frames are stamped at their end (`DeckLinkSource.stamp_at_end`).
"""

from drivers.decklink.cards import Card, Driver
from drivers.decklink.sink import ClockState, DeckLinkSink, NextSlip
from drivers.decklink.source import DeckLinkSource

__all__ = ["Card", "ClockState", "DeckLinkSink", "DeckLinkSource", "Driver", "NextSlip"]
