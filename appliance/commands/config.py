"""`rtvbox config`: the desired state of this box, and what it was before."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from appliance.box.desired import LARGEST, SCHEMA, Desired, keeping_site, of_tree, schema
from appliance.box.differences import differences
from appliance.box.link import LinkError, ask
from appliance.box.paths import Paths
from appliance.box.problems import RefusedError
from appliance.box.rules import accept
from appliance.box.store import Store
from appliance.commands.places import read_whole

_EPILOG = """examples:
  rtvbox config check tower.json
  rtvbox config apply tower.json
  rtvbox config show > before.json
  rtvbox config rollback
  rtvbox config schema > rtvbox.schema.json

A document is taken whole or not at all; every problem is named with its key path and what to do.
Each change is a new generation; rollback makes the last one that worked the next one. Services
notice within two seconds; rtvbox status says what became of it."""
_SERVICES = ("network", "clock", "converter", "agent")


def add(commands: Any) -> None:
    """Declares the command."""
    own = commands.add_parser(
        "config",
        help="show, check and change what this box shall be",
        description="The desired state of this box: one JSON document.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    own.add_argument("--root", type=Path, metavar="DIR", help="a box's folders below DIR")
    what = own.add_subparsers(dest="what", metavar="WHAT", required=True, help="one of:")
    show = what.add_parser("show", help="print the desired state")
    show.add_argument("generation", nargs="?", type=int, help="an earlier one")
    for name, words in (
        ("check", "say whether a document would be taken"),
        ("diff", "say what a document would change"),
        ("apply", "make a document the desired state"),
    ):
        own_file = what.add_parser(name, help=words)
        own_file.add_argument("file", help="the document; - reads it")
    back = what.add_parser("rollback", help="go back to the last state that worked")
    back.add_argument("generation", nargs="?", type=int, help="or to this one")
    what.add_parser("history", help="list the generations")
    what.add_parser("schema", help="print the JSON Schema of the document")
    own.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Does it; what a document lacks goes to standard error, a line each."""
    if args.what == "schema":
        print(json.dumps(schema(), indent=2))
        return 0
    paths = Paths() if args.root is None else Paths.below(args.root)
    store = Store(paths.state)
    try:
        return _do(args, store, paths)
    except RefusedError as refused:
        for problem in refused.problems:
            print(f"{args.file}: {problem}", file=sys.stderr)
        return 2
    except OSError as error:
        if error.filename is None:
            raise  # what is printed does not get out
        what = "run it as root" if isinstance(error, PermissionError) else "look at the box's disk"
        raise ValueError(f"{error.filename}: {error.strerror}; {what}") from None


def _do(args: argparse.Namespace, store: Store, paths: Paths) -> int:
    if args.what == "show":
        _show(store, args.generation)
    elif args.what == "history":
        _history(store)
    elif args.what == "check":
        read_document(args.file)
        print("it would be taken")
    elif args.what == "diff":
        _diff(store, keeping_site(read_document(args.file), store.load().desired))
    else:
        if args.what == "apply":
            desired = keeping_site(read_document(args.file), store.load().desired)
            _diff(store, desired)
            made = store.put(desired, "config")
        else:
            made = store.rollback("config", args.generation)
        print(f"generation {made.number} is wanted now; rtvbox status says what becomes of it")
        asyncio.run(_tell(paths))
    return 0


def read_document(name: str) -> Desired:
    """The document of a file, checked. Raises RefusedError, or ValueError where none is read."""
    if name == "-":
        data = sys.stdin.buffer.read(LARGEST + 1) if sys.stdin else b""
    else:
        data = read_whole(name, "file", "name a document", limit=LARGEST)
    return accept(data)


def _show(store: Store, generation: int | None) -> None:
    loaded = store.load()
    for line in loaded.damage:
        print(f"config: {line}", file=sys.stderr)
    if generation is not None:
        print(store.get(generation).desired.text(), end="")
    elif loaded.desired is None:
        raise ValueError(
            "config: this box was never told what to be; run: rtvbox config apply FILE"
        )
    else:
        print(loaded.desired.text(), end="")


def _history(store: Store) -> None:
    loaded = store.load()
    wanted = loaded.generation.number if loaded.generation else None
    for number in store.numbers():
        try:
            one = store.get(number)
        except ValueError as error:
            print(f"{number:6}  {error}")
            continue
        marks = [word for word, at in (("wanted", wanted), ("good", loaded.good)) if at == number]
        print(
            f"{number:6}  {one.made}  {one.desired.mode:12} {one.by}  {', '.join(marks)}".rstrip()
        )


def _diff(store: Store, desired: Desired) -> None:
    loaded = store.load()
    before = (loaded.desired or of_tree({"schema": SCHEMA})).as_json()
    found = list(differences(before, desired.as_json()))
    for one in found:
        print(one)
    if not found:
        print("nothing changes")


async def _tell(paths: Paths) -> None:
    """Spares the services the two seconds until they notice."""
    for service in _SERVICES:
        try:
            await ask(paths.link(service), "reload")
        except LinkError:
            continue  # it does not run, or notices by itself
