"""One look at a clock after another: asks, judges, and says what is wrong."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from appliance.box.issues import Registry
from appliance.clock.lock import Limits, Lock, Look, State
from appliance.clock.management import Management
from appliance.clock.tlv import (
    Current,
    GrandmasterSettings,
    Id,
    Parent,
    Port,
    PortState,
    TimeProperties,
    TimeStatus,
)

KNOWN_OFFSET = 37
"""TAI - UTC since 2017, seconds. Another one may be announced one day; a smaller one is wrong."""
_LATEST_OFFSET = 45
CHANGED_S = 60
"""So long an issue says that another grandmaster is followed; the journal says it for ever."""


@dataclass(frozen=True)
class Observation:
    """What ptp4l said at one look. None: it did not answer to that."""

    ports: tuple[PortState, ...] = ()
    current: Current | None = None
    parent: Parent | None = None
    properties: TimeProperties | None = None
    status: TimeStatus | None = None


def observe(management: Management, ports: int) -> Observation:
    """Asks ptp4l everything once."""
    states = [one for one in management.ask(Id.PORT, ports) if isinstance(one, Port)]
    if not states:
        return Observation()
    found: dict[type, Any] = {}
    for id in (Id.CURRENT, Id.PARENT, Id.TIME_PROPERTIES, Id.TIME_STATUS):
        for one in management.ask(id):
            found[type(one)] = one
    return Observation(
        tuple(one.state for one in sorted(states, key=lambda one: one.number)),
        found.get(Current),
        found.get(Parent),
        found.get(TimeProperties),
        found.get(TimeStatus),
    )


@dataclass
class Watcher:
    """The state of one clock over its looks."""

    limits: Limits
    registry: Registry
    gives: bool
    lock: Lock = field(default_factory=Lock)
    grandmaster: str = ""
    before: str = ""
    """The grandmaster that was followed before this one; "": none was."""
    changed: str = ""
    """When that ended, UTC."""
    changes: int = 0
    offsets: list[int] = field(default_factory=list)
    _changed_at: int = 0

    def look(self, seen: Observation, now: str) -> None:
        """Takes one in. now: UTC, for issues."""
        at = time.monotonic_ns()
        offset = seen.status.offset_ns if seen.status and seen.status.present else None
        before = self.lock.state
        self.lock = self.lock.after(Look(at, seen.ports, offset, self.gives), self.limits)
        if offset is not None and PortState.SLAVE in seen.ports:
            self.offsets = [*self.offsets[-239:], offset]
        # Between two answers ptp4l may have lost it, and names itself.
        there = seen.status is not None and seen.status.present
        if self.lock.state in (State.LOCKED, State.ACQUIRING) and seen.status and there:
            self._follow(seen.status.grandmaster, at, now)
        elif self.lock.state is State.GRANDMASTER and seen.parent:
            self._follow(seen.parent.grandmaster, at, now)
        self._issues(seen, offset, before, now)

    def _follow(self, grandmaster: str, at: int, now: str) -> None:
        if self.grandmaster and grandmaster != self.grandmaster:
            self.before, self.changed, self._changed_at = self.grandmaster, now, at
            self.changes += 1
        self.grandmaster = grandmaster

    def _issues(self, seen: Observation, offset: int | None, before: State, now: str) -> None:
        state, registry = self.lock.state, self.registry
        left = max(0, self.limits.holdover_ns - (time.monotonic_ns() - self.lock.since))
        registry.set("clock-free-run", state in (State.FREE_RUN, State.ACQUIRING), now)
        registry.set("clock-holdover", state is State.HOLDOVER, now, seconds=left // 10**9)
        registry.set("clock-lost", state is State.LOST, now)
        jumped = before is State.LOCKED and state is State.ACQUIRING
        if jumped and offset is not None:
            registry.raise_("clock-jump", now, seconds=f"{offset / 1e9:.3f}")
        elif state is State.LOCKED:
            registry.clear("clock-jump")
        lately = bool(self.before) and time.monotonic_ns() - self._changed_at < CHANGED_S * 10**9
        registry.set("clock-changed", lately, now, was=self.before, grandmaster=self.grandmaster)
        properties = seen.properties
        follows = state in (State.LOCKED, State.ACQUIRING) and properties is not None
        invalid = follows and properties is not None and not properties.utc_valid
        registry.set("clock-no-utc", invalid, now)
        wrong = utc_wrong(properties) if follows else None
        registry.set("clock-wrong-utc", wrong is not None, now, said=wrong, known=KNOWN_OFFSET)
        untraced = follows and properties is not None and not properties.traceable
        quality = seen.parent.clock_class if seen.parent else "unknown"
        registry.set("clock-untraceable", untraced, now, quality=quality)


def utc_wrong(properties: TimeProperties | None) -> int | None:
    """The announced TAI - UTC where it is valid and cannot be: leap seconds only ever came."""
    if properties is None or not properties.utc_valid:
        return None
    said = properties.utc_offset
    return None if KNOWN_OFFSET <= said <= _LATEST_OFFSET else said


def kernel_offset(properties: TimeProperties | None, *, hardware: bool) -> int | None:
    """What the kernel is to hold as TAI - UTC so that its TAI is the grandmaster's time: what
    linuxptp takes off that time to make UTC of it, true or not. None: leave it as it is.

    hardware: phc2sys does it, and takes what is announced. Else ptp4l does: it takes what is valid
    and traceable or greater than its own figure, and that figure otherwise. A grandmaster of
    another timescale than PTP's gives UTC itself: there only a figure that can be counts."""
    if properties is None:
        return None
    said = properties.utc_offset
    if not properties.ptp:
        return said if properties.utc_valid and utc_wrong(properties) is None else None
    taken = (properties.utc_valid and properties.traceable) or said > KNOWN_OFFSET
    return said if hardware or taken else KNOWN_OFFSET


def own_settings(utc: int, *, tai: bool) -> GrandmasterSettings:
    """What a box that gives the time says of itself: nobody disciplines it. ST 2059-2 forbids an
    accuracy that is not known; 31h says: off by more than ten seconds, for all it knows. tai:
    whether it gives TAI. linuxptp gives the system's UTC where the NIC has no clock of its own:
    that is another timescale, and said to be."""
    return GrandmasterSettings(248, 0x31, 0xFFFF, utc, tai, tai, 0xA0)
