"""The pretend card's input: a moving test picture that a machine can read."""

from __future__ import annotations

from typing import Unpack

from drivers.card import QUEUE, CardTiming, PretendCard, checked_memory
from drivers.synthetic import _synthetic
from drivers.video import Layout, VideoFormat


class SyntheticSource(PretendCard):
    """A card with a test picture at its input, and faults on demand.

    The picture: colour bars, ramp, a moving box, frame counter and TAI to read by eye, and the
    same as three strips of blocks (`read_stamp`). A white disk and a 1 kHz beep (48 kHz stereo in
    `Frame.audio`) mark the first 100 ms of every TAI second.
    """

    def __init__(
        self,
        format: VideoFormat,
        layout: Layout | None = None,
        *,
        buffers: int = 8,
        **timing: Unpack[CardTiming],
    ) -> None:
        """buffers: frames of memory; for the others see `PretendCard`."""
        checked_memory(buffers, timing.get("queue", QUEUE))
        self._buffers = buffers
        content = _synthetic.pattern(format.native(layout), buffers)
        super().__init__(content, format, layout, **timing)

    def change_format(
        self, format: VideoFormat, layout: Layout | None = None, *, at: int = 0
    ) -> None:
        """Another signal is put in: later frames are of that format, of a new generation."""
        self._card.change(_synthetic.pattern(format.native(layout), self._buffers), at)
