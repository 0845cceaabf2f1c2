"""`rtvbox status`: the box at a glance, from what its services publish."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from appliance.box.glance import SERVICES, glance, issues_of
from appliance.box.metrics import metrics
from appliance.box.observe import observed
from appliance.box.paths import Paths
from appliance.commands.published import has_errors, shown

_EPILOG = """exit codes: 0 nothing is wrong, 1 an issue of severity error is raised, or a service
says nothing.

What is printed comes from /run/rtvbox/*.json; cat says the same. No patient's data is in it."""


def add(commands: Any) -> None:
    """Declares the command."""
    own = commands.add_parser(
        "status",
        help="say how this box is, and what is wrong with it",
        description="The box at a glance: mode, picture, flow, clock, networks and issues.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    how = own.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="everything, as JSON")
    how.add_argument("--metrics", action="store_true", help="as Prometheus reads it")
    own.add_argument("--watch", action="store_true", help="again every second until Ctrl-C")
    own.add_argument("--root", type=Path, metavar="DIR", help="a box's folders below DIR")
    own.set_defaults(run=run)


def _metrics(said: Mapping[str, Any], silent: Mapping[str, str]) -> list[str]:
    return metrics(said, silent).splitlines()


def run(args: argparse.Namespace) -> int:
    """Prints it once, or again and again."""
    paths = Paths() if args.root is None else Paths.below(args.root)
    while True:
        said, silent = observed(paths.run, SERVICES)
        if args.json:
            print(json.dumps({**said, "silent": silent}, indent=None if args.watch else 2))
        elif args.metrics:
            print(shown("status", _metrics, said, silent))
        else:
            if args.watch and sys.stdout.isatty():
                print("\x1b[H\x1b[2J", end="")
            print(shown("status", glance, said, silent))
        if not args.watch:
            return int(bool(silent) or has_errors(issues_of(said)))
        sys.stdout.flush()
        time.sleep(1)
