"""Keeps on disk what is thought of the wanted state, and takes back what nobody confirmed."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from appliance.box.desired import Desired
from appliance.box.desired_network import Network, Networks
from appliance.box.disk import Disk
from appliance.box.paths import Paths
from appliance.box.store import Store
from appliance.net.probation import Trust, confirm, follow, overdue, trust_of, view_of

BY = "network"
"""Who made the generation that takes a change back."""


class Trusted:
    """boot: names this start of the machine. seconds: how long a change waits."""

    def __init__(
        self, paths: Paths, store: Store, boot: str, seconds: float, log: logging.Logger
    ) -> None:
        self._path = paths.state / "network.json"
        self._store, self._boot, self._seconds, self._log = store, boot, seconds, log
        self._disk = Disk()
        self.trust = self._read()

    def follow(self, generation: int | None, networks: Networks, now: float) -> None:
        """The state that is wanted now. On disk when this returns: before anything is applied."""
        trust = follow(
            self.trust,
            generation,
            view_of(networks),
            boot=self._boot,
            now=now,
            seconds=self._seconds,
        )
        if trust.trial is not None and (self.trust is None or self.trust.trial is None):
            self._log.warning(
                "generation %s changes the configuration network: waits %g s to be confirmed",
                generation,
                self._seconds,
            )
        self._keep(trust)

    def confirm(self, generation: int | None) -> int:
        """Somebody reached the box; the generation that stands. Raises ValueError, one line."""
        if self.trust is None:
            raise ValueError("confirm: no change of the network waits for it")
        self._keep(confirm(self.trust, generation))
        self._log.info("the network change is confirmed")
        return self.trust.generation or 0

    def left_s(self, now: float) -> float | None:
        """Until the change is taken back; None: none waits."""
        trial = self.trust.trial if self.trust else None
        return None if trial is None else max(0.0, trial.until - now)

    def take_back(self, now: float, fallback: Network | None) -> bool:
        """Where the time is over, puts the earlier generation back. fallback: the configuration
        network of a box that was never told. Returns whether it did."""
        trust = self.trust
        if trust is None or not overdue(trust, now):
            return False
        self._keep(Trust(trust.generation, trust.view, trust.trial, trust.taken_back, undoing=True))
        self._log.error("the network change was not confirmed: taking it back")
        if trust.generation is not None:
            try:
                self._store.rollback(BY, trust.generation)
                return True
            except ValueError as error:
                self._log.warning("%s; only the configuration network goes back", error)
        now_wanted = self._store.load().desired or Desired(schema=1)
        before = trust.view.get("configuration")
        network = fallback
        if trust.generation is not None and before is not None:
            network = Network.model_validate_json(json.dumps(before))
        networks = now_wanted.networks.model_copy(update={"configuration": network})
        self._store.put(now_wanted.model_copy(update={"networks": networks}), BY)
        return True

    def _keep(self, trust: Trust) -> None:
        if trust == self.trust:
            return
        folder = self._path.parent
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f".{self._path.name}.new"
        text = json.dumps(trust.as_json(), indent=1) + "\n"
        self._disk.write(fresh, text.encode())
        self._disk.rename(fresh, self._path)
        self._disk.settle(folder)
        self.trust = trust

    def _read(self) -> Trust | None:
        try:
            return trust_of(json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, OSError) as error:
            self._log.warning("%s cannot be used: %s", self._path, error)
            return None


def boot_id() -> str:
    """Of this start of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
