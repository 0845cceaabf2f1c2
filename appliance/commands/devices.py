"""`rtvbox devices`: what this machine has, under the names that a configuration uses."""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

from drivers.discover import Change, Device, Kind, Watch, inventory

_TITLES = {
    Kind.CARD: "video cards",
    Kind.CAPTURE: "capture",
    Kind.PLAYOUT: "playout",
    Kind.MONITOR: "monitors",
    Kind.SERIAL: "serial ports (a panel may be there)",
    Kind.NETWORK: "network",
}


def add(commands: Any) -> None:
    """Declares the command."""
    own = commands.add_parser(
        "devices",
        help="list cards, video nodes, monitors, serial ports and network ports",
        description=(
            "Lists the devices of this machine. A key stays the same for as long as a device is "
            "plugged in where it is; use it with --source and --sink."
        ),
    )
    own.add_argument("--json", action="store_true", help="as JSON, a line each with --watch")
    own.add_argument("--watch", action="store_true", help="then say what comes and goes")
    own.add_argument("--seconds", type=_seconds, help="watch so long (default: until Ctrl-C)")
    own.set_defaults(run=run)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; give seconds above 0")
    return value


def run(args: argparse.Namespace) -> int:
    """Prints the inventory, then changes where they are asked for."""
    if args.seconds is not None and not args.watch:
        raise ValueError("--seconds: it goes with --watch; give both or none")
    watch = Watch() if args.watch else None
    found = list(watch.devices.values()) if watch else inventory()
    if not args.json:
        print(table(found), flush=True)
    elif watch is None:
        print(json.dumps([device.as_json() for device in found], indent=2))
    if watch is not None:
        _follow(watch, args.seconds, as_json=args.json)
    return 0


def _follow(watch: Watch, seconds: float | None, *, as_json: bool) -> None:
    if as_json:
        for device in watch.devices.values():
            print(json.dumps({"what": "present", **device.as_json()}), flush=True)
    until = None if seconds is None else time.monotonic() + seconds
    while until is None or time.monotonic() < until:
        for change in watch.wait(None if until is None else until - time.monotonic()):
            print(line(change, as_json=as_json), flush=True)


def line(change: Change, *, as_json: bool) -> str:
    """A change as a line."""
    if as_json:
        return json.dumps({"what": change.what, **change.device.as_json()})
    device = change.device
    return f"{change.what}: {device.kind.value} {device.key} ({device.name}) {device.node}".rstrip()


def table(devices: list[Device]) -> str:
    """The inventory for a person: a block for each kind, none left out."""
    lines = []
    for kind, title in _TITLES.items():
        rows = [device for device in devices if device.kind is kind]
        lines.append(f"{title}: {'none' if not rows else ''}".rstrip())
        wide = max((len(device.key) for device in rows), default=0)
        for device in rows:
            words = [device.key.ljust(wide), device.name, device.node, _more(device)]
            lines.append("  " + "  ".join(word for word in words if word))
            if not device.usable:
                lines.append(f"  {'':{wide}}  not usable: {device.why}")
    return "\n".join(lines)


def _more(device: Device) -> str:
    """What matters of a kind, in a few words."""
    details = device.details
    if device.kind is Kind.NETWORK:
        speed = details.get("speed_mbit")
        stamps = details.get("timestamps", "unknown")
        clock = f", {details['ptp_clock']}" if details.get("ptp_clock") else ""
        words = [f"{speed} Mb/s" if speed else "speed not known", f"{stamps} timestamps{clock}"]
        return ", ".join([device.driver, *words]) if device.driver else ", ".join(words)
    if device.kind is Kind.MONITOR:
        modes = details.get("modes", ())
        return f"{modes[0]} preferred" if modes else ""
    if device.kind is Kind.CARD and "can" in details:
        ways = (("capture", "inputs", "from"), ("playout", "outputs", "to"))
        words = [
            f"{way} {word} {' or '.join(details[ends])}".removesuffix(f" {word} ")
            for way, ends, word in ways
            if way in details["can"]
        ]
        if "generation" not in details:
            return ", ".join([*words, device.driver])
        told = f", interfaces of generation {details['generation']}"
        counters = " with statistics" if details["statistics"] else ""
        return ", ".join([*words, device.driver]) + told + counters
    ends = details.get("inputs") or details.get("outputs")
    if device.kind in (Kind.CAPTURE, Kind.PLAYOUT) and ends:
        bits = f"{details['depth']} bit"
        return "; ".join([f"{device.driver}, {bits}", *map(_connector, ends)])
    return device.driver


def _connector(one: dict[str, Any]) -> str:
    """An input or output of a node: 0 HDMI 000-0: chosen, no signal, EDID "rtvbox"."""
    words = ["chosen"] if one["chosen"] else []
    words += [one["status"]] if one.get("status") else []
    words += [f"EDID {one['edid']}"] if "edid" in one else []
    name = f"{one['number']} {one['name']}"
    return f"{name} ({', '.join(words)})" if words else name
