"""A device as the inventory shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class Kind(StrEnum):
    """What a device is for."""

    CAPTURE = "capture"  # a V4L2 node that gives frames
    PLAYOUT = "playout"  # a V4L2 node that takes frames
    CARD = "card"  # a video card by its vendor, whatever drives it
    MONITOR = "monitor"  # a connector of a display controller
    SERIAL = "serial"  # a serial port, where a panel may be
    NETWORK = "network"


@dataclass(frozen=True)
class Device:
    """One device.

    key: stable for as long as it stays plugged in where it is; what a configuration names.
    name: for a person. node: what to open now ("" when there is nothing). driver: "" when none is
    bound. usable: whether it can be used as it is; why: one line, the reason when it cannot and
    the remedy. details: more, of plain values, by name.
    """

    kind: Kind
    key: str
    name: str
    node: str = ""
    driver: str = ""
    usable: bool = True
    why: str = ""
    details: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "kind": self.kind.value,
            "key": self.key,
            "name": self.name,
            "node": self.node,
            "driver": self.driver,
            "usable": self.usable,
            "why": self.why,
            "details": dict(self.details),
        }


@dataclass(frozen=True)
class Change:
    """What happened to a device: "added", "removed" or "changed" (a monitor plugged in, a link
    up). mono_ns: CLOCK_MONOTONIC when it was noticed."""

    what: str
    device: Device
    mono_ns: int
