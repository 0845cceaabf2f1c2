"""The mode table and the resolver, every cell."""

from __future__ import annotations

import itertools

import pytest

from appliance.box.desired import of_tree
from appliance.box.modes import MODES, Change, Health, difference, resolve
from tests.box.documents import IDLE, RX, TX

GM = {"schema": 1, "mode": "grandmaster", "clock": {"role": "grandmaster"}}
DOCUMENTS = {"tx": TX, "rx": RX, "idle": IDLE, "grandmaster": GM}
NO_CARD = "synthetic is not there; plug it in again"


def test_a_box_that_was_told_nothing_is_idle_and_says_why() -> None:
    decision = resolve(None)
    assert decision.mode == "idle"
    assert decision.units == ("rtvbox-converter@idle.service",)
    assert "never told" in decision.reasons[0].what


@pytest.mark.parametrize(
    ("name", "missing", "failed"), list(itertools.product(MODES, (False, True), (False, True)))
)
def test_every_mode_with_every_health(name: str, missing: bool, failed: bool) -> None:
    health = Health(
        failed={name: "it ended 5 times"} if failed else {},
        missing=dict.fromkeys(("synthetic", "check"), NO_CARD) if missing else {},
    )
    decision = resolve(of_tree(DOCUMENTS[name]), health)
    row = MODES[name]
    broken = failed or (missing and (row.input or row.output))
    assert decision.wanted == name
    assert decision.mode == ("idle" if broken else name)
    converter = "idle" if broken else row.converter
    assert decision.units == (f"rtvbox-converter@{converter}.service",)
    paths = [reason.path for reason in decision.reasons]
    port = "input.card" if row.input else "output.card"
    expected = ([port] if missing and (row.input or row.output) else []) + (
        ["mode"] if failed else []
    )
    assert paths == expected
    assert all(reason.remedy for reason in decision.reasons)


def test_another_modes_failure_does_not_matter() -> None:
    assert resolve(of_tree(TX), Health(failed={"rx": "x"})).mode == "tx"


@pytest.mark.parametrize(("name", "before"), list(itertools.product(MODES, [*MODES, None])))
def test_only_the_difference_is_changed(name: str, before: str | None) -> None:
    decision = resolve(of_tree(DOCUMENTS[name]))
    foreign = frozenset({"rtvbox-agent.service", "ssh.service"})
    own = frozenset() if before is None else frozenset(resolve(of_tree(DOCUMENTS[before])).units)
    change = difference(decision, own | foreign)
    assert set(change.start) == set(decision.units) - own
    assert set(change.stop) == own - set(decision.units)


def test_what_runs_already_is_left_alone() -> None:
    decision = resolve(of_tree(TX))
    assert difference(decision, frozenset(decision.units)) == Change((), ())
