"""The clock that a stream's times follow, as a clock service says it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from appliance.rtv.iod import ClockState
from appliance.rtv.sdp import RefClock


@dataclass(frozen=True)
class Clock:
    """What TAI follows now; it may change while a stream runs.

    locked: to a PTP grandmaster. grandmaster: its identity (EUI-64), upper-case hexadecimal with
    dashes, as SDPs have it: 39-A7-94-FF-FE-07-CB-D0. domain: of PTP, 0..127; None: not said.
    Unlocked, the two others may name the grandmaster that was lost: nobody is told of it.

    Raises ValueError, one line.
    """

    locked: bool = False
    grandmaster: str = ""
    domain: int | None = None

    def __post_init__(self) -> None:
        if (self.locked or self.grandmaster) and not re.fullmatch(
            r"[0-9A-F]{2}(-[0-9A-F]{2}){7}", self.grandmaster
        ):
            raise ValueError(
                f"grandmaster: {self.grandmaster[:64]!r} is no clock identity; write 8 octets, "
                "39-A7-94-FF-FE-07-CB-D0"
            )
        if self.domain is not None and not 0 <= self.domain <= 127:
            raise ValueError(f"domain: {self.domain} is no PTP domain; give 0..127")

    def state(self) -> ClockState:
        """For the static part of grains (PS3.3 C.7.4.2)."""
        if not self.locked:
            return ClockState()
        return ClockState(True, self.grandmaster.replace("-", ""))

    def reference(self, mac: str) -> RefClock:
        """For `a=ts-refclk` (ST 2110-10 section 8.2). mac: of the sender, with dashes."""
        if not self.locked:
            return RefClock("localmac", mac)
        return RefClock("ptp", self.grandmaster, self.domain)
