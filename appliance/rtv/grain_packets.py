"""Puts grains together from the packets of a metadata flow, for analysis.

PS3.22 does not say how a grain is split. A grain begins at the S flag or at `DICM` in its place;
it ends at the marker, at the E flag or where the next one begins; its packets have one timestamp
and consecutive sequence numbers, and a gap drops the whole of it. (The engine's own does the same
with reordering and two paths; here packets come in the order of the capture, one path.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from . import rtp
from .grain import MAX_GRAIN
from .grain_parse import begins_grain


@dataclass(frozen=True)
class WholeGrain:
    """A grain's octets and what its first packet said. elements are the first packet's."""

    timestamp: int
    sequence: int  # of the first packet
    packets: int
    elements: rtp.GrainElements
    data: bytes = field(repr=False)


class GrainAssembler:
    """Takes packets one by one and gives grains. Holds one grain at most.

    ids: extension identifiers as the SDP gives them.
    """

    def __init__(self, ids: Mapping[str, int] = rtp.DEFAULT_IDS) -> None:
        self._ids = dict(ids)
        self._parts: list[bytes] = []
        self._octets = 0
        self._begin: tuple[rtp.RtpPacket, rtp.GrainElements] | None = None
        self._next: int | None = None
        self.dropped = 0
        """Grains of which a packet missed or that were too long."""
        self.stray = 0
        """Packets that belong to no grain that began."""

    def add(self, packet: rtp.RtpPacket) -> list[WholeGrain]:
        """Grains that this packet completes: none, one, or two when its beginning shows the end of
        one whose sender marks no ends. Raises RtpError when an element has a wrong length."""
        elements = rtp.decode_elements(packet.elements, self._ids)
        if self._next == (packet.sequence + 1) & 0xFFFF:
            return []  # the same packet again
        follows = self._next in (None, packet.sequence)
        self._next = (packet.sequence + 1) & 0xFFFF
        done: list[WholeGrain] = []
        if elements.start or begins_grain(packet.payload):
            # Nothing missing in between, another timestamp: the one before had ended unmarked.
            if self._begin and follows and self._begin[0].timestamp != packet.timestamp:
                done.append(self._take())
            self._drop()
            self._begin = (packet, elements)
        elif self._begin is None:
            self.stray += 1
            return done
        elif not follows or self._begin[0].timestamp != packet.timestamp:
            self._drop()
            self.stray += 1
            return done
        self._parts.append(packet.payload)
        self._octets += len(packet.payload)
        if self._octets > MAX_GRAIN:
            self._drop()
        elif packet.marker or elements.end:
            done.append(self._take())
        return done

    def _take(self) -> WholeGrain:
        assert self._begin is not None
        packet, elements = self._begin
        whole = WholeGrain(
            packet.timestamp, packet.sequence, len(self._parts), elements, b"".join(self._parts)
        )
        self._clear()
        return whole

    def _drop(self) -> None:
        if self._begin is not None:
            self.dropped += 1
        self._clear()

    def _clear(self) -> None:
        self._begin, self._parts, self._octets = None, [], 0
