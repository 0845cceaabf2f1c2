"""The network cards of data networks: tuned when their cable comes in, and what they refused."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.net.ethtool import Ethtool
from appliance.net.machine import Machine
from appliance.net.tuning import not_offered, tuning
from appliance.net.wanted import Wanted


@dataclass(frozen=True)
class Tuned:
    """refused, not_offered: for a person."""

    refused: tuple[str, ...] = ()
    not_offered: tuple[str, ...] = ()


class Cards:
    """By the interface below VLANs."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._ethtool = Ethtool()
        self._done: dict[int, tuple[bool, int]] = {}
        self._tuned: dict[str, Tuned] = {}
        self._speeds: dict[str, int | None] = {}

    def tuned(self, device: str | None) -> Tuned:
        """Of a card."""
        return self._tuned.get(device or "", Tuned())

    def speed_mbit(self, device: str | None) -> int | None:
        """Of its link; None: not known."""
        return self._speeds.get(device or "")

    async def follow(self, wanted: Sequence[Wanted], machine: Machine) -> None:
        """Looks at cards whose cable came in or went."""
        below = {one.parent: one for one in wanted if one.parent is not None}
        for name in below:
            link = machine.links.get(name)
            if link is None or self._done.get(link.index) == (link.carrier, link.ups):
                continue
            self._done[link.index] = link.carrier, link.ups
            speed = await self._ethtool.speed_mbit(link.index) if link.carrier else None
            self._speeds[name] = speed
            if link.carrier and any(one.data for one in wanted if one.parent == name):
                await self._tune(name, link.index)

    async def _tune(self, name: str, index: int) -> None:
        card = await self._ethtool.card(index)
        why: dict[str, str] = {}
        for wish in tuning(card):
            try:
                await self._ethtool.tune(index, wish)
                self._log.info("%s: %s", name, wish.what)
            except OSError as error:
                why[wish.what] = error.strerror or "refused"
        # A driver may agree and change nothing: what is still not as wanted was refused.
        left = [wish.what for wish in tuning(await self._ethtool.card(index))]
        for what in left:
            self._log.warning("%s: %s: %s", name, what, why.get(what, "the driver leaves it"))
        self._tuned[name] = Tuned(tuple(left), tuple(not_offered(card)))
