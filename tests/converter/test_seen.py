"""Plans and what is seen wrong: pure, every case."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from appliance.box.catalogue import CATALOGUE
from appliance.box.desired import of_tree
from appliance.box.issues import Registry
from appliance.converter.patient import Chart
from appliance.converter.plan import IdlePlan, RxPlan, TxPlan, device_of, plan_of
from appliance.converter.seen import (
    Fault,
    Sample,
    kept,
    output_faults,
    output_there,
    pictures_a_second,
    rx_faults,
    rx_state,
    signal_word,
    tx_faults,
)
from drivers.video import Signal, format_named
from tests.box.documents import IDLE, RX, TX, changed

S = 1_000_000_000


def samples(*counters: dict[str, int], step: int = S // 2) -> tuple[Sample, ...]:
    found: tuple[Sample, ...] = ()
    for at, one in enumerate(counters):
        found = kept(found, Sample(at * step, one))
    return found


def names(faults: Any) -> set[str]:
    found = list(faults)
    assert all(isinstance(one, Fault) for one in found)
    for one in found:  # the words fit the catalogue
        _, text, remedy = CATALOGUE[one.name]
        (text + remedy).format(subject=one.subject, **one.values)
    return {one.name for one in found}


@pytest.mark.parametrize(
    ("signal", "word", "issue"),
    [
        (Signal.LOCKED, "ok", None),
        (Signal.ABSENT, "none", "input-no-signal"),
        (Signal.UNLOCKED, "unstable", "input-no-signal"),
        (Signal.MISMATCH, "mismatch", "input-mismatch"),
        (Signal.UNSUPPORTED, "mismatch", "input-mismatch"),
        (Signal.GONE, "none", "input-missing"),
    ],
)
@pytest.mark.parametrize("patient", [True, False])
def test_every_signal_of_an_input(
    signal: Signal, word: str, issue: str | None, patient: bool
) -> None:
    seen = samples({"signal": int(signal), "frames": 3})
    assert signal_word(seen[-1].counters) == word
    expected = ({issue} if issue else set()) | (set() if patient else {"no-patient"})
    assert names(tx_faults("decklink:1", "1080p50", "720p60", patient, seen)) == expected


def rx(**values: int) -> dict[str, int]:
    zero = ("presented", "lost", "metadata_lost", "packets", "lost_a", "lost_b", "no_patient")
    return dict.fromkeys(zero, 0) | values


def test_a_flow_that_does_not_come() -> None:
    assert names(rx_faults("a", 1, samples(rx(), rx(), rx()))) == {"flow-none"}
    assert rx_state(samples(rx())) == "waiting"


def test_a_flow_that_has_ended_is_said_after_a_second() -> None:
    seen = samples(rx(presented=0), rx(presented=25), rx(presented=25))
    assert names(rx_faults("a", 1, seen)) == set()
    seen = kept(seen, Sample(3 * S // 2, rx(presented=25)))
    assert names(rx_faults("a", 1, seen)) == {"flow-none"}


def test_lost_packets_are_an_issue_for_ten_seconds() -> None:
    seen: tuple[Sample, ...] = ()
    for at in range(26):
        lost = 7 if at >= 2 else 0
        seen = kept(seen, Sample(at * S // 2, rx(presented=25 * at, lost=lost)))
        expected = {"flow-none"} if at == 0 else {"flow-loss"} if 2 <= at <= 21 else set()
        assert names(rx_faults("a", 1, seen)) == expected


@pytest.mark.parametrize(("key", "path"), [("lost_a", 1), ("lost_b", 2)])
def test_a_path_that_carries_nothing(key: str, path: int) -> None:
    seen = samples(
        rx(presented=0),
        *(rx(presented=25 * n, packets=1000 * n, **{key: 1000 * n}) for n in (1, 2)),
    )
    (fault,) = rx_faults("a", 2, seen)
    assert (fault.name, fault.values) == ("flow-path-lost", {"path": path})
    assert names(rx_faults("a", 1, seen)) == set()


def test_frames_without_a_patient() -> None:
    seen = samples(rx(), rx(presented=25, no_patient=25))
    assert names(rx_faults("a", 1, seen)) == {"no-patient"}


@pytest.mark.parametrize("mode", ["tx", "rx", "idle"])
@pytest.mark.parametrize("document", [TX, RX, IDLE, None], ids=["tx", "rx", "idle", "none"])
def test_a_plan_for_every_mode_and_document(mode: str, document: Any) -> None:
    desired = None if document is None else of_tree(document)
    plan = plan_of(mode, desired, {})
    if mode == "tx" and document is TX:
        assert isinstance(plan, TxPlan)
        assert plan.devices == ("eth1", "eth2")
        assert (plan.card, plan.ground) == ("synthetic", "last")
    elif mode == "rx" and document is RX:
        assert isinstance(plan, RxPlan)
        assert plan.devices == ("eth1",)
    else:
        assert isinstance(plan, IdlePlan)
        assert bool(plan.why) == (mode != "idle" and desired is not None)


def test_where_a_network_is() -> None:
    network = of_tree(changed(TX, "networks.data.vlan", 20)).networks.named()["data"]
    assert device_of("data", network, {}) == "eth1.20"
    assert device_of("data", network, {"data": {"interface": "enp2s0.20"}}) == "enp2s0.20"
    assert device_of("data", network, {"data": None}) == "eth1.20"
    assert device_of("data", network, {"data": {"interface": 3}}) == "eth1.20"


@pytest.mark.parametrize(
    ("pattern", "loss", "card", "ground"),
    [
        ("off", "last-dimmed", "v4l2:x", "last"),
        ("off", "black", "v4l2:x", "black"),
        ("off", "pattern", "v4l2:x", "pattern"),
        ("without-input", "black", "v4l2:x", "pattern"),
        ("forced", "black", "synthetic", "black"),
    ],
)
def test_the_test_pattern(pattern: str, loss: str, card: str, ground: str) -> None:
    document = changed(changed(TX, "input.card", "v4l2:x"), "input.test_pattern", pattern)
    plan = plan_of("tx", of_tree(changed(document, "input.on_loss", loss)), {})
    assert isinstance(plan, TxPlan)
    assert (plan.card, plan.ground) == (card, ground)


def test_a_patient_waits_for_his_instant() -> None:
    chart = Chart()
    assert not chart.waiting
    chart.plan(None, 10 * S)
    assert chart.waiting
    assert not chart.due(9 * S, S // 5)
    assert chart.due(10 * S - S // 5, S // 5)
    chart.cancel()
    assert not chart.due(20 * S, S // 5)


@pytest.mark.parametrize(
    ("stats", "expected"),
    [
        ({}, set()),  # a file
        ({"running": 1, "open": 1}, set()),
        ({"running": 1, "open": 0}, {"output-missing"}),  # a card that was pulled
        ({"running": 0}, {"output-missing"}),
        ({"connected": 0, "matched": 0}, {"output-missing"}),
        ({"connected": 1, "matched": 1, "nominal_mhz": 50_000}, set()),
        ({"connected": 1, "matched": 0, "nominal_mhz": 59_940}, {"output-refresh"}),
    ],
)
def test_what_is_wrong_with_an_output(stats: dict[str, int], expected: set[str]) -> None:
    found = list(output_faults("drm:HDMI-A-1", Fraction(50), stats))
    assert names(found) == expected
    assert output_there(stats) is ("output-missing" not in expected)
    for one in found:
        if one.name == "output-refresh":
            assert (one.values["found"], one.values["wanted"]) == ("59.94", "50")


def refresh_issue(rate: Fraction, matching: list[str]) -> dict[str, str]:
    stats = {"connected": 1, "matched": 0, "nominal_mhz": 60_000}
    (fault,) = output_faults("drm:HDMI-A-1", rate, stats, matching)
    registry = Registry("converter")
    registry.raise_(fault.name, "now", subject=fault.subject, **fault.values)
    (issue,) = registry.active()
    return issue.as_json()


def test_a_monitor_of_another_rate_says_which_of_its_modes_would_do() -> None:
    issue = refresh_issue(Fraction(50), ["1920x1080 at 50 Hz", "1280x720 at 100 Hz"])
    assert issue["text"].endswith("refreshes 60 times a second, the flow has 50 pictures")
    assert issue["remedy"] == (
        "Pictures are repeated or left out; this monitor has 1920x1080 at 50 Hz, 1280x720 at "
        "100 Hz: send a picture of such a size"
    )
    many = refresh_issue(Fraction(50), [f"{n}x{n} at 50 Hz" for n in range(6)])["remedy"]
    assert "3x3 at 50 Hz, ...: send" in many and "4x4" not in many


def test_a_monitor_without_such_a_mode_says_that() -> None:
    remedy = refresh_issue(Fraction(60000, 1001), [])["remedy"]
    assert "this monitor has no mode of 59.94 Hz or a multiple: use one that has" in remedy


@pytest.mark.parametrize(
    ("name", "rate"), [("1080i50", 50), ("1080p50", 50), ("1080p25", 25), ("1080p23.98", 23.976)]
)
def test_an_interlaced_frame_is_two_pictures(name: str, rate: float) -> None:
    assert float(pictures_a_second(format_named(name))) == pytest.approx(rate, abs=0.001)
