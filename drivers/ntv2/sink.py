"""An AJA card's SDI output."""

from __future__ import annotations

from typing import Any

from drivers.ntv2.cards import Cards

REFERENCES = {"": "as_set", "external": "external", "free": "free_run"}


class Ntv2Sink:
    """An SDI output. A frame is put into the card's ring when it is due and leaves with the next
    raster; when it did is the driver's own stamp. Without a frame for half a second it turns
    black: what stood there is not live."""

    def __init__(
        self,
        key: str,
        *,
        reference: str = "",
        realtime: bool = True,
        cards: Cards | None = None,
    ) -> None:
        """key: `SERIAL` or `SERIAL/CONNECTOR`. reference: what the card's outputs are locked to,
        all of them: "external" (its reference input), "free" (its own oscillator), "" as it is
        set. Raises ValueError with one line."""
        if reference not in REFERENCES:
            raise ValueError(f"ntv2: reference {reference!r} is unknown; choose external or free")
        self.cards = cards or Cards()
        from drivers.ntv2 import _ntv2

        self.card, self.connector = self.cards.port(key, "playout")
        self._output = self.cards.native.output(
            self.card.key,
            self.connector,
            getattr(_ntv2.Reference, REFERENCES[reference]),
            realtime,
        )

    def capsule(self) -> object:
        """The `rtv_sink` table."""
        return self._output.capsule()

    def error(self) -> str:
        """What went wrong last, one line; "" nothing."""
        return self._output.error()

    def stats(self) -> dict[str, int]:
        """submitted, put (into the card's ring), shown (the driver told when), late (put after
        their time by more than 1 ms), overflow (more than 8 waited), behind (the output was
        slower than the frames), underruns (rasters that showed the frame before again),
        unconfirmed (never told when), black, partial (not whole when put), errors, reference (1:
        a signal is at the reference input), gone, realtime, running."""
        return self._output.stats()

    def after_due(self) -> dict[str, Any]:
        """Start of the raster that showed a frame, less its due time, ns: an engine histogram."""
        return self._output.after_due()

    def latency(self) -> dict[str, Any]:
        """Capture at the sender to that raster, ns, as an engine histogram."""
        return self._output.latency()

    def close(self) -> None:
        """Stops and lets go of the card; idempotent."""
        self._output.stop()
