"""The daemon: API, modes, and what the panel reads."""

from __future__ import annotations

import argparse
import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from appliance.agent.api import application
from appliance.agent.at_the_box import handlers, own_of
from appliance.agent.box import Box
from appliance.agent.doors import Doors
from appliance.agent.identity import load_identity
from appliance.box.glance import issues_of
from appliance.box.hand import HandUnits
from appliance.box.link import Link
from appliance.box.notify import Notifier
from appliance.box.observe import publish
from appliance.box.paths import Paths
from appliance.box.service import log_to_journal, run_until_told
from appliance.box.units import SystemdUnits, Units, UnitsError

PORT = 443
STEP_S = 0.5
_CLOCK_TAI = 11


def main(argv: Sequence[str] | None = None) -> int:
    """Composes the service and runs it until SIGTERM."""
    parser = argparse.ArgumentParser(prog="rtvbox-agent", description=__doc__)
    parser.add_argument("--root", type=Path, help="another place for /var/lib and /run")
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on")
    parser.add_argument("--port", type=int, default=PORT, help=f"(default {PORT})")
    parser.add_argument(
        "--by-hand", action="store_true", help="run the converter as a child, without systemd"
    )
    args = parser.parse_args(argv)
    log = log_to_journal("rtvbox-agent")
    paths = Paths() if args.root is None else Paths.below(args.root)
    return asyncio.run(_run(args, paths, log))


async def _run(args: argparse.Namespace, paths: Paths, log: logging.Logger) -> int:
    paths.run.mkdir(parents=True, exist_ok=True)
    try:
        identity = load_identity(paths.state / "identity")
        units: Units
        if args.by_hand:
            units = hand = HandUnits(args.root or Path("/"))
        else:
            units, hand = await SystemdUnits.connect(), None
    except (ValueError, OSError, UnitsError) as error:
        log.error("%s", error)
        return 1
    box = Box(paths, identity, units, tai_now, log)
    doors = Doors(box, application(box), args.host, args.port)
    try:
        await doors.begin()
    except OSError as error:
        log.error("port %d: cannot be opened (%s); end who has it", args.port, error.strerror)
        return 1
    try:
        await serve(box, doors)
    finally:
        await doors.end()
        box.paths.observed("agent").unlink(missing_ok=True)  # nobody shall take it for alive
        if hand is not None:
            await hand.close()
    return 0


async def serve(box: Box, doors: Doors) -> None:
    """Until told to end."""
    notifier = Notifier()
    link = Link(box.paths.link("agent"), handlers(box))
    ready = False

    async def step() -> None:
        nonlocal ready
        while True:
            began = time.monotonic()
            await box.step()
            doors.follow()
            publish_all(box, doors.port)
            if not ready:
                notifier.ready(f"API on port {doors.port}")
                ready = True
            notifier.alive()
            box.changed.clear()
            rest = max(0.01, STEP_S - (time.monotonic() - began))
            with suppress(TimeoutError):
                await asyncio.wait_for(box.changed.wait(), rest)

    try:
        await run_until_told(link.serve, step)
    finally:
        notifier.stopping()


def publish_all(box: Box, port: int) -> None:
    """agent.json and issues.json."""
    publish(box.paths.observed("agent"), {**box.about(), "port": port})
    said, _ = box.observed()
    publish(box.paths.observed("issues"), own_of([dict(one) for one in issues_of(said)]))


def tai_now() -> int:
    """Now, ns TAI."""
    return time.clock_gettime_ns(_CLOCK_TAI)
