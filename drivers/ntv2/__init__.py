"""AJA cards: SDI capture and playout through the open libajantv2 (MIT), where it was installed when
this was built. Nothing of AJA's is in this tree.

| what                                             | run on                                   |
|--------------------------------------------------|------------------------------------------|
| signal lost, unlocked, mismatch, slips; stalls   | a scripted card (tests/native)           |
| frames lost, no memory, stamps; unplugged, back  | a scripted card                          |
| playout, underruns, completion times, black      | a scripted card                          |
| opening by serial number, taking the card        | compiled only                            |
| signal and payload identifier from registers     | compiled only                            |
| settings, routing, AutoCirculate both ways       | compiled only                            |
| real transfers, interrupts, reference, latency   | not: no card, no kernel driver           |
| embedded sound in                                | compiled only                            |
| embedded sound out, ancillary data, HDMI, UHD    | not built                                |

Believed and not known: that a stamp names the start of the raster (the driver takes it in the
vertical interrupt); that the driver sends the payload identifier of an output by itself.
"""

from drivers.ntv2.cards import Card, Cards, with_library
from drivers.ntv2.sink import Ntv2Sink
from drivers.ntv2.source import Ntv2Source

__all__ = ["Card", "Cards", "Ntv2Sink", "Ntv2Source", "with_library"]
