"""What a transmitter and a receiver have in common: an engine, a card, and what both say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from appliance.engine._engine import Receiver, Transmitter
from appliance.modes.interfaces import LinkWatch
from appliance.modes.machine import Diary, tai_now
from drivers.video import Punctual, Refreshing, Sink, Source, Telling


class StreamMode:
    """One stream between a card and the network. `diary` notes what the engine says.

    Nothing moves before `start`. A mode is the only user of its engine and its card.
    """

    def __init__(
        self,
        engine: Transmitter | Receiver,
        card: Source | Sink,
        interfaces: Sequence[str] = (),
    ) -> None:
        """interfaces: those of its paths, in their order."""
        self._engine, self._card = engine, card
        self._links = LinkWatch(interfaces, tai_now())
        self._changed: list[dict[str, Any]] = []
        self.diary = Diary()

    def start(self) -> None:
        """Begins to send, or joins and begins to receive. Raises OSError, one line."""
        self._engine.start()

    def stop(self) -> None:
        """Ends after the frame at hand; idempotent."""
        self._engine.stop()

    def close(self) -> None:
        """Stops and lets go of the card; idempotent."""
        self._engine.stop()
        self._card.close()

    def running(self) -> bool:
        """Whether frames still flow; one that waits for them counts."""
        return self._engine.running()

    def counters(self) -> dict[str, int]:
        """Of the engine."""
        return self._engine.counters()

    def card_stats(self) -> dict[str, int]:
        """Of the card."""
        return self._card.stats()

    def matching_modes(self) -> list[str]:
        """Of a monitor: what shows the flow's rate without a slip; of other cards nothing."""
        return self._card.matching() if isinstance(self._card, Refreshing) else []

    def histograms(self) -> dict[str, Any]:
        """Of the engine."""
        return dict(self._engine.histograms())

    def look(self) -> None:
        """Notes what only a look from time to time can tell: links of the interfaces, and in the
        diary CPU, memory, threads that came late. At least twice a second."""
        self._changed += self._links.look(tai_now())
        self.diary.look()
        for thread, wakes in self._engine.late_wakes().items():
            self.diary.note_late(thread, wakes)
        if isinstance(self._card, Punctual):
            self.diary.note_late("card", self._card.late_wakes())

    def events(self) -> list[dict[str, Any]]:
        """What happened since the last call, also noted for the report."""
        events, self._changed = self._changed, []
        events += [dict(event) for event in self._engine.events()]
        if isinstance(self._card, Telling):
            for tai, severity, text in self._card.events():
                events.append({"severity": severity, "tai": tai, "code": "card", "text": text})
        self.diary.note(events)
        return events
