"""What shall run, as values: from the desired state and where its networks are. Pure.

Two equal plans are the same pipeline: it is rebuilt only when its plan changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from appliance.box.desired import Desired
from appliance.box.desired_media import Input, Output, ReceiveFlow, SendFlow
from appliance.box.desired_network import Network

GROUNDS = {"last-dimmed": "last", "black": "black", "pattern": "pattern"}


@dataclass(frozen=True)
class IdlePlan:
    """Nothing runs. why: one line where that is not what was wanted."""

    why: str = ""


@dataclass(frozen=True)
class TxPlan:
    """A transmitter. devices: the kernel's name of each path's interface, in the flow's order."""

    input: Input
    flow: SendFlow
    devices: tuple[str, ...]

    @property
    def card(self) -> str:
        """What is opened: the test pattern stands in for the card where it is forced."""
        return "synthetic" if self.input.test_pattern == "forced" else self.input.card

    @property
    def ground(self) -> str:
        """The engine's word for what stands under the banner without a live picture."""
        if self.input.test_pattern == "without-input":
            return "pattern"
        return GROUNDS[self.input.on_loss]


@dataclass(frozen=True)
class RxPlan:
    """A receiver. devices: the kernel's name of each path's interface, in the SDP's order."""

    output: Output
    flow: ReceiveFlow
    devices: tuple[str, ...]

    @property
    def ground(self) -> str:
        """The engine's word for what stands under the banner while nothing comes."""
        return GROUNDS[self.output.on_loss]


Plan = IdlePlan | TxPlan | RxPlan


def plan_of(mode: str, desired: Desired | None, observed: Mapping[str, Any]) -> Plan:
    """The plan of one converter mode. observed: what the network service published."""
    if desired is None or mode == "idle":
        return IdlePlan()
    named = desired.networks.named()

    def device(name: str) -> str:
        return device_of(name, named[name], observed)

    if mode == "tx" and desired.input is not None and len(desired.flows.send) == 1:
        (sent,) = desired.flows.send
        return TxPlan(desired.input, sent, tuple(device(path.network) for path in sent.paths))
    if mode == "rx" and desired.output is not None and len(desired.flows.receive) == 1:
        (received,) = desired.flows.receive
        return RxPlan(desired.output, received, tuple(device(name) for name in received.networks))
    return IdlePlan(f"mode: the desired state has nothing for {mode}; apply a document for it")


def device_of(name: str, network: Network, observed: Mapping[str, Any]) -> str:
    """The kernel's name of a network's interface: as the network service found it, else as the
    document spells it."""
    said = observed.get(name)
    found = said.get("interface") if isinstance(said, Mapping) else None
    if isinstance(found, str) and found:
        return found
    return network.interface if network.vlan is None else f"{network.interface}.{network.vlan}"
