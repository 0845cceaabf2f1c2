"""A network's new address while it is typed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from appliance.panel.addresses import (
    apart_of,
    digits_of,
    gateway_of,
    host_of,
    prefix_of,
    turned,
)
from appliance.panel.requests import SetNetwork
from appliance.panel.screen import Screen
from appliance.panel.status import Network

DIGITS = {Screen.ADDRESS: 12, Screen.PREFIX: 2, Screen.GATEWAY: 12}
"""How many digits each editor has."""


@dataclass(frozen=True)
class Draft:
    """network: one of NETWORKS. The rest as digits."""

    network: str = ""
    address: str = "0" * 12
    prefix: str = "24"
    gateway: str = "0" * 12

    def digits(self, screen: Screen) -> str:
        """Those of an editor."""
        return {
            Screen.ADDRESS: self.address,
            Screen.PREFIX: self.prefix,
            Screen.GATEWAY: self.gateway,
        }[screen]

    def turned(self, screen: Screen, at: int, by: int) -> Draft:
        """With one digit of an editor turned."""
        return replace(self, **{screen.value: turned(self.digits(screen), at, by)})


def draft_of(name: str, network: Network | None) -> Draft:
    """What is now, as a beginning; zeros where that is not known."""
    if network is None:
        return Draft(name)
    prefix = 24 if network.prefix is None else network.prefix
    return Draft(name, digits_of(network.address), f"{prefix:02}", digits_of(network.gateway))


def accept(
    screen: Screen, draft: Draft, networks: Mapping[str, Network]
) -> tuple[Screen, SetNetwork | None]:
    """The screen after an editor, and the request when all is typed. Raises ValueError, a few
    words, when the digits cannot be."""
    address = host_of(draft.address)
    if screen is Screen.ADDRESS:
        return Screen.PREFIX, None
    prefix = prefix_of(draft.prefix, address)
    apart_of(draft.network, address, prefix, networks)
    if screen is Screen.PREFIX:
        return Screen.GATEWAY, None
    gateway = gateway_of(draft.gateway, address, prefix)
    return Screen.CONFIRM, SetNetwork(draft.network, address, prefix, gateway)
