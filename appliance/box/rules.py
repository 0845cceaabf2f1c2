"""Whether a document of the right form makes sense: contradictions within it. Pure."""

from __future__ import annotations

from appliance.box.desired import Desired, parse
from appliance.box.problems import Problem, RefusedError
from appliance.box.rules_cards import card_problems
from appliance.box.rules_media import media_problems
from appliance.box.rules_network import network_problems
from appliance.box.rules_site import site_problems


def accept(text: str | bytes) -> Desired:
    """A document that is right in form and makes sense. Raises RefusedError with every problem."""
    desired = parse(text)
    problems = check(desired)
    if problems:
        raise RefusedError(problems)
    return desired


def check(desired: Desired) -> tuple[Problem, ...]:
    """Every contradiction, in the order of key paths; none: the document can be taken."""
    found = (
        *_mode(desired),
        *network_problems(desired.networks, desired.clock),
        *media_problems(desired),
        *card_problems(desired),
        *site_problems(desired.site),
    )
    return tuple(sorted(set(found)))


def _mode(desired: Desired) -> list[Problem]:
    """A mode and what it cannot do without."""
    found = []
    mode, flows = desired.mode, desired.flows

    def missing(path: str, what: str, remedy: str) -> None:
        found.append(Problem(path, f"{what}, which mode {mode} needs", remedy))

    if mode == "tx":
        if desired.input is None:
            missing("input", "is missing", "name card and format, or choose mode idle")
        if len(flows.send) != 1:
            missing("flows.send", f"has {len(flows.send)} flows, not one", "write one flow to send")
    if mode == "rx":
        if desired.output is None:
            missing("output", "is missing", "name its card, or choose mode idle")
        if len(flows.receive) != 1:
            count = len(flows.receive)
            missing("flows.receive", f"has {count} flows, not one", "write one flow to receive")
    if mode == "grandmaster" and desired.clock.role != "grandmaster":
        missing("clock.role", f"is {desired.clock.role}, not grandmaster", "write grandmaster")
    return found
