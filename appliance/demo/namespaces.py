"""A laboratory of network namespaces: boxes on one or two data switches.

    box "tx" ── eth0 ─┬─ switch "data0" ─┬─ eth0 ── box "rx"
             ── eth1 ─┼─ switch "data1" ─┼─ eth1 ──            (networks=2, ST 2022-7)

Each namespace is held by an open file descriptor of this process alone, under no name: when the
process ends, even by SIGKILL, the kernel takes namespaces, switches and links away. Programs
started in a box are killed with the thread that started them. Without root, all of it lives in
one user namespace of its own; this process itself stays where it is, so that its web page is
reachable from the desk.

Kernel settings that belong to the machine and not to a namespace (net.core.rmem_max ...) cannot
be set from here.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from appliance import runner

_CAP_SYS_ADMIN = 21
# Off, a switch sees each packet by itself, as a wire carries it; on, bursts travel whole.
_BRIDGE_FILTER = "/proc/sys/net/bridge/bridge-nf-call-iptables"
_OFFLOADS = (
    "tx-udp-segmentation",
    "tx-gso-list",
    "generic-segmentation-offload",
    "generic-receive-offload",
)


@dataclass(frozen=True)
class Box:
    """One namespace of a Lab: a machine with its own interfaces."""

    name: str
    number: int
    net: int
    user: int | None

    @property
    def pass_fds(self) -> tuple[int, ...]:
        """Descriptors that a program from `argv` must inherit."""
        return (self.net,) if self.user is None else (self.user, self.net)

    def argv(self, argv: Sequence[str]) -> list[str]:
        """The command line that runs `argv` in this box; it dies with the thread that starts it."""
        return [
            *_enter(self.user, self.net),
            *("setpriv", "--pdeathsig", "KILL", "--"),
            *argv,
        ]

    def popen(self, argv: Sequence[str], **options: Any) -> runner.Child:
        """Starts a program in this box; `options` are those of subprocess.Popen."""
        return runner.start(self.argv(argv), pass_fds=self.pass_fds, **options)

    def run(self, argv: Sequence[str], *, text_in: str = "", timeout: float = 30.0) -> str:
        """Runs a program in this box to its end; its standard output, or CommandError."""
        return runner.run(self.argv(argv), text_in=text_in, pass_fds=self.pass_fds, timeout=timeout)

    def address(self, network: int = 0) -> str:
        """IPv4 address of `eth<network>`."""
        return f"10.77.{network}.{self.number}"

    def ip(self, *commands: str) -> None:
        """Commands of `ip`, one a line, for example "link set eth0 down"."""
        self.run(["ip", "-batch", "-"], text_in="\n".join(commands) + "\n")


class Lab:
    """Boxes joined by data switches.

    names: the boxes. networks: 1, or 2 for ST 2022-7; box n has 10.77.<network>.<n+1>/24 on
    eth<network>. mtu: of every link; 1500 carries 1460-octet UDP, 9000 extended. snooping: the
    switches forward a group only where it was joined (IGMP snooping with a querier); off, they
    flood. offloads: bursts of UDP_SEGMENT travel whole; off, as single packets.

    Raises runner.CommandError when the system does not permit namespaces, with the reason.
    """

    def __init__(
        self,
        names: Sequence[str],
        *,
        networks: int = 1,
        mtu: int = 1500,
        snooping: bool = True,
        offloads: bool = True,
    ) -> None:
        self._files = contextlib.ExitStack()
        try:
            self._user = None if _privileged() else self._open(["unshare", "-Ur", "cat"], "user")
            self.boxes = {
                name: self._box(name, number) for number, name in enumerate(names, start=1)
            }
            self.switch = self._box("switch", 254)
            for network in range(networks):
                self._wire(network, mtu, snooping)
            if not offloads:
                self._offloads_off(networks)
        except BaseException:
            self.close()
            raise

    def __getitem__(self, name: str) -> Box:
        return self.boxes[name]

    def __iter__(self) -> Iterator[Box]:
        return iter(self.boxes.values())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of every namespace; what still runs in one keeps that one until it ends."""
        self._files.close()

    def _box(self, name: str, number: int) -> Box:
        enter = [] if self._user is None else _enter(self._user, None)
        net = self._open([*enter, "unshare", "--net", "cat"], "net")
        box = Box(name, number, net, self._user)
        box.ip("link set lo up")
        return box

    def _open(self, argv: Sequence[str], kind: str) -> int:
        """A descriptor of the namespace that `argv`, which ends in `cat`, makes for itself."""
        fds = () if not hasattr(self, "_user") or self._user is None else (self._user,)
        child = runner.start(
            argv,
            stdin=runner.PIPE,
            stdout=runner.PIPE,
            stderr=runner.PIPE,
            pass_fds=fds,
        )
        with child:
            assert child.stdin and child.stdout and child.stderr
            # Its echo says that it has left the namespace of its parent.
            with contextlib.suppress(BrokenPipeError):
                child.stdin.write(b"\n")
                child.stdin.flush()
            if child.stdout.read(1) != b"\n":
                said = child.stderr.read().decode(errors="replace").strip() or "nothing"
                raise runner.CommandError(
                    f"namespaces: this system permits no {kind} namespace ({said}); run as root"
                    " or allow user namespaces (sysctl user.max_user_namespaces)"
                )
            fd = os.open(f"/proc/{child.pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)
            self._files.callback(os.close, fd)
        return fd

    def _wire(self, network: int, mtu: int, snooping: bool) -> None:
        bridge = f"data{network}"
        on = int(snooping)
        # A switch filters nothing; where br_netfilter is loaded, each packet would pay for it.
        self.switch.run(["sh", "-c", f"[ ! -w {_BRIDGE_FILTER} ] || echo 0 > {_BRIDGE_FILTER}"])
        self.switch.ip(
            f"link add {bridge} type bridge mcast_snooping {on} mcast_querier {on}"
            " mcast_startup_query_interval 100 mcast_query_response_interval 100",
            f"link set {bridge} mtu {mtu} up",
            f"addr add {self.switch.address(network)}/24 dev {bridge}",
        )
        for box in self:
            port = f"{box.name[:10]}-{network}"
            runner.run(
                [
                    *_enter(self._user, self.switch.net),
                    *f"ip link add {port} mtu {mtu} type veth peer name eth{network}".split(),
                    *("mtu", str(mtu), "netns", f"/proc/self/fd/{box.net}"),
                ],
                pass_fds=(*self.switch.pass_fds, box.net),
            )
            self.switch.ip(f"link set {port} master {bridge} up")
            box.ip(
                f"addr add {box.address(network)}/24 dev eth{network}",
                f"link set eth{network} up",
            )
            if network == 0:  # for programs that do not name the interface of a group
                box.ip("route add 224.0.0.0/4 dev eth0")

    def _offloads_off(self, networks: int) -> None:
        words = [word for name in _OFFLOADS for word in (name, "off")]
        for network in range(networks):
            for box in self:
                box.run(["ethtool", "-K", f"eth{network}", *words])
                self.switch.run(["ethtool", "-K", f"{box.name[:10]}-{network}", *words])


def _enter(user: int | None, net: int | None) -> list[str]:
    argv = ["nsenter"]
    if user is not None:
        argv += [f"--user=/proc/self/fd/{user}", "--preserve-credentials"]
    if net is not None:
        argv += [f"--net=/proc/self/fd/{net}"]
    return [*argv, "--"]


def _privileged() -> bool:
    """Whether this process may make network namespaces where it is."""
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - a pseudo file
        for line in status:
            if line.startswith("CapEff:"):
                return bool(int(line.split()[1], 16) >> _CAP_SYS_ADMIN & 1)
    return False
