"""Keeps the pipeline that is wanted: builds it, rebuilds it when its plan changes, waits and tries
again where that is not possible now, and says so."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import Any

from appliance.box.desired import Desired
from appliance.box.issues import Registry
from appliance.box.observe import publish, read
from appliance.box.paths import Paths
from appliance.box.store import Store
from appliance.converter.patient import Chart
from appliance.converter.pipeline import Pipeline, RxPipeline, Surroundings, TxPipeline
from appliance.converter.plan import IdlePlan, Plan, RxPlan, TxPlan, plan_of
from appliance.converter.seen import Fault
from appliance.modes.clock import Clock
from appliance.modes.machine import tai_now
from appliance.rtv.patient import PatientDocument

AGAIN_S = 1.0
"""Between two tries to build what could not be built."""
LEAD_NS = 200_000_000
"""Before its instant the engine is told of another patient."""
LASTS_S = 0.7
"""A fault that is over sooner is no issue; the picture and its counters have said so."""
HOLD_S = 2.0
"""At most so long an output shows the flow of before while the next one has delivered nothing."""
_LOCKED = ("locked", "holdover", "grandmaster")


class Keeper:
    """One mode's pipeline on one box. `tick` a few times a second, from one thread."""

    def __init__(self, mode: str, paths: Paths, around: Surroundings, log: logging.Logger) -> None:
        self._mode, self._paths, self._around, self._log = mode, paths, around, log
        self._store = Store(paths.state)
        self._plan: Plan = IdlePlan()
        self._pipeline: Pipeline | None = None
        self._leaving: RxPipeline | None = None
        self._leave_until = 0.0
        self._generation: int | None = None
        self._pointed = "unread"
        self._desired: Desired | None = None
        self._held_clock_until = 0
        self._why = ""
        self._next_try = 0.0
        self._clock = Clock()
        self._registry = Registry("converter")
        self._seen: dict[tuple[str, str], float] = {}
        self.chart = Chart()

    def tick(self) -> list[dict[str, Any]]:
        """Looks at what is wanted, at the clock and at the pipeline; publishes. Returns events."""
        self._follow_wanted()
        self._follow_clock()
        self._hand_over()
        events = self._attend()
        self._publish()
        return events

    def reload(self) -> None:
        """The desired state may have changed."""
        self._pointed = "unread"
        self._follow_wanted()

    def line(self) -> str:
        """One line for `systemctl status`."""
        if self._why:
            return f"{self._mode}: waits: {self._why}"
        return f"{self._mode}: {'runs' if self._pipeline else 'nothing to do'}"

    def end(self) -> None:
        """Lets go of everything, and of what was published: nobody shall take it for alive."""
        self.close()
        self._paths.observed("converter").unlink(missing_ok=True)

    def close(self) -> None:
        """Lets go of the pipeline."""
        self._end_leaving()
        if self._pipeline is not None:
            self._pipeline.close()
            self._pipeline = None

    # ---- the patient

    def transmitter(self) -> TxPipeline:
        """The transmitter that runs. Raises ValueError, one line, when none does."""
        if isinstance(self._pipeline, TxPipeline):
            return self._pipeline
        raise ValueError(f"mode: {self._mode} sends nothing now; choose mode tx and see its issues")

    def set_patient(self, patient: PatientDocument | None, from_tai: int) -> None:
        """From the next frame on, or from the first frame of an instant. A transmitter that is
        still to be built begins with it."""
        if from_tai:
            self.chart.plan(patient, from_tai)
            return
        self.chart.set(patient)
        if isinstance(self._pipeline, TxPipeline):
            self._pipeline.set_patient(patient, 0)

    def attend_chart(self) -> None:
        """Tells the engine of the patient whose instant is near. Many times a second."""
        if not self.chart.due(tai_now(), LEAD_NS):
            return
        patient, from_tai = self.chart.later, self.chart.from_tai
        self.chart.set(patient)
        if isinstance(self._pipeline, TxPipeline):
            self._pipeline.set_patient(patient, from_tai)
            self._held_clock_until = from_tai

    # ---- what is wanted

    def _follow_wanted(self) -> None:
        pointed = self._store.wanted()
        fresh = pointed != self._pointed
        if fresh:
            self._pointed = pointed
            loaded = self._store.load()
            self._generation = loaded.generation.number if loaded.generation else None
            self._desired = loaded.desired
        plan = plan_of(self._mode, self._desired, self._network())
        if plan != self._plan:
            self._log.info("the plan has changed: generation %s", self._generation)
            self._plan = plan
            self._next_try = 0.0
            self._leave()
        if self._pipeline is None:
            self._build()

    def _leave(self) -> None:
        """The pipeline of before; a receiver whose output the next one has as well stays until that
        one delivers."""
        before, self._pipeline = self._pipeline, None
        self._end_leaving()
        if before is None:
            return
        if (
            isinstance(before, RxPipeline)
            and isinstance(self._plan, RxPlan)
            and before.hands_over_to(self._plan)
        ):
            self._leaving, self._leave_until = before, time.monotonic() + HOLD_S
        else:
            before.close()

    def _end_leaving(self) -> None:
        before, self._leaving = self._leaving, None
        if before is not None:
            before.close()

    def _hand_over(self) -> None:
        """Ends the receiver of before once the next one delivers, or has had its time: an old
        picture is never shown for the new one longer than that."""
        if self._leaving is None:
            return
        new, late = self._pipeline, time.monotonic() > self._leave_until
        delivers = isinstance(new, RxPipeline) and new.delivers()
        if not delivers and not late:
            return
        if isinstance(new, RxPipeline):
            new.take_over()
        self._log.info("the output is handed over%s", "" if delivers else ": nothing came in time")
        self._end_leaving()

    def _network(self) -> dict[str, Any]:
        try:
            return read(self._paths.observed("network"))
        except ValueError:
            return {}  # the document's own names serve; the network service has its own issue

    def _build(self) -> None:
        if isinstance(self._plan, IdlePlan):
            self._why = self._plan.why
            return
        if time.monotonic() < self._next_try:
            return
        self._next_try = time.monotonic() + AGAIN_S
        try:
            made = self._make(self._plan)
            try:
                made.start()
            except BaseException:
                made.close()
                raise
        except (ValueError, OSError) as error:
            why = " ".join(str(error).split())
            if why != self._why:
                self._log.warning("cannot begin: %s; tries again every second", why)
            self._why = why
            return
        self._log.info("begins: %s", type(self._plan).__name__)
        self._why = ""
        self._pipeline = made

    def _make(self, plan: TxPlan | RxPlan) -> Pipeline:
        if isinstance(plan, TxPlan):
            return TxPipeline(plan, self._around, self._clock, self.chart.now)
        return RxPipeline(plan, self._around, self._leaving)

    # ---- the clock

    def _follow_clock(self) -> None:
        if tai_now() < self._held_clock_until:
            return  # a grain of another patient waits for its instant, and must not be replaced
        clock = self._read_clock()
        if clock != self._clock:
            self._clock = clock
            self._log.info("clock: %s", "locked" if clock.locked else "not locked")
            if self._pipeline is not None:
                self._pipeline.set_clock(clock)

    def _read_clock(self) -> Clock:
        try:
            said = read(self._paths.observed("clock"))
            locked = said.get("state") in _LOCKED and bool(said.get("grandmaster"))
            return Clock(locked, str(said.get("grandmaster") or ""), said.get("domain"))
        except (ValueError, TypeError):
            return Clock()

    # ---- the pipeline

    def _attend(self) -> list[dict[str, Any]]:
        if self._pipeline is None:
            self._set_faults(())
            return []
        events = self._pipeline.look()
        for event in events:
            level = {"error": logging.ERROR, "warning": logging.WARNING}.get(event["severity"])
            self._log.log(level or logging.INFO, "%s: %s", event["code"], event["text"])
        self._set_faults(self._pipeline.faults())
        if not self._pipeline.running():
            self._log.error("the engine has ended; beginning again")
            self.close()
        return events

    def _set_faults(self, faults: tuple[Fault, ...]) -> None:
        now, clock = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()
        if self._why:
            what, _, remedy = self._why.partition("; ")
            values = {"wanted": self._mode, "why": what, "remedy": remedy or "See the journal"}
            faults = (*faults, Fault("mode-fallback", "", values))
        self._seen = {fault.key: self._seen.get(fault.key, clock) for fault in faults}
        for fault in faults:
            if clock - self._seen[fault.key] < LASTS_S:
                continue
            new = fault.key not in {(issue.id, issue.subject) for issue in self._registry.active()}
            self._registry.raise_(fault.name, now, subject=fault.subject, **fault.values)
            if new:  # what only counts on is no news for the journal
                every = self._registry.active()
                text = next(i.text for i in every if (i.id, i.subject) == fault.key)
                self._log.warning("issue: %s %s: %s", fault.name, fault.subject, text)
        for issue in self._registry.active():
            if (issue.id, issue.subject) not in self._seen:
                self._registry.clear(issue.id, subject=issue.subject)
                self._log.info("issue over: %s %s", issue.id, issue.subject)

    def _publish(self) -> None:
        observed: dict[str, Any] = {
            "mode": self._mode,
            "generation": self._generation,
            "state": "waiting" if self._why else "running" if self._pipeline else "idle",
            "why": self._why,
            "clock_locked": self._clock.locked,
            "issues": [issue.as_json() for issue in self._registry.active()],
        }
        if isinstance(self._plan, TxPlan):
            observed["test_pattern"] = self._plan.input.test_pattern
        if self._pipeline is not None:
            observed |= self._pipeline.observed()
        publish(self._paths.observed("converter"), observed)
