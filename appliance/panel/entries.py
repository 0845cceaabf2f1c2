"""The rows of each list, as a function of the status. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.panel.draft import Draft, draft_of
from appliance.panel.requests import (
    FactoryReset,
    Request,
    Restart,
    SetMode,
    SetNetwork,
    SetPattern,
)
from appliance.panel.screen import Screen
from appliance.panel.status import MODES, NETWORKS, Issue, Pattern, Severity, Status

NETWORK_NAMES = {"configuration": "Configuration", "data": "Data", "hospital": "Hospital"}
PATTERN_NAMES = {
    Pattern.OFF: "Off",
    Pattern.WITHOUT_INPUT: "Without input",
    Pattern.FORCED: "Always",
}
SEVERITY_MARKS = {Severity.INFO: "○", Severity.WARNING: "●", Severity.ERROR: "⚠"}


@dataclass(frozen=True)
class Entry:
    """A row. opens: the screen behind it. words: what that is about. request: what it asks for,
    once confirmed. draft: what the editors behind it begin with. changes: whether it leads to a
    change of the box."""

    text: str
    opens: Screen | None = None
    words: str = ""
    request: Request | None = None
    draft: Draft | None = None
    changes: bool = False


_TOP = (
    Entry("Status", Screen.STATE),
    Entry("Issues", Screen.ISSUES),
    Entry("Addresses", Screen.ADDRESSES),
    Entry("Identity", Screen.IDENTITY),
    Entry("Mode", Screen.MODES, changes=True),
    Entry("Test pattern", Screen.PATTERNS, changes=True),
    Entry("Network", Screen.NETWORKS, changes=True),
    Entry("System", Screen.SYSTEM),
)
_SYSTEM = (
    Entry("Versions", Screen.ABOUT),
    Entry("Restart", request=Restart(), changes=True),
    Entry("Factory reset", request=FactoryReset(), changes=True),
)


def entries(screen: Screen, draft: Draft, status: Status) -> tuple[Entry, ...]:
    """The rows of a list screen."""
    if screen is Screen.MENU:
        return _TOP
    if screen is Screen.SYSTEM:
        return _SYSTEM
    if screen is Screen.ISSUES:
        return tuple(
            Entry(f"{SEVERITY_MARKS[issue.severity]} {issue.text}", Screen.ISSUE, issue.id)
            for issue in issues(status)
        )
    if screen is Screen.MODES:
        return tuple(
            Entry(_chosen(mode.upper(), mode == status.converter.mode), request=SetMode(mode))
            for mode in status.agent.modes or MODES
        )
    if screen is Screen.PATTERNS:
        return tuple(
            Entry(_chosen(name, pattern is status.converter.pattern), request=SetPattern(pattern))
            for pattern, name in PATTERN_NAMES.items()
        )
    if screen is Screen.NETWORKS:
        return tuple(
            Entry(
                NETWORK_NAMES[name],
                Screen.METHOD,
                draft=draft_of(name, status.networks.get(name)),
            )
            for name in NETWORKS
        )
    if screen is Screen.METHOD:
        network = status.networks.get(draft.network)
        now = None if network is None else network.method
        begin = draft_of(draft.network, network)
        return (
            Entry(_chosen("DHCP", now == "dhcp"), request=SetNetwork(draft.network)),
            Entry(_chosen("Static address", now == "static"), Screen.ADDRESS, draft=begin),
        )
    return ()


def issues(status: Status) -> tuple[Issue, ...]:
    """What the services say is wrong, and which of them say nothing. That one is silent is known
    here only."""
    quiet = tuple(
        Issue(f"{name}.silent", Severity.WARNING, f"No status of {name}: {why}", "panel")
        for name, why in status.silent.items()
    )
    return (*(status.issues or ()), *quiet)


def _chosen(text: str, now: bool) -> str:
    return f"{text} ✓" if now else text
