"""Says what is: network.json, the resolver's file, issues and events."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from appliance.box.issues import Registry
from appliance.box.observe import publish
from appliance.box.paths import Paths
from appliance.net.cards import Cards
from appliance.net.findings import Found, Seen, findings
from appliance.net.machine import Link
from appliance.net.openings import openings
from appliance.net.plan import Granted
from appliance.net.station import Station
from appliance.net.view import network_view
from appliance.net.wanted import METRICS, Wanted


@dataclass(frozen=True)
class State:
    """All that is said of. left_s: until a change is taken back, None: none waits. counters: of
    the firewall, packets. steps: taken since the service was started."""

    generation: int | None
    wanted: Sequence[Wanted]
    links: Mapping[str, Link]
    granted: Mapping[str, Granted]
    stations: Mapping[str, Station | None]
    cards: Cards
    failed: Mapping[str, tuple[str, ...]]
    counters: Mapping[str, int]
    left_s: float | None
    taken_back: bool
    steps: int


class Speaker:
    """Publishes, and remembers what it said."""

    def __init__(self, paths: Paths, log: logging.Logger) -> None:
        self._paths, self._log = paths, log
        self._registry = Registry("network")
        self._told: dict[str, tuple[object, ...]] = {}
        self._servers: list[str] | None = None

    def say(self, state: State, now: float) -> list[dict[str, Any]]:
        """Writes the files. Returns events: what is new since the last time."""
        seen = {one.name: _seen(one, state, now) for one in state.wanted}
        every = [*findings(state.wanted, {**seen, "": Seen(failed=state.failed.get("", ()))})]
        if state.left_s is not None:
            every.append(Found("change-unconfirmed", "", {"seconds": int(state.left_s)}))
        if state.taken_back:
            every.append(Found("change-taken-back", ""))
        events = self._issues(every)
        views = {one.name: _view(one, state, seen[one.name], now) for one in state.wanted}
        events += self._changes(views)
        waits = None if state.left_s is None else {"seconds_left": int(state.left_s)}
        observed: dict[str, Any] = {
            **views,
            "generation": state.generation,
            "confirm": waits,
            "steps": state.steps,
            "open": [row.as_json() for row in openings(state.wanted)],
            "firewall": dict(state.counters),
            "issues": [issue.as_json() for issue in self._registry.active()],
        }
        publish(self._paths.observed("network"), observed)
        self._resolver(views)
        return events

    def _issues(self, every: Sequence[Found]) -> list[dict[str, Any]]:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        before = {(one.id, one.subject) for one in self._registry.active()}
        for found in every:
            self._registry.raise_(found.name, now, subject=found.subject, **found.values)
        raised = {(found.name, found.subject) for found in every}
        events = []
        for name, subject in sorted(before - raised):
            self._registry.clear(name, subject=subject)
            self._log.info("issue over: %s %s", name, subject)
            events.append({"what": "issue-over", "id": name, "subject": subject})
        for issue in self._registry.active():
            if (issue.id, issue.subject) not in before:
                self._log.warning("issue: %s %s: %s", issue.id, issue.subject, issue.text)
                events.append({"what": "issue", **issue.as_json()})
        return events

    def _changes(self, views: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
        keys = ("interface", "method", "address", "prefix", "carrier", "speed_mbit")
        events = []
        for name, view in views.items():
            told = tuple(view[key] for key in keys)
            if self._told.get(name) != told:
                self._told[name] = told
                events.append({"what": "network", "network": name, **{k: view[k] for k in keys}})
        return events

    def _resolver(self, views: Mapping[str, Mapping[str, Any]]) -> None:
        order = sorted(views, key=lambda name: METRICS[name])
        servers = list(dict.fromkeys(server for name in order for server in views[name]["dns"]))
        if servers == self._servers:
            return
        self._servers = servers
        place = self._paths.run / "resolv.conf"
        beside = place.with_name(".resolv.conf.new")
        beside.write_text("".join(f"nameserver {server}\n" for server in servers[:3]))
        beside.chmod(0o644)
        beside.replace(place)


def _seen(one: Wanted, state: State, now: float) -> Seen:
    link, station = state.links.get(one.device or ""), state.stations.get(one.name)
    granted = state.granted.get(one.name)
    own = granted.address.ip if granted else None
    return Seen(
        there=link is not None,
        carrier=link is not None and link.carrier,
        speed_mbit=state.cards.speed_mbit(one.parent),
        address=str(own) if own else None,
        rival=station.rival if station else None,
        unserved=station is not None and station.unserved(now),
        ending_s=station.ending_s(now) if station else None,
        unasked=station is not None and station.querier.unasked(now, own),
        refused=state.cards.tuned(one.parent).refused if one.data else (),
        failed=state.failed.get(one.name, ()),
    )


def _view(one: Wanted, state: State, seen: Seen, now: float) -> dict[str, Any]:
    station = state.stations.get(one.name)
    querier = station.querier if station else None
    other = querier.other if querier and querier.others_ask(now) else None
    return network_view(
        one,
        state.links.get(one.device or ""),
        seen,
        state.granted.get(one.name),
        method=station.method if station else one.method,
        dns=station.dns if station else one.dns,
        lease=station.lease if station else None,
        now=now,
        neighbour=station.neighbour if station else None,
        not_offered=state.cards.tuned(one.parent).not_offered if one.data else (),
        asks={"heard": str(other) if other else None, "own": one.querier},
    )
