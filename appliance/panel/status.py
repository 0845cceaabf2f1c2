"""What may be known of a box, as the panel sees it. Pure.

Each service writes what it observes as one JSON object, /run/rtvbox/SECTION.json; in a single file
the sections are the keys of one object. None everywhere means: not known. Keys that are not
described here are not read, so that nothing else (a patient least of all) reaches the glass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

SECTIONS = ("agent", "converter", "clock", "network", "issues")
NETWORKS = ("configuration", "data", "hospital")
MODES = ("idle", "tx", "rx")
"""Offered for choosing when the agent does not say which it offers."""


class Signal(StrEnum):
    """Of an input or output."""

    OK = "ok"
    NONE = "none"
    MISMATCH = "mismatch"  # another format than the configured one
    UNSTABLE = "unstable"


class FlowState(StrEnum):
    """Of the stream on the data network."""

    STOPPED = "stopped"
    WAITING = "waiting"  # starting, or listening and nothing comes yet
    RUNNING = "running"
    ERROR = "error"


class ClockState(StrEnum):
    """Of the box's clock against its grandmaster."""

    FREE_RUN = "free-run"
    ACQUIRING = "acquiring"
    LOCKED = "locked"
    HOLDOVER = "holdover"
    LOST = "lost"
    GRANDMASTER = "grandmaster"  # this box gives the time


class Severity(StrEnum):
    """Of an issue. These are indications and no alarms in the sense of IEC 60601-1-8."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Pattern(StrEnum):
    """The test pattern."""

    OFF = "off"
    WITHOUT_INPUT = "without-input"
    FORCED = "forced"


@dataclass(frozen=True)
class Port:
    """The card's side: an input or output. format: as of `rtvbox formats`."""

    connector: str | None = None
    format: str | None = None
    signal: Signal | None = None


@dataclass(frozen=True)
class Converter:
    """section converter. mode: idle, tx, rx and what comes later."""

    mode: str | None = None
    input: Port | None = None
    output: Port | None = None
    flow: FlowState | None = None
    address: str | None = None  # the flow's, with port
    pattern: Pattern | None = None


@dataclass(frozen=True)
class Clock:
    """section clock. offset_ns: from the grandmaster."""

    state: ClockState | None = None
    grandmaster: str | None = None
    offset_ns: int | None = None


@dataclass(frozen=True)
class Network:
    """One network of section network. address: dotted, prefix: 0..32; method: dhcp, static or
    link-local; carrier: whether a cable is in."""

    method: str | None = None
    address: str | None = None
    prefix: int | None = None
    gateway: str | None = None
    carrier: bool | None = None


@dataclass(frozen=True)
class Agent:
    """section agent: who the box is. provisioned: whether it has a desired state. pairing: the
    code that is good now. identify: somebody far away wants to know which box this is. locked: the
    Configurator forbids changes at the panel. modes: those that may be chosen."""

    label: str | None = None
    serial: str | None = None
    fingerprint: str | None = None
    version: str | None = None
    slot: str | None = None
    provisioned: bool | None = None
    pairing: str | None = None
    identify: bool | None = None
    locked: bool | None = None
    modes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Issue:
    """One of section issues. since: as the service wrote it, for a person."""

    id: str
    severity: Severity
    text: str
    source: str = ""
    since: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Status:
    """All of it. silent: sections that say nothing, with the reason. issues: None: not known."""

    agent: Agent = field(default_factory=Agent)
    converter: Converter = field(default_factory=Converter)
    clock: Clock = field(default_factory=Clock)
    networks: Mapping[str, Network] = field(default_factory=lambda: MappingProxyType({}))
    issues: tuple[Issue, ...] | None = None
    silent: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def status_of(sections: Mapping[str, Any], silent: Mapping[str, str] | None = None) -> Status:
    """The status that these sections tell. A section that makes no sense counts as silent, with
    the key and the reason; the others are shown all the same. silent: reasons known already."""
    quiet = dict(silent or {})
    status = Status()
    for name in SECTIONS:
        if name in quiet:
            continue
        if name not in sections:
            quiet[name] = "says nothing"
            continue
        try:
            status = _READERS[name](status, _At(sections[name], name))
        except ValueError as error:
            quiet[name] = str(error)
    return replace(status, silent=MappingProxyType(quiet))


_Word = TypeVar("_Word", bound=StrEnum)


class _At:
    """A value of a document, and where it is."""

    def __init__(self, value: Any, where: str) -> None:
        self.value, self.where = value, where

    def wrong(self, what: str) -> ValueError:
        return ValueError(f"{self.where}: {what}")

    def key(self, name: str) -> _At:
        if not isinstance(self.value, dict):
            raise self.wrong("is no object")
        return _At(self.value.get(name), f"{self.where}.{name}")

    def items(self) -> list[_At]:
        if not isinstance(self.value, list):
            raise self.wrong("is no list")
        return [_At(one, f"{self.where}[{at}]") for at, one in enumerate(self.value)]

    def text(self) -> str | None:
        if self.value is not None and not isinstance(self.value, str):
            raise self.wrong("is no text")
        if self.value is None:
            return None
        # A line break or a control code would upset the glass.
        clean = "".join(char if char.isprintable() else " " for char in self.value)
        return " ".join(clean.split())

    def whole(self) -> int | None:
        if self.value is not None and type(self.value) is not int:
            raise self.wrong("is no whole number")
        return self.value

    def flag(self) -> bool | None:
        if self.value is not None and not isinstance(self.value, bool):
            raise self.wrong("is neither true nor false")
        return self.value

    def word(self, words: type[_Word]) -> _Word | None:
        if self.value is None:
            return None
        try:
            return words(self.value)
        except ValueError:
            raise self.wrong(f"is none of {', '.join(words)}") from None


def _port(at: _At) -> Port | None:
    if at.value is None:
        return None
    signal = at.key("signal").word(Signal)
    return Port(at.key("connector").text(), at.key("format").text(), signal)


def _converter(status: Status, at: _At) -> Status:
    flow = at.key("flow")
    known = flow.value is not None
    return replace(
        status,
        converter=Converter(
            at.key("mode").text(),
            _port(at.key("input")),
            _port(at.key("output")),
            flow.key("state").word(FlowState) if known else None,
            flow.key("address").text() if known else None,
            at.key("test_pattern").word(Pattern),
        ),
    )


def _clock(status: Status, at: _At) -> Status:
    state = at.key("state").word(ClockState)
    grandmaster, offset = at.key("grandmaster").text(), at.key("offset_ns").whole()
    return replace(status, clock=Clock(state, grandmaster, offset))


def _network(status: Status, at: _At) -> Status:
    found = {}
    for name in NETWORKS:
        own = at.key(name)
        if own.value is None:
            continue
        prefix = own.key("prefix").whole()
        if prefix is not None and not 0 <= prefix <= 32:
            raise own.key("prefix").wrong("is not 0..32")
        found[name] = Network(
            own.key("method").text(),
            own.key("address").text(),
            prefix,
            own.key("gateway").text(),
            own.key("carrier").flag(),
        )
    return replace(status, networks=MappingProxyType(found))


def _agent(status: Status, at: _At) -> Status:
    modes = at.key("modes")
    return replace(
        status,
        agent=Agent(
            label=at.key("label").text(),
            serial=at.key("serial").text(),
            fingerprint=at.key("fingerprint").text(),
            version=at.key("version").text(),
            slot=at.key("slot").text(),
            provisioned=at.key("provisioned").flag(),
            pairing=at.key("pairing").text(),
            identify=at.key("identify").flag(),
            locked=at.key("locked").flag(),
            modes=tuple(one.text() or "" for one in modes.items()) if modes.value else (),
        ),
    )


def _issues(status: Status, at: _At) -> Status:
    found = []
    for one in at.items():
        severity, text = one.key("severity").word(Severity), one.key("text").text()
        if severity is None or not text:
            raise one.wrong("an issue has a severity and a text")
        source, since = one.key("source").text() or "", one.key("since").text() or ""
        name, remedy = one.key("id").text() or text, one.key("remedy").text() or ""
        found.append(Issue(name, severity, text, source, since, remedy))
    order = list(Severity)
    found.sort(key=lambda issue: -order.index(issue.severity))
    return replace(status, issues=tuple(found))


_READERS = {
    "agent": _agent,
    "converter": _converter,
    "clock": _clock,
    "network": _network,
    "issues": _issues,
}
