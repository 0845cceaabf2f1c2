"""The control plane of a box: from a change of what is wanted to the first packet, and what its
daemons cost idle and streaming."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from appliance.box.rules import accept
from appliance.box.store import Store
from appliance.demo.namespaces import Lab
from tests.agent.test_provisioning import sender
from tests.box.documents import text
from tests.support.agent_box import AgentBox
from tests.support.whole_box import WholeBox

CHANGES = 7


def run(seconds: float) -> list[dict[str, Any]]:
    """Rows: changes, ms; daemons, MiB and shares of a core over `seconds`."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Lab(["tx", "rx"], networks=2) as lab,
        AgentBox(Path(folder) / "tx", port=0, popen=lab["tx"].popen) as box,
    ):
        idle = _cost("idle", box, seconds)
        first = _change(lab, box, "239.9.1.1")
        times = [_change(lab, box, f"239.9.1.{n + 2}") for n in range(CHANGES)]
        changes = [
            {"name": "from idle to the first packet, ms", "median": first},
            {
                "name": "from another flow to the first packet, ms",
                "min": min(times),
                "median": statistics.median(times),
                "max": max(times),
            },
        ]
        rows = [idle, *changes, _cost("streaming 720p50 W", box, seconds)]
    return [*rows, _whole(seconds)]


def _whole(seconds: float) -> dict[str, Any]:
    """Network, clock, agent and panel together, idle; no panel is plugged in."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Lab(["box"], networks=2) as lab,
        WholeBox(lab["box"], Path(folder) / "box") as box,
    ):
        panel = subprocess.Popen(
            [
                *(sys.executable, "-m", "appliance.cli", "panel", "--port", "auto", "--quiet"),
                *("--status", str(box.paths.run)),
            ]
        )
        try:
            time.sleep(35)  # the panel looks more often in its first half minute
            pids = [box.process.pid, panel.pid, *box.pids()]
            before = sum(map(cpu_s, pids))
            time.sleep(seconds)
            return {
                "name": "control plane idle: agent, network, clock, panel",
                "all MiB": sum(map(resident_mib, pids)),
                "all share of a core": (sum(map(cpu_s, pids)) - before) / seconds,
            }
        finally:
            panel.terminate()
            panel.wait()


def _change(lab: Lab, box: AgentBox, group: str) -> float:
    """ms from storing another flow to its first packet at the other end of the network."""
    heard = lab["rx"].popen(
        ["tcpdump", "-i", "eth1", "-p", "-tt", "-c", "1", "-l", f"udp and dst host {group}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    # A group that nobody joined is not forwarded by a switch that snoops.
    joined = lab["rx"].popen(
        ["python3", "-c", _JOIN, group], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert heard.stdout is not None
    assert joined.stdout is not None
    try:
        joined.stdout.readline()
        time.sleep(0.7)
        desired = accept(text(sender(group)))
        began = time.time()
        Store(box.paths.state).put(desired, "bench")
        box.at_the_box("reload")
        line = heard.stdout.readline().split()
        return (float(line[0]) - began) * 1000
    finally:
        for child in (heard, joined):
            child.kill()
            child.wait()


_JOIN = """
import socket, struct, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
mreq = socket.inet_aton(sys.argv[1]) + socket.inet_aton("10.77.1.2")
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, mreq)
print("joined", flush=True)
time.sleep(60)
"""


def _cost(name: str, box: AgentBox, seconds: float) -> dict[str, Any]:
    """Of the agent and the converter, its child."""
    time.sleep(2)
    agent = box.process.pid  # what entered the namespace became the agent itself
    converters = children(agent)
    before = [cpu_s(agent), sum(map(cpu_s, converters))]
    time.sleep(seconds)
    spent = [cpu_s(agent) - before[0], sum(map(cpu_s, converters)) - before[1]]
    return {
        "name": f"daemons, {name}",
        "agent MiB": resident_mib(agent),
        "converter MiB": sum(map(resident_mib, converters)),
        "agent share of a core": spent[0] / seconds,
        "converter share": spent[1] / seconds,
    }


def children(pid: int) -> list[int]:
    """Processes that this one started."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(word) for one in threads for word in (one / "children").read_text().split()]


def cpu_s(pid: int) -> float:
    """CPU time of a process, seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    """Memory of a process that is its own, MiB (PSS: shared pages by share)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0
