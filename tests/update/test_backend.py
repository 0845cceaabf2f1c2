"""RAUC's questions to the boot loader: every state of both slots, and every question."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.update.backend import answer
from appliance.update.partitions import slots
from tests.update.boxes import Table, esp_with

OLD, NEW = "1.0.0", "1.1.0"
GOOD, TRIAL, BAD = "", "+2-1", "+0-3"

# State of the old version in slot a (it runs), of the new one in b: the slot that starts next.
NEXT = {
    (GOOD, None): "a",
    (GOOD, GOOD): "b",
    (GOOD, TRIAL): "b",
    (GOOD, BAD): "a",
    (TRIAL, None): "a",
    (TRIAL, GOOD): "b",
    (TRIAL, TRIAL): "b",
    (TRIAL, BAD): "a",
    (BAD, None): "a",
    (BAD, GOOD): "b",
    (BAD, TRIAL): "b",
    (BAD, BAD): "b",
}


def asked(folder: Path, own: str, other: str | None, *question: str) -> tuple[str, list[str]]:
    names = [f"rtvbox_{OLD}{own}.efi"]
    held = {"a": OLD}
    if other is not None:
        names.append(f"rtvbox_{NEW}{other}.efi")
        held["b"] = NEW
    esp, table = esp_with(folder, *names), Table("a", held)
    return answer(slots(table, esp), esp, list(question)), sorted(esp.entries())


@pytest.mark.parametrize(("states", "slot"), NEXT.items(), ids=str)
def test_what_starts_next(tmp_path: Path, states: tuple[str, str | None], slot: str) -> None:
    assert asked(tmp_path, *states, "get-primary")[0] == slot


@pytest.mark.parametrize("states", NEXT, ids=str)
def test_what_runs_and_what_is_good(tmp_path: Path, states: tuple[str, str | None]) -> None:
    assert asked(tmp_path, *states, "get-current")[0] == "a"
    for slot, state in zip("ab", states, strict=True):
        expected = "bad" if state in (None, BAD) else "good"
        assert asked(tmp_path, *states, "get-state", slot)[0] == expected


@pytest.mark.parametrize("states", NEXT, ids=str)
@pytest.mark.parametrize("slot", ["a", "b"])
def test_a_slot_made_the_next_one_is(
    tmp_path: Path, states: tuple[str, str | None], slot: str
) -> None:
    if slot == "b" and states[1] is None:
        with pytest.raises(ValueError, match="slot b: is empty"):
            asked(tmp_path, *states, "set-primary", slot)
        return
    asked(tmp_path, *states, "set-primary", slot)
    names = [path.name for path in (tmp_path / "Linux").iterdir()]
    esp = esp_with(tmp_path)
    table = Table("a", {"a": OLD, "b": NEW} if len(names) == 2 else {"a": OLD})
    assert answer(slots(table, esp), esp, ["get-primary"]) == slot


@pytest.mark.parametrize("states", NEXT, ids=str)
@pytest.mark.parametrize("slot", ["a", "b"])
@pytest.mark.parametrize("state", ["good", "bad"])
def test_a_state_that_is_set_is_said(
    tmp_path: Path, states: tuple[str, str | None], slot: str, state: str
) -> None:
    _, names = asked(tmp_path, *states, "set-state", slot, state)
    at = 0 if slot == "a" else 1
    if len(names) > at:
        name = next(one for one in names if (OLD if slot == "a" else NEW) in one)
        assert ("+0" in name) == (state == "bad")


@pytest.mark.parametrize(
    "question",
    [(), ("get-state",), ("get-state", "c"), ("set-state", "a", "fine"), ("x",), ("set-primary",)],
)
def test_what_is_no_question(tmp_path: Path, question: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"^usage: "):
        asked(tmp_path, GOOD, GOOD, *question)
