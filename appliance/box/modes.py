"""The table of modes and the resolver: what shall run, as a function of what is wanted, what is
there and what has failed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from appliance.box.desired import Desired
from appliance.box.problems import Problem

CONVERTER = "rtvbox-converter@{mode}.service"


@dataclass(frozen=True)
class Mode:
    """A row. input, output: whether it needs the card. sends, receives: how many flows of the
    document it takes, 0 for none. converter: the pipeline that runs in it. units: what runs beside
    the converter and only in this mode. clock: whether the picture's times need one."""

    name: str
    converter: str
    input: bool = False
    output: bool = False
    sends: int = 0
    receives: int = 0
    clock: bool = False
    units: tuple[str, ...] = ()


MODES: dict[str, Mode] = {
    mode.name: mode
    for mode in (
        Mode("idle", converter="idle"),
        Mode("tx", converter="tx", input=True, sends=1, clock=True),
        Mode("rx", converter="rx", output=True, receives=1, clock=True),
        Mode("grandmaster", converter="idle", clock=True),
    )
}


@dataclass(frozen=True)
class Health:
    """What the resolver must know of how it went. failed: mode → why its converter cannot go on
    with this generation. missing: what is not plugged in, card → why, one line with the remedy."""

    failed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    missing: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Decision:
    """mode: what runs. wanted: what was asked for. units: that shall run; all other converters
    shall not. reasons: why it is not what was wanted."""

    mode: str
    wanted: str
    units: tuple[str, ...]
    reasons: tuple[Problem, ...] = ()


def resolve(desired: Desired | None, health: Health | None = None) -> Decision:
    """The mode that runs. A box that was told nothing is idle; so is one that cannot do what it
    was told: never another guess, never a loop."""
    state = health or Health()
    if desired is None:
        told = Problem("", "this box was never told what to be", "provision it")
        return Decision("idle", "idle", units_of(MODES["idle"]), (told,))
    row = MODES[desired.mode]
    reasons = []
    cards = ((row.input, "input", desired.input), (row.output, "output", desired.output))
    for needed, path, port in cards:
        if needed and port is not None and port.card in state.missing:
            why, _, remedy = state.missing[port.card].partition("; ")
            reasons.append(Problem(f"{path}.card", why, remedy or "plug it in"))
    if row.name in state.failed:
        why = state.failed[row.name]
        reasons.append(Problem("mode", why, "correct the document, or rtvbox config rollback"))
    mode = MODES["idle"] if reasons else row
    return Decision(mode.name, row.name, units_of(mode), tuple(reasons))


def units_of(mode: Mode) -> tuple[str, ...]:
    """What runs in it."""
    return (CONVERTER.format(mode=mode.converter), *mode.units)


@dataclass(frozen=True)
class Change:
    """The difference between what runs and what shall: start first, stop when that delivers."""

    start: tuple[str, ...]
    stop: tuple[str, ...]


def difference(decision: Decision, running: frozenset[str]) -> Change:
    """running: units of any mode that run now."""
    ours = frozenset(unit for mode in MODES.values() for unit in units_of(mode))
    wanted = frozenset(decision.units)
    return Change(
        start=tuple(unit for unit in decision.units if unit not in running),
        stop=tuple(sorted((running & ours) - wanted)),
    )
