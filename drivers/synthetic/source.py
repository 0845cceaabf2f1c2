"""The pretend card's input: a moving test picture that a machine can read."""

from __future__ import annotations

from drivers.synthetic import _synthetic
from drivers.video import Layout, Signal, VideoFormat

Fault = _synthetic.Fault


class SyntheticSource:
    """A card with a test picture at its input, and faults on demand.

    The picture: colour bars, ramp, a moving box, frame counter and TAI to read by eye, and the
    same as three strips of blocks (`read_stamp`). A white disk and a 1 kHz beep (48 kHz stereo in
    `Frame.audio`) mark the first 100 ms of every TAI second.

    Frames begin on the alignment points of ST 2059-1 (CLOCK_TAI), or drift from them. Whole
    frames are handed on at the end of their raster, as by a card that copies whole frames; with
    slices at its beginning, and rows become ready as the raster passes.

    Faults take `at`: the sequence number of the first frame concerned; 0 = the next frame.
    """

    def __init__(
        self,
        format: VideoFormat,
        layout: Layout | None = None,
        *,
        slices: bool = True,
        steps: int = 16,
        drift_ppm: float | None = None,
        phase_ns: int = 0,
        buffers: int = 8,
        queue: int = 3,
        realtime: bool = True,
    ) -> None:
        """slices: whether the card can hand frames on before they are whole; steps: in how many
        pieces. drift_ppm: an own oscillator, that much faster; None = genlocked. phase_ns:
        raster start after the alignment point. buffers: frames of memory; queue: how many wait
        for a slow consumer before the oldest is lost. realtime: ask for real-time priority."""
        if not 1 <= steps <= format.height:
            raise ValueError(f"steps: {steps} is not between 1 and the frame's rows")
        if not 1 <= queue <= 16:
            raise ValueError(f"queue: {queue} frames; choose 1 to 16")
        if not queue < buffers <= 64:
            raise ValueError(f"buffers: {buffers}; choose more than queue ({queue}), 64 at most")
        self._format = format
        self._layout = layout
        self._card = _synthetic.Source(
            format=format.native(layout),
            buffers=buffers,
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

    def change_format(
        self, format: VideoFormat, layout: Layout | None = None, *, at: int = 0
    ) -> None:
        """Another signal is put in: later frames are of that format, of a new generation."""
        self._card.change(format.native(layout), at)

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

    def close(self) -> None:
        """Stops the card; idempotent. Frames that are out stay valid."""
        self._card.stop()


def _ppb(ppm: float) -> int:
    if not abs(ppm) <= 100_000:
        raise ValueError(f"drift: {ppm} ppm; choose between -100000 and 100000")
    return round(ppm * 1000)
