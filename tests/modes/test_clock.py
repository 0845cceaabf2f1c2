"""What a clock service says, in the grains and in the SDP of a running sender."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pydicom.dataset import Dataset

from appliance.modes.clock import Clock
from appliance.modes.flow import Endpoint, Route, tx_plan
from appliance.modes.tx import Announcement, TxMode, TxOptions
from appliance.rtv import rtp
from appliance.rtv.grain_packets import GrainAssembler
from appliance.rtv.grain_parse import parse_grain
from appliance.rtv.iod import FlowIds, Stream
from appliance.rtv.sdp import RefClock, Session, parse_sdp
from appliance.rtv.traffic import SenderType
from drivers.synthetic import SyntheticSource
from drivers.video import format_named
from tests.engine.flow import Listener
from tests.support import grains

MAC = "02-00-00-00-00-07"
FIRST, SECOND = "39-A7-94-FF-FE-07-CB-D0", "00-1B-19-FF-FE-00-00-01"
FREE = RefClock("localmac", MAC)


class Published:
    """Takes SDPs as a file would. broken: nothing can be written."""

    def __init__(self) -> None:
        self.sessions: list[Session] = []
        self.broken = False

    def __call__(self, text: str) -> None:
        if self.broken:
            raise OSError("the disk is full")
        self.sessions.append(parse_sdp(text.encode()))

    @property
    def clocks(self) -> list[RefClock | None]:
        for session in self.sessions:
            assert session.metadata is not None
            assert session.video.ref_clock == session.metadata.ref_clock
            # No offset is claimed against a clock that nobody else can read.
            claimed = {session.video.media_clock, session.metadata.media_clock}
            assert claimed == {"sender" if session.video.ref_clock == FREE else "direct"}
        return [session.video.ref_clock for session in self.sessions]


@contextmanager
def sender(published: Published | None) -> Iterator[tuple[TxMode, Listener]]:
    fmt = format_named("720p50")
    with Listener() as video, Listener() as metadata:
        ends = [Endpoint("127.0.0.1", each.port) for each in (video, metadata)]
        plan = tx_plan(fmt, [Route("lo", "127.0.0.1", *ends)], sender_type=SenderType.W)
        said = Announcement("test", MAC, 1000, published) if published else None
        mode = TxMode(
            SyntheticSource(fmt, slices=False),
            plan,
            Stream(fmt, FlowIds.of(grains.BOX, "1"), grains.stream().sop_class),
            grains.document(),
            TxOptions(ssrc=1, metadata_ssrc=2),
            said,
        )
        try:
            yield mode, metadata
        finally:
            mode.close()


def statics(listener: Listener) -> list[Dataset]:
    """The static parts that came, in order."""
    joined = GrainAssembler()
    found = [
        parse_grain(whole.data)
        for packet in listener.packets()
        for whole in joined.add(rtp.decode_packet(packet))
    ]
    assert joined.dropped == 0
    return [each.static_dataset() for each in found if each.static]


def sent(mode: TxMode, more: int) -> None:
    """Until so many frames more have gone out."""
    goal, end = mode.counters()["frames"] + more, time.monotonic() + 10
    while mode.counters()["frames"] < goal:
        assert time.monotonic() < end, mode.counters()
        time.sleep(0.01)


def test_grains_and_sdp_follow_the_clock_together() -> None:
    published = Published()
    with sender(published) as (mode, listener):
        assert published.sessions == []
        mode.start()
        for clock in (
            Clock(),  # what it was already
            Clock(True, FIRST, 127),
            Clock(True, FIRST, 127),
            Clock(True, SECOND, 0),
            Clock(False, SECOND),
        ):
            sent(mode, 3)
            mode.set_clock(clock)
        sent(mode, 3)
        mode.stop()
        found = statics(listener)
    assert published.clocks == [
        FREE,
        RefClock("ptp", FIRST, 127),
        RefClock("ptp", SECOND, 0),
        FREE,
    ]
    assert [session.version for session in published.sessions] == [1000, 1001, 1002, 1003]
    assert {session.session_id for session in published.sessions} == {1000}
    said = [(ds.AcquisitionTimeSynchronized, ds.get("TimeSource", "")) for ds in found]
    changes = [now for before, now in zip([None, *said], said, strict=False) if now != before]
    assert changes == [
        ("N", ""),
        ("Y", FIRST.replace("-", "")),
        ("Y", SECOND.replace("-", "")),
        ("N", ""),
    ]
    assert len({ds.SOPInstanceUID for ds in found}) == 1


def test_another_patient_keeps_the_clock() -> None:
    with sender(None) as (mode, listener):
        mode.set_clock(Clock(True, FIRST))
        mode.set_patient(grains.document())
        mode.start()
        sent(mode, 3)
        mode.stop()
        assert {ds.AcquisitionTimeSynchronized for ds in statics(listener)} == {"Y"}


def test_a_clock_told_before_the_start_is_in_the_first_sdp() -> None:
    published = Published()
    with sender(published) as (mode, _):
        mode.set_clock(Clock(True, FIRST))
        assert published.sessions == []
        mode.start()
    assert published.clocks == [RefClock("ptp", FIRST)]


def test_grains_tell_the_truth_also_when_the_sdp_cannot_be_written() -> None:
    published = Published()
    with sender(published) as (mode, listener):
        mode.start()
        sent(mode, 3)
        published.broken = True
        with pytest.raises(OSError, match="full"):
            mode.set_clock(Clock(True, FIRST))
        sent(mode, 3)
        published.broken = False
        mode.set_clock(Clock(True, FIRST))
        mode.stop()
        assert statics(listener)[-1].AcquisitionTimeSynchronized == "Y"
    assert published.clocks == [FREE, RefClock("ptp", FIRST)]
    assert [session.version for session in published.sessions] == [1000, 1001]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ((True, ""), "grandmaster"),
        ((True, "39A794FFFE07CBD0"), "grandmaster"),
        ((True, "39-a7-94-ff-fe-07-cb-d0"), "grandmaster"),
        ((False, "nonsense"), "grandmaster"),
        ((True, FIRST, 128), "domain"),
        ((True, FIRST, -1), "domain"),
    ],
)
def test_what_is_no_clock_is_refused(given: tuple[bool, str, int], field: str) -> None:
    with pytest.raises(ValueError, match=field):
        Clock(*given)
