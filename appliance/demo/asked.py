"""What a person asked for on the demonstration's page, so that it is no fault of the run. Pure.

Who pulls a cable sees banners, and the picture's own counter goes on without the picture. What
moves from the click until a little after its end is held apart; what moves at any other time, or
in another stream, is a fault as ever.
"""

from __future__ import annotations

from collections.abc import Mapping

from appliance.demo.measure import Look, figures_between

AFTER_S = 3.0
"""How long after a click, or after the signal was given back, what moves still counts as asked
for: the receiver draws the patient's text, the source settles, both write their status."""


class Asked:
    """One stream. Times are seconds of one clock that runs evenly."""

    def __init__(self) -> None:
        self._before: Look | None = None
        self._until = 0.0
        self._lasts = False
        self._moved: dict[str, int] = {}

    def begin(self, now: Look, at: float, *, lasts: bool = False) -> None:
        """A click. now: the figures before it has an effect. lasts: until another `begin` without,
        as a cut signal does; else for AFTER_S."""
        if self._before is None:
            self._before = now
        self._until = at + AFTER_S
        self._lasts = lasts

    def tick(self, now: Look, at: float) -> None:
        """Call now and then: ends what is over."""
        if self._before is None or self._lasts or at < self._until:
            return
        self._moved = dict(self.moved(now))
        self._before = None

    def moved(self, now: Look) -> Mapping[str, int]:
        """How much of each figure moved while it was asked for, so far."""
        moved = dict(self._moved)
        if self._before is not None:
            for name, change in figures_between(self._before, now).items():
                moved[name] = moved.get(name, 0) + change
        return moved
