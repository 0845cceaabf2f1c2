"""Trouble in the network and the clock while video runs: it goes on, and the trouble is told."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.trouble_room import FORGETS_S, LEASE_S, LEASED, Room
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


def test_somebody_else_takes_an_address(room: Room) -> None:
    """The transmitter's on the data network and the receiver's on the configuration network."""
    taken = (
        (room.tx, "data", "10.77.0.2", "eth0", "10.77.0.3"),
        (room.rx, "configuration", "10.88.2.2", "eth2", "10.88.2.9"),
    )
    rival = room.lab["other"]
    with room.video_counts_on():
        for _, _, address, at, somebody in taken:
            rival.ip(f"addr add {address}/24 dev {at}")
            # It says nothing of it; but who wants to talk must ask where the other is.
            rival.run([sys.executable, "-c", TALK, address, somebody])
        for box, network, address, at, _ in taken:
            box.until(lambda box=box: "address-conflict" in box.issues(), "issue", 10)
            mac = json.loads(rival.run(["ip", "-j", "link", "show", at]))[0]["address"]
            status = box.status()
            assert f"Network {network}: {address} is used by {mac} as well" in status
            assert "Give one of the two another address" in status
            assert box.said("network")[network]["address"] == address  # it is kept
        for _, _, address, at, _ in taken:
            rival.ip(f"addr del {address}/24 dev {at}")
        for box in (room.tx, room.rx):
            box.until(lambda box=box: "address-conflict" not in box.issues(), "its end", 20)


TALK = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
    own.bind((sys.argv[1], 0))
    own.sendto(b"hello", (sys.argv[2], 9))
"""


def test_the_dhcp_server_is_gone_until_the_lease_is_over(room: Room) -> None:
    """Of the transmitter's configuration network; nobody can reach it there meanwhile."""
    box = room.tx

    def own() -> dict[str, Any]:
        found: dict[str, Any] = box.said("network")["configuration"]
        return found

    assert own()["address"] == LEASED and "no-dhcp" not in box.issues()
    with room.video_counts_on():
        room.end("dhcp")
        left = own()["lease"]["seconds_left"]
        gone = time.monotonic()
        # Before it ends: a day of leases leaves three hours to look at this.
        box.until(lambda: "dhcp-ending" in box.issues(), "warning", LEASE_S)
        assert own()["address"] == LEASED
        status = box.status()
        assert f"no DHCP server answers; {LEASED} ends in" in status
        box.until(lambda: own()["address"] != LEASED, "end of the lease", LEASE_S)
        assert left - 3 <= time.monotonic() - gone <= left + 3
        box.until(lambda: (own()["address"] or "").startswith("169.254."), "link-local", 20)
        box.until(lambda: "no-dhcp" in box.issues(), "issue")
        assert f"no DHCP server answers; {own()['address']} until one does" in box.status()
        assert "dhcp-ending" not in box.issues()
        room.begin_dhcp()
        box.until(lambda: own()["address"] == LEASED, "lease", 40)
        box.until(lambda: "no-dhcp" not in box.issues(), "end of the issue")
        addresses = json.loads(box.box.run(["ip", "-j", "-4", "addr", "show", "dev", "eth1"]))
        assert [one["local"] for one in addresses[0]["addr_info"]] == [LEASED]


def test_nobody_asks_for_groups_any_more(room: Room) -> None:
    """The switch knows where to send a group from the answers to who asks, and forgets."""
    with room.video_counts_on():
        room.rx.until(lambda: room.rx.said("network")["data"]["querier"]["heard"], "questions")
        room.end("querier")
        time.sleep(FORGETS_S + 2)
        room.rx.until(lambda: "querier-lost" in room.rx.issues(), "issue", 10)
        assert "Enable the IGMP querier of the switch" in room.rx.status()
        time.sleep(2)
        # The other box may ask as well as a switch.
        room.want("tx", room.sender(querier=True))
        room.rx.until(lambda: "querier-lost" not in room.rx.issues(), "end of the issue", 10)
        assert room.rx.said("network")["data"]["querier"]["heard"] == "10.77.0.2"
