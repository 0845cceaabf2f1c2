"""The daemon: wanted state in, pipeline and observation out."""

from __future__ import annotations

import argparse
import asyncio
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid5

from appliance.box.link import Link
from appliance.box.notify import Notifier
from appliance.box.paths import Paths
from appliance.box.service import log_to_journal, run_until_told
from appliance.converter.commands import handlers
from appliance.converter.keeper import Keeper
from appliance.converter.pipeline import Surroundings

MODES = ("idle", "tx", "rx")
TICK_S = 0.25
_BOXES = UUID("6d7c1a52-3f0c-4a1e-9a0b-2f6f2c9d8e31")


def main(argv: Sequence[str] | None = None) -> int:
    """Composes the service and runs it until SIGTERM."""
    parser = argparse.ArgumentParser(prog="rtvbox-converter", description=__doc__)
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("--root", type=Path, help="another place for /var/lib and /run")
    parser.add_argument("--no-realtime", action="store_true", help="without real-time priority")
    args = parser.parse_args(argv)
    paths = Paths() if args.root is None else Paths.below(args.root)
    log = log_to_journal("rtvbox-converter")
    paths.run.mkdir(parents=True, exist_ok=True)
    around = Surroundings(
        box=uuid5(_BOXES, machine_id()),
        publish_sdp=lambda flow, text: publish_sdp(paths, flow, text),
        realtime=not args.no_realtime,
    )
    keeper = Keeper(args.mode, paths, around, log)
    try:
        asyncio.run(serve(keeper, paths, log))
    finally:
        keeper.end()
    return 0


async def serve(keeper: Keeper, paths: Paths, log: logging.Logger) -> None:
    """Until told to end."""
    notifier = Notifier()
    link = Link(paths.link("converter"), handlers(keeper))

    async def tick() -> None:
        said = ""
        ready = False
        while True:
            began = time.monotonic()
            for event in keeper.tick():
                link.publish(event)
            line = keeper.line()
            if not ready:
                notifier.ready(line)
                ready = True
            elif line != said:
                notifier.status(line)
            said = line
            # From this loop and no other: it is the one that would hang with the engine.
            notifier.alive()
            await asyncio.sleep(max(0.01, TICK_S - (time.monotonic() - began)))

    async def patients() -> None:
        while True:
            keeper.attend_chart()
            await asyncio.sleep(0.02)

    try:
        await run_until_told(link.serve, tick, patients)
    finally:
        notifier.stopping()
        log.info("ends")


def publish_sdp(paths: Paths, flow: str, text: str) -> None:
    """The flow's SDP as a file, replaced in one step."""
    place = paths.run / f"{flow}.sdp"
    beside = place.with_name(f".{place.name}.new")
    beside.write_text(text, newline="")
    beside.replace(place)


def machine_id() -> str:
    """Of this machine, for ids that stay the same over restarts."""
    try:
        return Path("/etc/machine-id").read_text(encoding="ascii").strip() or "none"
    except OSError:
        return "none"
