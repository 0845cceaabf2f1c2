"""ST 2059-2's metadata from a grandmaster: ptp4l cries out, the box's firewall holds it back."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.box.rules import accept
from appliance.demo.namespaces import Lab
from appliance.net.openings import EXTRA, openings
from appliance.net.ruleset import TABLE, ruleset
from appliance.net.wanted import wanted_of
from tests.clock.stage import Stage, cables

pytestmark = pytest.mark.netns

GROUP, PORT = "224.0.1.129", 320
SEND = """
import socket, sys
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.99.0.1"))
for line in sys.stdin:
    out.sendto(bytes.fromhex(line), ("224.0.1.129", 320))
"""
HEAR = """
import socket, struct, time
hears = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
hears.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
hears.bind(("224.0.1.129", 320))
hears.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
    socket.inet_aton("224.0.1.129") + socket.inet_aton("10.99.0.1"))
hears.settimeout(1.0)
print("hears", flush=True)
try:
    while True:
        octets, sender = hears.recvfrom(2000)
        if sender[0] == "10.99.0.2" and octets[0] & 15 == 13:
            print(octets.hex(), flush=True)
except TimeoutError:
    pass
"""


def management(action: int, tlv: bytes, sequence: int) -> bytes:
    """To all ports of all clocks (IEEE 1588-2008 clause 15.4.1), in domain 127."""
    body = struct.pack(">8sHBBBB", b"\xff" * 8, 0xFFFF, 0, 0, action, 0) + tlv
    source = bytes.fromhex("010203fffe040506")
    return (
        struct.pack(
            ">BBHBBHqI8sHHBb", 13, 2, 34 + len(body), 127, 0, 0, 0, 0, source, 1, sequence, 4, 127
        )
        + body
    )


METADATA = struct.pack(">HH", 3, 48) + bytes.fromhex("6897e8") + bytes(45)
"""An ORGANIZATION_EXTENSION of SMPTE's, 48 octets, as ST 2059-2 has it."""
UNKNOWN = struct.pack(">HHH", 1, 2, 0x1234)
"""A question after what nobody has."""


def answers(lab: Lab, messages: list[bytes]) -> list[bytes]:
    """What the box says to everybody after these. Each second message is heard by then."""
    with lab["gm0"].popen(
        [sys.executable, "-c", HEAR], stdout=subprocess.PIPE, text=True
    ) as listener:
        assert listener.stdout is not None
        assert listener.stdout.readline() == "hears\n"
        text = "".join(message.hex() + "\n" for message in messages)
        lab["gm0"].run([sys.executable, "-c", SEND], text_in=text)
        return [bytes.fromhex(line) for line in listener.stdout]


@pytest.fixture
def follower(tmp_path: Path) -> Iterator[tuple[Lab, Stage]]:
    with cables() as lab:
        stage = Stage(lab, tmp_path)
        stage.want(networks=["data"])
        stage.begin()
        stage.wait(lambda: stage.status()["ports"].get("eth0") == "listening", "ptp4l")
        try:
            yield lab, stage
        finally:
            stage.close()


def counted(lab: Lab) -> int:
    """Errors that were held back so far."""
    said = json.loads(
        lab["follower"].run(["nft", "-j", "list", "counters", "table", *TABLE.split()])
    )
    packets = {
        one["counter"]["name"]: one["counter"]["packets"]
        for one in said["nftables"]
        if "counter" in one
    }
    return int(packets["ptp_management_errors"])


def test_errors_to_the_metadata_stay_in_the_box_and_are_counted(
    follower: tuple[Lab, Stage],
) -> None:
    lab, stage = follower
    told = [management(3, METADATA, n) for n in range(5)]
    # Without the firewall: what is held back is really there.
    assert len(answers(lab, told)) == 5
    document = {
        "schema": 1,
        "networks": {"data": {"interface": "eth0", "address": "10.99.0.2/24"}},
        "clock": {"networks": ["data"]},
    }
    wanted = wanted_of(accept(json.dumps(document)), None, lambda name: name)
    lab["follower"].run(["nft", "-f", "-"], text_in=ruleset(wanted, openings(wanted), EXTRA))
    assert answers(lab, told) == []
    deadline = time.monotonic() + 10  # a busy machine's ptp4l answers late
    while counted(lab) < 5 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert counted(lab) == 5
    # Who asks ptp4l something over the network still hears that it was wrong.
    (error,) = answers(lab, [management(0, UNKNOWN, 9)])
    assert struct.unpack(">H", error[48:50]) == (2,)
    # And the clock is none the worse for it.
    stage.grandmaster("gm0")
    stage.until("locked")


def test_the_command_for_a_person(follower: tuple[Lab, Stage]) -> None:
    _, stage = follower
    root = stage.paths.run.parents[1]

    def rtvbox(*words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "appliance.cli", "clock", "--root", str(root), *words]
        return subprocess.run(argv, capture_output=True, text=True, timeout=20)

    said = rtvbox()
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("clock         free-run (wanted: follower)\n")
    assert "Time comes from no grandmaster" in said.stdout
    stage.grandmaster("gm0")
    stage.until("locked")
    time.sleep(0.3)
    rows = {line[:14].strip(): line[14:] for line in rtvbox().stdout.splitlines()}
    assert rows["clock"] == "locked (wanted: follower)"
    assert rows["grandmaster"].endswith(", 1 step away")
    assert rows["offset"].endswith(" us")
    assert rows["port"] in ("eth0 uncalibrated", "eth0 slave")
    assert json.loads(rtvbox("--json").stdout)["state"] == "locked"
    stage.end()
    silent = rtvbox()
    assert silent.returncode == 1
    assert "is rtvbox-clock running?" in silent.stderr
    assert "Traceback" not in silent.stderr
