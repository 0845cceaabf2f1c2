"""The laboratory: boxes hear each other, groups arrive where joined, nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.demo.namespaces import Box, Lab
from appliance.runner import CommandError

pytestmark = pytest.mark.netns

HEAR = """
import socket, struct, sys
group, interface = sys.argv[1:]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(10)
s.bind((group, 5000))
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack(
    "@4s4si", socket.inet_aton(group), bytes(4), socket.if_nametoindex(interface)))
print("ready", flush=True)
print(len(s.recv(70000)), flush=True)
"""
SAY = """
import socket, struct, sys
group, interface, octets, segment = sys.argv[1:]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack(
    "@4s4si", bytes(4), bytes(4), socket.if_nametoindex(interface)))
if int(segment):
    s.setsockopt(socket.IPPROTO_UDP, 103, int(segment))
s.sendto(bytes(int(octets)), (group, 5000))
"""
HOLD = """
import subprocess, sys, time
from appliance.demo.namespaces import Lab
lab = Lab(["tx", "rx"])
child = lab["rx"].popen(["sleep", "600"])
while "sleep" not in open(f"/proc/{child.pid}/cmdline").read().split("\\0")[0]:
    time.sleep(0.01)
print(child.pid, lab["rx"].run(["readlink", "/proc/self/ns/net"]).strip(), flush=True)
time.sleep(600)
"""

UNPRIVILEGED = [
    "setpriv",
    "--reuid",
    "65534",
    "--regid",
    "65534",
    "--clear-groups",
    "--inh-caps=-all",
    "--bounding-set=-all",
]


def _received(box: Box) -> int:
    """Packets that reached the box's first interface."""
    lines = box.run(["cat", "/proc/net/dev"]).splitlines()
    return next(int(line.split()[2]) for line in lines if line.strip().startswith("eth0:"))


def _until(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _namespaces() -> set[str]:
    """Network namespaces of all processes that we may look at."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found.add(str((entry / "ns/net").readlink()))
            except OSError:
                continue
    return found


@pytest.mark.parametrize("network", [0, 1])
def test_a_group_crosses_each_network(network: int) -> None:
    with Lab(["tx", "rx"], networks=2) as lab:
        here = f"eth{network}"
        with lab["rx"].popen(
            [sys.executable, "-c", HEAR, "239.1.2.3", here], stdout=subprocess.PIPE
        ) as ear:
            assert ear.stdout is not None
            assert ear.stdout.readline() == b"ready\n"
            lab["tx"].run([sys.executable, "-c", SAY, "239.1.2.3", here, "1000", "0"])
            assert ear.stdout.readline() == b"1000\n"


@pytest.mark.parametrize(("offloads", "packets"), [(True, 1), (False, 40)])
def test_offloads_decide_whether_bursts_travel_whole(offloads: bool, packets: int) -> None:
    with Lab(["tx", "rx"], offloads=offloads, snooping=False) as lab:
        before = _received(lab["rx"])
        lab["tx"].run([sys.executable, "-c", SAY, "239.1.2.3", "eth0", "40000", "1000"])
        assert _until(lambda: _received(lab["rx"]) >= before + packets)
        assert _received(lab["rx"]) - before <= packets + 4  # a few of the link itself


def test_mtu_reaches_every_link() -> None:
    with Lab(["tx", "rx"], mtu=9000) as lab:
        for box in (*lab, lab.switch):
            links = box.run(["ip", "-o", "link", "show", "up"]).splitlines()
            assert all("mtu 9000" in line for line in links if ": lo" not in line)
            assert any("mtu 9000" in line for line in links)


def test_a_killed_lab_leaves_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE) as lab:
        assert lab.stdout is not None
        child, space = lab.stdout.readline().decode().split()
        assert space in _namespaces()
        os.kill(lab.pid, signal.SIGKILL)
        lab.wait()
        assert _until(lambda: not Path(f"/proc/{child}/ns").exists() or _dead(child))
        assert space not in _namespaces()


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _dead(pid: str) -> bool:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return "\nState:\tZ" in status


def test_a_closed_lab_holds_no_descriptor() -> None:
    before = _open_files()
    with Lab(["tx", "rx"], networks=2):
        assert _open_files() > before
    assert _open_files() == before


def test_a_program_that_fails_is_named_with_what_it_said() -> None:
    with Lab(["tx"]) as lab, pytest.raises(CommandError, match=r"ip -batch.*no-such-dev"):
        lab["tx"].ip("link set no-such-device up")


@pytest.mark.skipif(os.getuid() != 0, reason="is the normal case when the tests are not root's")
def test_it_works_without_root() -> None:
    script = "from appliance.demo.namespaces import Lab\nwith Lab(['a', 'b']) as lab: print('made')"
    done = subprocess.run(
        [*UNPRIVILEGED, sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    if "permits no user namespace" in done.stderr:
        pytest.skip(f"unprivileged user namespaces are off here: {done.stderr.splitlines()[-1]}")
    assert done.stdout == "made\n", done.stderr
