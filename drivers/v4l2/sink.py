"""Frames to a V4L2 node."""

from __future__ import annotations

import time
from typing import Any

from drivers.discover import Kind
from drivers.v4l2 import _v4l2
from drivers.v4l2.node import look_at, node_of
from drivers.v4l2.rounding import Rounding
from drivers.v4l2.spec import meant


class V4l2Sink:
    """A V4L2 output. Frames are given to the driver at their due time; when it really sent them
    is the driver's own stamp. 10-bit frames are rounded for nodes of 8 bits, which `stats` says.
    Without a frame for half a second it turns black: what stood there is not live."""

    def __init__(
        self,
        key: str,
        *,
        buffers: int = 3,
        realtime: bool = True,
        output: str = "",
        pixels: str = "",
        fields: str = "",
    ) -> None:
        """key: of the inventory, or a path. output: its number, its name or the beginning of it; ""
        leaves the one that is chosen. pixels: the driver's pixel format as a fourcc; "" takes the
        best. fields: how it is to take the two of an interlaced frame, as v4l2-ctl names it
        (alternate, seq_tb, ...); "" as it likes. Raises ValueError, one line."""
        path = node_of(key, Kind.PLAYOUT)
        try:
            node = look_at(path, measure=False)
        except OSError as error:
            raise ValueError(f"{path} cannot be opened ({error.strerror})") from None
        if not node.plays:
            raise ValueError(f"{path} plays nothing out; it is {node.card}")
        number = meant(output, "output", node.connectors).number if output else -1
        self._rounding = Rounding(path, plays=True)
        self._output = _v4l2.Output(path, buffers, realtime, number, pixels, fields)

    @property
    def fourcc(self) -> str:
        """The driver's pixel format; "" before the start."""
        return self._output.fourcc()

    @property
    def fields(self) -> str:
        """How the driver takes fields, as v4l2-ctl names it; "" before the start."""
        return self._output.fields()

    def capsule(self) -> object:
        """The `rtv_sink` table."""
        return self._output.capsule()

    def error(self) -> str:
        """What went wrong last, one line; "" nothing."""
        return self._output.error()

    def events(self) -> list[tuple[int, str, str]]:
        """As `drivers.video.Telling` has them: 10 bits that leave as 8."""
        stats = self.stats()
        depth = 10 if stats["rounded"] else 8
        fourcc = self.fourcc if stats["running"] else ""
        return self._rounding.news(time.clock_gettime_ns(time.CLOCK_TAI), fourcc, depth)

    def stats(self) -> dict[str, int]:
        """submitted, shown (given to the driver), late (after their time by more than 1 ms),
        overflow (more than 8 waited), no_buffer (the driver was behind), black, partial (not
        whole when sent), errors, rounded (1: 10 bits shown as 8), gone, realtime, running."""
        return self._output.stats()

    def after_due(self) -> dict[str, Any]:
        """When the driver had sent a frame, less its due time, ns: an engine histogram."""
        return self._output.after_due()

    def close(self) -> None:
        """Stops and lets go of the node; idempotent."""
        self._output.stop()
