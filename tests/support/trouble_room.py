"""Two boxes with all their daemons and video from one to the other, and who makes trouble.

    other ── eth0 ─┐
    tx ───── eth0 ─┼─ data: a switch that snoops and asks nobody (other does)
    rx ───── eth0 ─┘
    configuration:  tx eth1 ── eth1 other, rx eth1 ── eth2 other
    data_2, PTP:    tx eth2 ── eth1 gm,    rx eth2 ── eth2 gm
    configuration carries PTP as well, from `other`.

Cables for PTP: on one kernel a switch gives a packet's time stamp to its sender twice, which
upsets ptp4l."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from appliance import runner
from appliance.box.paths import Paths
from appliance.box.rules import accept
from appliance.box.store import Store
from appliance.demo.namespaces import Box, Lab
from tests.clock.stage import GM
from tests.support.whole_box import WholeBox

LEASE_S = 20
LEASED = {"tx": "10.88.1.50", "rx": "10.77.0.3"}
"""By DHCP: the transmitter's address on the configuration network, the receiver's on the other."""
QUERY_S, FORGETS_S = 4, 9


@dataclass
class Master:
    """A grandmaster that runs. identity: as the boxes are to name it."""

    box: Box
    socket: Path

    def __post_init__(self) -> None:
        # Of `pmc`: 0242ac.fffe.110002; of the boxes: 02-42-AC-FF-FE-11-00-02.
        said = self._pmc("GET DEFAULT_DATA_SET")
        word = next(line.split()[1] for line in said.splitlines() if "clockIdentity" in line)
        digits = word.replace(".", "").upper()
        self.identity = "-".join(digits[at : at + 2] for at in range(0, 16, 2))

    def says_of_utc(self, offset: int, *, valid: bool, traceable: bool, quality: int = 6) -> None:
        """What it announces from now on. Its timescale stays its own: it gives the kernel's UTC."""
        self._pmc(
            f"SET GRANDMASTER_SETTINGS_NP clockClass {quality} clockAccuracy 0x21 "
            f"offsetScaledLogVariance 0xFFFF currentUtcOffset {offset} leap61 0 leap59 0 "
            f"currentUtcOffsetValid {int(valid)} ptpTimescale 0 timeTraceable {int(traceable)} "
            f"frequencyTraceable {int(traceable)} timeSource 0x20"
        )

    def _pmc(self, words: str) -> str:
        own = self.socket.with_suffix(".pmc")
        argv = ["pmc", "-u", "-b", "0", "-d", "127", "-i", str(own), "-s", str(self.socket), words]
        return self.box.run(argv)


class Room:
    """`tx` and `rx` run when it is entered, and pictures are shown."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._stack = folder, ExitStack()
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        with self._stack:
            self.lab = self._stack.enter_context(Lab(["other", "tx", "rx", "gm"], networks=1))
            self._cables()
            self._stack.callback(self._end_all)
            self.begin_querier()
            self.begin_dhcp()
            self.tx = self._box("tx", self.sender())
            self.tx.until(lambda: self.tx.converter()["flow"]["state"] == "running", "flow")
            sdp = (self.tx.paths.run / "endoscope.sdp").read_text()
            flow = {"id": "endoscope", "sdp": sdp}
            parts = {"output": {"card": "check"}, "flows": {"receive": [flow]}}
            self.rx = self._box("rx", document("rx", mode="rx", **parts))
            self.rx.until(lambda: self.rx.converter()["flow"]["state"] == "running", "picture")
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *why: Any) -> None:
        self._stack.__exit__(*why)

    def _box(self, name: str, wish: dict[str, Any]) -> WholeBox:
        self._put(name, wish)
        return self._stack.enter_context(WholeBox(self.lab[name], self._folder / name))

    def _put(self, name: str, wish: dict[str, Any]) -> None:
        Store(Paths.below(self._folder / name).state).put(accept(json.dumps(wish)), "test")

    def want(self, name: str, wish: dict[str, Any]) -> None:
        """Another state, as somebody at the box gives it."""
        self._put(name, wish)

    def sender(self, **data: Any) -> dict[str, Any]:
        """The transmitter's document. data: of its data network."""
        path = {
            "video": {"address": "239.1.1.1", "port": 5000},
            "metadata": {"address": "239.1.1.2", "port": 5002},
        }
        flow = {"id": "endoscope", "sender_type": "W", "paths": [path]}
        port = {"card": "synthetic", "format": {"name": "720p50"}}
        made = document("tx", mode="tx", input=port, flows={"send": [flow]})
        made["networks"]["data"] |= data
        return made

    # ---- what is in the room

    def _cables(self) -> None:
        words = f"type bridge mcast_querier 0 mcast_membership_interval {FORGETS_S}00"
        self.lab.switch.ip(f"link set data0 {words}")
        for n, name in enumerate(("tx", "rx"), start=1):
            _cable(self.lab["other"], f"eth{n}", self.lab[name], "eth1", f"10.88.{n}.1/24")
            _cable(self.lab["gm"], f"eth{n}", self.lab[name], "eth2", f"10.99.{n}.1/24")

    def _start(self, name: str, *argv: str, ready: bool = False) -> None:
        process = self.lab["other"].popen(
            [sys.executable, "-m", *argv],
            stdout=subprocess.PIPE if ready else subprocess.DEVNULL,
        )
        self._running[name] = process
        if process.stdout is not None:
            assert process.stdout.readline() == b"ready\n"
            process.stdout.close()

    def begin_dhcp(self) -> None:
        """A server for each of the two."""
        at = {"tx": ("eth1", "10.88.1.1"), "rx": ("eth0", self.lab["other"].address())}
        for name, where in at.items():
            words = ("tests.support.dhcp_server", *where, LEASED[name], str(LEASE_S))
            self._start(f"dhcp for {name}", *words, ready=True)

    def end_dhcp(self) -> None:
        """Both."""
        for name in LEASED:
            self.end(f"dhcp for {name}")

    def begin_querier(self) -> None:
        """Of the data network; its address is the lowest there."""
        address = self.lab["other"].address()
        self._start("querier", "tests.support.querier", "eth0", address, str(QUERY_S))

    def end(self, name: str) -> None:
        """SIGKILL."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def _end_all(self) -> None:
        for name in tuple(self._running):
            self.end(name)

    @contextmanager
    def grandmaster(self, name: str, priority: int) -> Iterator[Master]:
        """On the cables of `gm` or of `other`."""
        config, socket = self._folder / f"{name}.conf", self._folder / f"{name}.sock"
        words = GM.format(
            domain=127, priority=priority, quality=6, utc=37, uds=socket, interface="eth1"
        )
        config.write_text(words + "[eth2]\n")
        process = self.lab[name].popen(
            ["ptp4l", "-f", str(config), "-m", "-q"], stdout=subprocess.DEVNULL
        )
        try:
            end = time.monotonic() + 5
            while not socket.exists():
                assert time.monotonic() < end, "the grandmaster does not begin"
                time.sleep(0.02)
            yield Master(self.lab[name], socket)
        finally:
            process.kill()  # no goodbye
            process.wait()
            socket.unlink(missing_ok=True)

    # ---- what is seen of the video

    def _counted(self) -> dict[str, int]:
        tx, rx = self.tx.converter()["counters"], self.rx.converter()["counters"]
        return {
            "sent": tx["frames"],
            "presented": rx["presented"],
            "lost": rx["lost"] + rx["metadata_lost"],
            "overrun": rx["kernel_drops"],
            "mixed": rx["metadata_mismatch"],
        }

    @contextmanager
    def video_counts_on(self) -> Iterator[None]:
        """All the time, and the network loses nothing of it: a stop shows as packets that are
        missing. What a busy machine drops, shows late or not at all is its own doing."""
        before, began = self._counted(), time.monotonic()
        yield
        after, seconds = self._counted(), time.monotonic() - began
        grown = {key: after[key] - before[key] for key in after}
        said = f"{grown} in {seconds:.1f} s\n{self.rx.status()}"
        assert grown["lost"] <= grown["overrun"] and not grown["mixed"], said
        assert min(grown["sent"], grown["presented"]) > 50 * seconds / 2, said


def document(name: str, **parts: Any) -> dict[str, Any]:
    """Of one of the two."""
    dhcp = {"method": "dhcp"}
    if name == "tx":
        n, configuration, data = 1, dhcp, {"address": "10.77.0.2/24"}
    else:
        n, configuration, data = 2, {"address": "10.88.2.2/24"}, dhcp
    networks = {
        "configuration": {"interface": "eth1", **configuration},
        "data": {"interface": "eth0", **data},
        "data_2": {"interface": "eth2", "address": f"10.99.{n}.2/24"},
    }
    clock = {"networks": ["data_2", "configuration"], "holdover_s": 30}
    return {"schema": 1, "label": name, "networks": networks, "clock": clock, **parts}


def _cable(one: Box, at: str, other: Box, end: str, address: str) -> None:
    words = f"ip link add {at} type veth peer name {end} netns /proc/self/fd/{other.net}"
    runner.run(one.argv(words.split()), pass_fds=(*one.pass_fds, other.net))
    one.ip(f"addr add {address} dev {at}", f"link set {at} up")
