"""The box as its API and its panel see it: what is wanted, prepared, and confirmed.

One thread, one event loop. Nothing here knows HTTP.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from cryptography import x509

from appliance.agent.identity import Identity, forget_identity
from appliance.agent.pairing import Window
from appliance.agent.staging import Pending, Staged, Staging, StagingError
from appliance.agent.switcher import Switcher
from appliance.agent.tls import usable_chain
from appliance.box.desired import SCHEMA, Desired, keeping_site, of_tree
from appliance.box.glance import SERVICES
from appliance.box.issues import Registry
from appliance.box.link import LinkError, ask
from appliance.box.observe import observed
from appliance.box.paths import Paths
from appliance.box.problems import Problem, RefusedError
from appliance.box.rules import accept, check
from appliance.box.rules_cards import fits
from appliance.box.store import Generation, Loaded, Store
from appliance.box.units import Units, UnitsError
from appliance.rtv.patient import parse_document
from drivers.discover import inventory

GOOD_S = 5.0
"""So long a generation must do what it is for before it counts as one that works."""
_PLACES = ("network", "clock", "converter")


def devices() -> list[dict[str, Any]]:
    """The inventory as plain values. Asks drivers, which may take their time."""
    return [device.as_json() for device in inventory()]


class Box:
    """now_tai: ns TAI. by: names in the record of generations."""

    def __init__(
        self,
        paths: Paths,
        identity: Identity,
        units: Units,
        now_tai: Callable[[], int],
        log: logging.Logger,
    ) -> None:
        self.paths, self.identity, self._units, self._log = paths, identity, units, log
        self.now_tai = now_tai
        self.store = Store(paths.state)
        self.staging = Staging()
        self.switcher = Switcher(units, log)
        self.registry = Registry("agent")
        self.window: Window | None = None
        self.identify_until = 0.0
        self.confirm_within_s: float | None = None  # of a network change that waits
        self.loaded: Loaded = self.store.load()
        self._pointed = self.store.wanted()
        self._good_since: tuple[int, float] | None = None
        self._activation: asyncio.Task[None] | None = None
        self._author = ""
        self._unwritten = ""  # why the store could not be written
        self.changed = asyncio.Event()
        """Set when another state is wanted: who waits between two steps need not wait longer."""

    # ---- what is wanted

    @property
    def desired(self) -> Desired | None:
        """What the box shall be."""
        return self.loaded.desired

    @property
    def generation(self) -> int | None:
        """Its number."""
        return self.loaded.generation.number if self.loaded.generation else None

    @property
    def authorities(self) -> tuple[str, ...]:
        """Whose controllers are trusted; none: nobody was told to this box yet."""
        return self.desired.site.authorities if self.desired else ()

    def shown(self) -> x509.Certificate:
        """The certificate that connections see."""
        chain = usable_chain(self.identity, self.desired.site.certificate if self.desired else None)
        if chain is None:
            return self.identity.certificate
        return x509.load_pem_x509_certificates(chain.encode())[0]

    def follow(self) -> bool:
        """Looks whether another state is wanted (somebody at the box may have changed it)."""
        pointed = self.store.wanted()
        if pointed == self._pointed:
            return False
        self._pointed = pointed
        self.loaded = self.store.load()
        self.changed.set()
        return True

    async def put(self, desired: Desired, by: str, expect: int | None = None) -> Generation:
        """Makes it the wanted state and tells the services. Raises RefusedError, ConflictError."""
        problems = check(desired)
        if problems:
            raise RefusedError(problems)
        made = self.store.put(desired, by, expect=expect)
        self._log.info("generation %d is wanted, by %s", made.number, by)
        self.follow()
        await self.tell("reload")
        return made

    async def change(self, by: str, **parts: Any) -> Generation:
        """The wanted state with other values for some of its keys."""
        tree = self.desired.as_json() if self.desired else {"schema": SCHEMA}
        return await self.put(of_tree({**tree, **parts}), by)

    async def tell(self, what: str) -> None:
        """A command to every service that runs; they notice by themselves otherwise."""
        for service in _PLACES:
            try:
                said = await ask(self.paths.link(service), what)
            except LinkError:
                continue
            if service == "network" and isinstance(said, dict):
                self.confirm_within_s = said.get("confirm_within_s")

    # ---- staged and active

    async def stage_desired(self, text: str | bytes) -> Staged:
        """Raises RefusedError, StagingError. A state that nobody of the site could change again is
        refused: who wants that resets the box."""
        desired = keeping_site(accept(text), self.desired)
        if self.authorities and not set(self.authorities) & set(desired.site.authorities):
            what = "would leave nobody of this site that may direct this box"
            remedy = "leave site out to keep it, or add the present authority"
            raise RefusedError([Problem("site.authorities", what, remedy)])
        problems = fits(desired, await asyncio.to_thread(devices))
        if problems:
            raise RefusedError(problems)
        return self.staging.put("desired", desired)

    def stage_patient(self, document: Any) -> Staged:
        """None: nobody is confirmed. Raises ValueError without what the document holds."""
        if document is not None:
            parse_document(document)
        return self.staging.put("patient", document)

    async def activate(self, etags: dict[str, str], at: int | None, by: str) -> Pending:
        """Activates what is staged, at once or at an instant. Raises StagingError; nothing has
        changed then."""
        pending = self.staging.activate(etags, at, self.now_tai())
        self._author = by
        try:
            if "patient" in etags:
                staged = self.staging.get("patient")
                await self._converter(
                    "set_patient", document=staged.value if staged else None, from_tai=at or 0
                )
        except StagingError:
            self.staging.cancel()
            raise
        if at is None:
            await self._activate_now()
        else:
            self._activation = asyncio.create_task(self._activate_at(pending.at))
        return pending

    async def cancel(self) -> bool:
        """The activation that waits. False: none did."""
        pending = self.staging.cancel()
        if self._activation is not None:
            self._activation.cancel()
            self._activation = None
        if pending and "patient" in pending.what:
            await self._converter("cancel_patient")
        return pending is not None

    async def _activate_at(self, at: int) -> None:
        await asyncio.sleep(max(0, at - self.now_tai()) / 1e9)
        self._activation = None
        try:
            await self._activate_now()
        except (RefusedError, OSError) as error:  # who asked for it is not on the line any more
            self._log.error("activation: %s; nothing has changed", " ".join(str(error).split()))

    async def _activate_now(self) -> None:
        values = self.staging.take()
        if "desired" in values:
            await self.put(values["desired"], self._author)

    async def _converter(self, name: str, **values: Any) -> Any:
        try:
            return await ask(self.paths.link("converter"), name, **values)
        except LinkError as error:
            raise StagingError(409, str(error)) from None

    async def dynamic(self, values: dict[str, Any]) -> None:
        """Values of the moment, passed on. Raises StagingError."""
        await self._converter("set_dynamic", **values)

    # ---- at the box

    def open_pairing(self, seconds: float) -> Window:
        """A new code for the glass."""
        self.close_pairing()
        self.window = Window.open(time.monotonic(), seconds)
        self._log.info("pairing is open for %g s", seconds)
        return self.window

    def close_pairing(self) -> None:
        """The code is good no more."""
        if self.window is not None:
            self.window.closed = True
        self.window = None

    def identify(self, seconds: float) -> None:
        """The box shows which one it is."""
        self.identify_until = time.monotonic() + seconds

    async def reboot(self) -> None:
        """Raises UnitsError."""
        self._log.warning("the box starts again, as asked")
        await self._units.reboot()

    async def factory_reset(self) -> None:
        """Keys first, then everything that it was told; then it starts again."""
        self._log.warning("factory reset, as asked")
        forget_identity(self.paths.state / "identity")
        self.store.forget()
        self.follow()
        await self.tell("reload")
        try:
            await self._units.reboot()
        except UnitsError as error:
            self._log.warning("%s", error)

    # ---- what is observed

    def observed(self) -> tuple[dict[str, Any], dict[str, str]]:
        """What all services publish; see observe.observed."""
        return observed(self.paths.run, SERVICES)

    async def step(self) -> None:
        """Follows the wanted state, switches modes, judges whether this generation works."""
        if self.follow():
            await self.tell("reload")
        await self.switcher.tick(self.desired, self.generation, {})
        if self.window is not None and not self.window.usable(time.monotonic()):
            self.window = None
        said, silent = self.observed()
        self._judge(said.get("converter", {}))
        self._note(silent)

    def _judge(self, converter: dict[str, Any]) -> None:
        number = self.generation
        decision = self.switcher.decision
        works = (
            number is not None
            and decision.mode == decision.wanted
            and converter.get("generation") == number
            and converter.get("state") in ("running", "idle")
        )
        if not works or number is None:
            self._good_since = None
            return
        now = time.monotonic()
        if self._good_since is None or self._good_since[0] != number:
            self._good_since = number, now
        elif now - self._good_since[1] >= GOOD_S and self.loaded.good != number:
            try:
                self.store.mark_good(number)
            except OSError as error:  # a full disk is no reason to end: it is tried again
                self._unwritten = error.strerror or str(error)
                self._good_since = None
                return
            self._unwritten = ""
            self.loaded = self.store.load()
            self._log.info("generation %d works", number)

    def _note(self, silent: dict[str, str]) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        registry, decision = self.registry, self.switcher.decision
        registry.set("not-provisioned", self.desired is None, now)
        damage = self.loaded.damage
        registry.set("desired-damaged", bool(damage), now, what=damage[0] if damage else "")
        registry.set("state-unwritten", bool(self._unwritten), now, what=self._unwritten)
        reason = decision.reasons[0] if decision.reasons and self.desired else None
        registry.set(
            "mode-fallback",
            reason is not None,
            now,
            wanted=decision.wanted,
            why=reason.what if reason else "",
            remedy=reason.remedy if reason else "",
        )
        for service in ("converter", "clock", "network"):
            registry.set("service-silent", service in silent, now, subject=service)

    def about(self) -> dict[str, Any]:
        """What the agent publishes, for panel and people."""
        return {
            "label": self.desired.label if self.desired else "rtvbox",
            "serial": self.identity.serial,
            "fingerprint": self.identity.fingerprint,
            "provisioned": self.desired is not None,
            "pairing": self.window.spoken if self.window else None,
            "locked": self.desired.panel.locked if self.desired else False,
            "identify": time.monotonic() < self.identify_until,
            "mode": self.switcher.decision.mode,
            "wanted": self.switcher.decision.wanted,
            "generation": self.generation,
            "good": self.loaded.good,
            "issues": [issue.as_json() for issue in self.registry.active()],
        }
