"""What services published, as Prometheus text (exposition format 0.0.4). Pure.

Only numbers, states and the names that a configuration gives; never a patient's data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from appliance.box.glance import NETWORKS, SERVICES, issues_of

_NAME = re.compile(r"[^a-zA-Z0-9_]")
# Of the converter's counters those that are no sums over time.
_GAUGES = {"signal", "static_id", "link_offset_ns"}


# Of an interface's counters.
_TRAFFIC = (
    *("rx_packets", "tx_packets", "rx_bytes", "tx_bytes"),
    *("rx_dropped", "rx_missed_errors", "rx_errors", "tx_dropped", "tx_errors"),
)


def metrics(observed: Mapping[str, Mapping[str, Any]], silent: Mapping[str, str]) -> str:
    """The text. observed, silent: as for a glance."""
    lines = [
        "# HELP rtvbox_service_up Whether a service of the box says anything.",
        "# TYPE rtvbox_service_up gauge",
        *(f'rtvbox_service_up{{service="{n}"}} {int(n not in silent)}' for n in SERVICES),
    ]
    lines += _converter(observed.get("converter", {}))
    lines += _clock(observed.get("clock", {}))
    lines += _networks(observed.get("network", {}))
    lines += _issues(observed)
    return "\n".join(lines) + "\n"


def _converter(said: Mapping[str, Any]) -> Iterator[str]:
    mode, state = said.get("mode"), said.get("state")
    if isinstance(mode, str):
        yield "# TYPE rtvbox_mode gauge"
        yield f'rtvbox_mode{{mode="{_label(mode)}",state="{_label(str(state))}"}} 1'
    flow = said.get("flow")
    name = flow.get("id", "") if isinstance(flow, Mapping) else ""
    counters = said.get("counters")
    for key, value in sorted(counters.items()) if isinstance(counters, Mapping) else ():
        if type(value) is int:
            kind = "gauge" if key in _GAUGES else "counter"
            full = f"rtvbox_flow_{_NAME.sub('_', key)}" + ("" if kind == "gauge" else "_total")
            yield f"# TYPE {full} {kind}"
            yield f'{full}{{mode="{_label(str(mode))}",flow="{_label(str(name))}"}} {value}'
    histograms = said.get("histograms")
    for key, one in sorted(histograms.items()) if isinstance(histograms, Mapping) else ():
        if isinstance(one, Mapping) and one.get("count"):
            full = f"rtvbox_flow_{_NAME.sub('_', key)}_seconds"
            yield f"# TYPE {full} summary"
            for quantile, word in (("0.5", "p50"), ("0.99", "p99"), ("0.999", "p999")):
                yield f'{full}{{quantile="{quantile}"}} {one[word] / 1e9:.9f}'
            yield f"{full}_sum {one['sum'] / 1e9:.9f}"
            yield f"{full}_count {one['count']}"


def _clock(said: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(said.get("state"), str):
        yield "# TYPE rtvbox_clock_state gauge"
        yield f'rtvbox_clock_state{{state="{_label(said["state"])}"}} 1'
    for key, name in (("offset_ns", "offset"), ("path_delay_ns", "path_delay")):
        if isinstance(said.get(key), int | float):
            yield f"# TYPE rtvbox_clock_{name}_seconds gauge"
            yield f"rtvbox_clock_{name}_seconds {said[key] / 1e9:.9f}"


def _networks(said: Mapping[str, Any]) -> Iterator[str]:
    carriers = []
    for name in NETWORKS:
        own = said.get(name)
        if isinstance(own, Mapping) and isinstance(own.get("carrier"), bool):
            carriers.append(f'rtvbox_network_carrier{{network="{name}"}} {int(own["carrier"])}')
    if carriers:
        yield "# TYPE rtvbox_network_carrier gauge"
        yield from carriers
    for key in _TRAFFIC:
        rows = []
        for name in NETWORKS:
            own = said.get(name)
            counters = own.get("counters") if isinstance(own, Mapping) else None
            if isinstance(counters, Mapping) and type(counters.get(key)) is int:
                rows.append(f'rtvbox_network_{key}_total{{network="{name}"}} {counters[key]}')
        if rows:
            yield f"# TYPE rtvbox_network_{key}_total counter"
            yield from rows
    dropped = said.get("firewall")
    if isinstance(dropped, Mapping) and dropped:
        yield "# HELP rtvbox_firewall_dropped_total Packets that the firewall held back, by rule."
        yield "# TYPE rtvbox_firewall_dropped_total counter"
        for key, value in sorted(dropped.items()):
            if type(value) is int:
                yield f'rtvbox_firewall_dropped_total{{rule="{_label(str(key))}"}} {value}'


def _issues(observed: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "# HELP rtvbox_issue Issues that are raised now."
    yield "# TYPE rtvbox_issue gauge"
    for one in issues_of(observed):
        labels = ",".join(
            f'{key}="{_label(str(one.get(key, "")))}"' for key in ("id", "subject", "severity")
        )
        yield f"rtvbox_issue{{{labels}}} 1"


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
