"""How packets may be filled and how large they may be: ST 2110-10 section 6.4, -20 section 6.3."""

from __future__ import annotations

from enum import StrEnum

UDP_STANDARD = 1460
"""ST 2110-10 standard UDP size limit: octets of a datagram with its 8-octet UDP header."""
UDP_EXTENDED = 8960
"""ST 2110-10 extended UDP size limit; the SDP must then say MAXUDP."""


class Packing(StrEnum):
    """How packets are filled. LINES and FILL are both the general packing mode."""

    LINES = "lines"  # a line is cut into equal parts; no packet crosses a line
    FILL = "fill"  # packets as full as may be, across lines
    BLOCKS = "blocks"  # 7 blocks of 180 octets, across lines

    @property
    def pm(self) -> str:
        """The value of PM in the SDP."""
        return "2110BPM" if self is Packing.BLOCKS else "2110GPM"
