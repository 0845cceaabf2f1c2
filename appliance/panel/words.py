"""What the screens say of the status, in few words. Pure. What is not known is called so."""

from __future__ import annotations

from appliance.panel.entries import NETWORK_NAMES, PATTERN_NAMES, issues
from appliance.panel.requests import (
    FactoryReset,
    Request,
    Restart,
    SetMode,
    SetNetwork,
    SetPattern,
)
from appliance.panel.status import (
    NETWORKS,
    Clock,
    ClockState,
    FlowState,
    Pattern,
    Port,
    Signal,
    Status,
)

UNKNOWN = "unknown"

_SIGNALS = {
    None: "?",
    Signal.OK: "ok",
    Signal.NONE: "no signal",
    Signal.MISMATCH: "wrong",
    Signal.UNSTABLE: "bad",
}
_FLOWS = {
    None: "?",
    FlowState.STOPPED: "off",
    FlowState.WAITING: "wait",
    FlowState.RUNNING: "on",
    FlowState.ERROR: "bad",
}
_CLOCKS = {
    None: "?",
    ClockState.FREE_RUN: "free",
    ClockState.ACQUIRING: "wait",
    ClockState.LOCKED: "locked",
    ClockState.HOLDOVER: "hold",
    ClockState.LOST: "lost",
    ClockState.GRANDMASTER: "master",
}


def title(status: Status) -> str:
    """What the box is called."""
    return status.agent.label or status.agent.serial or "rtvbox"


def mode(status: Status) -> str:
    """TX, RX, IDLE ...; "?" when that is not known."""
    return (status.converter.mode or "?").upper()


def picture(status: Status) -> tuple[str, str, str]:
    """The card's side: which, what and how. The input of a sender, the output of a receiver."""
    converter = status.converter
    port, side = (converter.output, "Out") if converter.mode == "rx" else (converter.input, "In")
    if port is None:
        return "Picture", "", "idle" if converter.mode == "idle" else UNKNOWN
    if port.signal is Signal.NONE:
        return side, "", "no signal"
    return side, port.format or "?", _SIGNALS[port.signal]


def flow(status: Status) -> str:
    """The stream."""
    return f"Flow {_FLOWS[status.converter.flow]}"


def clock(status: Status) -> str:
    """The clock."""
    return f"PTP {_CLOCKS[status.clock.state]}"


def badge(status: Status) -> str:
    """How many issues; a tick when it is known that there are none."""
    count = len(issues(status))
    if count:
        return f"⚠{min(count, 99)}"
    return "?" if status.issues is None else "✓"


def address(status: Status) -> str:
    """Where a Configurator finds the box."""
    network = status.networks.get("configuration")
    if network is None:
        return f"IP {UNKNOWN}"
    return network.address or "no address"


def state(status: Status) -> list[str]:
    """All of it in full."""
    converter = status.converter
    lines = [f"Box: {title(status)}", f"Mode: {converter.mode or UNKNOWN}"]
    if converter.mode != "rx":
        lines.append(f"Input: {_port(converter.input)}")
    if converter.mode != "tx":
        lines.append(f"Output: {_port(converter.output)}")
    pattern = converter.pattern
    lines.append(f"Test pattern: {UNKNOWN if pattern is None else PATTERN_NAMES[pattern].lower()}")
    lines.append(f"Flow: {converter.flow or UNKNOWN}")
    if converter.address:
        lines.append(f"To: {converter.address}" if converter.mode == "tx" else converter.address)
    return [*lines, *_clock(status.clock)]


def _port(port: Port | None) -> str:
    if port is None:
        return UNKNOWN
    words = [port.connector, port.format, port.signal and f"signal {port.signal}"]
    return " ".join(word for word in words if word) or UNKNOWN


def _clock(clock: Clock) -> list[str]:
    lines = [f"PTP: {clock.state or UNKNOWN}"]
    if clock.offset_ns is not None:
        lines.append(f"Offset: {clock.offset_ns} ns")
    if clock.grandmaster:
        lines.append(f"Grandmaster: {clock.grandmaster}")
    return lines


def addresses(status: Status) -> list[str]:
    """Each network with its address."""
    lines = []
    for name in NETWORKS:
        network = status.networks.get(name)
        if network is None:
            lines.append(f"{NETWORK_NAMES[name]}: {UNKNOWN}")
            continue
        carrier = " no cable" if network.carrier is False else ""
        lines.append(f"{NETWORK_NAMES[name]}:{carrier} {network.method or ''}".rstrip())
        prefix = "" if network.prefix is None else f"/{network.prefix}"
        lines.append(f" {network.address}{prefix}" if network.address else " no address")
        if network.gateway:
            lines.append(f" via {network.gateway}")
    return lines


def identity(status: Status, refused: str) -> list[str]:
    """Who the box is, and the code to pair with. refused: why there is no code."""
    agent = status.agent
    code = refused or agent.pairing or "wait ..."
    return [
        "Pairing code:",
        code,
        f"Serial {agent.serial or UNKNOWN}",
        f"Key {agent.fingerprint or UNKNOWN}",
        f"Name {agent.label or UNKNOWN}",
    ]


def issue(status: Status, key: str) -> list[str]:
    """One issue in full, by its id."""
    one = next((one for one in issues(status) if one.id == key), None)
    if one is None:
        return ["It is gone."]
    lines = [f"{one.severity.upper()}: {one.text}"]
    if one.remedy:
        lines.append(f"Do: {one.remedy}")
    if one.since:
        lines.append(f"Since {one.since}")
    return [*lines, f"From {one.source}"] if one.source else lines


def about(status: Status, panel: str) -> list[str]:
    """Versions."""
    agent = status.agent
    return [
        f"Serial {agent.serial or UNKNOWN}",
        f"Software {agent.version or UNKNOWN}",
        f"Slot {agent.slot or UNKNOWN}",
        f"Panel {panel}",
    ]


def question(request: Request | None) -> tuple[str, str]:
    """What a confirmation asks, at most 16 characters, and what would happen."""
    match request:
        case SetMode(mode=mode):
            return f"Mode {mode.upper()}?", "Picture will stop"
        case SetPattern(pattern=Pattern.FORCED):
            return "Pattern always?", "Replaces the picture"
        case SetPattern(pattern=Pattern.WITHOUT_INPUT):
            return "Pattern w/o in?", "If there is no input"
        case SetPattern():
            return "Pattern off?", ""
        case SetNetwork(network=network, address=None):
            return f"{NETWORK_NAMES[network][:6]} by DHCP?", "Connections may end"
        case SetNetwork(address=address, prefix=prefix, gateway=gateway):
            return f"{address}?", f"/{prefix} {gateway or 'no gateway'}"
        case Restart():
            return "Restart box?", "Picture stops"
        case FactoryReset():
            return "Factory reset?", "Everything is lost"
        case _:
            return "Sure?", ""
