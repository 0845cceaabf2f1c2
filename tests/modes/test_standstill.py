"""When the machine is blamed: only when all of its witnesses were late at one instant."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.modes.standstill import LEAST_NS, frames_at_stake, standstills
from appliance.report import LateWake, Standstill

MS = 1_000_000


def late(*spans: tuple[int, int]) -> list[LateWake]:
    return [LateWake("t", begin * MS, (end - begin) * MS) for begin, end in spans]


def test_all_late_at_one_instant() -> None:
    found = standstills(
        {
            "sender": late((100, 123)),
            "receiver": late((102, 124)),
            "cards": late((90, 95), (101, 122)),
        }
    )
    assert found == [
        Standstill(102 * MS, 20 * MS, {"sender": 23 * MS, "receiver": 22 * MS, "cards": 21 * MS})
    ]


def test_one_that_was_in_time_clears_the_machine() -> None:
    assert (
        standstills({"sender": late((100, 130)), "receiver": late((100, 130)), "cards": []}) == []
    )
    assert standstills({"sender": late((100, 130)), "receiver": late((131, 160))}) == []
    assert standstills({"sender": late((100, 130)), "receiver": late((127, 160))}) == []
    assert standstills({}) == []


spans = st.lists(st.tuples(st.integers(0, 400), st.integers(4, 60)), max_size=12).map(
    lambda found: late(*((begin, begin + length) for begin, length in found))
)


@given(st.lists(spans, min_size=1, max_size=4))
@settings(max_examples=100)
def test_at_each_instant_as_a_plain_model_has_it(witnesses: list[list[LateWake]]) -> None:
    found = standstills({str(n): wakes for n, wakes in enumerate(witnesses)})
    blamed = {ms for each in found for ms in _span(each.began_tai, each.began_tai + each.ns)}
    asleep = [
        {ms for w in wakes for ms in _span(w.due_tai, w.due_tai + w.late_ns)} for wakes in witnesses
    ]
    everyone = set.intersection(*asleep)
    assert blamed <= everyone
    for ms in everyone - blamed:  # too short to count
        run = 1
        for step in (-1, 1):
            at = ms + step
            while at in everyone:
                run, at = run + 1, at + step
        assert run * MS < LEAST_NS


def _span(begin: int, end: int) -> range:
    return range(begin // MS, end // MS)


def test_frames_at_stake() -> None:
    def stake(*spans: tuple[int, int]) -> int:
        return frames_at_stake([(begin * MS, ns * MS) for begin, ns in spans], 20 * MS)

    assert stake() == 0
    assert stake((100, 8)) == 3
    assert stake((100, 25)) == 4
    assert stake((100, 25), (101, 23)) == 4
    assert stake((100, 8), (110, 8)) == 3
    assert stake((100, 8), (300, 8)) == 6
