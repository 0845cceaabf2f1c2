"""AJA cards: SDI capture and playout through the open libajantv2 (MIT), where it was installed when
this was built. Nothing of AJA's is in this tree.

| what                                             | run on                                   |
|--------------------------------------------------|------------------------------------------|
| signal lost, unlocked, mismatch, slips; stalls   | a scripted card (tests/native)           |
| frames lost, no memory, stamps; unplugged, back  | a scripted card                          |
| playout, underruns, completion times, black      | a scripted card                          |
| opening by serial number, taking the card        | libajantv2 18.1, a model of registers    |
| signal and payload identifier from registers     | libajantv2 18.1, a model of registers    |
| settings, routing, AutoCirculate both ways       | libajantv2 18.1, a model of registers    |
| embedded sound in                                | libajantv2 18.1, a model of registers    |
| real transfers, interrupts, reference, latency   | not: no card, no kernel driver           |
| embedded sound out, ancillary data, HDMI, UHD    | not built                                |

The model of registers (tests/native/model_ntv2.hpp) stands behind the library, where a card of
another machine would; its driver's answers are ours, written after what the library documents.
tests/native/test_ntv2_library.cpp runs where CMake finds the library, and else is skipped with the
reason: CMAKE_PREFIX_PATH=/where/it/is make test.

Believed and not known: that a stamp names the start of the raster (the driver takes it in the
vertical interrupt); that the driver sends the payload identifier of an output by itself.
"""

from drivers.ntv2.cards import Card, Cards
from drivers.ntv2.sink import Ntv2Sink
from drivers.ntv2.source import Ntv2Source

__all__ = ["Card", "Cards", "Ntv2Sink", "Ntv2Source"]
