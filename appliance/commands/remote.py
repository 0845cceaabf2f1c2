"""`rtvbox remote`: provisions and directs boxes from another machine, over their API."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from appliance.agent.client import BoxClient, RemoteError
from appliance.agent.pairing import PairingError
from appliance.commands import remote_actions as actions
from appliance.commands.remote_site import Site

_EPILOG = """examples:
  rtvbox remote site "OR 3"                         once: makes this site's authority
  rtvbox remote 10.1.0.5 pair 482913607             the code stands on the box's panel
  rtvbox remote 10.1.0.5 apply tower.json
  rtvbox remote 10.1.0.5 sdp endoscope > flow.sdp
  rtvbox remote 10.1.0.5,10.1.0.6 apply a.json b.json --in 1.5
  rtvbox remote 10.1.0.5 patient patient.json --in 1
  rtvbox remote 10.1.0.5,10.1.0.6 status

BOX is an address or name, with :PORT where it is not 443; several with commas between. What is sent
to several is prepared on all of them first and becomes active on all at one instant of TAI, or on
none. The site's keys lie in --site; whoever has them directs the boxes: keep them safe."""
_SITE = Path.home() / ".config" / "rtvbox" / "site"


def add(commands: Any) -> None:
    """Declares the command."""
    own = commands.add_parser(
        "remote",
        help="provision and direct boxes over the network",
        description="Directs boxes over their API (HTTPS, certificates on both sides).",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    own.add_argument(
        "--site", type=Path, default=_SITE, metavar="DIR", help=f"the site's keys (default {_SITE})"
    )
    own.add_argument("box", metavar="BOX[,BOX]", help="boxes, or the word site")
    own.add_argument("what", metavar="WHAT", help=f"one of {', '.join(actions.ACTIONS)}")
    own.add_argument("words", nargs="*", metavar="WORD", help="what the action takes, see below")
    own.add_argument(
        "--in",
        dest="delay",
        type=float,
        metavar="SECONDS",
        help="activate so many seconds from now, at one instant on all boxes",
    )
    own.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Does it on every box; 1 when one of them refused."""
    if args.box == "site":
        return _site(args)
    action = actions.ACTIONS.get(args.what)
    if action is None:
        known = ", ".join(actions.ACTIONS)
        raise ValueError(f"what: {args.what!r} is unknown; choose {known}")
    if args.delay is not None and not (action.timed and 0.3 <= args.delay <= 3600):
        raise ValueError("in: goes with apply and patient, 0.3..3600 seconds; leave it out")
    if not action.least <= len(args.words) <= action.most:
        raise ValueError(f"{args.what}: takes {action.takes or 'no more words'}")
    boxes = _boxes(args.box)
    site = Site(args.site)
    try:
        return asyncio.run(_run(boxes, site, action, args))
    except (RemoteError, PairingError) as error:
        for problem in getattr(error, "problems", ()):
            line = f"{problem.get('path')}: {problem.get('what')}; {problem.get('remedy')}"
            print(f"rtvbox remote: {line}", file=sys.stderr)
        print(f"rtvbox remote: {error}", file=sys.stderr)
        return 1


def _boxes(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        # A host, or [IPv6], and a port.
        match = re.fullmatch(r"([\w.-]+|\[[0-9A-Fa-f:.%\w]+\])(?::([0-9]{1,5}))?", name)
        if match is None or not 0 < int(match[2] or 443) < 65536:
            raise ValueError(f"box: {name!r} is no address; write HOST or HOST:PORT")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"box: {twice} is named twice; leave one out")
    return names


def _site(args: argparse.Namespace) -> int:
    """The site's authority and this controller's certificate."""
    Site(args.site).make(args.what)
    print(f"made the authority of {args.what} in {args.site}; keep that folder safe")
    return 0


async def _run(
    names: list[str], site: Site, action: actions.Action, args: argparse.Namespace
) -> int:
    context = site.any_box() if action.before_pairing else site.context()
    boxes = [BoxClient(name, context) for name in names]
    for box in boxes:
        await box.__aenter__()
    try:
        if action.together is not None:
            await action.together(boxes, args.words, args.delay)
            return 0
        assert action.each is not None
        return await _each(names, boxes, action.each, site, args.words)
    finally:
        for box in boxes:
            await box.__aexit__(None, None, None)


async def _each(
    names: list[str],
    boxes: list[BoxClient],
    act: Callable[[BoxClient, list[str], Site], Awaitable[Any]],
    site: Site,
    words: list[str],
) -> int:
    code = 0
    for name, box in zip(names, boxes, strict=True):
        try:
            said = await act(box, words, site)
        except RemoteError as error:
            if len(names) == 1:
                raise
            print(f"rtvbox remote: {error}", file=sys.stderr)
            code = 1
            continue
        if len(names) > 1:
            print(f"# {name}")
        if isinstance(said, str):
            sys.stdout.write(said)
        elif said is not None:
            print(json.dumps(said, indent=2, ensure_ascii=False))
    return code
