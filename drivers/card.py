"""What every pretend card's input has in common: its timing, and faults on demand."""

from __future__ import annotations

from typing import TypedDict

from drivers import _video
from drivers.video import Layout, Signal, VideoFormat

Fault = _video.Fault
QUEUE = 3


class CardTiming(TypedDict, total=False):
    """How a pretend card hands its frames on; what is left out is as `PretendCard` has it."""

    slices: bool
    steps: int
    queue: int
    drift_ppm: float | None
    phase_ns: int
    realtime: bool


class PretendCard:
    """A card's input without a card; what it sees is its maker's.

    Frames begin on the alignment points of ST 2059-1 (CLOCK_TAI), or drift from them. Whole
    frames are handed on at the end of their raster, as by a card that copies whole frames; with
    slices at its beginning, and rows become ready as the raster passes. Interlaced frames are
    always handed on whole.

    Faults take `at`: the sequence number of the first frame concerned; 0 = the next frame.
    """

    def __init__(
        self,
        content: object,
        format: VideoFormat,
        layout: Layout | None,
        *,
        slices: bool = True,
        steps: int = 16,
        queue: int = QUEUE,
        drift_ppm: float | None = None,
        phase_ns: int = 0,
        realtime: bool = True,
    ) -> None:
        """slices: whether the card can hand frames on before they are whole; steps: in how many
        pieces. drift_ppm: an own oscillator, that much faster; None = genlocked. phase_ns: raster
        start after the alignment point. queue: frames that wait for a slow consumer before the
        oldest is lost. realtime: ask for real-time priority."""
        if not 1 <= steps <= format.height:
            raise ValueError(f"steps: {steps} is not between 1 and the frame's rows")
        self._format = format
        self._layout = layout
        self._card = _video.Card(
            content,
            slices=slices,
            steps=steps,
            queue=queue,
            phase_ns=phase_ns,
            drift_ppb=None if drift_ppm is None else _ppb(drift_ppm),
            realtime=realtime,
        )

    @property
    def format(self) -> VideoFormat:
        """What it was asked to deliver; a format change is not what it was asked for."""
        return self._format

    @property
    def layout(self) -> Layout:
        """How samples lie in its frames."""
        return self._layout or self._format.layout

    def capsule(self) -> object:
        """The `rtv_source` table."""
        return self._card.capsule()

    def lose_signal(
        self, signal: Signal = Signal.ABSENT, *, frames: bool = False, at: int = 0
    ) -> None:
        """The signal's state changes. frames: black frames still come, marked with the state;
        else none come."""
        kind = Fault.signal_frames if frames else Fault.signal
        self._card.fault(kind, int(signal), at)

    def restore(self, *, at: int = 0) -> None:
        """The signal is back."""
        self._card.fault(Fault.signal, int(Signal.LOCKED), at)

    def set_drift(self, ppm: float, *, at: int = 0) -> None:
        """The card leaves the genlock and runs that much faster; resolution 0.001 ppm."""
        self._card.fault(Fault.drift, _ppb(ppm), at)

    def freeze(self, frozen: bool = True, *, at: int = 0) -> None:
        """The picture stands still (its stamps too) while frames go on."""
        self._card.fault(Fault.freeze, int(frozen), at)

    def unplug(self, *, at: int = 0) -> None:
        """The card is gone, in the middle of a raster if at is 0."""
        self._card.fault(Fault.unplug, 0, at)

    def replug(self) -> None:
        """The card is there again; a new start works."""
        self._card.replug()

    def stats(self) -> dict[str, int]:
        """frames handed on, taken by the consumer, dropped (consumer too slow), no_buffer (all
        memory held elsewhere), missed (this machine too slow), signal_changes, format_changes,
        generation, sequence (last), late_max_ns (hand-over against its instant), realtime (1: the
        priority was granted), running."""
        return self._card.stats()

    def late_wakes(self) -> list[tuple[int, int]]:
        """As `drivers.video.Punctual` has it."""
        return self._card.late_wakes()

    def close(self) -> None:
        """Stops the card; idempotent. Frames that are out stay valid."""
        self._card.stop()


def checked_memory(buffers: int, queue: int) -> None:
    """ValueError unless a pool of `buffers` frames can serve a queue of `queue`."""
    if not 1 <= queue <= 16:
        raise ValueError(f"queue: {queue} frames; choose 1 to 16")
    if not queue < buffers <= 64:
        raise ValueError(f"buffers: {buffers}; choose more than queue ({queue}), 64 at most")


def _ppb(ppm: float) -> int:
    if not abs(ppm) <= 100_000:
        raise ValueError(f"drift: {ppm} ppm; choose between -100000 and 100000")
    return round(ppm * 1000)
