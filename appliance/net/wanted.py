"""The document as the network service reads it: networks with the kernel's names. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from appliance.box.desired import Desired
from appliance.box.desired_network import Network, Networks
from appliance.box.desired_part import DATA_NETWORKS
from appliance.net.needs import Needs, needs_of

Resolve = Callable[[str], str | None]
"""The kernel's name of an interface as the document names it; None: it is not there."""

METRICS = {"configuration": 100, "hospital": 200, "data": 300, "data_2": 400}
"""Of the routes beyond a network: where two DHCP servers give a gateway each, the lower wins."""
_LONGEST = 15


@dataclass(frozen=True)
class Wanted:
    """One network. named: the interface as the document says it; parent: its kernel name, None
    while it is not there; device: what carries the address, the parent or a VLAN on it. ptp:
    whether PTP packets come and go here."""

    name: str
    named: str
    parent: str | None
    vlan: int | None
    mtu: int
    method: str
    address: IPv4Interface | None
    gateway: IPv4Address | None
    dns: tuple[IPv4Address, ...]
    routes: tuple[tuple[IPv4Network, IPv4Address], ...]
    querier: bool
    ptp: bool
    needs: Needs

    @property
    def device(self) -> str | None:
        """The kernel's name."""
        if self.parent is None or self.vlan is None:
            return self.parent
        return vlan_name(self.parent, self.vlan)

    @property
    def data(self) -> bool:
        """Whether pictures pass here."""
        return self.name in DATA_NETWORKS

    @property
    def falls_back(self) -> bool:
        """Whether it takes a link-local address while no DHCP server answers (RFC 3927): where a
        Configurator must reach the box, and nowhere else."""
        return self.method == "dhcp" and self.name == "configuration"


def vlan_name(parent: str, vlan: int) -> str:
    """Of a VLAN's interface: eth0.20; shortened from the left where that is too long."""
    whole = f"{parent}.{vlan}"
    return whole if len(whole) <= _LONGEST else f"{parent[: _LONGEST - 1 - len(str(vlan))]}.{vlan}"


def networks_of(desired: Desired | None, first: str | None) -> Networks:
    """Those of the document. A document without a configuration network, as a box has it that was
    paired and told no more, must not cut the box off: it stands there by DHCP, at the interface
    `first` (None: there is none that no other network has)."""
    named = desired.networks if desired is not None else Networks()
    if named.configuration is not None or first is None:
        return named
    here = Network(interface=first, method="dhcp")
    return named.model_copy(update={"configuration": here})


def wanted_of(desired: Desired | None, first: str | None, resolve: Resolve) -> list[Wanted]:
    """All networks of the box, in the order of NETWORKS."""
    document = desired or Desired(schema=1)
    needs = needs_of(document)
    ptp = document.clock.networks if document.clock.role != "free-run" else ()
    return [
        Wanted(
            name=name,
            named=network.interface,
            parent=resolve(network.interface),
            vlan=network.vlan,
            mtu=network.mtu,
            method=network.method,
            address=network.address,
            gateway=network.gateway,
            dns=network.dns,
            routes=tuple((route.to, route.via) for route in network.routes),
            querier=network.querier,
            ptp=name in ptp,
            needs=needs.get(name, Needs()),
        )
        for name, network in networks_of(desired, first).named().items()
    ]
