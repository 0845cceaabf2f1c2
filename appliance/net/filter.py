"""The firewall in the kernel: loads a rule set in one step, and sees whether it is still there."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import socket
from pathlib import Path

from appliance import runner
from appliance.net.ruleset import TABLE

_NETFILTER, _GROUP_TABLES = 12, 7  # NETLINK_NETFILTER, NFNLGRP_NFTABLES


class Filter:
    """mark: a file that outlives this process and not the machine; by it a service that was
    restarted knows that the rules are its own, and leaves them and their counters alone."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark
        self._told: socket.socket | None = None
        self._look = True
        self._same = False

    def open(self, changed: asyncio.Event) -> None:
        """Sets `changed` when somebody touches the kernel's rules."""
        told = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETFILTER)
        told.setblocking(False)
        told.bind((0, 1 << (_GROUP_TABLES - 1)))
        self._told = told

        def hear() -> None:
            with contextlib.suppress(OSError):  # too many at once: all the same a change
                told.recv(65_536)
            self._look = True
            changed.set()

        asyncio.get_running_loop().add_reader(told.fileno(), hear)

    def close(self) -> None:
        """Listens no more; the rules stay."""
        if self._told is not None:
            asyncio.get_running_loop().remove_reader(self._told.fileno())
            self._told.close()

    async def as_wanted(self, rules: str) -> bool:
        """Whether these rules are loaded as they were written."""
        if self._look:
            self._look = False
            self._same = self._read_mark() == _mark(rules, await self._listed())
            return self._same
        return self._same and self._read_mark().startswith(_digest(rules))

    async def load(self, rules: str) -> None:
        """All of them at once. Raises CommandError; then what was loaded before stays."""
        await asyncio.to_thread(runner.run, ["nft", "-f", "-"], text_in=rules, timeout=10)
        beside = self._mark.with_name(f".{self._mark.name}.new")
        beside.write_text(_mark(rules, await self._listed()))
        beside.replace(self._mark)
        self._look, self._same = True, True

    async def stands(self) -> bool:
        """Whether rules of ours are loaded, these or earlier ones."""
        return bool(await self._listed())

    async def counters(self) -> dict[str, int]:
        """Packets by counter; none where no rules of ours are loaded."""
        argv = ["nft", "-j", "list", "counters", "table", *TABLE.split()]
        try:
            said = await asyncio.to_thread(runner.run, argv, timeout=10)
        except runner.CommandError:
            return {}
        found = [one["counter"] for one in json.loads(said)["nftables"] if "counter" in one]
        return {one["name"]: int(one["packets"]) for one in found}

    async def _listed(self) -> str:
        """Without counts, and without what sets gathered."""
        argv = ["nft", "-s", "-t", "list", "table", *TABLE.split()]
        try:
            return await asyncio.to_thread(runner.run, argv, timeout=10)
        except runner.CommandError:
            return ""  # there is none

    def _read_mark(self) -> str:
        try:
            return self._mark.read_text()
        except OSError:
            return ""


def _mark(rules: str, listed: str) -> str:
    return f"{_digest(rules)} {_digest(listed)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
