"""An output whose cable goes into an input, run for as long as one likes: what came back."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from drivers.synthetic import stamp_rows
from hwtests.playing import Arrival, Input, Output


class Loop:
    """Counts of what was shown and came back; its memory does not grow with its time.

    back: pictures that came back, of `span` from the first to the last of them. wrong: torn, out
    of order or (exact) not bit for bit black beside the stamp. repeated: came once more. longest:
    from the due time to the input's frame, frames; ages: the same of the last thousand.
    """

    def __init__(self, out: Output, card: Input, *, exact: bool) -> None:
        self._out, self._card, self._exact = out, card, exact
        self._rows = stamp_rows(out.fmt)
        self._first = self._last = 0
        self.back = self.wrong = self.repeated = 0
        self.longest = float("-inf")
        self.ages: deque[float] = deque(maxlen=1000)

    @property
    def lost(self) -> int:
        """Pictures between the first and the last that came back, that did not."""
        return self._last - self._first + 1 - self.back if self.back else 0

    def step(self) -> None:
        """Shows a picture, and looks at what came meanwhile."""
        self._out.show()
        while (one := self._card.next(0.0)).frame is not None:
            self._look(one)

    def _look(self, one: Arrival) -> None:
        stamp = one.stamp
        if stamp is None or one.frame is None:
            return  # before the loop closed
        ours = self._out.due_of.get(stamp.sequence) == stamp.tai
        if not self.back and not ours:
            return  # of an earlier run
        if stamp.torn or stamp.sequence < self._last or not ours:
            self.wrong += 1
            return
        if self._exact and not black_elsewhere(one.frame.planes[0], self._rows):
            self.wrong += 1
        if stamp.sequence == self._last:
            self.repeated += 1
            return
        self.back += 1
        self._first = self._first or stamp.sequence
        self._last = stamp.sequence
        age = (one.frame.capture_tai - self._out.due_of[stamp.sequence]) / self._out.period
        self.longest = max(self.longest, age)
        self.ages.append(age)
        for number in [number for number in self._out.due_of if number < self._last]:
            del self._out.due_of[number]


def black_elsewhere(plane: Any, rows: list[tuple[int, int]]) -> bool:
    """Whether all but the stamp's strips is the black that was sent, bit for bit (UYVY)."""
    mask = np.ones(plane.shape[0], bool)
    for first, number in rows:
        mask[first : first + number] = False
    rest = plane[mask].reshape(-1, 4)
    return bool((rest[:, 0] == 128).all() and (rest[:, 1] == 16).all())
