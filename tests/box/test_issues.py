"""The registry of issues."""

from __future__ import annotations

import re
import string

import pytest

from appliance.box.catalogue import CATALOGUE
from appliance.box.issues import Registry, Severity, issue_of, ordered
from appliance.panel.status import status_of


def values_of(template: str) -> dict[str, str]:
    return {name: "7" for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_issue_has_a_severity_words_and_a_remedy(name: str) -> None:
    _, text, remedy = CATALOGUE[name]
    registry = Registry("clock")
    values = {**values_of(text), **values_of(remedy)}
    subject = values.pop("subject", "")
    registry.raise_(name, "2026-11-23T10:00:00+00:00", subject=subject, **values)
    (made,) = registry.active()
    assert made.severity in Severity
    assert made.text
    assert made.remedy
    assert len(made.text) < 100
    assert re.fullmatch(r"[a-z0-9-]+", name)
    assert issue_of(made.as_json()) == made
    # The panel shows what the services publish.
    (shown,) = status_of({"issues": [made.as_json()]}).issues or ()
    assert (shown.id, shown.text, shown.remedy) == (made.id, made.text, made.remedy)


def test_raised_again_it_keeps_its_time_and_cleared_it_is_gone() -> None:
    registry = Registry("network")
    assert registry.raise_("link-down", "1", subject="data")
    assert not registry.raise_("link-down", "2", subject="data")
    assert registry.raise_("link-down", "3", subject="data_2")
    assert [one.since for one in registry.active()] == ["1", "3"]
    cleared = registry.clear("link-down", subject="data")
    assert cleared is not None
    assert cleared.subject == "data"
    assert registry.clear("link-down", subject="data") is None
    assert [one.subject for one in registry.active()] == ["data_2"]


def test_set_says_whether_anything_changed() -> None:
    registry = Registry("network")
    assert registry.set("link-down", True, "1", subject="data")
    assert not registry.set("link-down", True, "2", subject="data")
    assert registry.set("link-down", False, "3", subject="data")
    assert not registry.set("link-down", False, "4", subject="data")


def test_the_worst_comes_first_then_the_oldest() -> None:
    registry = Registry("x")
    registry.raise_("no-patient", "1")
    registry.raise_("clock-free-run", "2")
    registry.raise_("link-down", "4", subject="b")
    registry.raise_("link-down", "3", subject="a")
    assert [one.since for one in ordered(registry.active())] == ["3", "4", "2", "1"]


def test_what_is_in_no_catalogue_is_a_mistake_of_the_programmer() -> None:
    with pytest.raises(KeyError):
        Registry("x").raise_("something", "1")


@pytest.mark.parametrize("tree", [None, [], {"id": "x"}, {"id": 1}])
def test_what_is_no_issue_is_refused(tree: object) -> None:
    with pytest.raises(ValueError, match="an issue has texts"):
        issue_of(tree)
