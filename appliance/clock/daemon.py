"""The daemon: wanted clock in, lock state out, eight times a second."""

from __future__ import annotations

import argparse
import asyncio
import logging
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from appliance import runner
from appliance.box.desired import Desired
from appliance.box.desired_network import Clock, Network
from appliance.box.issues import Registry
from appliance.box.link import Link
from appliance.box.notify import Notifier
from appliance.box.observe import publish, read
from appliance.box.paths import Paths
from appliance.box.service import log_to_journal, run_until_told
from appliance.box.store import Store
from appliance.box.units import SystemdUnits, UnitsError
from appliance.clock import kernel
from appliance.clock.lock import State, limits
from appliance.clock.management import Management
from appliance.clock.profile import Plan, Port, plan
from appliance.clock.programs import HandPrograms, Programs, UnitPrograms
from appliance.clock.watch import (
    KNOWN_OFFSET,
    Observation,
    Watcher,
    kernel_offset,
    observe,
    own_settings,
)
from drivers.discover.timestamping import timestamping

PERIOD_S = 0.125
FOLLOW_S = 0.5
"""Between two looks at what is wanted, which is told at once when it changes."""


def main(argv: Sequence[str] | None = None) -> int:
    """Composes the service and runs it until SIGTERM."""
    parser = argparse.ArgumentParser(prog="rtvbox-clock", description=__doc__)
    parser.add_argument("--root", type=Path, help="another place for /var/lib and /run")
    parser.add_argument("--by-hand", action="store_true", help="run ptp4l without systemd")
    parser.add_argument(
        "--no-adjust", action="store_true", help="set no clock (several boxes on one kernel)"
    )
    args = parser.parse_args(argv)
    paths = Paths() if args.root is None else Paths.below(args.root)
    log = log_to_journal("rtvbox-clock")
    return asyncio.run(_run(args, paths, log))


async def _run(args: argparse.Namespace, paths: Paths, log: logging.Logger) -> int:
    folder = paths.run / "clock"
    folder.mkdir(parents=True, exist_ok=True)
    programs: Programs
    try:
        if args.by_hand:
            programs = HandPrograms(folder)
        else:
            programs = UnitPrograms(folder, await SystemdUnits.connect())
        version = linuxptp_version()
    except (UnitsError, runner.CommandError) as error:
        log.error("%s", error)
        return 1
    service = Service(paths, folder, programs, version, adjust=not args.no_adjust, log=log)
    try:
        await service.serve()
    finally:
        service.close()
    return 0


def linuxptp_version() -> str:
    """As ptp4l says it. Raises CommandError where it is not installed."""
    said = runner.run(["ptp4l", "-v"])
    found = re.search(r"[0-9]+(\.[0-9]+)+", said)
    return found[0] if found else "0"


class Service:
    """One box's clock."""

    def __init__(
        self,
        paths: Paths,
        folder: Path,
        programs: Programs,
        version: str,
        *,
        adjust: bool,
        log: logging.Logger,
    ) -> None:
        self._paths, self._folder, self._programs, self._log = paths, folder, programs, log
        self._version, self._adjust = version, adjust
        self._store = Store(paths.state)
        self._pointed = "unread"
        self._follow_at = 0.0
        self._wanted = Clock(role="free-run")
        self._named: dict[str, Network] = {}
        self._devices: tuple[str, ...] = ()
        self._plan = Plan("", (), hardware=False, grandmaster=False)
        self._registry = Registry("clock")
        self._watcher = Watcher(limits(hardware=False, holdover_s=0), self._registry, gives=False)
        self._management: Management | None = None
        self._told = False
        self._troubles: dict[str, str] = {}

    async def serve(self) -> None:
        """Until told to end."""
        notifier = Notifier()

        async def reload(_: dict[str, Any]) -> None:
            self._pointed, self._follow_at = "unread", 0.0

        link = Link(self._paths.link("clock"), {"reload": reload})

        async def look() -> None:
            ready = False
            while True:
                began = time.monotonic()
                before, changes = self._watcher.lock.state, self._watcher.changes
                await self.step()
                state, watcher = self._watcher.lock.state, self._watcher
                if state is not before or not ready:
                    self._log.info("clock: %s", state)
                    notifier.ready(f"clock: {state}")
                    link.publish({"state": state.value})
                    ready = True
                if watcher.changes not in (0, changes):
                    was, own = watcher.before, watcher.grandmaster
                    self._log.warning("grandmaster: %s, before that %s", own, was)
                    link.publish({"grandmaster": own, "was": was})
                notifier.alive()
                await asyncio.sleep(max(0.005, PERIOD_S - (time.monotonic() - began)))

        try:
            await run_until_told(link.serve, look)
        finally:
            notifier.stopping()

    async def step(self) -> None:
        """One look: follow what is wanted, keep programs alive, ask, publish."""
        if time.monotonic() >= self._follow_at:
            self._follow_at = time.monotonic() + FOLLOW_S
            self._follow()
            await self._keep()
        seen = Observation()
        if self._management is not None:
            seen = observe(self._management, len(self._devices))
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._watcher.look(seen, now)
        self._tell_kernel(seen)
        self._tell_grandmaster(seen)
        self._publish(seen, now)

    def close(self) -> None:
        """Programs stay; what was published does not."""
        if self._management is not None:
            self._management.close()
        self._paths.observed("clock").unlink(missing_ok=True)

    # ---- what is wanted

    def _follow(self) -> None:
        pointed = self._store.wanted()
        desired: Desired | None
        if pointed != self._pointed:
            self._pointed = pointed
            desired = self._store.load().desired
            self._wanted = desired.clock if desired else Clock(role="free-run")
            self._named = desired.networks.named() if desired else {}
        observed = self._network()
        devices = tuple(
            str((observed.get(name) or {}).get("interface") or self._named[name].interface)
            for name in self._wanted.networks
            if name in self._named
        )
        ports = [Port(name, timestamping(name)["timestamps"] == "hardware") for name in devices]
        made = plan(
            self._wanted,
            ports,
            socket=str(self._folder / "ptp4l.sock"),
            version=self._version,
            adjust=self._adjust,
        )
        if made == self._plan and devices == self._devices:
            return
        self._log.info("PTP: %s over %s", self._wanted.role, ", ".join(devices) or "nothing")
        self._plan, self._devices, self._told = made, devices, False
        hold = limits(hardware=made.hardware, holdover_s=self._wanted.holdover_s)
        self._watcher = Watcher(hold, self._registry, gives=made.grandmaster)
        if self._management is not None:
            self._management.close()
            self._management = None
        (self._folder / "ptp4l.conf").write_text(made.ptp4l)
        if made.ptp4l:
            server, own = self._folder / "ptp4l.sock", self._folder / "asks.sock"
            self._management = Management(server, own, self._wanted.ptp_domain)

    def _network(self) -> dict[str, Any]:
        try:
            return read(self._paths.observed("network"))
        except ValueError:
            return {}

    async def _keep(self) -> None:
        config = str(self._folder / "ptp4l.conf")
        wanted: dict[str, tuple[str, ...]] = {
            "ptp4l": ("ptp4l", "-f", config, "-m", "-q") if self._plan.ptp4l else (),
            "phc2sys": ("phc2sys", *self._plan.phc2sys) if self._plan.phc2sys else (),
        }
        now = datetime.now(UTC).isoformat(timespec="seconds")
        for name, argv in wanted.items():
            why = await self._programs.keep(name, argv)
            if why and why != self._troubles.get(name):
                self._log.error("%s: %s", name, why)
            self._troubles[name] = why
            self._registry.set("clock-daemon", bool(why), now, subject=name, why=why)

    # ---- what follows from a look

    def _tell_kernel(self, seen: Observation) -> None:
        """CLOCK_TAI is the grandmaster's time once the kernel knows what its UTC was made with."""
        if not self._adjust or self._watcher.lock.state not in (State.LOCKED, State.GRANDMASTER):
            return
        offset = kernel_offset(seen.properties, hardware=self._plan.hardware)
        if offset is None or offset == kernel.tai_offset():
            return
        try:
            kernel.set_tai_offset(offset)
            self._log.info("TAI - UTC = %d s", offset)
        except OSError as error:
            if self._troubles.get("kernel") != str(error):
                self._log.error("TAI - UTC: cannot be set: %s", error)
            self._troubles["kernel"] = str(error)

    def _tell_grandmaster(self, seen: Observation) -> None:
        """A box that gives the time says what its clock is and what TAI - UTC is."""
        if not self._plan.grandmaster or self._told or not seen.ports or not self._management:
            return
        known = kernel.tai_offset()
        utc = known if known >= KNOWN_OFFSET else KNOWN_OFFSET
        self._told = self._management.set_grandmaster(own_settings(utc, tai=self._plan.hardware))

    def _publish(self, seen: Observation, now: str) -> None:
        lock, registry = self._watcher.lock, self._registry
        software = bool(self._devices) and bool(self._plan.ptp4l) and not self._plan.hardware
        subject = ", ".join(self._devices)
        registry.set("clock-software", software, now, subject=subject)
        current, properties = seen.current, seen.properties
        # Nothing is measured once the grandmaster is lost: no old figure as if it were new.
        follows = lock.state in (State.LOCKED, State.ACQUIRING)
        status = seen.status if follows else None
        publish(
            self._paths.observed("clock"),
            {
                "state": lock.state.value,
                "role": self._wanted.role,
                "profile": self._wanted.profile,
                "domain": self._wanted.ptp_domain,
                "grandmaster": self._watcher.grandmaster or None,
                "grandmaster_before": self._watcher.before or None,
                "grandmaster_since": self._watcher.changed or None,
                "offset_ns": status.offset_ns if status and status.present else None,
                "path_delay_ns": current.delay_ns if current and follows else None,
                "steps_removed": current.steps if current and follows else None,
                "utc_offset": properties.utc_offset if properties else None,
                "utc_valid": properties.utc_valid if properties else None,
                "kernel_tai_offset": kernel.tai_offset(),
                "timestamping": "hardware" if self._plan.hardware else "software",
                "ports": {
                    name: state.name.lower()
                    for name, state in zip(self._devices, seen.ports, strict=False)
                },
                "issues": [issue.as_json() for issue in registry.active()],
            },
        )
