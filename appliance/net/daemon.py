"""The daemon: wanted networks in, the machine's networks and observation out."""

from __future__ import annotations

import argparse
import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from appliance.box.link import Handler, Link
from appliance.box.notify import Notifier
from appliance.box.paths import Paths
from appliance.box.service import log_to_journal, run_until_told
from appliance.box.store import Store
from appliance.net.keeper import Keeper
from appliance.net.kernel import Kernel
from appliance.net.trusted import Trusted, boot_id
from drivers.discover.describe import numbered
from drivers.discover.udev import listed

PROBATION_S = 60.0


def main(argv: Sequence[str] | None = None) -> int:
    """Composes the service and runs it until SIGTERM."""
    parser = argparse.ArgumentParser(prog="rtvbox-network", description=__doc__)
    parser.add_argument("--root", type=Path, help="another place for /var/lib and /run")
    parser.add_argument(
        "--probation",
        type=float,
        default=PROBATION_S,
        metavar="SECONDS",
        help="a change of the configuration network waits so long to be confirmed (60)",
    )
    parser.add_argument(
        "--first",
        metavar="INTERFACE",
        help="where a box is found that was told no configuration network (default: the first "
        "that is free)",
    )
    args = parser.parse_args(argv)
    if not 1 <= args.probation <= 3600:
        parser.error(f"--probation: {args.probation:g} is out of range; give 1..3600 seconds")
    paths = Paths() if args.root is None else Paths.below(args.root)
    log = log_to_journal("rtvbox-network")
    for folder in (paths.run, paths.state):
        folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(serve(paths, args.probation, args.first, log))
    return 0


async def serve(paths: Paths, probation_s: float, first: str | None, log: logging.Logger) -> None:
    """Until told to end."""
    notifier = Notifier()
    trusted = Trusted(paths, Store(paths.state), boot_id(), probation_s, log)
    async with Kernel() as kernel:
        keeper = Keeper(paths, kernel, trusted, ports, log, first=first)
        link = Link(paths.link("network"), handlers(keeper))
        said: list[str] = []

        def done() -> None:
            line = keeper.line()
            if not said:
                notifier.ready(line)
            elif line != said[-1]:
                notifier.status(line)
            said[:] = [line]
            # From this loop and no other: it is the one that would hang with the kernel.
            notifier.alive()

        async def keep() -> None:
            await keeper.run(link.publish, done)

        try:
            await run_until_told(link.serve, kernel.listen, keep)
        finally:
            notifier.stopping()
            log.info("ends; networks and firewall stay as they are")


def handlers(keeper: Keeper) -> dict[str, Handler]:
    """What may be asked on the socket: reload; confirm, with a generation or without."""

    async def reload(_: dict[str, Any]) -> Any:
        return await keeper.reload()

    async def confirm(values: dict[str, Any]) -> Any:
        generation = values.get("generation")
        if generation is not None and type(generation) is not int:
            raise ValueError(f"generation: {generation!r} is no number; leave it out or give one")
        return keeper.confirm(generation)

    return {"reload": reload, "confirm": confirm}


def ports() -> dict[str, str]:
    """Of this machine, by key; for interfaces that the document names so."""
    return {one.key: one.name for one in numbered(listed(None, "net"))}
