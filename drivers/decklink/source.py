"""A card's input."""

from __future__ import annotations

from drivers.card import checked_memory
from drivers.decklink import _decklink
from drivers.decklink.cards import CONNECTORS, Driver
from drivers.video import Layout, Sampling, VideoFormat, format_from_native


class DeckLinkSource:
    """Frames of a card's input, where the card put them, without a copy.

    The format is a contract: the card follows whatever signal it detects, so that the right one is
    seen when it comes back, but frames of another are not handed on (MISMATCH, with the format
    that was found). Frames that the card marks as without input are never handed on. A card that
    is unplugged is GONE; a start after it was plugged in again works.
    """

    def __init__(
        self,
        key: str,
        format: VideoFormat,
        layout: Layout | None = None,
        *,
        buffers: int = 8,
        queue: int = 3,
        channels: int = 2,
        connector: str = "",
        stamp_at_end: bool = True,
        driver: Driver | None = None,
    ) -> None:
        """buffers: pictures that may be out at a time; with all out the card drops frames. queue:
        frames that wait for a slow consumer. channels: embedded sound, 0, 2, 8 or 16. connector:
        SDI, HDMI ..., "" as the card is set.

        stamp_at_end: whether the card's stamp of a frame is of its end or of its beginning. No
        document says; a loop on a bench does (`arrival_min_ns` of `stats` is near 0 where it is
        right; below zero the stamp is counted as impossible).

        Raises ValueError with one line.
        """
        if format.sampling is not Sampling.YCBCR_422 or format.depth not in (8, 10):
            raise ValueError(
                f"decklink: {format.sampling} of {format.depth} bit is not captured; "
                "choose YCbCr-4:2:2 of 8 or 10 bit"
            )
        own = layout or format.layout
        if own is not format.layout:
            raise ValueError(f"decklink: layout {own.name} is not what the card writes")
        checked_memory(buffers, queue)
        if channels not in (0, 2, 8, 16):
            raise ValueError(f"decklink: {channels} channels of sound; choose 0, 2, 8 or 16")
        numbers = {name.lower(): number for number, name in CONNECTORS.items()}
        if connector and connector.lower() not in numbers:
            raise ValueError(
                f"decklink: connector {connector!r} is unknown; choose "
                + ", ".join(CONNECTORS.values())
            )
        self._format, self._layout = format, own
        self.driver = driver or Driver()
        self.card = self.driver.card(key, "capture")
        self._input = _decklink.Input(
            self.driver.native,
            key,
            format.native(own),
            buffers=buffers,
            queue=queue,
            channels=channels,
            connector=numbers[connector.lower()] if connector else 0,
            stamp_at_end=stamp_at_end,
        )

    @property
    def format(self) -> VideoFormat:
        """What it was asked to deliver."""
        return self._format

    @property
    def layout(self) -> Layout:
        """How samples lie in its frames."""
        return self._layout

    def detected(self) -> VideoFormat | None:
        """What the card found at its input, once that differed from what was configured."""
        found = self._input.detected()
        return None if found is None else format_from_native(found)

    def capsule(self) -> object:
        """The `rtv_source` table. It hands on whole frames only: a start with slices is refused."""
        return self._input.capsule()

    def stats(self) -> dict[str, int]:
        """frames handed on, taken by the consumer, dropped (consumer too slow), no_buffer (all
        memory held elsewhere), lost (gaps in the card's count), no_signal and withheld (frames not
        handed on: without input, of another format), signal_changes, format_changes,
        colour_changes (of colour space alone: ignored), removals, starts, audio_samples,
        timecodes (RP 188; the last in `timecode`, BCD hhmmssff), anc_packets on frames, of them
        anc_timecodes (ST 12-2) and anc_payload_ids (ST 352), anc_left_out (no room),
        impossible_stamps, sequence, generation, signal (as `Signal`), card_ppb (the card's clock
        against TAI, positive fast); frames_out, buffers_out (held by anybody); running; ns:
        arrival_{min,p50,p99,max}_ns (end of a frame's raster to the card's call), callback_...
        (how long the card's thread was kept)."""
        return self._input.stats()

    def close(self) -> None:
        """Stops and lets go of the card; idempotent. Frames that are out stay valid."""
        self._input.stop()
