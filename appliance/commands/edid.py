"""`rtvbox edid`: what an HDMI input tells its source that it is."""

from __future__ import annotations

import argparse
from errno import EIO, ENOSPC, EPIPE
from pathlib import Path
from typing import Any

from appliance.commands.places import read_whole, write_whole
from drivers.discover import Kind
from drivers.v4l2 import get_edid, look_at, meant, node_of, parsed, set_edid
from drivers.v4l2.edid import edid_for, from_file, same, told
from drivers.video import format_named


def add(commands: Any) -> None:
    """Declares the command."""
    own = commands.add_parser(
        "edid",
        help="show or set the EDID that an HDMI input shows to its source",
        description=(
            "Shows the EDID of an input of a V4L2 card, or sets it. Most cards forget it without "
            "power; --source v4l2:KEY,edid=expected sets it at each start."
        ),
    )
    own.add_argument("key", metavar="KEY[,input=NAME]", help="as rtvbox devices lists it")
    what = own.add_mutually_exclusive_group()
    what.add_argument("--for", dest="format", metavar="FORMAT", help="offer this format alone")
    what.add_argument("--set", dest="file", type=Path, help="from a file, binary or hexadecimal")
    what.add_argument("--none", action="store_true", help="none: the source sees no monitor")
    what.add_argument("--save", type=Path, metavar="FILE", help="write what is set to a file")
    own.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Sets what is asked for, and says what the input shows then."""
    try:
        return _run(args)
    except OSError as error:
        if error.filename is None and error.errno in (EIO, ENOSPC, EPIPE):
            raise  # what is printed does not get out
        why = f"{error.strerror}; rtvbox devices lists what has inputs"
        raise ValueError(f"{args.key}: {why}") from None


def _run(args: argparse.Namespace) -> int:
    key, options = parsed(args.key, "input")
    path = node_of(key, Kind.CAPTURE)
    node = look_at(path, measure=False)
    chosen = [one for one in node.connectors if one.chosen]
    if not node.captures or not chosen:
        raise ValueError(f"{args.key}: it has no inputs; it is {node.card}")
    one = meant(options["input"], "input", node.connectors) if options else chosen[0]
    wish = None
    if args.format:
        wish = edid_for(format_named(args.format))
    elif args.file:
        wish = from_file(read_whole(args.file, "--set", "name another", limit=1 << 20))
    elif args.none:
        wish = b""
    if wish is not None:
        set_edid(path, wish, one.number)
    shown = get_edid(path, one.number)
    if args.save:
        if not shown:
            raise ValueError(f"{args.key}: it has no EDID; set one first")
        write_whole(args.save, shown)
    print(f"{path} input {one.number} ({one.name}): {told(shown)}")
    if wish is not None and not same(shown, wish):
        print("the card shows something else than it was told")
        return 1
    return 0
