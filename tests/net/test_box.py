"""The network daemon on a real kernel: what is wanted is there, and stays."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
import time
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from appliance.box.link import watch
from appliance.demo.namespaces import Lab
from tests.box.documents import TX, changed
from tests.net.conftest import CONFIGURATION, DATA, DATA_2, HOSPITAL, document, receiver
from tests.support.net_box import NetBox

pytestmark = pytest.mark.netns

SAY = """
import socket, sys
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind((sys.argv[1], 0))
for frame in sys.argv[2:]:
    out.send(bytes.fromhex(frame))
"""


def test_what_is_wanted_is_there_and_a_second_look_finds_nothing_to_do(
    lab: Lab, root: Path
) -> None:
    routed = {**CONFIGURATION, "gateway": "10.77.0.2", "dns": ["10.77.0.2"]}
    detour = {**HOSPITAL, "routes": [{"to": "10.9.0.0/16", "via": "10.77.3.2"}]}
    wish = document(configuration=routed, data={**DATA, "mtu": 1400}, hospital=detour)
    with NetBox(lab["box"], root, wish) as box:
        box.settle()
        assert box.addresses("eth0") == {"10.77.0.1/24"}
        assert box.addresses("eth1") == {"10.77.1.1/24"}
        assert box.addresses("eth2") == set()
        box.wait(lambda: len(box.routes()) == 3, "routes")
        assert box.routes() == {
            "default via 10.77.0.2 dev eth0 metric 100",
            "10.9.0.0/16 via 10.77.3.2 dev eth3 metric 200",
            "224.0.0.0/4 dev eth1 scope link metric 300",
        }
        assert "mtu 1400" in lab["box"].run(["ip", "link", "show", "eth1"])
        assert (box.paths.run / "resolv.conf").read_text() == "nameserver 10.77.0.2\n"
        said = box.network("data")
        assert (said["method"], said["prefix"], said["carrier"]) == ("static", 24, True)
        assert said["speed_mbit"] == 10_000 and said["counters"]["rx_packets"] > 0
        assert box.issues() == set()

        steps = box.status()["steps"]
        answer = box.ask("reload")
        assert answer["generation"] == 1 and answer["steps"] == steps
        box.kill()
        box.again()
        assert box.ask("reload")["steps"] == 0, box.journal()


def test_what_somebody_changed_by_hand_is_put_right(lab: Lab, root: Path) -> None:
    with NetBox(lab["box"], root, document(configuration=CONFIGURATION, data=DATA)) as box:
        box.settle()
        lab["box"].ip(
            "addr del 10.77.1.1/24 dev eth1",
            "addr add 192.0.2.7/24 dev eth1",
            "route add 10.8.0.0/16 via 10.77.0.2",
            "link set eth0 mtu 1300",
        )
        lab["box"].run(["sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/eth1/forwarding"])
        lab["box"].run(["nft", "add rule inet rtvbox input iifname eth0 accept"])
        box.wait(
            lambda: (
                box.addresses("eth1") == {"10.77.1.1/24"}
                and box.routes() == {"224.0.0.0/4 dev eth1 scope link metric 300"}
                and "mtu 1500" in lab["box"].run(["ip", "link", "show", "eth0"])
                and "accept" not in _jump_to(lab, "eth0")
            ),
            "order",
        )
        assert "10.8.0.0" not in lab["box"].run(["ip", "route"])
        setting = ["cat", "/proc/sys/net/ipv4/conf/eth1/forwarding"]
        box.wait(lambda: lab["box"].run(setting).strip() == "0", "setting")
        assert box.journal().count("firewall loaded") == 2


def test_nothing_is_opened_while_the_firewall_cannot_be_loaded(
    lab: Lab, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, broken = root / "bin" / "nft", root / "broken"
    fake.parent.mkdir(parents=True)
    broken.touch()
    fake.write_text(
        f"#!/bin/sh\n[ -e {broken} ] && echo no memory >&2 && exit 1\n"
        f'exec {shutil.which("nft")} "$@"\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    with NetBox(lab["box"], root, document(configuration=CONFIGURATION, data=DATA)) as box:
        box.wait(lambda: "apply-failed:box" in box.issues(), "issue")
        assert box.addresses("eth0") == box.addresses("eth1") == set()
        broken.unlink()
        box.settle()
        box.wait(lambda: "apply-failed:box" not in box.issues(), "end of the issue")
        # What stands is kept where new rules are refused, and the box goes on.
        broken.touch()
        lab["box"].ip("addr del 10.77.1.1/24 dev eth1")
        box.wait(lambda: box.addresses("eth1") == {"10.77.1.1/24"}, "address")


def _jump_to(lab: Lab, device: str) -> str:
    rules = lab["box"].run(["nft", "list", "chain", "inet", "rtvbox", "input"])
    return "\n".join(line for line in rules.splitlines() if f'"{device}"' in line)


def test_cable_out_and_in(lab: Lab, root: Path) -> None:
    events: list[dict[str, Any]] = []

    async def listen(box: NetBox) -> None:
        async with asyncio.timeout(10):
            told = watch(box.paths.link("network"))
            async with contextlib.aclosing(told):
                flap = asyncio.ensure_future(asyncio.to_thread(_flap, lab, box))
                async for event in told:
                    events.append(event)
                    if event["what"] == "network" and event["carrier"]:
                        break
                await flap

    with NetBox(lab["box"], root, document(configuration=CONFIGURATION, data=DATA)) as box:
        box.settle()
        asyncio.run(listen(box))
        carriers = [e["carrier"] for e in events if e["what"] == "network"]
        assert [carrier for carrier, _ in groupby(carriers)] == [False, True]
        assert [e["id"] for e in events if e["what"] == "issue"] == ["link-down"]
        assert {"what": "issue-over", "id": "link-down", "subject": "data"} in events
        assert box.addresses("eth1") == {"10.77.1.1/24"}


def _flap(lab: Lab, box: NetBox) -> None:
    lab.switch.ip("link set box-1 down")
    box.wait(lambda: "link-down:data" in box.issues(), "issue")
    assert box.network("data")["carrier"] is False
    assert box.addresses("eth1") == {"10.77.1.1/24"}  # the picture is back with the cable
    lab.switch.ip("link set box-1 up")


def test_two_data_networks_and_an_interface_that_comes_later(lab: Lab, root: Path) -> None:
    wish = changed(TX, "networks.configuration", CONFIGURATION)
    wish = changed(wish, "networks.data", DATA)
    wish = changed(wish, "networks.data_2", {**DATA_2, "interface": "late0"})
    wish = changed(wish, "input.format", {"name": "2160p60"})
    wish = changed(wish, "flows.send[0].max_udp", 1460)
    with NetBox(lab["box"], root, wish) as box:
        box.wait(lambda: box.network("data")["address"], "address")
        box.wait(lambda: "link-missing:data_2" in box.issues(), "issue")
        assert "link-slow:data" in box.issues()
        said = next(i for i in box.status()["issues"] if i["id"] == "link-slow")
        assert 11_000 < box.network("data")["needed_mbit"] < 13_000
        assert str(box.network("data")["needed_mbit"]) in said["text"]

        lab["box"].ip("link set eth2 name late0")
        box.wait(lambda: box.network("data_2")["address"] == "10.77.2.1", "second path")
        box.wait(lambda: "link-missing:data_2" not in box.issues(), "end of the issue")
        for group, device in (("239.1.1.1", "eth1"), ("239.2.1.1", "late0"), ("239.9.9.9", "eth1")):
            (found,) = json.loads(lab["box"].run(["ip", "-j", "route", "get", group]))
            assert found["dev"] == device, group
        # The second path leaves the document: its interface is let go.
        wish = changed(wish, "networks.data_2", None)
        wish = changed(wish, "clock.networks", ["data"])
        del wish["flows"]["send"][0]["paths"][1]
        box.want(wish)
        box.wait(lambda: box.addresses("late0") == set(), "release", 4)
        box.wait(lambda: "data_2" not in box.status(), "words without it")
        assert "state DOWN" in lab["box"].run(["ip", "link", "show", "late0"])


def test_an_address_that_somebody_else_has(lab: Lab, root: Path) -> None:
    lab["peer"].ip("addr add 10.77.1.1/24 dev eth1")
    with NetBox(lab["box"], root, document(configuration=CONFIGURATION, data=DATA)) as box:
        box.wait(lambda: "address-conflict:data" in box.issues(), "issue")
        mac = json.loads(lab["peer"].run(["ip", "-j", "link", "show", "eth1"]))[0]["address"]
        assert mac in box.status()["issues"][0]["text"]
        assert box.addresses("eth1") == set()
        box.wait(lambda: box.addresses("eth0") == {"10.77.0.1/24"}, "the other's address")
        lab["peer"].ip("addr del 10.77.1.1/24 dev eth1")
        box.wait(lambda: box.addresses("eth1") == {"10.77.1.1/24"}, "address")
        box.wait(lambda: box.issues() == set(), "end of the issue")

        # Later somebody announces it as his own: ours is defended and kept.
        announced = "ff" * 6 + "0200000000aa" + "0806" + "0001080006040001"
        announced += "0200000000aa" + "0a4d0101" + "00" * 6 + "0a4d0101"
        tap = lab["peer"].popen(
            [sys.executable, "-c", HEAR_ARP, "eth1", "10.77.1.1"], stdout=-1, stderr=-1
        )
        assert tap.stdout is not None and tap.stdout.readline() == b"ready\n"
        lab["peer"].run([sys.executable, "-c", SAY, "eth1", announced])
        box.wait(lambda: "address-conflict:data" in box.issues(), "issue")
        out, _ = tap.communicate(timeout=10)
        assert out.strip() == b"defended"
        assert box.addresses("eth1") == {"10.77.1.1/24"}
        began = time.monotonic()
        box.wait(lambda: box.issues() == set(), "end of the issue", 20)
        assert time.monotonic() - began > 2  # it was asked whether it still has it


HEAR_ARP = """
import socket, sys
tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
tap.bind((sys.argv[1], 0x0806))
own = socket.inet_aton(sys.argv[2])
print("ready", flush=True)
while True:
    frame = tap.recv(2048)
    if frame[28:32] == own and frame[38:42] == own and frame[6:12] != b"\\2\\0\\0\\0\\0\\xaa":
        print("defended")
        break
"""


def test_the_neighbour_at_the_other_end_of_the_cable(lab: Lab, root: Path) -> None:
    def tlv(kind: int, value: bytes) -> bytes:
        return (kind << 9 | len(value)).to_bytes(2, "big") + value

    def frame(ttl: int, *more: bytes) -> str:
        own = tlv(1, b"\x04" + bytes.fromhex("0011223344aa")) + tlv(2, b"\x05Gi1/0/7")
        own += tlv(3, ttl.to_bytes(2, "big")) + b"".join(more) + tlv(0, b"")
        return (bytes.fromhex("0180c200000e0011223344aa88cc") + own).hex()

    name, evil = tlv(5, b"or3-switch\x1b[2J\n"), frame(120)[:40]
    with NetBox(lab["box"], root, document(configuration=CONFIGURATION, data=DATA)) as box:
        box.settle()
        say = [sys.executable, "-c", SAY, "box-1"]
        lab.switch.run([*say, evil, frame(120, name), evil])
        box.wait(lambda: box.network("data")["lldp"], "neighbour")
        assert box.network("data")["lldp"] == {
            "chassis": "00:11:22:33:44:aa",
            "port": "Gi1/0/7",
            "system_name": "or3-switch [2J",
        }
        assert box.network("configuration")["lldp"] is None
        lab.switch.run([*say, frame(0)])
        box.wait(lambda: box.network("data")["lldp"] is None, "good-bye")


def test_groups_stay_joined_at_a_switch_that_has_no_querier(lab: Lab, root: Path) -> None:
    # Such a switch forgets after a while, here three seconds, as nobody asks again.
    words = "type bridge mcast_querier 0 mcast_membership_interval 300"
    lab.switch.ip(f"link set data1 {words}")
    # Version 3 says each join twice within a second; after that only who is asked says more.
    version = "/proc/sys/net/ipv4/conf/eth1/force_igmp_version"
    lab["peer"].run(["sh", "-c", f"echo 3 > {version}"])
    join = "import socket, struct, time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
    join += "s.setsockopt(0, 35, socket.inet_aton('239.1.1.9') + struct.pack('4si', bytes(4), "
    join += "socket.if_nametoindex('eth1'))); print('joined', flush=True); time.sleep(60)"
    host = lab["peer"].popen([sys.executable, "-c", join], stdout=-1)
    try:
        assert host.stdout is not None and host.stdout.readline() == b"joined\n"
        _until(lambda: "239.1.1.9" in _joined(lab), "a join at the switch")
        _until(lambda: "239.1.1.9" not in _joined(lab), "a forgotten join")
        wish = document(configuration=CONFIGURATION, data={**DATA, "querier": True})
        with NetBox(lab["box"], root, wish) as box:
            _until(lambda: "239.1.1.9" in _joined(lab), "a join that came back")
            assert box.network("data")["querier"] == {"heard": None, "own": True}
            # The switch has seen where the asking comes from: reports go there.
            router = "router ports on data1: box-1"
            show = ["bridge", "-d", "-s", "mdb", "show"]
            _until(lambda: router in lab.switch.run(show), router)
    finally:
        host.kill()
        host.communicate()


def _joined(lab: Lab) -> str:
    return lab.switch.run(["bridge", "mdb", "show", "dev", "data1"])


def _until(there: Any, what: str, seconds: float = 8) -> None:
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, f"no {what}"
        time.sleep(0.1)


def test_a_receiver_answers_in_igmp_version_3_whatever_is_asked(lab: Lab, root: Path) -> None:
    wish = receiver(configuration=CONFIGURATION, data=DATA)
    with NetBox(lab["box"], root, wish) as box:
        box.settle()
        heard = {"heard": "0.0.0.0", "own": False}  # the laboratory's switch
        box.wait(lambda: box.network("data")["querier"] == heard, "the switch's query", 40)
        forced = lab["box"].run(["cat", "/proc/sys/net/ipv4/conf/eth1/force_igmp_version"])
        assert forced.strip() == "3"
