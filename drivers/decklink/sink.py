"""A card's output."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

from drivers.decklink import _decklink
from drivers.decklink.cards import Driver

if TYPE_CHECKING:
    # Only the name of a type: it brings numpy, and who lists cards needs none.
    from drivers.frame import Frame


class ClockState(IntEnum):
    """How the output's clock stands to TAI; `clock_state` of `DeckLinkSink.stats`."""

    WATCHING = 0
    ACQUIRING = 1
    LOCKED = 2
    OUT_OF_REACH = 3  # further off than the card's trim can pull
    NO_EFFECT = 4  # the card takes the trim and does not follow


class NextSlip(IntEnum):
    """What an output that is not steered will do next; `next_slip` of `DeckLinkSink.stats`."""

    NONE = 0
    REPEAT = 1
    DROP = 2


class DeckLinkSink:
    """Shows frames on a card's output, read where they lie.

    Lowest latency (default): each frame is given to the card when it is due, through the card's
    low-latency path, and leaves with the next raster. Scheduled: some frames are always with the
    card; steadier on a loaded machine, later by that many frames.

    The output's clock is kept in phase with the frames' due times by the card's own fine trim
    (whole ppm, -127..127) where the card has one (`Card.trims_clock`). Without that, the output
    beats against TAI: it repeats or drops a frame each time its raster has moved by one; when is
    foretold in `next_slip` and `next_slip_ns`.

    A card that is unplugged loses what it is given; plugged in again, it goes on by itself.
    """

    def __init__(
        self,
        key: str,
        *,
        scheduled: bool = False,
        ahead: int = 0,
        margin_ns: int = 1_000_000,
        idle_ns: int = 500_000_000,
        slate: Frame | None = None,
        trim: bool = True,
        trim_seconds: float = 20.0,
        channels: int = 0,
        ancillary: bool = False,
        realtime: bool = True,
        driver: Driver | None = None,
    ) -> None:
        """ahead: frames with the card when scheduled; 0 = the least it allows (at least 2).
        margin_ns: wanted from a frame's due time to the start of its raster. idle_ns: so long
        without a frame, and black is shown, or the slate. trim_seconds: time constant of the
        clock's servo. channels: embedded sound that frames bring, 0, 2, 8 or 16; channels that a
        frame has not are silent. ancillary: also the ancillary packets that frames carry.

        Raises ValueError with one line."""
        if not 0 <= ahead <= 16:
            raise ValueError(f"decklink: {ahead} frames ahead; choose 0 to 16")
        if ahead and not scheduled:
            raise ValueError("decklink: frames ahead are for a scheduled output; leave it out")
        if not 0 <= margin_ns <= 10_000_000:
            raise ValueError(f"decklink: margin {margin_ns} ns; choose 0 to 10000000")
        if not 50_000_000 <= idle_ns <= 3_600_000_000_000:
            raise ValueError(f"decklink: idle {idle_ns} ns; choose 50 ms to an hour")
        if not 0.5 <= trim_seconds <= 600:
            raise ValueError(f"decklink: trim time {trim_seconds} s; choose 0.5 to 600")
        if channels not in (0, 2, 8, 16):
            raise ValueError(f"decklink: {channels} channels of sound; choose 0, 2, 8 or 16")
        self.driver = driver or Driver()
        self.card = self.driver.card(key, "playout")
        if channels > self.card.channels:
            raise ValueError(
                f"decklink: card {key} has {self.card.channels} channels of sound; choose fewer"
            )
        self._output = _decklink.Output(
            self.driver.native,
            key,
            scheduled=scheduled,
            ahead=ahead,
            margin_ns=margin_ns,
            idle_ns=idle_ns,
            trim=trim,
            trim_tau_ms=round(trim_seconds * 1000),
            realtime=realtime,
            channels=channels,
            ancillary=ancillary,
        )
        if slate is not None:
            self.set_slate(slate)

    def set_slate(self, slate: Frame | None) -> None:
        """What is shown when no frame comes; None: black. Of the format of the flow, else black
        is shown all the same."""
        self._output.set_slate(None if slate is None else slate.capsule())

    def capsule(self) -> object:
        """The `rtv_sink` table. It takes whole frames only: a start with slices is refused."""
        return self._output.capsule()

    def stats(self) -> dict[str, int]:
        """submitted, overflow (more than 8 waited), shown (the card took it), late (shown after
        its raster; scheduled only), dropped (a newer frame was due as well), card_dropped,
        flushed, repeated (the frame before was scheduled again), idle (times black or the slate
        replaced the last picture), refused (by the card), resyncs, restarts, losses (of the
        card), anc_left_out (packets without room), audio_samples (of each channel, that the card
        took), of them audio_silence (where it would have run dry), audio_dropped, due_late_max_ns,
        realtime, with_card (frames it holds now), open, running.

        Latency, capture to the raster that shows it as the card stamps it:
        latency_{min,p50,p99,max}_ns.

        Clock: clock_known, clock_trims, clock_state (`ClockState`), clock_trim_ppm,
        clock_error_ns (raster start less the wanted one), clock_phase_ns (after the alignment
        point of ST 2059-1), clock_drift_ppb (of the card's own clock, positive fast), next_slip
        (`NextSlip`) and next_slip_ns (from now)."""
        return self._output.stats()

    def events(self) -> list[tuple[int, str, str]]:
        """What happened since the last call: TAI ns, "info" or "warning", one line."""
        return self._output.events()

    def latency(self) -> dict[str, Any]:
        """Capture to shown, ns, as an engine histogram."""
        return self._output.latency()

    def close(self) -> None:
        """Stops and lets go of the card; idempotent."""
        self._output.stop()
