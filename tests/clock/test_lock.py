"""Lock table, profiles and management octets: pure, every cell and every octet."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.box.desired_network import Clock
from appliance.box.issues import Registry
from appliance.clock import tlv
from appliance.clock.lock import TABLE, Limits, Lock, Look, Seen, State, limits
from appliance.clock.profile import Port, plan
from appliance.clock.tlv import Id, PortState
from appliance.clock.watch import Observation, Watcher, kernel_offset, own_settings, utc_wrong
from appliance.panel.status import ClockState

S = 1_000_000_000
LIMITS = Limits(near_ns=1000, far_ns=1_000_000, samples=4, holdover_ns=10 * S)
FOLLOWED, ALONE = (PortState.SLAVE,), (PortState.LISTENING,)


def test_the_table_is_whole_and_the_panel_knows_its_words() -> None:
    assert set(TABLE) == set(State)
    for row in TABLE.values():
        assert set(row) == set(Seen)
    assert {state.value for state in State} == {state.value for state in ClockState}


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("seen", Seen)
def test_every_cell(before: State, seen: Seen) -> None:
    """By the rules that a person would give, not by the table."""
    after = TABLE[before][seen]
    had = before in (State.LOCKED, State.HOLDOVER)
    if seen is Seen.GIVES:
        assert after is State.GRANDMASTER
    elif seen is Seen.SETTLED:
        assert after is State.LOCKED
    elif seen is Seen.JUMPED:
        assert after is State.ACQUIRING  # what was is worth nothing after a jump
    elif seen is Seen.FOLLOWS:
        assert after is (before if had else State.ACQUIRING)
    elif seen is Seen.NOBODY:
        kept = State.LOST if before is State.LOST else State.FREE_RUN
        assert after is (State.HOLDOVER if had else kept)
    else:
        lost = had or before is State.LOST
        assert after is (State.LOST if lost else State.FREE_RUN)


def run(lock: Lock, looks: list[tuple[int, tuple[PortState, ...], int | None]]) -> Lock:
    for at, states, offset in looks:
        lock = lock.after(Look(at, states, offset), LIMITS)
    return lock


def locked() -> Lock:
    lock = run(Lock(), [(n * S // 8, FOLLOWED, 500) for n in range(8)])
    assert lock.state is State.LOCKED
    return lock


def test_it_locks_after_enough_close_looks_and_not_before() -> None:
    lock = Lock()
    seen = []
    for n in range(6):
        lock = lock.after(Look(n, FOLLOWED, 900), LIMITS)
        seen.append(lock.state)
    assert seen == [State.ACQUIRING] * 3 + [State.LOCKED] * 3


def test_one_far_look_does_not_unlock_and_a_jump_does() -> None:
    lock = locked().after(Look(2 * S, FOLLOWED, 5000), LIMITS)
    assert lock.state is State.LOCKED
    lock = lock.after(Look(2 * S, FOLLOWED, -1_000_001), LIMITS)
    assert lock.state is State.ACQUIRING


def test_holdover_ends_after_its_time_and_not_before() -> None:
    lock = run(locked(), [(2 * S, ALONE, None)])
    assert lock.state is State.HOLDOVER
    lock = run(lock, [(10 * S, ALONE, None)])
    assert lock.state is State.HOLDOVER
    lock = run(lock, [(12 * S, ALONE, None)])
    assert lock.state is State.LOST
    lock = run(lock, [(13 * S, FOLLOWED, 100)])
    assert lock.state is State.ACQUIRING


def test_a_ptp4l_that_does_not_answer_is_nobody() -> None:
    assert run(locked(), [(2 * S, (), None)]).state is State.HOLDOVER


@given(
    st.lists(
        st.tuples(
            st.sampled_from([(), FOLLOWED, ALONE, (PortState.MASTER,), (PortState.UNCALIBRATED,)]),
            st.none() | st.integers(-(10**10), 10**10),
            st.booleans(),
        ),
        max_size=40,
    )
)
@settings(max_examples=200, deadline=None)
def test_locked_is_only_said_of_a_clock_that_was_close(looks: list[object]) -> None:
    lock = Lock()
    close = 0
    for n, (states, offset, gives) in enumerate(looks):  # type: ignore[misc]
        lock = lock.after(Look(n * S, states, offset, gives), LIMITS)
        follows = bool({PortState.SLAVE, PortState.UNCALIBRATED} & set(states))
        close += follows and offset is not None and abs(offset) <= LIMITS.near_ns
        if lock.state is State.LOCKED:
            assert close >= LIMITS.samples
        if lock.state is State.GRANDMASTER:
            assert gives
            assert PortState.MASTER in states


# ---- profiles


def config(text: str) -> dict[str, str]:
    lines = [line.split(" ", 1) for line in text.splitlines() if " " in line]
    return {key: value.split("#")[0].strip() for key, value in lines}


@pytest.mark.parametrize(
    ("profile", "domain", "announce", "sync"),
    [("st2059-2", "127", "-2", "-3"), ("aes67", "0", "1", "-3"), ("default", "0", "1", "0")],
)
def test_profiles(profile: str, domain: str, announce: str, sync: str) -> None:
    clock = Clock.model_validate({"profile": profile, "networks": ("data",)})
    made = plan(clock, [Port("eth1", False)], socket="/run/x", version="3.1.1")
    found = config(made.ptp4l)
    assert (found["domainNumber"], found["logAnnounceInterval"], found["logSyncInterval"]) == (
        domain,
        announce,
        sync,
    )
    assert found["slaveOnly"] == "1"
    assert found["time_stamping"] == "software"
    assert made.ptp4l.endswith("[eth1]\n")
    assert made.phc2sys == ()


def test_hardware_stamps_need_the_system_clock_told() -> None:
    ports = [Port("eth1", True), Port("eth2", True)]
    made = plan(Clock(), ports, socket="/run/x", version="4.2")
    found = config(made.ptp4l)
    assert found["time_stamping"] == "hardware"
    assert found["clientOnly"] == "1"
    assert found["ptp_minor_version"] == "0"
    assert found["boundary_clock_jbod"] == "1"
    assert made.phc2sys[:5] == ("-w", "-s", "eth1", "-c", "CLOCK_REALTIME")
    server = Clock.model_validate({"role": "grandmaster", "priority1": 10})
    made = plan(server, ports, socket="/run/x", version="3.1.1")
    assert config(made.ptp4l)["priority1"] == "10"
    assert config(made.ptp4l)["slaveOnly"] == "0"
    assert made.phc2sys[:5] == ("-w", "-s", "CLOCK_REALTIME", "-c", "eth1")
    assert plan(Clock(), ports, socket="/x", version="4", adjust=False).phc2sys == ()


def test_one_software_port_makes_all_of_them_so() -> None:
    ports = [Port("eth1", True), Port("eth2", False)]
    assert not plan(Clock(), ports, socket="/run/x", version="3.1.1").hardware


@pytest.mark.parametrize("clock", [Clock(role="free-run"), Clock()])
def test_nothing_runs_without_a_wish_or_a_port(clock: Clock) -> None:
    ports = [] if clock.role == "follower" else [Port("eth1", False)]
    made = plan(clock, ports, socket="/run/x", version="3.1.1")
    assert (made.ptp4l, made.phc2sys) == ("", ())


# ---- octets


def reply(id: int, data: bytes, *, kind: int = 1, action: int = tlv.RESPONSE) -> bytes:
    asked = bytearray(tlv.request(Id(id), 7, domain=127, data=data, action=action))
    asked[48:50] = struct.pack(">H", kind)
    return bytes(asked)


def test_answers_are_read() -> None:
    current = struct.pack(">Hqq", 2, -84 << 16, 2100 << 16)
    assert tlv.answer(reply(Id.CURRENT, current)).data == tlv.Current(2, -84, 2100)
    own = bytes.fromhex("39A794FFFE07CBD0")
    parent = bytes(10) + bytes(8) + struct.pack(">BBBHB8s", 1, 6, 0x21, 9, 2, own)
    assert tlv.answer(reply(Id.PARENT, parent)).data == tlv.Parent(
        "39-A7-94-FF-FE-07-CB-D0", 6, 0x21, 1, 2
    )
    properties = struct.pack(">hBB", 37, 0b111100, 0x20)
    found = tlv.answer(reply(Id.TIME_PROPERTIES, properties)).data
    assert found == tlv.TimeProperties(37, True, True, True)
    port = struct.pack(">8sHB", own, 2, 9)
    assert tlv.answer(reply(Id.PORT, port)).data == tlv.Port(2, PortState.SLAVE)
    status = struct.pack(">q30si8s", -5, bytes(30), 1, own)
    assert tlv.answer(reply(Id.TIME_STATUS, status)).data == tlv.TimeStatus(
        -5, True, "39-A7-94-FF-FE-07-CB-D0"
    )


def test_settings_of_a_grandmaster_read_back() -> None:
    mine = own_settings(37, tai=True)
    said = tlv.answer(reply(Id.GRANDMASTER_SETTINGS, tlv.settings(mine))).data
    assert said == mine
    assert mine.accuracy != 0xFE  # ST 2059-2 forbids "unknown"


def test_a_refusal_is_an_error_and_no_data() -> None:
    refused = reply(Id.CURRENT, struct.pack(">H", Id.PORT), kind=2)
    said = tlv.answer(refused)
    assert (said.data, said.error) == (None, Id.CURRENT)


@given(st.binary(max_size=200))
@settings(max_examples=500, deadline=None)
def test_hostile_octets(data: bytes) -> None:
    try:
        said = tlv.answer(data)
    except ValueError:
        return
    assert said.sequence >= 0


@given(st.sampled_from(list(Id)), st.integers(0, 120), st.integers(0, 255), st.binary(max_size=80))
@settings(max_examples=500, deadline=None)
def test_answers_with_a_changed_octet_or_cut_short(
    id: Id, at: int, value: int, data: bytes
) -> None:
    message = bytearray(reply(id, data))
    message[at % len(message)] = value
    for cut in (len(message), at % len(message)):
        try:
            tlv.answer(bytes(message[:cut]))
        except ValueError as error:
            assert "management" in str(error)


# ---- issues


def watcher() -> Watcher:
    return Watcher(limits(hardware=False, holdover_s=5), Registry("clock"), gives=False)


def seen(offset: int, utc: int = 37, *, valid: bool = True) -> Observation:
    return Observation(
        FOLLOWED,
        tlv.Current(1, offset, 100),
        tlv.Parent("39-A7-94-FF-FE-07-CB-D0", 6, 0x21, 1, 1),
        tlv.TimeProperties(utc, valid, True, True),
        tlv.TimeStatus(offset, True, "39-A7-94-FF-FE-07-CB-D0"),
    )


def ids(one: Watcher) -> set[str]:
    return {issue.id for issue in one.registry.active()}


def test_what_a_grandmaster_says_of_utc() -> None:
    one = watcher()
    for _ in range(10):
        one.look(seen(50), "now")
    assert one.lock.state is State.LOCKED
    assert ids(one) == set()
    one.look(seen(50, valid=False), "now")
    assert ids(one) == {"clock-no-utc"}
    one.look(seen(50, 36), "now")
    assert ids(one) == {"clock-wrong-utc"}
    one.look(seen(50, 38), "now")  # a leap second may come
    assert ids(one) == set()


PTP, OWN = True, False
"""The timescale."""


@pytest.mark.parametrize(
    ("scale", "utc", "valid", "traceable", "ptp4l", "phc2sys"),
    [
        (PTP, 37, True, True, 37, 37),
        (PTP, 38, True, True, 38, 38),  # a leap second came
        # A grandmaster without reference says so, most often with these figures.
        (PTP, 37, False, False, 37, 37),
        (PTP, 0, False, False, 37, 0),
        (PTP, 37, True, False, 37, 37),
        # Wrong: the box's UTC is wrong with it, and its TAI stays the grandmaster's time.
        (PTP, 36, True, True, 36, 36),
        (PTP, 36, True, False, 37, 36),
        (PTP, 40, False, False, 40, 40),
        # It gives UTC.
        (OWN, 37, True, True, 37, 37),
        (OWN, 36, True, True, None, None),
        (OWN, 37, False, False, None, None),
    ],
)
def test_tai_is_the_time_of_the_grandmaster_whatever_it_says_of_utc(
    scale: bool, utc: int, valid: bool, traceable: bool, ptp4l: int | None, phc2sys: int | None
) -> None:
    """Figures of linuxptp 3.1.1: clock_utc_correct of ptp4l, get_sync_offset of phc2sys."""
    said = tlv.TimeProperties(utc, valid, scale, traceable)
    assert kernel_offset(said, hardware=False) == ptp4l
    assert kernel_offset(said, hardware=True) == phc2sys
    assert kernel_offset(None, hardware=True) is None


@pytest.mark.parametrize(("utc", "wrong"), [(36, 36), (37, None), (38, None), (46, 46)])
def test_an_offset_that_cannot_be_is_said(utc: int, wrong: int | None) -> None:
    assert utc_wrong(tlv.TimeProperties(utc, True, True, True)) == wrong
    assert utc_wrong(tlv.TimeProperties(utc, False, True, True)) is None


def test_another_grandmaster_is_said_for_a_minute_and_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, now = watcher(), 0
    monkeypatch.setattr("appliance.clock.watch.time.monotonic_ns", lambda: now)
    first = seen(50)
    assert first.status is not None
    another = replace(first.status, grandmaster="02-00-00-FF-FE-00-00-01")
    other = replace(first, status=another)
    # Lost between two answers: ptp4l names itself.
    itself = replace(first, status=replace(another, present=False))
    for look in (first, first, itself, first):
        one.look(look, "12:00")
    assert (one.changes, one.before, ids(one)) == (0, "", {"clock-free-run"})
    one.look(other, "12:01")
    assert (one.changes, one.before, one.changed) == (1, first.status.grandmaster, "12:01")
    (said,) = (issue for issue in one.registry.active() if issue.id == "clock-changed")
    assert "02-00-00-FF-FE-00-00-01 now, it was 39-A7-94-FF-FE-07-CB-D0" in said.text
    now = 59 * S
    one.look(other, "12:02")
    assert "clock-changed" in ids(one)
    now = 61 * S
    one.look(other, "12:03")
    assert "clock-changed" not in ids(one) and one.before == first.status.grandmaster


def test_a_grandmaster_without_reference_is_told() -> None:
    one = watcher()
    hand = replace(seen(50), properties=tlv.TimeProperties(37, True, True, False))
    one.look(hand, "now")
    (said,) = (issue for issue in one.registry.active() if issue.id == "clock-untraceable")
    assert "clock class 6" in said.text and said.severity.value == "info"
    one.look(seen(50), "now")
    assert "clock-untraceable" not in ids(one)


def test_a_jump_is_an_issue_until_it_is_locked_again() -> None:
    one = watcher()
    for _ in range(10):
        one.look(seen(50), "now")
    one.look(seen(3 * S), "now")
    assert ids(one) == {"clock-jump", "clock-free-run"}
    text = next(issue.text for issue in one.registry.active() if issue.id == "clock-jump")
    assert "3.000 s" in text
    for _ in range(12):
        one.look(seen(50), "now")
    assert ids(one) == set()
