"""What the observations of a clock mean: a table of states and what is seen. Pure.

free-run: from nobody yet. acquiring: a grandmaster is heard. locked: followed closely. holdover:
lost a while ago, still good. lost: too long ago. grandmaster: this box gives the time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from appliance.clock.tlv import PortState


class State(StrEnum):
    """As published; the panel knows the same words."""

    FREE_RUN = "free-run"
    ACQUIRING = "acquiring"
    LOCKED = "locked"
    HOLDOVER = "holdover"
    LOST = "lost"
    GRANDMASTER = "grandmaster"


class Seen(StrEnum):
    """What a look at ptp4l says."""

    NOBODY = "nobody"  # no port follows anybody, or ptp4l does not answer
    FOLLOWS = "follows"  # a grandmaster is followed, not yet closely
    SETTLED = "settled"  # closely, and for long enough
    JUMPED = "jumped"  # far off all at once
    EXPIRED = "expired"  # nobody, and holdover is over
    GIVES = "gives"  # this box is the grandmaster


S, E = State, Seen
TABLE: dict[State, dict[Seen, State]] = {
    S.FREE_RUN: {
        E.NOBODY: S.FREE_RUN,
        E.FOLLOWS: S.ACQUIRING,
        E.SETTLED: S.LOCKED,
        E.JUMPED: S.ACQUIRING,
        E.EXPIRED: S.FREE_RUN,
        E.GIVES: S.GRANDMASTER,
    },
    S.ACQUIRING: {
        E.NOBODY: S.FREE_RUN,
        E.FOLLOWS: S.ACQUIRING,
        E.SETTLED: S.LOCKED,
        E.JUMPED: S.ACQUIRING,
        E.EXPIRED: S.FREE_RUN,
        E.GIVES: S.GRANDMASTER,
    },
    S.LOCKED: {
        E.NOBODY: S.HOLDOVER,
        E.FOLLOWS: S.LOCKED,
        E.SETTLED: S.LOCKED,
        E.JUMPED: S.ACQUIRING,
        E.EXPIRED: S.LOST,
        E.GIVES: S.GRANDMASTER,
    },
    S.HOLDOVER: {
        E.NOBODY: S.HOLDOVER,
        E.FOLLOWS: S.HOLDOVER,
        E.SETTLED: S.LOCKED,
        E.JUMPED: S.ACQUIRING,
        E.EXPIRED: S.LOST,
        E.GIVES: S.GRANDMASTER,
    },
    S.LOST: {
        E.NOBODY: S.LOST,
        E.FOLLOWS: S.ACQUIRING,
        E.SETTLED: S.LOCKED,
        E.JUMPED: S.ACQUIRING,
        E.EXPIRED: S.LOST,
        E.GIVES: S.GRANDMASTER,
    },
    S.GRANDMASTER: {
        E.NOBODY: S.FREE_RUN,
        E.FOLLOWS: S.ACQUIRING,
        E.SETTLED: S.LOCKED,
        E.JUMPED: S.ACQUIRING,
        E.EXPIRED: S.FREE_RUN,
        E.GIVES: S.GRANDMASTER,
    },
}


@dataclass(frozen=True)
class Limits:
    """near_ns: so close for `samples` looks is settled. far_ns: so far at once is a jump.
    holdover_ns: so long after the last good look times still count."""

    near_ns: int
    far_ns: int
    samples: int
    holdover_ns: int


def limits(*, hardware: bool, holdover_s: int) -> Limits:
    """A software stamp wanders by tens of microseconds, on a busy machine by more."""
    near, far = (1_000, 1_000_000) if hardware else (100_000, 10_000_000)
    return Limits(near, far, 8, holdover_s * 1_000_000_000)


@dataclass(frozen=True)
class Look:
    """One look. at: monotonic ns. states: of all ports, () when ptp4l does not answer."""

    at: int
    states: tuple[PortState, ...]
    offset_ns: int | None
    gives: bool = False


@dataclass(frozen=True)
class Lock:
    """The state and what it takes to go on. since: of the last look at which somebody was
    followed, monotonic ns. near: looks in a row that were close."""

    state: State = State.FREE_RUN
    since: int = 0
    near: int = 0

    def after(self, look: Look, limits: Limits) -> Lock:
        """The next state."""
        follows = any(s in (PortState.SLAVE, PortState.UNCALIBRATED) for s in look.states)
        offset = abs(look.offset_ns) if look.offset_ns is not None else None
        close = follows and offset is not None and offset <= limits.near_ns
        # Judged by what is measured: a clock that is only watched stays uncalibrated for ever.
        near = self.near + 1 if close else max(0, self.near - 2) if follows else 0
        seen = self._seen(look, follows, offset, min(near, 2 * limits.samples), limits)
        since = look.at if follows else self.since
        kept = min(near, 2 * limits.samples)
        return replace(self, state=TABLE[self.state][seen], since=since, near=kept)

    def _seen(
        self, look: Look, follows: bool, offset: int | None, near: int, limits: Limits
    ) -> Seen:
        if look.gives and PortState.MASTER in look.states:
            return Seen.GIVES
        if not follows:
            over = look.at - self.since > limits.holdover_ns
            return Seen.EXPIRED if over else Seen.NOBODY
        if offset is not None and offset > limits.far_ns:
            return Seen.JUMPED
        return Seen.SETTLED if near >= limits.samples else Seen.FOLLOWS
