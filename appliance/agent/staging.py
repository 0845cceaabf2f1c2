"""What is prepared, and when it becomes active: the staged/active pattern of IS-05, for the desired
state and for the patient. Pure: the time comes in as a value.

    put → staged with an ETag; activate → at once, or at an instant of TAI that all boxes share;
    while an activation waits, nothing can be staged (423); it can be cancelled.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

SLOTS = ("desired", "patient")
FARTHEST_NS = 3_600_000_000_000
LEAD_NS = 300_000_000
"""An instant must be so far ahead: a box that hears of it later could miss it alone."""


class StagingError(Exception):
    """status: of HTTP. One line."""

    def __init__(self, status: int, line: str) -> None:
        super().__init__(line)
        self.status = status


@dataclass(frozen=True)
class Staged:
    """value: what was checked. etag: changes with every put."""

    value: Any = field(repr=False)
    etag: str


@dataclass(frozen=True)
class Pending:
    """An activation that waits. at: ns TAI. what: slots."""

    at: int
    what: tuple[str, ...]


class Staging:
    """The slots of one box."""

    def __init__(self) -> None:
        self._slots: dict[str, Staged] = {}
        self._count = 0
        self.pending: Pending | None = None

    def get(self, slot: str) -> Staged | None:
        """What is staged there."""
        return self._slots.get(slot)

    def put(self, slot: str, value: Any) -> Staged:
        """Stages a value that was checked. Raises StagingError 423 while an activation waits."""
        self._free()
        self._count += 1
        self._slots[slot] = Staged(value, f"{slot}-{self._count}")
        return self._slots[slot]

    def drop(self, slot: str) -> None:
        """Nothing is staged there any more."""
        self._free()
        self._slots.pop(slot, None)

    def activate(self, etags: dict[str, str], at: int | None, now: int) -> Pending:
        """Activates these slots, named with the ETag that their author saw. at: ns TAI, None: at
        once. The activation stands in `pending` until `take`. Raises StagingError: 409 nothing is
        staged, 412 it is another's, 423 another activation waits, 400 the instant is no good."""
        self._free()
        if not etags:
            raise StagingError(400, f"what: is missing; name one of {', '.join(SLOTS)}")
        for slot, etag in etags.items():
            staged = self._slots.get(slot)
            if staged is None:
                raise StagingError(409, f"{slot}: nothing is staged; put it first")
            if etag != staged.etag:
                raise StagingError(412, f"{slot}: was staged by another; read it again")
        if at is not None and at < now + LEAD_NS:
            raise StagingError(400, f"at: is not {LEAD_NS // 10**6} ms ahead; give a later instant")
        if at is not None and at > now + FARTHEST_NS:
            raise StagingError(400, "at: is more than an hour ahead; give an earlier instant")
        self.pending = Pending(now if at is None else at, tuple(etags))
        return self.pending

    def cancel(self) -> Pending | None:
        """The activation that waited waits no more; what is staged stays."""
        pending, self.pending = self.pending, None
        return pending

    def take(self) -> dict[str, Any]:
        """The values of the pending activation; their slots are empty after."""
        pending, self.pending = self.pending, None
        if pending is None:
            return {}
        return {slot: self._slots.pop(slot).value for slot in pending.what}

    def _free(self) -> None:
        if self.pending is not None:
            at = tai_text(self.pending.at)
            raise StagingError(423, f"an activation waits for {at}; cancel it or wait")


def tai_of(text: Any) -> int:
    """ns of IS-05's "seconds:nanoseconds". Raises StagingError 400."""
    match = re.fullmatch(r"([0-9]{1,11}):([0-9]{1,9})", text) if isinstance(text, str) else None
    if match is None or int(match[2]) >= 10**9:
        raise StagingError(400, 'at: is no instant of TAI; write "seconds:nanoseconds"')
    return int(match[1]) * 10**9 + int(match[2])


def tai_text(ns: int) -> str:
    """The reverse."""
    return f"{ns // 10**9}:{ns % 10**9}"
