"""`rtvbox demo`: two streams through a laboratory of network namespaces, on a page."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from appliance.commands import options
from appliance.commands.places import writable
from appliance.commands.terminal import console
from drivers.video import format_named

_EPILOG = """examples:
  rtvbox demo                          an endoscope and a camera, page on 127.0.0.1
  rtvbox demo --video operation.mp4    your own video in place of the endoscope
  rtvbox demo --headless --seconds 60 --report demo.json

Two senders (box tx) and two receivers (box rx) run as processes in network namespaces, joined by
a switch. Needs no root where user namespaces are allowed.

The run checks itself, with the page or --headless. Exit code 0: no frame was lost, shown twice, or
carried another frame's metadata; frames that came late are said. Exit code 1: one was, or a box
ended by itself. What you ask for with the page's buttons (another patient, a cut signal, and the
three seconds after) is listed apart and is no fault. The page's stop button ends the run like
--seconds. 130: Ctrl-C, and 143: SIGTERM before the measuring began; what was measured until then
is printed and reported all the same."""


def add(commands: Any) -> None:
    """Declares the command."""
    own = commands.add_parser(
        "demo",
        help="show it all: two streams, two boxes, one switch, on a page",
        description="Runs two streams of real pictures from a Tx box to an Rx box.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    own.add_argument("--video", metavar="FILE", type=Path, help="in place of the endoscope")
    own.add_argument(
        "--seconds",
        type=options.number(1, 10**7),
        help="end after so many seconds (headless: 20; page: until stopped)",
    )
    own.add_argument("--headless", action="store_true", help="no page: measure, check, end")
    own.add_argument("--report", metavar="FILE", type=Path, help="write a JSON report at the end")
    own.add_argument(
        "--port", type=options.whole(0, 65535), default=8022, help="of the page (default 8022)"
    )
    own.add_argument("--format", default="1080p50", metavar="NAME", help="(default 1080p50)")
    own.add_argument("--depth", type=int, default=10, help="bits a sample (default 10)")
    own.add_argument(
        "--sender-type",
        choices=("auto", "N", "NL", "W"),
        default="auto",
        help="ST 2110-21; auto (default) takes the best that this machine carries, and says which",
    )
    own.add_argument("--no-realtime", action="store_true", help="ask for no real-time priority")
    own.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Checks the wishes, then runs."""
    format_named(args.format, depth=args.depth)
    if args.video is not None and not args.video.exists():
        raise ValueError(f"video: {args.video} does not exist; name a video file")
    writable(args.report, "report")
    try:
        from appliance.demo.pictures import streams
        from appliance.demo.run import Wishes, run_demo
    except ImportError as error:
        raise ValueError(
            f"demo: the package {error.name} is not installed; run: make setup"
        ) from None
    log, _ = console("demo", quiet=False)
    seconds = args.seconds or (20.0 if args.headless else None)
    wishes = Wishes(
        format=args.format,
        depth=args.depth,
        sender_type=args.sender_type,
        seconds=seconds,
        headless=args.headless,
        port=args.port,
        report=args.report,
        realtime=not args.no_realtime,
    )
    return run_demo(streams(args.video), wishes, log)
