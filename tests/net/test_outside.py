"""The firewall, from outside: what the table says is open, and nothing else, packet by packet."""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.demo.namespaces import Lab
from appliance.net.querier import checksum
from tests.net.conftest import CONFIGURATION, DATA, DATA_2, HOSPITAL, document, receiver
from tests.support.net_box import NetBox

pytestmark = pytest.mark.netns

NETWORKS = ("configuration", "data", "data_2", "hospital")
UDP = (53, 67, 68, 161, 319, 320, 500, 4444, 5000, 5001, 5002, 5353)
TCP = (22, 80, 111, 443, 8080)
GROUPS = ("224.0.0.107", "224.0.1.129", "239.1.1.1", "239.1.1.2", "239.1.1.3", "224.0.0.251")

# Listens on every port and group of every network; a line for each datagram and connection.
LISTEN = """
import json, selectors, socket, struct, sys
udp, tcp, groups, devices = json.loads(sys.argv[1])
eyes = selectors.DefaultSelector()
for port in udp:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", port))
    for group in groups if port == udp[0] else ():
        for device in devices:
            index = socket.if_nametoindex(device)
            member = socket.inet_aton(group) + struct.pack("4si", bytes(4), index)
            s.setsockopt(socket.IPPROTO_IP, 35, member)
    eyes.register(s, selectors.EVENT_READ, "udp")
for port in tcp:
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", port))
    s.listen(16)
    eyes.register(s, selectors.EVENT_READ, "tcp")
print("ready", flush=True)
while True:
    for key, _ in eyes.select():
        if key.data == "udp":
            print(key.fileobj.recv(2048).decode(), flush=True)
        else:
            key.fileobj.accept()[0].close()
"""

# Sends [address, port, source, device, text] each, then tries each TCP port.
SEND = """
import json, socket, sys
udp, tcp = json.loads(sys.argv[1])
for address, port, source, device, text in udp:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, 25, device.encode())
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 8)
    s.bind((source, 0))
    for _ in range(2):
        s.sendto(text.encode(), (address, port))
    s.close()
waiting = []
for address, port in tcp:
    s = socket.socket()
    s.settimeout(0.4)
    try:
        s.connect((address, port))
        print(f"{address}:{port}")
    except OSError:
        pass
"""


@contextmanager
def listening(box: NetBox, devices: tuple[str, ...]) -> Iterator[list[str]]:
    """What arrives; complete at the end of the block."""
    heard: list[str] = []
    job = json.dumps([UDP, TCP, GROUPS, devices])
    child = box.box.popen([sys.executable, "-c", LISTEN, job], stdout=-1)
    assert child.stdout is not None and child.stdout.readline() == b"ready\n"
    try:
        yield heard
    finally:
        child.terminate()
        out, _ = child.communicate(timeout=10)
        heard += out.decode().splitlines()


def send(
    lab: Lab, udp: list[tuple[str, int, str, str, str]], tcp: list[tuple[str, int]]
) -> set[str]:
    """From the peer; the TCP ends that let it in."""
    job = json.dumps([udp, tcp])
    return set(lab["peer"].run([sys.executable, "-c", SEND, job], timeout=60).split())


def test_what_is_open_is_what_the_table_says(lab: Lab, root: Path) -> None:
    wish = receiver(configuration=CONFIGURATION, data=DATA, data_2=DATA_2, hospital=HOSPITAL)
    lab["peer"].ip("addr add 10.77.1.66/24 dev eth1")
    with NetBox(lab["box"], root, wish) as box:
        box.settle()
        box.wait(lambda: box.network("data")["carrier"], "carrier")
        udp, tcp = [], []
        for number, name in enumerate(NETWORKS):
            own, device = f"10.77.{number}.2", f"eth{number}"
            for address in (f"10.77.{number}.1", *GROUPS):
                udp += [(address, port, own, device, f"{name} {address} {port}") for port in UDP]
            tcp += [(f"10.77.{number}.1", port) for port in TCP]
        # The flow's video is of one sender: another one is refused.
        udp.append(("239.1.1.1", 5000, "10.77.1.66", "eth1", "data 239.1.1.1 5000 from another"))
        udp.append(("239.1.1.2", 5002, "10.77.1.66", "eth1", "data 239.1.1.2 5002 from another"))
        with listening(box, ("eth0", "eth1", "eth2", "eth3")) as heard:
            connected = send(lab, udp, tcp)
        ptp = {f"data {to} {port}" for to in (*GROUPS[:2], "10.77.1.1") for port in (319, 320)}
        flow = {"data 239.1.1.1 5000", "data 239.1.1.2 5002", "data 239.1.1.2 5002 from another"}
        assert set(heard) == ptp | flow
        assert connected == {"10.77.0.1:443"}

        table = {
            f"{row['network']} {row['to'].replace('own address', '10.77.1.1')} {row['port']}"
            for row in box.status()["open"]
            if row["protocol"] == "udp"
        }
        assert table == ptp | flow - {"data 239.1.1.2 5002 from another"}
        box.wait(lambda: box.status()["firewall"]["refused_hospital"] > 50, "count")

        # Echo: on the configuration network, and no more of it than the limit.
        assert echoes(lab, "10.77.0.1", 1) == 1
        assert [echoes(lab, f"10.77.{number}.1", 2) for number in (1, 2, 3)] == [0, 0, 0]
        assert 20 <= echoes(lab, "10.77.0.1", 200) <= 80


ECHO = """
import select, socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
for _ in range(int(sys.argv[2])):
    s.sendto(bytes.fromhex(sys.argv[3]), (sys.argv[1], 0))
found = 0
while select.select([s], [], [], 0.3)[0]:
    found += s.recv(2048)[20] == 0
print(found)
"""


def echoes(lab: Lab, address: str, count: int) -> int:
    """How many of so many echo requests are answered."""
    body = struct.pack("!BBHHH", 8, 0, 0, 7, 1) + b"rtvbox"
    message = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
    argv = [sys.executable, "-c", ECHO, address, str(count), message.hex()]
    return int(lab["peer"].run(argv))


def test_no_way_from_one_network_to_another(tmp_path: Path) -> None:
    with Lab(("box", "peer", "camera"), networks=2) as lab:
        # The peer is on the configuration network only, the camera on the data network only.
        lab["peer"].ip("link set eth1 down", "route add 10.77.1.0/24 via 10.77.0.1")
        lab["camera"].ip("link set eth0 down", "route add 10.77.0.0/24 via 10.77.1.1")
        wish = document(configuration=CONFIGURATION, data=DATA)
        box = NetBox(lab["box"], tmp_path / "box", wish)
        with box:
            box.settle()
            assert arrives(lab, "10.77.1.3") == ""
            # Nor to an address of the box that belongs to another network.
            assert echoes(lab, "10.77.1.1", 2) == 0 and echoes(lab, "10.77.0.1", 2) == 2
            box.wait(lambda: box.status()["firewall"]["refused_configuration"] > 0, "count")
        # The same packet without the box's doing: it would have come through.
        for path in ("ip_forward", "conf/all/rp_filter", "conf/eth0/rp_filter"):
            value = int(path == "ip_forward")
            lab["box"].run(["sh", "-c", f"echo {value} > /proc/sys/net/ipv4/{path}"])
        assert arrives(lab, "10.77.1.3") == ""  # the firewall alone stops it
        lab["box"].run(["nft", "delete table inet rtvbox"])
        assert arrives(lab, "10.77.1.3") == "hello"


HEAR = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 9999))
s.settimeout(1.5)
print("ready", flush=True)
try:
    print(s.recv(100).decode())
except TimeoutError:
    pass
"""


def arrives(lab: Lab, address: str) -> str:
    """What comes of a datagram from the peer to the camera."""
    camera = lab["camera"].popen([sys.executable, "-c", HEAR], stdout=-1)
    assert camera.stdout is not None and camera.stdout.readline() == b"ready\n"
    send(lab, [(address, 9999, "10.77.0.2", "eth0", "hello")] * 2, [])
    out, _ = camera.communicate(timeout=10)
    return str(out.decode().strip())


def test_ipv6_is_not_spoken(lab: Lab, root: Path) -> None:
    with NetBox(lab["box"], root, document(configuration=CONFIGURATION, data=DATA)) as box:
        box.settle()
        assert lab["box"].run(["ip", "-6", "addr", "show", "scope", "link"]) == ""
