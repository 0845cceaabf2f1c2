"""The lights: power, flow, clock, alarm, as a function of the status. Steady, for blinking and
colours with a meaning of their own belong to alarms of IEC 60601-1-8, which these are not. Pure."""

from __future__ import annotations

from appliance.panel.status import ClockState, FlowState, Severity, Status
from drivers.panel.model import Colour

_FLOW = {
    None: Colour.OFF,
    FlowState.STOPPED: Colour.OFF,
    FlowState.WAITING: Colour.AMBER,
    FlowState.RUNNING: Colour.GREEN,
    FlowState.ERROR: Colour.RED,
}
_CLOCK = {
    None: Colour.OFF,
    ClockState.FREE_RUN: Colour.AMBER,
    ClockState.ACQUIRING: Colour.AMBER,
    ClockState.HOLDOVER: Colour.AMBER,
    ClockState.LOCKED: Colour.GREEN,
    ClockState.GRANDMASTER: Colour.GREEN,
    ClockState.LOST: Colour.RED,
}


def lights(status: Status, count: int) -> tuple[Colour, ...]:
    """The lights of a panel that has so many, top to bottom: power, flow, clock, alarm; a panel
    with fewer goes without power, which its glass shows."""
    power = Colour.AMBER if "converter" in status.silent else Colour.GREEN
    every = (power, _FLOW[status.converter.flow], _CLOCK[status.clock.state], alarm(status))
    return every[-count:] if count else ()


def alarm(status: Status) -> Colour:
    """What is known to be wrong. What is not known is not taken for good."""
    severities = {issue.severity for issue in status.issues or ()}
    if Severity.ERROR in severities:
        return Colour.RED
    if Severity.WARNING in severities or status.issues is None or status.silent:
        return Colour.AMBER
    return Colour.OFF
