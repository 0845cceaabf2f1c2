"""Frames from a V4L2 node."""

from __future__ import annotations

import time
from pathlib import Path

from drivers.discover import Kind
from drivers.v4l2 import _v4l2
from drivers.v4l2.edid import edid_for, from_file, same
from drivers.v4l2.node import get_edid, look_at, node_of, set_edid
from drivers.v4l2.rounding import Rounding
from drivers.v4l2.spec import meant
from drivers.video import Layout, Sampling, VideoFormat


class V4l2Source:
    """A V4L2 input that is expected to bring one format; another one is a mismatch, which the
    source says and does not deliver. Frames of a signal that is not locked are never delivered,
    whatever the driver gives (vivid gives noise).

    8-bit nodes serve 10-bit formats too: the two low bits are zero. Frames are the driver's own
    buffers where its memory is laid out as ours (UYVY for 8 bit, v210 for 10), else converted.
    """

    def __init__(
        self,
        key: str,
        format: VideoFormat,
        *,
        buffers: int = 8,
        queue: int = 3,
        realtime: bool = True,
        input: str = "",
        pixels: str = "",
        fields: str = "",
        memory: str = "",
        edid: str = "",
    ) -> None:
        """key: of the inventory, or a path. buffers: asked of the driver. input: its number, its
        name or the beginning of it; "" leaves the one that is chosen. pixels: the driver's pixel
        format as a fourcc; "" takes the best. fields: how the driver is to give the two of an
        interlaced frame, as v4l2-ctl names it (alternate, seq_tb, ...); "" as it likes. memory:
        "udmabuf" or "heap:NAME", what the driver is lent to write into (see the package); "" its
        own is mapped. edid: what the input shows to its source, set now if it shows another:
        "expected" offers this format alone, else a file; "" leaves it. Raises ValueError, one
        line: nothing there, no capture node, or a format that no V4L2 node brings."""
        if format.sampling is not Sampling.YCBCR_422 or format.depth > 10:
            raise ValueError(
                f"{key}: V4L2 brings 4:2:2 of 8 or 10 bits, not {format.sampling} {format.depth}"
            )
        self._format = format
        path = node_of(key, Kind.CAPTURE)
        try:
            node = look_at(path, measure=False)
        except OSError as error:
            raise ValueError(f"{path} cannot be opened ({error.strerror})") from None
        if not node.captures:
            raise ValueError(f"{path} captures nothing; it is {node.card}")
        if not node.depth:
            offered = ", ".join(code for code, _, _ in node.formats[:8]) or "nothing"
            raise ValueError(f"{path} offers {offered}; UYVY, YUYV, NV16, Y210 or v210 is needed")
        number = meant(input, "input", node.connectors).number if input else -1
        if edid:
            _show(path, number, edid_for(format) if edid == "expected" else _from(edid))
        self._rounding = Rounding(path, plays=False)
        self._input = _v4l2.Input(
            path, format.native(), buffers, queue, realtime, number, pixels, fields, memory
        )

    @property
    def format(self) -> VideoFormat:
        """What is expected."""
        return self._format

    @property
    def layout(self) -> Layout:
        """How samples lie in its frames."""
        return self._format.layout

    @property
    def fourcc(self) -> str:
        """The driver's pixel format; "" before the first signal."""
        return self._input.fourcc()

    @property
    def fields(self) -> str:
        """How the driver gives fields, as v4l2-ctl names it; "" before the first signal."""
        return self._input.fields()

    def capsule(self) -> object:
        """The `rtv_source` table."""
        return self._input.capsule()

    def error(self) -> str:
        """What went wrong last, one line; "" nothing."""
        return self._input.error()

    def events(self) -> list[tuple[int, str, str]]:
        """As `drivers.video.Telling` has them: 8 bits where 10 are expected."""
        tai = time.clock_gettime_ns(time.CLOCK_TAI)
        return self._rounding.news(tai, self.fourcc, self._format.depth)

    def stats(self) -> dict[str, int]:
        """frames handed over, taken, dropped (consumer too slow), missed (gaps in the driver's
        count), corrupt (marked by the driver, or short), not_live (came without a locked signal),
        no_buffer, copied (converted, or woven of fields), lone_fields (without the other one,
        withheld: the frame is one of those missed), signal_changes, restarts, generation, signal,
        buffers, realtime, running."""
        return self._input.stats()

    def close(self) -> None:
        """Stops and lets go of the node; idempotent. Frames that are out stay valid."""
        self._input.stop()


def _from(file: str) -> bytes:
    try:
        return from_file(Path(file).read_bytes())
    except OSError as error:
        raise ValueError(f"edid: {file}: {error.strerror}; give a file or: expected") from None


def _show(path: str, number: int, edid: bytes) -> None:
    """Only when it is another one: setting it takes the signal away for a moment."""
    connector = None if number < 0 else number
    try:
        if not same(get_edid(path, connector), edid):
            set_edid(path, edid, connector)
    except OSError as error:
        raise ValueError(f"edid: {path} does not take it ({error.strerror})") from None
