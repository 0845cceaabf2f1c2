"""A change of the network that a box is configured through: on probation until somebody confirms
it from outside, else taken back. Pure; the state is kept on disk by whoever calls.

Deadlines are of the clock since the machine was started; `boot` names that start. A box that was
restarted meanwhile waits the whole time again: long enough for a Configurator that is about to
confirm, and it ends by itself for one that nobody reaches any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from appliance.box.desired_network import Networks

View = Mapping[str, Any]
"""What of a document decides whether the box can be reached on its configuration network."""


def view_of(networks: Networks) -> View:
    """Plain values, to be compared and kept."""
    own = networks.configuration
    if own is None:
        return {"configuration": None, "beside": []}
    beside = [
        {"network": name, "vlan": other.vlan, "mtu": other.mtu}
        for name, other in networks.named().items()
        if name != "configuration" and other.interface == own.interface
    ]
    return {"configuration": own.model_dump(mode="json"), "beside": beside}


@dataclass(frozen=True)
class Trial:
    """A change that waits. until: seconds since the start `boot`."""

    generation: int
    view: View
    boot: str
    until: float


@dataclass(frozen=True)
class Trust:
    """generation, view: what was last confirmed (None: the box was never told). taken_back: the
    generation that undid a change, while nothing came after it. undoing: that generation is being
    written; after a power cut in between the trial is found overdue again."""

    generation: int | None
    view: View
    trial: Trial | None = None
    taken_back: int | None = None
    undoing: bool = False

    def as_json(self) -> dict[str, Any]:
        """To be kept."""
        trial = self.trial
        return {
            "generation": self.generation,
            "view": dict(self.view),
            "trial": None
            if trial is None
            else {
                "generation": trial.generation,
                "view": dict(trial.view),
                "boot": trial.boot,
                "until": trial.until,
            },
            "taken_back": self.taken_back,
            "undoing": self.undoing,
        }


def trust_of(tree: Any) -> Trust:
    """As it was kept. Raises ValueError, KeyError or TypeError."""
    trial = tree["trial"]
    return Trust(
        tree["generation"],
        dict(tree["view"]),
        None
        if trial is None
        else Trial(
            int(trial["generation"]), dict(trial["view"]), str(trial["boot"]), float(trial["until"])
        ),
        tree["taken_back"],
        bool(tree["undoing"]),
    )


def follow(
    trust: Trust | None,
    generation: int | None,
    view: View,
    *,
    boot: str,
    now: float,
    seconds: float,
) -> Trust:
    """What to think of the state that is wanted now. trust None: nothing is known of before; what
    is there then was not given over a network that this service looks after, and stands."""
    if trust is None:
        return Trust(generation, view)
    if trust.undoing and trust.trial is not None and generation != trust.trial.generation:
        return Trust(generation, view, taken_back=generation)
    taken_back = trust.taken_back if generation == trust.taken_back else None
    trust = replace(trust, taken_back=taken_back, undoing=False)
    reached = trust.view.get("configuration") is not None
    if dict(view) == dict(trust.view) or generation is None or not reached:
        return replace(trust, generation=generation, view=view, trial=None)
    trial = trust.trial
    if trial is None or dict(trial.view) != dict(view):
        return replace(trust, trial=Trial(generation, view, boot, now + seconds))
    if trial.boot != boot:
        trial = replace(trial, boot=boot, until=now + seconds)
    return replace(trust, trial=replace(trial, generation=generation))


def confirm(trust: Trust, generation: int | None = None) -> Trust:
    """Somebody reached the box. generation: which one they mean; None: that on trial. Raises
    ValueError, one line, when there is nothing to confirm."""
    trial = trust.trial
    if trial is None:
        raise ValueError("confirm: no change of the network waits for it")
    if generation not in (None, trial.generation):
        raise ValueError(
            f"confirm: generation {trial.generation} waits for it and not {generation}; "
            "read the state again"
        )
    return Trust(trial.generation, trial.view)


def overdue(trust: Trust, now: float) -> bool:
    """Whether the change must be taken back."""
    return trust.trial is not None and now >= trust.trial.until
