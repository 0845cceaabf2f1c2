"""From the desired clock to the configuration of ptp4l and the command line of phc2sys. Pure.

The profiles: st2059-2 is SMPTE ST 2059-2 (domain 127, announce 0.25 s, sync 0.125 s, as most
equipment has it), aes67 is AES67's media profile, default is IEEE 1588's own (J.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.box.desired_network import Clock

# log2 of seconds: announce, sync, delay request; announce receipt time-out.
_RATES = {"st2059-2": (-2, -3, -3, 3), "aes67": (1, -3, 0, 3), "default": (1, 0, 0, 3)}
STEP_S = 0.1
"""A grandmaster that is further off than this is followed by a step and not by slewing."""
_DSCP = 46  # EF, as AES67 has it


@dataclass(frozen=True)
class Port:
    """An interface that carries PTP. hardware: whether its NIC stamps packets."""

    interface: str
    hardware: bool


@dataclass(frozen=True)
class Plan:
    """What runs. ptp4l: its configuration file; "" where none runs. phc2sys: arguments; () where
    the system's clock is disciplined by ptp4l itself, or by nobody."""

    ptp4l: str
    phc2sys: tuple[str, ...]
    hardware: bool
    grandmaster: bool


def plan(
    clock: Clock, ports: Sequence[Port], *, socket: str, version: str, adjust: bool = True
) -> Plan:
    """version: of linuxptp, "3.1.1". socket: of ptp4l's management. adjust: whether clocks are
    set at all; not where several boxes share one kernel."""
    if clock.role == "free-run" or not ports:
        return Plan("", (), hardware=False, grandmaster=False)
    # One software port makes all of them so: a clock has one time base.
    hardware = all(port.hardware for port in ports)
    server = clock.role == "grandmaster"
    announce, sync, request, patience = _RATES[clock.profile]
    new = _major(version) >= 4
    lines = [
        "[global]",
        f"domainNumber {clock.ptp_domain}",
        f"priority1 {clock.priority1 if server else 255}",
        f"priority2 {clock.priority2 if server else 255}",
        f"{'clientOnly' if new else 'slaveOnly'} {int(not server)}",
        f"logAnnounceInterval {announce}",
        f"logSyncInterval {sync}",
        f"logMinDelayReqInterval {request}",
        f"announceReceiptTimeout {patience}",
        "delay_mechanism E2E",
        "network_transport UDPv4",
        f"dscp_event {_DSCP}",
        f"dscp_general {_DSCP}",
        f"time_stamping {'hardware' if hardware else 'software'}",
        "tx_timestamp_timeout 20",
        f"step_threshold {STEP_S}",
        "first_step_threshold 0.00002",
        "fault_reset_interval -4",  # a cable that is in again is used at once
        "summary_interval 6",
        "use_syslog 0",
        "verbose 0",
        f"uds_address {socket}",
    ]
    if server:
        # 248: a clock that nobody disciplines says so (IEEE 1588 table 5).
        lines += ["clockClass 248", "timeSource 0xA0"]
    if new:
        lines.append("ptp_minor_version 0")  # equipment of PTP 2.0 answers no other
        lines.append(f"uds_ro_address {socket}.ro")  # its usual place is not ours to write in
    if hardware and len(ports) > 1:
        lines.append("boundary_clock_jbod 1")
    if not adjust:
        lines.append("free_running 1")
    lines += [f"[{port.interface}]" for port in ports]
    return Plan(
        "\n".join(lines) + "\n",
        _phc2sys(clock, ports[0], socket, server=server) if hardware and adjust else (),
        hardware=hardware,
        grandmaster=server,
    )


def _phc2sys(clock: Clock, port: Port, socket: str, *, server: bool) -> tuple[str, ...]:
    """From the NIC's clock to the system's, or the other way round for one that gives the time."""
    pair = ("-s", "CLOCK_REALTIME", "-c", port.interface)
    if not server:
        pair = ("-s", port.interface, "-c", "CLOCK_REALTIME")
    step = ("-S", str(STEP_S), "-F", "0.00002")
    return ("-w", *pair, *step, "-n", str(clock.ptp_domain), "-z", socket, "-m", "-q")


def _major(version: str) -> int:
    word = version.partition(".")[0]
    return int(word) if word.isdigit() else 0
