"""`rtvbox panel`: the front panel of this machine, or one in the terminal to try it."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance.box.paths import Paths
from appliance.commands.agent_requests import AgentRequests
from appliance.commands.glass import Service, show_once, show_until_end
from appliance.commands.running import Signals
from appliance.commands.terminal import console
from appliance.panel.daemon import serve
from appliance.panel.look import FOLDER, look
from appliance.panel.requests import NotHere, Requests
from drivers.discover.describe import numbered
from drivers.discover.udev import listed
from drivers.panel import MODELS, NoAnswer, Panel, PanelGone, open_panel
from drivers.panel.emulator import Emulator

_EPILOG = f"""examples:
  rtvbox panel --emulate
  rtvbox panel --emulate --model cfa631 --status status.json
  rtvbox panel --port /dev/serial/by-id/usb-Crystalfontz_CFA635-if00-port0
  rtvbox panel --port serial:Acme_Panel_42          (a key of rtvbox devices)

Keys in the terminal: arrows, Enter, Escape (or e and x); p pulls the panel's cable and plugs it in
again; Ctrl-C ends. Without a terminal the glass is printed once.

The status is a folder with agent.json, converter.json, clock.json, network.json and issues.json,
as the services of a box write it ({FOLDER}), or one file with these as keys, for example:

  {{"agent": {{"label": "OR 3 tower", "serial": "RTV-17", "provisioned": true}},
   "converter": {{"mode": "tx", "flow": {{"state": "running"}},
                 "input": {{"connector": "SDI-1", "format": "1080p50", "signal": "ok"}}}},
   "clock": {{"state": "locked", "offset_ns": -84}},
   "network": {{"configuration": {{"method": "dhcp", "address": "10.20.0.31", "prefix": 24}}}},
   "issues": []}}

What is not in it is shown as unknown. Changes that are asked for at the panel are passed on to the
box's agent (agent.sock in that folder); where none runs, the glass says that they are not
available. --port auto takes the first port whose USB device says that it is a panel."""


_PANELS = re.compile(r"crystalfontz|matrix.?orbital", re.IGNORECASE)


def add(commands: Any) -> None:
    """Declares the command."""
    own = commands.add_parser(
        "panel",
        help="serve the front panel, or try one in the terminal",
        description="Shows the box's state on a front panel and takes its keys.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = own.add_mutually_exclusive_group(required=True)
    where.add_argument("--emulate", action="store_true", help="a pretend panel in the terminal")
    where.add_argument(
        "--port", metavar="PORT", help="serial port, its key of rtvbox devices, or auto"
    )
    own.add_argument(
        "--model",
        choices=MODELS,
        help="kind of panel (default: ask it; with --emulate cfa635)",
    )
    own.add_argument(
        "--status",
        metavar="PATH",
        type=Path,
        default=FOLDER,
        help=f"folder or file with the observed status (default {FOLDER})",
    )
    own.add_argument(
        "--store-boot-screen",
        action="store_true",
        help="store what the panel shows at power-on, and end (with --port; wears its memory)",
    )
    own.add_argument("-q", "--quiet", action="store_true", help="only warnings and errors")
    own.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serves the panel until it is told to end."""
    # The usual folder may come later than this service; what a person names is there now.
    if args.status != FOLDER and not args.status.exists():
        raise ValueError(f"--status: {args.status} does not exist; give a folder or a file")
    if not args.emulate:
        return _serve(args)
    if args.store_boot_screen:
        raise ValueError("--store-boot-screen: it goes with --port; give that")
    with tempfile.TemporaryDirectory(prefix="rtvbox-panel-") as folder:
        emulator = Emulator(args.model or "cfa635", Path(folder) / "panel")
        try:
            find = finder(emulator.port, args.model or "cfa635")
            terminal = sys.stdin.isatty() and sys.stdout.isatty()
            show = show_until_end if terminal else show_once
            return show(emulator, Service(find, lambda: look(args.status), requests(args)))
        finally:
            emulator.close()


def _serve(args: argparse.Namespace) -> int:
    find = finder(args.port, args.model)
    # What is wrong for good is said now; a panel that is only away is waited for.
    try:
        find().close()
    except PanelGone as error:
        if args.store_boot_screen:
            raise ValueError(f"--port: {error}; plug the panel in") from None
    if args.store_boot_screen:
        panel = find()
        panel.store_boot_screen(["rtvbox", "starting ..."])
        panel.close()
        print(f"stored on the {panel.model.name}")
        return 0
    log, terminal = console("panel", quiet=args.quiet)
    with Signals().caught() as signals:
        serve(find, lambda: look(args.status), requests(args), lambda: signals.end, log)
    terminal.end()
    return signals.code(True)


def requests(args: argparse.Namespace) -> Requests:
    """Who does what is asked at the glass: the agent of the box whose status is shown."""
    usual = args.status == FOLDER
    socket = Paths().link("agent") if usual else args.status / "agent.sock"
    return AgentRequests(socket) if usual or socket.exists() else NotHere()


def finder(port: str, model: str | None) -> Callable[[], Panel]:
    """What opens the panel each time: the kind that was there last is asked for first, so that a
    panel that was replugged is back sooner."""
    last = model

    def find() -> Panel:
        nonlocal last
        node = _node(port)
        try:
            panel = open_panel(node, last)
        except (NoAnswer, ValueError):
            if model is not None or last is None:
                raise
            panel = open_panel(node)
        last = panel.model.name
        return panel

    return find


def _node(port: str) -> str:
    """What to open for a port or a key of the inventory."""
    if port == "auto":
        for device in listed(None, "tty", usb=True):
            if _PANELS.search(f"{device.key} {device.name}"):
                return device.node
        raise PanelGone("auto: no USB device says that it is a panel")
    if not port.startswith("serial:"):
        return port
    for device in numbered(listed(None, "tty")):
        if device.key == port:
            return device.node
    raise PanelGone(f"{port}: not plugged in")
