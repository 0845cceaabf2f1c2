"""Trouble in the network and the clock while video runs: it goes on, and the trouble is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.trouble_room import Room
from tests.support.whole_box import WholeBox

pytestmark = [pytest.mark.netns, pytest.mark.slow]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with Room(tmp_path_factory.mktemp("room")) as made:
        yield made


def follows(box: WholeBox, identity: str) -> None:
    """Locked to that grandmaster."""

    def there() -> bool:
        said = box.said("clock")
        return bool(said["grandmaster"] == identity and said["state"] == "locked")

    box.until(there, f"lock to {identity}", 20)


def test_a_better_grandmaster_comes_and_goes(room: Room) -> None:
    boxes = (room.tx, room.rx)
    with room.grandmaster("gm", 120) as first:
        for box in boxes:
            follows(box, first.identity)
        assert "clock-changed" not in room.tx.issues() | room.rx.issues()
        with room.video_counts_on():
            with room.grandmaster("other", 90) as better:
                for box in boxes:
                    follows(box, better.identity)
                    box.until(lambda box=box: "clock-changed" in box.issues(), "that it changed")
                    status = box.status()
                    assert f"locked, grandmaster {better.identity}" in status
                    assert f"is {better.identity} now, it was {first.identity}" in status
                # The flow is announced, and its frames are marked, with the new one.
                sdp = room.tx.paths.run / "endoscope.sdp"
                room.tx.until(lambda: f"{better.identity}:127" in sdp.read_text(), "the SDP")
                assert not {"clock-free-run", "clock-jump"} & (room.tx.issues() | room.rx.issues())
            for box in boxes:
                follows(box, first.identity)
                box.until(lambda box=box: f"now, it was {better.identity}" in box.status(), "it")
            room.tx.until(lambda: f"{first.identity}:127" in sdp.read_text(), "the SDP again")


def test_what_a_grandmaster_says_of_utc(room: Room) -> None:
    with room.grandmaster("gm", 120) as master:
        follows(room.tx, master.identity)
        with room.video_counts_on():
            for offset, valid, traceable, told in (
                (37, True, True, set()),
                (36, True, True, {"clock-wrong-utc"}),
                (37, True, False, {"clock-untraceable"}),
                (37, False, True, {"clock-no-utc"}),
            ):
                master.says_of_utc(offset, valid=valid, traceable=traceable)
                every = {"clock-wrong-utc", "clock-untraceable", "clock-no-utc"}
                room.tx.until(
                    lambda told=told, every=every: room.tx.issues() & every == told, str(told)
                )
                if told == {"clock-wrong-utc"}:
                    status = room.tx.status()
                    assert "The grandmaster says TAI - UTC = 36 s, this box knows 37" in status
                    assert "Correct the grandmaster, or update this box" in status
                    assert room.tx.said("clock")["state"] == "locked"  # its time still is one
