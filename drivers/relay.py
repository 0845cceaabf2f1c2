"""One output for receivers that follow one another: the picture of the one that goes stays until
the one that comes has a live one. Both run meanwhile; they must agree on the format."""

from __future__ import annotations

from drivers import _video
from drivers.video import Punctual, Refreshing, Sink, Telling


class _Card:
    """The card itself, and how many use it."""

    def __init__(self, sink: Sink) -> None:
        self.sink, self.users = sink, 0

    def drop(self) -> None:
        self.users -= 1
        if self.users == 0:
            self.sink.close()


class RelaySink:
    """A user's end of an output. The first one is made of a card, the next ones of another end.

    An end that starts while another one shows pictures is let in where the format is the same;
    else its start is refused. Its frames reach the card from its first live one on, or from
    `take_over` on. Counters are the card's, those of ends before included."""

    def __init__(self, sink: Sink) -> None:
        self._join(_Card(sink), _video.RelayEnd(sink.capsule()))

    def _join(self, card: _Card, end: _video.RelayEnd) -> None:
        self._card, self._end, self._open = card, end, True
        card.users += 1

    def another(self) -> RelaySink:
        """An end for who comes next."""
        made = RelaySink.__new__(RelaySink)
        made._join(self._card, self._end.another())
        return made

    def take_over(self) -> None:
        """This end's frames are shown from now on, live or not."""
        self._end.take_over()

    def shown(self) -> bool:
        """Whether this end's frames reach the card."""
        return self._end.shown()

    def capsule(self) -> object:
        """See Sink."""
        return self._end.capsule()

    def stats(self) -> dict[str, int]:
        """See Sink."""
        return self._card.sink.stats()

    def events(self) -> list[tuple[int, str, str]]:
        """See Telling."""
        card = self._card.sink
        return card.events() if isinstance(card, Telling) else []

    def matching(self) -> list[str]:
        """See Refreshing."""
        card = self._card.sink
        return card.matching() if isinstance(card, Refreshing) else []

    def late_wakes(self) -> list[tuple[int, int]]:
        """See Punctual."""
        card = self._card.sink
        return card.late_wakes() if isinstance(card, Punctual) else []

    def close(self) -> None:
        """The card is closed with its last end; idempotent."""
        if self._open:
            self._open = False
            self._card.drop()
