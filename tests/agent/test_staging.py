"""Staged and active: every state with every call."""

from __future__ import annotations

import pytest

from appliance.agent.staging import LEAD_NS, Staging, StagingError, tai_of, tai_text

NOW = 1_795_000_037_000_000_000
LATER = NOW + 2 * LEAD_NS


def refused(call: object, status: int) -> str:
    with pytest.raises(StagingError) as error:
        call()  # type: ignore[operator]
    assert error.value.status == status
    return str(error.value)


def test_at_once() -> None:
    staging = Staging()
    etag = staging.put("patient", "somebody").etag
    pending = staging.activate({"patient": etag}, None, NOW)
    assert (pending.at, pending.what) == (NOW, ("patient",))
    assert staging.take() == {"patient": "somebody"}
    assert staging.get("patient") is None
    assert staging.take() == {}


def test_at_an_instant_nothing_else_can_be_prepared_meanwhile() -> None:
    staging = Staging()
    one, other = staging.put("patient", "a").etag, staging.put("desired", "d").etag
    staging.activate({"patient": one, "desired": other}, LATER, NOW)
    for call in (
        lambda: staging.put("patient", "b"),
        lambda: staging.drop("desired"),
        lambda: staging.activate({"patient": one}, None, NOW),
    ):
        assert tai_text(LATER) in refused(call, 423)
    cancelled = staging.cancel()
    assert cancelled is not None
    assert cancelled.at == LATER
    assert staging.get("patient") is not None  # still prepared
    staging.activate({"patient": one}, LATER, NOW)
    assert staging.take() == {"patient": "a"}
    assert staging.get("desired") is not None


def test_what_cannot_be_activated() -> None:
    staging = Staging()
    refused(lambda: staging.activate({}, None, NOW), 400)
    refused(lambda: staging.activate({"patient": "x"}, None, NOW), 409)
    first = staging.put("patient", "a").etag
    second = staging.put("patient", "b").etag
    assert first != second
    refused(lambda: staging.activate({"patient": first}, None, NOW), 412)
    refused(lambda: staging.activate({"patient": second}, NOW + LEAD_NS - 1, NOW), 400)
    refused(lambda: staging.activate({"patient": second}, NOW + 3_600_000_000_001, NOW), 400)
    refused(lambda: staging.activate({"patient": second, "desired": "x"}, None, NOW), 409)
    assert staging.pending is None  # half an activation is none
    assert staging.cancel() is None
    staging.drop("patient")
    refused(lambda: staging.activate({"patient": second}, None, NOW), 409)


@pytest.mark.parametrize("ns", [0, 1, 999_999_999, NOW, NOW + 1])
def test_instants_as_text(ns: int) -> None:
    assert tai_of(tai_text(ns)) == ns


@pytest.mark.parametrize(
    "text", [None, 3, "", "1", "1:", ":1", "1:1000000000", "-1:0", "1:2:3", "1.5:0"]
)
def test_texts_that_are_no_instant(text: object) -> None:
    refused(lambda: tai_of(text), 400)
