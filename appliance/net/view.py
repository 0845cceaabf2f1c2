"""What is published of the networks: /run/rtvbox/network.json. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from appliance.net.findings import Seen
from appliance.net.lease import Lease
from appliance.net.lldp import Neighbour
from appliance.net.machine import Link
from appliance.net.plan import Granted
from appliance.net.wanted import Wanted


def network_view(
    one: Wanted,
    link: Link | None,
    seen: Seen,
    granted: Granted | None,
    *,
    method: str,
    dns: Sequence[object],
    lease: Lease | None,
    now: float,
    neighbour: Neighbour | None,
    not_offered: Sequence[str],
    asks: Mapping[str, Any],
) -> dict[str, Any]:
    """One network. method, address, prefix, gateway and carrier are what the panel shows."""
    address = granted.address if granted else None
    return {
        "interface": one.device,
        "named": one.named,
        "method": method,
        "address": str(address.ip) if address else None,
        "prefix": address.network.prefixlen if address else None,
        "gateway": str(granted.gateway) if granted and granted.gateway else None,
        "dns": [str(server) for server in dns],
        "lease": None
        if lease is None
        else {"server": str(lease.server), "seconds_left": max(0, int(lease.until - now))},
        "present": link is not None,
        "carrier": seen.carrier,
        "speed_mbit": seen.speed_mbit,
        "needed_mbit": one.needs.mbit,
        "mac": link.mac.hex(":") if link else None,
        "vlan": one.vlan,
        "mtu": link.mtu if link else None,
        "counters": dict(link.counters) if link else {},
        "lldp": neighbour.as_json() if neighbour else None,
        "querier": dict(asks),
        "refused": list(seen.refused),
        "not_offered": list(not_offered),
    }
