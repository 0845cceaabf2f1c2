"""`rtvbox clock`: whom this box follows, how well, and on what its times rest."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from appliance.box.observe import observed
from appliance.box.paths import Paths
from appliance.commands.published import has_errors, shown
from appliance.runner import CommandError

_EPILOG = """states: free-run (no grandmaster was heard), acquiring, locked, holdover (lost; times
hold), lost, grandmaster (this box gives the time).

exit codes: 0 nothing is wrong with the clock, 1 an issue of severity error is raised."""


def add(commands: Any) -> None:
    """Declares the command."""
    own = commands.add_parser(
        "clock",
        help="show the clock of this box: lock, offset, grandmaster",
        description="PTP as ptp4l tells it, and what the box makes of it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    own.add_argument("--json", action="store_true", help="everything, as JSON")
    own.add_argument("--watch", action="store_true", help="again every second until Ctrl-C")
    own.add_argument("--root", type=Path, metavar="DIR", help="a box's folders below DIR")
    own.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints it once, or again and again."""
    paths = Paths() if args.root is None else Paths.below(args.root)
    while True:
        said, silent = observed(paths.run, ("clock", "network"))
        if "clock" in silent:
            raise CommandError(f"clock: the service {silent['clock']}; is rtvbox-clock running?")
        clock = said["clock"]
        if args.json:
            print(json.dumps(clock, indent=None if args.watch else 2))
        else:
            if args.watch and sys.stdout.isatty():
                print("\x1b[H\x1b[2J", end="")
            print(shown("clock", table, clock, said.get("network", {})))
        if not args.watch:
            return int(has_errors(clock.get("issues")))
        sys.stdout.flush()
        time.sleep(1)


def table(said: Mapping[str, Any], network: Mapping[str, Any]) -> Iterator[str]:
    """For a person. said, network: as the services published them."""
    yield _row("clock", f"{_plain(said.get('state'))} (wanted: {_plain(said.get('role'))})")
    if said.get("role") != "free-run":
        yield _row("profile", f"{_plain(said.get('profile'))}, domain {said.get('domain')}")
        yield _row("time stamps", _plain(said.get("timestamping")))
    if said.get("grandmaster"):
        steps = said.get("steps_removed")
        away = f", {steps} step{'s' if steps != 1 else ''} away" if steps is not None else ""
        yield _row("grandmaster", f"{_plain(said['grandmaster'])}{away}")
    if said.get("grandmaster_before"):
        since = f"{_plain(said['grandmaster_before'])}, until {_plain(said['grandmaster_since'])}"
        yield _row("before that", since)
    if said.get("offset_ns") is not None:
        yield _row("offset", f"{said['offset_ns'] / 1000:+.3f} us")
    if said.get("path_delay_ns") is not None:
        yield _row("path delay", f"{said['path_delay_ns'] / 1000:.3f} us")
    for name, state in (said.get("ports") or {}).items():
        yield _row("port", f"{_plain(name)} {_plain(state)}")
    yield _row("TAI - UTC", _offset(said))
    stopped = (network.get("firewall") or {}).get("ptp_management_errors")
    if stopped:
        yield _row("held back", f"{stopped} errors of ptp4l to the grandmaster's metadata")
    for issue in said.get("issues") or ():
        yield f"{_plain(issue.get('severity')):8}{_plain(issue.get('text'))}"
        yield f"        {_plain(issue.get('remedy'))}"


def _offset(said: Mapping[str, Any]) -> str:
    kernel = said.get("kernel_tai_offset")
    words = [f"{kernel} s in the kernel" if kernel else "not set in the kernel"]
    if said.get("utc_offset") is not None:
        valid = "" if said.get("utc_valid") else ", not said to be valid"
        words.append(f"announced {said['utc_offset']} s{valid}")
    return "; ".join(words)


def _row(name: str, words: str) -> str:
    return f"{name:14}{words}".rstrip()


def _plain(value: Any) -> str:
    """What came from the network shall not command the terminal."""
    text = "" if value is None else str(value)
    return "".join(char if char.isprintable() else " " for char in text)
