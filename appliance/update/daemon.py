"""The service `rtvbox-update`: there while somebody asks, gone when nobody needs it."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from appliance import runner
from appliance.box.link import Link
from appliance.box.observe import publish
from appliance.box.paths import Paths
from appliance.box.service import log_to_journal, run_until_told
from appliance.update.esp import Esp
from appliance.update.installer import COMPATIBLE, Installer, InstallError
from appliance.update.partitions import Partitions, slots
from appliance.update.state import Slots
from appliance.update.versions import refuse_old

IDLE_S = 30.0
"""Without a question or an installation it ends; its socket starts it again."""
_FIRST_FD = 3  # sd_listen_fds(3)


class Updates:
    """What the service knows and does. One installation at a time."""

    def __init__(self, parts: Partitions, esp: Esp, paths: Paths, log: logging.Logger) -> None:
        self._parts, self._esp, self._paths, self._log = parts, esp, paths, log
        self._task: asyncio.Task[None] | None = None
        self._last: dict[str, Any] = {"state": "none"}
        self.touched = time.monotonic()

    @property
    def busy(self) -> bool:
        """Whether an installation is under way."""
        return self._task is not None and not self._task.done()

    def slots(self) -> Slots:
        """Raises ValueError, one line."""
        try:
            return slots(self._parts, self._esp)
        except (OSError, runner.CommandError) as error:
            raise ValueError(f"slots: cannot be read ({error})") from None

    async def status(self, _: dict[str, Any]) -> dict[str, Any]:
        """Slots, versions, and what became of the last installation since this boot."""
        self.touched = time.monotonic()
        return self._tell()

    async def install(self, values: dict[str, Any]) -> dict[str, Any]:
        """{"source": a file of the box, or an https address, "remove": whether the file goes
        afterwards}. Checks the bundle before it begins; raises ValueError, one line."""
        self.touched = time.monotonic()
        source, remove = values.get("source"), values.get("remove") is True
        if not isinstance(source, str) or not source.startswith(("/", "https://")):
            raise ValueError("source: is no file and no https address; give /PATH or https://...")
        if self.busy:
            raise ValueError("installation: one is under way; wait for its end")
        running = self.slots().version
        rauc = None
        try:
            rauc = await Installer.connect()
            if await rauc.busy():
                raise ValueError("installation: one is under way; wait for its end")
            bundle = await rauc.inspect(source)
            if bundle.compatible != COMPATIBLE:
                raise ValueError(
                    f"bundle: is for {bundle.compatible}, and this box is {COMPATIBLE}; "
                    "take the one for this box"
                )
            refuse_old(bundle.version, running)
        except (InstallError, ValueError) as error:
            if rauc is not None:
                rauc.close()
            if remove:
                Path(source).unlink(missing_ok=True)
            self._ended("refused", str(error))
            raise ValueError(str(error)) from None
        self._log.info("version %s is installed from %s", bundle.version, Path(source).name)
        self._task = asyncio.create_task(self._install(rauc, source, bundle.version, remove))
        return {"version": bundle.version}

    async def rollback(self, _: dict[str, Any]) -> dict[str, Any]:
        """The other slot's version is the next to start. Raises ValueError."""
        self.touched = time.monotonic()
        if self.busy:
            raise ValueError("installation: one is under way; wait for its end")
        found = self.slots()
        back = found.back()
        own = found.held[found.running]
        self._esp.rename(own.file, own.entry.given_up())
        self._log.warning("back to version %s with the next start", back.entry.version)
        self._tell()
        return {"version": back.entry.version}

    async def _install(self, rauc: Installer, source: str, version: str, remove: bool) -> None:
        def progress(percent: int, what: str) -> None:
            self.touched = time.monotonic()
            said = {"state": "running", "version": version, "percent": percent, "what": what}
            if said != self._last:
                self._last = said
                self._tell()

        progress(0, "")
        try:
            await rauc.install(source, progress)
        except InstallError as error:
            self._ended("failed", str(error), version)
        else:
            self._ended("done", f"version {version} starts with the next restart", version)
        finally:
            rauc.close()
            if remove:
                Path(source).unlink(missing_ok=True)

    def _ended(self, state: str, what: str, version: str | None = None) -> None:
        self._last = {"state": state, "version": version, "percent": None, "what": what}
        (self._log.info if state == "done" else self._log.error)("%s", what)
        self.touched = time.monotonic()
        self._tell()

    def _tell(self) -> dict[str, Any]:
        said = {**self.slots().as_json(), "installation": self._last}
        publish(self._paths.observed("update"), said)
        return said


async def serve(updates: Updates, link: Link) -> None:
    """Until told to end, or nobody has needed it for a while."""

    class _Unneeded(Exception):
        pass

    async def wait() -> None:
        while updates.busy or time.monotonic() - updates.touched < IDLE_S:
            await asyncio.sleep(1)
        raise _Unneeded

    try:
        await run_until_told(link.serve, wait)
    except _Unneeded:
        return


def given_socket() -> socket.socket | None:
    """The listening socket that systemd opened; None where it did not."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or os.environ.get("LISTEN_FDS") != "1":
        return None
    return socket.socket(fileno=_FIRST_FD)


def main(argv: Sequence[str] | None = None) -> int:
    """Composes the service and runs it."""
    parser = argparse.ArgumentParser(prog="rtvbox-update", description=__doc__)
    parser.parse_args(argv)
    log = log_to_journal("rtvbox-update")
    paths = Paths()
    updates = Updates(Partitions(), Esp(), paths, log)
    handlers = {
        "status": updates.status,
        "install": updates.install,
        "rollback": updates.rollback,
    }
    link = Link(paths.link("update"), handlers, mode=0o600, given=given_socket())
    asyncio.run(serve(updates, link))
    return 0
