"""When a grain begins to say something else: at an absolute instant, and when a value is old."""

from __future__ import annotations

import time

from tests.engine.flow import Listener
from tests.engine.python_source import tai
from tests.engine.transmitter_stage import (
    PERIOD,
    leg,
    read_grains,
    running,
    source,
    transmitter,
    useful,
)
from tests.support import grains


def test_a_patient_begins_with_the_first_frame_of_an_instant_on_every_box() -> None:
    """Two boxes that were told one instant change on the same frame."""
    boxes = []
    with Listener() as one, Listener() as other, Listener() as video:
        for metadata in (one, other):
            session = grains.session()
            tx = transmitter(source(), [leg(video)], [leg(metadata)])
            tx.set_grain(**session.templates.arguments())
            boxes.append((tx, session))
        with running(boxes[0][0]), running(boxes[1][0]):
            time.sleep(0.1)
            instant = tai() + 600_000_000
            for tx, session in boxes:
                made = session.change_patient(grains.document(), now=grains.NOW)
                tx.set_grain(**made.arguments(), from_tai=instant)
            time.sleep(0.15)
            before = [tx.counters()["static_id"] for tx, _ in boxes]
            assert before == [1, 1] or tai() > instant - 2 * PERIOD
            time.sleep(max(0, instant - tai()) / 1e9 + 0.3)
            assert [tx.counters()["static_id"] for tx, _ in boxes] == [2, 2]
        for metadata in (one, other):
            read = read_grains(metadata.packets())
            uids = [ds.file_meta.RTVCommunicationSOPInstanceUID for _, _, ds in read]
            assert len(set(uids)) == 2
            change = next(i for i, uid in enumerate(uids) if uid != uids[0])
            assert uids[change:] == [uids[-1]] * (len(uids) - change)
            assert read[change - 1][0].sync < instant <= read[change][0].sync
            assert read[change][0].sync - read[change - 1][0].sync == PERIOD


def test_what_waits_for_its_time_is_replaced_by_the_next_call() -> None:
    with Listener() as metadata, Listener() as video:
        session = grains.session()
        tx = transmitter(source(), [leg(video)], [leg(metadata)])
        tx.set_grain(**session.templates.arguments())
        with running(tx):
            time.sleep(0.1)
            never = session.change_patient(grains.document(), now=grains.NOW)
            tx.set_grain(**never.arguments(), from_tai=tai() + 200_000_000)
            time.sleep(0.05)
            now = session.change_patient(grains.document(), now=grains.NOW)
            tx.set_grain(**now.arguments())
            time.sleep(0.4)
            assert tx.counters()["static_id"] == now.static_id


def test_answers_end_with_their_life_and_others_stay() -> None:
    with Listener() as metadata, Listener() as video:
        tx = transmitter(source(), [leg(video)], [leg(metadata)])
        tx.set_grain(**grains.session().templates.arguments())
        with running(tx):
            time.sleep(0.15)
            given = tai()
            tx.set_dynamic({"information": False, "imaging_subject": False}, given, 200_000_000)
            time.sleep(0.5)
            again = tai()
            tx.set_dynamic({"information": True, "imaging_subject": True}, again)
            time.sleep(0.4)
        read = read_grains(metadata.packets())
    before = {useful(ds) for e, _, ds in read if e.sync < given - PERIOD}
    told = {useful(ds) for e, _, ds in read if given + PERIOD < e.sync <= given + 200_000_000}
    old = {useful(ds) for e, _, ds in read if given + 200_000_000 < e.sync < again - PERIOD}
    after = {useful(ds) for e, _, ds in read if e.sync > again + PERIOD}
    assert told == {("NO", "NO")}
    assert old == before
    assert before != told
    assert after == {("YES", "YES")}
