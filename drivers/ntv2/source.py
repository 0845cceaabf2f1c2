"""An AJA card's SDI input."""

from __future__ import annotations

from typing import Any

from drivers.card import checked_memory
from drivers.ntv2.cards import Cards
from drivers.video import Layout, Sampling, VideoFormat


class Ntv2Source:
    """Frames of an SDI input, copied by the card into our memory.

    The format is a contract: signals are looked at with every frame (raster and lock by the
    receiver's registers, the rest by the payload identifier of SMPTE ST 352), and frames of
    another one, or of none, are not handed on. Frames are stamped by the driver in the vertical
    interrupt at which their recording begins; that clock is measured against TAI. A card that is
    unplugged is GONE; a start after it was plugged in again works.
    """

    def __init__(
        self,
        key: str,
        format: VideoFormat,
        layout: Layout | None = None,
        *,
        buffers: int = 8,
        queue: int = 3,
        channels: int = 0,
        realtime: bool = True,
        cards: Cards | None = None,
    ) -> None:
        """key: `SERIAL` or `SERIAL/CONNECTOR`. buffers: frames that may be out at a time. queue:
        frames that wait for a slow consumer. channels: embedded sound, 0 or all that the card has
        (`Card.channels`); it delays frames by one, as the card writes sound a little later.

        Raises ValueError with one line.
        """
        if format.sampling is not Sampling.YCBCR_422 or format.depth not in (8, 10):
            raise ValueError(
                f"ntv2: {format.sampling} of {format.depth} bit is not captured; "
                "choose YCbCr-4:2:2 of 8 or 10 bit"
            )
        own = layout or format.layout
        if own is not format.layout:
            raise ValueError(f"ntv2: layout {own.name} is not what the card writes")
        checked_memory(buffers, queue)
        self._format, self._layout = format, own
        self.cards = cards or Cards()
        self.card, self.connector = self.cards.port(key, "capture")
        if channels not in (0, self.card.channels):
            raise ValueError(
                f"ntv2: {channels} channels of sound; choose 0 or {self.card.channels}"
            )
        self._input = self.cards.native.input(
            self.card.key, self.connector, format.native(own), buffers, queue, channels, realtime
        )

    @property
    def format(self) -> VideoFormat:
        """What is expected."""
        return self._format

    @property
    def layout(self) -> Layout:
        """How samples lie in its frames."""
        return self._layout

    def capsule(self) -> object:
        """The `rtv_source` table. Frames are handed on whole, whatever a start asks for."""
        return self._input.capsule()

    def error(self) -> str:
        """What went wrong last, one line; "" nothing."""
        return self._input.error()

    def stats(self) -> dict[str, int]:
        """frames handed over, taken, dropped (consumer too slow), lost (no room in the card's
        ring), no_buffer (all memory held elsewhere), not_live (came without a locked signal),
        corrupt (could not be copied), unstamped (without a stamp, or with an impossible one),
        signal_changes, restarts, unlocks and crc_errors (lines) as the receiver counts them,
        payload_id (ST 352, octet 1 in the high bits; 0 none), clock_steps,
        clock_uncertainty_ns, sequence, generation, signal, realtime, running."""
        return self._input.stats()

    def arrival(self) -> dict[str, Any]:
        """From the end of a frame's raster to its hand-over, ns: an engine histogram."""
        return self._input.arrival()

    def close(self) -> None:
        """Stops and lets go of the card; idempotent. Frames that are out stay valid."""
        self._input.stop()
