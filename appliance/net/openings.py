"""What is open on which network: one table, as data. Everything else is shut. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

from appliance.net.wanted import Wanted

PTP_GROUPS = (IPv4Address("224.0.1.129"), IPv4Address("224.0.0.107"))
"""Primary and peer delay (IEEE 1588-2019 annex C.3)."""
PTP_PORTS = (319, 320)
AGENT_PORT = 443


_TO = {"igmp": "groups"}


@dataclass(frozen=True)
class Opening:
    """A row. protocol: udp, tcp, icmp (echo requests) or igmp (queries). to: the group; None: the
    box's own address. source: the only sender; None: any. per_second: more than so many (of one
    sender, with tcp: new connections) are dropped; None: no limit. what: for a person."""

    network: str
    protocol: str
    what: str
    to: IPv4Address | None = None
    port: int | None = None
    source: IPv4Address | None = None
    per_second: int | None = None

    def as_json(self) -> dict[str, Any]:
        """As published."""
        return {
            "network": self.network,
            "protocol": self.protocol,
            "to": str(self.to) if self.to else _TO.get(self.protocol, "own address"),
            "port": self.port,
            "source": str(self.source) if self.source else "any",
            "per_second": self.per_second,
            "what": self.what,
        }


@dataclass(frozen=True)
class Extra:
    """A rule of another service that drops what it names. direction: "in" or "out". networks: by
    name. match: nftables' words, without interface and verdict. counter: its name in what is
    published. what: for a person."""

    direction: str
    networks: tuple[str, ...]
    match: str
    counter: str
    what: str


EXTRA: tuple[Extra, ...] = (
    Extra(
        "out",
        ("configuration", "data", "data_2", "hospital"),
        "udp dport 320 @th,64,8 & 0x0f == 0x0d @th,432,8 & 0x0f == 4 @th,448,16 == 2",
        "ptp_management_errors",
        "ptp4l's multicast errors to the grandmaster's synchronisation metadata (ST 2059-2)",
    ),
)
"""Rules of other services: rows go here, nothing else has to change.

The one there is: a grandmaster of ST 2059-2 sends its metadata as a management command once a
second, ptp4l 3.1.1 knows no such command and tells everybody so. What is matched are management
messages with action ACKNOWLEDGE and a MANAGEMENT_ERROR_STATUS in it (IEEE 1588-2008 tables 37, 38
and 71): answers to a command. Errors to what a person asks by GET or SET still come out."""


def openings(wanted: Sequence[Wanted]) -> list[Opening]:
    """The table. The hospital's network reaches nothing here: only answers come in."""
    rows: list[Opening] = []
    for one in wanted:
        name = one.name
        if name == "configuration":
            rows.append(Opening(name, "tcp", "box API (HTTPS)", port=AGENT_PORT, per_second=50))
            rows.append(Opening(name, "icmp", "echo request", per_second=20))
            rows.append(Opening(name, "igmp", "queries", per_second=50))
        if one.data:
            rows += [
                Opening(
                    name,
                    "udp",
                    f"flow {end.flow}",
                    to=end.address if end.address.is_multicast else None,
                    port=end.port,
                    source=end.source,
                )
                for end in one.needs.ends
            ]
            rows.append(Opening(name, "igmp", "queries", per_second=50))
        if one.ptp:
            rows += [
                Opening(name, "udp", "PTP", to=to, port=port)
                for to in (*PTP_GROUPS, None)
                for port in PTP_PORTS
            ]
    return rows
