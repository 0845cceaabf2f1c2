"""The whole box in a terminal, from what its services published. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

SERVICES = ("agent", "converter", "clock", "network")
NETWORKS = ("configuration", "data", "data_2", "hospital")
_ORDER = ("error", "warning", "info")


def glance(observed: Mapping[str, Mapping[str, Any]], silent: Mapping[str, str]) -> list[str]:
    """Lines for a person. observed: by service; silent: services that say nothing, and why."""
    lines = [_title(observed)]
    lines += _converter(observed.get("converter", {}))
    lines += _clock(observed.get("clock", {}))
    lines += _networks(observed.get("network", {}))
    for name in SERVICES:
        if name in silent:
            lines.append(_row(name, silent[name]))
    return lines + list(_issues(issues_of(observed)))


def issues_of(observed: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of all services, the worst first."""
    found = [
        issue
        for name in SERVICES
        for issue in _list(observed.get(name, {}).get("issues"))
        if isinstance(issue, Mapping)
    ]
    rank = {word: at for at, word in enumerate(_ORDER)}
    return sorted(
        found, key=lambda one: (rank.get(str(one.get("severity")), 9), _text(one, "since"))
    )


def _title(observed: Mapping[str, Mapping[str, Any]]) -> str:
    agent, converter = observed.get("agent", {}), observed.get("converter", {})
    words = [_text(agent, "label") or "rtvbox", f"mode {_text(converter, 'mode') or 'unknown'}"]
    if converter.get("generation") is not None:
        words.append(f"generation {converter['generation']}")
    if agent.get("provisioned") is False:
        words.append("never provisioned")
    return " · ".join(words)


def _converter(said: Mapping[str, Any]) -> Iterator[str]:
    for name in ("input", "output"):
        port = _mapping(said.get(name))
        if port:
            yield _row(
                name, " ".join(_text(port, key) for key in ("connector", "format", "signal"))
            )
    flow = _mapping(said.get("flow"))
    if flow:
        words = [_text(flow, "id"), _text(flow, "address"), _text(flow, "state")]
        yield _row("flow", " ".join(words) + _counted(_mapping(said.get("counters"))))
    if flow:
        yield _row("patient", "confirmed" if said.get("patient_confirmed") else "none confirmed")
    latency = _mapping(_mapping(said.get("histograms")).get("latency"))
    if latency.get("count"):
        yield _row(
            "latency", f"{latency['p50'] / 1e6:.1f} ms, {latency['p999'] / 1e6:.1f} at 99.9 %"
        )
    if _text(said, "why"):
        yield _row("waits", _text(said, "why"))


def _counted(counters: Mapping[str, Any]) -> str:
    if "presented" in counters:
        return (
            f", {counters['presented']} frames, {counters.get('lost', 0)} packets lost, "
            f"{counters.get('concealed_frames', 0)} concealed, {counters.get('late', 0)} late"
        )
    if "frames" in counters:
        return (
            f", {counters['frames']} frames, {counters.get('repeats', 0)} repeated, "
            f"{counters.get('slates', 0)} slates"
        )
    return ""


def _clock(said: Mapping[str, Any]) -> Iterator[str]:
    if not said:
        return
    words = [_text(said, "state") or "unknown"]
    if _text(said, "grandmaster"):
        words.append(f"grandmaster {_text(said, 'grandmaster')}")
    if said.get("offset_ns") is not None:
        words.append(f"offset {said['offset_ns']} ns")
    yield _row("clock", ", ".join(words))


def _networks(said: Mapping[str, Any]) -> Iterator[str]:
    for name in NETWORKS:
        own = _mapping(said.get(name))
        if own:
            prefix = f"/{own['prefix']}" if own.get("prefix") is not None else ""
            address = f"{_text(own, 'address')}{prefix}" if _text(own, "address") else "no address"
            link = "no link" if own.get("carrier") is False else _speed(own)
            yield _row(name, " ".join(w for w in (_text(own, "interface"), address, link) if w))


def _speed(own: Mapping[str, Any]) -> str:
    speed = own.get("speed_mbit")
    return f"{speed} Mb/s" if isinstance(speed, int) and speed > 0 else ""


def _issues(issues: list[Mapping[str, Any]]) -> Iterator[str]:
    yield _row("issues", str(len(issues)) if issues else "none")
    for one in issues:
        yield f"  {_text(one, 'severity'):8}{_text(one, 'text')}"
        yield f"          {_text(one, 'remedy')}  (since {_text(one, 'since')})"


def _row(name: str, words: str) -> str:
    return f"{name:14}{words}".rstrip()


def _text(tree: Mapping[str, Any], key: str) -> str:
    value = tree.get(key)
    text = value if isinstance(value, str) else "" if value is None else str(value)
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
