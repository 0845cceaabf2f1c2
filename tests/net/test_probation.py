"""What is thought of a change of the configuration network, over restarts and power cuts. Pure."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from appliance.box.rules import accept
from appliance.net.probation import Trust, View, confirm, follow, overdue, trust_of, view_of
from tests.box.documents import text
from tests.net.conftest import CONFIGURATION, DATA, document


def view(**networks: object) -> View:
    return view_of(accept(text(document(**networks))).networks)


OLD = view(configuration=CONFIGURATION)
NEW = view(configuration={**CONFIGURATION, "address": "10.77.0.71/24"})
NEWER = view(configuration={**CONFIGURATION, "address": "10.77.0.72/24"})


def on(
    trust: Trust | None, generation: int | None, seen: View, now: float, boot: str = "a"
) -> Trust:
    trust = follow(trust, generation, seen, boot=boot, now=now, seconds=60)
    assert trust_of(json.loads(json.dumps(trust.as_json()))) == trust
    return trust


def test_only_what_touches_the_configuration_network_waits() -> None:
    first = on(None, 1, OLD, 0)
    assert first == Trust(1, OLD)
    beside = view(configuration=CONFIGURATION, data=DATA)
    assert on(first, 2, beside, 5) == Trust(2, beside)
    vlan = {"interface": "eth0", "vlan": 20, "address": "10.77.9.1/24"}
    on_the_same = on(first, 2, view(configuration=CONFIGURATION, data=vlan), 5)
    assert on_the_same.trial is not None  # its MTU or VLAN may break the other
    changed = on(first, 2, NEW, 5)
    assert changed.trial is not None and changed.trial.until == 65
    assert (changed.generation, changed.view) == (1, OLD)
    assert on(first, 2, view(data=DATA), 5).trial is not None
    assert on(Trust(1, view(data=DATA)), 2, NEW, 5).trial is None  # nobody came that way


def test_the_time_runs_on_over_other_changes_and_restarts_and_begins_anew_with_power() -> None:
    trust = on(on(None, 1, OLD, 0), 2, NEW, 5)
    trust = on(trust, 3, NEW, 30)  # something else has changed meanwhile
    assert trust.trial is not None and (trust.trial.generation, trust.trial.until) == (3, 65)
    assert on(trust, 3, NEW, 50) == trust
    assert not overdue(trust, 64.9) and overdue(trust, 65)
    again = on(trust, 3, NEW, 4, boot="b")
    assert again.trial is not None and (again.trial.boot, again.trial.until) == ("b", 64)
    other = on(trust, 4, NEWER, 40)
    assert other.trial is not None and other.trial.until == 100
    assert on(other, 5, OLD, 50) == Trust(5, OLD)  # they went back themselves


def test_confirmed_stands() -> None:
    trust = on(on(None, 1, OLD, 0), 2, NEW, 5)
    with pytest.raises(ValueError, match="generation 2 waits for it and not 7"):
        confirm(trust, 7)
    assert confirm(trust) == confirm(trust, 2) == Trust(2, NEW)
    with pytest.raises(ValueError, match="no change"):
        confirm(confirm(trust))


def test_taken_back_is_said_until_the_next_change() -> None:
    trust = replace(on(on(None, 1, OLD, 0), 2, NEW, 5), undoing=True)
    # The power was cut before the old state was written again: still overdue.
    cut = on(trust, 2, NEW, 70)
    assert overdue(cut, 70) and cut.generation == 1
    back = on(trust, 3, OLD, 70)
    assert back == Trust(3, OLD, taken_back=3)
    assert on(back, 3, OLD, 80).taken_back == 3
    assert on(back, 4, OLD, 90).taken_back is None
