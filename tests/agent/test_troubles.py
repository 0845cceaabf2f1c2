"""Trouble in the network and the clock while video runs: it goes on, and the trouble is told."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.trouble_room import FORGETS_S, LEASED, Room
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

    box.until(there, f"lock to {identity}")


def says(box: WholeBox, text: str) -> None:
    """Sooner or later, in `rtvbox status`."""
    box.until(lambda: text in box.status(), text)


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
                    says(box, f"locked, grandmaster {better.identity}")
                    says(box, f"The grandmaster is {better.identity} now, it was {first.identity}")
                # The flow is announced, and its frames are marked, with the new one.
                sdp = room.tx.paths.run / "endoscope.sdp"
                room.tx.until(lambda: f"{better.identity}:127" in sdp.read_text(), "the SDP")
                assert not {"clock-free-run", "clock-jump"} & (room.tx.issues() | room.rx.issues())
            for box in boxes:
                follows(box, first.identity)
                says(box, f"The grandmaster is {first.identity} now, it was {better.identity}")
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
                    says(room.tx, "The grandmaster says TAI - UTC = 36 s, this box knows 37")
                    says(room.tx, "Correct the grandmaster, or update this box")
                    follows(room.tx, master.identity)  # its time still is one


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
            mac = json.loads(rival.run(["ip", "-j", "link", "show", at]))[0]["address"]
            says(box, f"Network {network}: {address} is used by {mac} as well")
            says(box, "Give one of the two another address")
            assert box.said("network")[network]["address"] == address  # it is kept
        for _, _, address, at, _ in taken:
            rival.ip(f"addr del {address}/24 dev {at}")
        for box in (room.tx, room.rx):
            box.until(lambda box=box: "address-conflict" not in box.issues(), "its end")


TALK = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
    own.bind((sys.argv[1], 0))
    own.sendto(b"hello", (sys.argv[2], 9))
"""


def test_the_dhcp_servers_are_gone_until_the_leases_are_over(room: Room) -> None:
    """The transmitter has its address on the configuration network from one, the receiver its
    address on the data network from the other."""

    def own(name: str) -> dict[str, Any]:
        box, network = (room.tx, "configuration") if name == "tx" else (room.rx, "data")
        found: dict[str, Any] = box.said("network")[network]
        return found

    def left(name: str) -> int:
        return int((own(name)["lease"] or {"seconds_left": 0})["seconds_left"])

    boxes = {"tx": room.tx, "rx": room.rx}
    for name, box in boxes.items():
        assert own(name)["address"] == LEASED[name] and "no-dhcp" not in box.issues()
    with room.video_counts_on():
        room.end_dhcp()
        ends = {name: time.monotonic() + left(name) for name in boxes}
        # Of the configuration network the address ends with its lease, as it must.
        room.tx.until(lambda: own("tx")["address"] != LEASED["tx"], "end of the lease")
        assert time.monotonic() > ends["tx"] - 4  # what is published is some seconds old
        room.tx.until(lambda: "169.254." in (own("tx")["address"] or ""), "link-local")
        # Of the data network it stays: video is worth more, and who has the address is watched.
        assert left("rx") == 0 and own("rx")["address"] == LEASED["rx"]
        for name, box in boxes.items():
            says(box, f"no DHCP server answers; {own(name)['address']} until one does")
            # It was told before, while the lease still was one: of a day's, half a day before.
            assert f"no DHCP server answers; {LEASED[name]} ends in" in box.journal("net")
            box.until(lambda box=box: "dhcp-ending" not in box.issues(), "end of the warning")
        # Also for a service that is started again.
        room.rx.kill("net")
        room.rx.paths.observed("network").unlink()
        room.rx.start("net")
        room.rx.until(lambda: own("rx")["address"] == LEASED["rx"], "its first words")

        room.begin_dhcp()
        for name, box in boxes.items():
            box.until(lambda name=name: left(name) > 0, "lease")
            box.until(lambda box=box: "no-dhcp" not in box.issues(), "end of the issue")
            box.until(lambda name=name: own(name)["address"] == LEASED[name], "its address")
        found = json.loads(room.tx.box.run(["ip", "-j", "-4", "addr", "show", "dev", "eth1"]))
        assert [one["local"] for one in found[0]["addr_info"]] == [LEASED["tx"]]


def test_nobody_asks_for_groups_any_more(room: Room) -> None:
    """The switch knows where to send a group from the answers to who asks, and forgets."""
    with room.video_counts_on():
        room.rx.until(lambda: room.rx.said("network")["data"]["querier"]["heard"], "questions")
        room.end("querier")
        time.sleep(FORGETS_S + 2)
        says(room.rx, "nobody asks for group memberships; the box tells its own unasked")
        says(room.rx, "Enable the IGMP querier of the switch, or networks.data.querier")
        time.sleep(2)
        # The other box may ask as well as a switch.
        room.want("tx", room.sender(querier=True))
        room.rx.until(lambda: "querier-lost" not in room.rx.issues(), "end of the issue")
        assert room.rx.said("network")["data"]["querier"]["heard"] == "10.77.0.2"
    # A switch forgets what was behind a cable that was out.
    room.lab.switch.ip("link set rx-0 down")
    room.rx.until(lambda: {"link-down", "flow-none"} <= room.rx.issues(), "issues")
    room.lab.switch.ip("link set rx-0 up")
    room.rx.until(lambda: not {"link-down", "flow-none"} & room.rx.issues(), "picture", 20)
