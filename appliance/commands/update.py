"""`rtvbox update`: the versions in this box's slots; a new one in, or back to the other."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path
from typing import Any

from appliance.box.link import LinkError, ask
from appliance.box.paths import Paths

_EPILOG = """examples:
  rtvbox update status
  rtvbox update install /media/stick/rtvbox-1.3.0.raucb
  rtvbox update install https://updates.example/rtvbox-1.3.0.raucb
  rtvbox update rollback

A bundle is signed, and for one kind of box; only a newer version than the running one is taken. It
is written beside the video into the slot that does not run, and starts with the next restart. There
it has three boots to prove itself; else the version before comes back by itself. rollback makes the
other slot's version the next one. Nothing restarts the box but a restart."""
_LOOK_S = 1.0
_PATIENCE_S = 120.0  # the service starts when it is asked; the server of an address may be slow


def add(commands: Any) -> None:
    """Declares the command."""
    own = commands.add_parser(
        "update",
        help="install another version of this box's firmware, or go back",
        description="The firmware of this box: two slots, one runs.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = own.add_subparsers(dest="what", metavar="WHAT", required=True, help="one of:")
    what.add_parser("status", help="say what is in the slots")
    install = what.add_parser("install", help="write a bundle into the slot that does not run")
    install.add_argument("source", help="a file, or an https address")
    what.add_parser("rollback", help="make the other slot's version the next one")
    own.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Asks the update service; 1 where it refused or failed."""
    path = Paths().link("update")
    try:
        if args.what == "status":
            print(shown(_ask(path, "status")))
        elif args.what == "rollback":
            said = _ask(path, "rollback")
            print(f"version {said['version']} starts with the next restart")
        else:
            return _install(path, args.source)
    except LinkError as error:
        print(f"rtvbox update: {error}", file=sys.stderr)
        return 1
    return 0


def _install(path: Path, source: str) -> int:
    if not source.startswith("https://"):
        file = Path(source)
        if not file.is_file():
            raise ValueError(f"source: {source} is no file; give a bundle, or an https address")
        source = str(file.resolve())
    said = _ask(path, "install", source=source)
    print(f"version {said['version']} is written; the running one goes on")
    percent = -1
    while True:
        now = _ask(path, "status")["installation"]
        if now["state"] != "running":
            print(now["what"], file=sys.stdout if now["state"] == "done" else sys.stderr)
            return int(now["state"] != "done")
        if now["percent"] != percent:
            percent = now["percent"]
            print(f"{percent:3} %  {now['what']}", flush=True)
        time.sleep(_LOOK_S)


def _ask(path: Path, name: str, **values: Any) -> dict[str, Any]:
    said: dict[str, Any] = asyncio.run(ask(path, name, patience_s=_PATIENCE_S, **values))
    return said


def shown(said: dict[str, Any]) -> str:
    """Slots, and what became of the last installation."""
    lines = []
    for slot, held in said["slots"].items():
        marks = ["runs"] if slot == said["slot"] else []
        marks.append(held["state"])
        lines.append(f"slot {slot}  {held['version'] or '-':12} {', '.join(marks)}")
    last = said.get("installation", {})
    if last.get("what"):
        lines.append(f"last installation: {last['state']}: {last['what']}")
    return "\n".join(lines)
