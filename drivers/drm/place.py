"""From the key of a monitor's connector to what must be opened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from drivers.discover.model import Device, Kind

_CLASS = Path("/sys/class/drm")


@dataclass(frozen=True)
class Connector:
    """A connector. key: as `rtvbox devices` shows it. node: the card's device file. name: as the
    kernel calls it, "HDMI-A-1". status_file: "connected" or not, in sysfs."""

    key: str
    node: str
    name: str
    status_file: str


def choose_connector(key: str, found: Iterable[Connector]) -> Connector:
    """The connector of that key: `drm:PLACE:NAME`, or `drm:NAME` where one card only has it.

    Raises ValueError, one line with the keys that there are.
    """
    known = list(found)
    exact = [one for one in known if one.key == key]
    if exact:
        return exact[0]
    name = key.removeprefix("drm:")
    named = [one for one in known if one.name == name]
    if len(named) == 1:
        return named[0]
    if named:
        keys = ", ".join(one.key for one in named)
        raise ValueError(f"sink: {key!r} is on several cards; write one of {keys}")
    keys = ", ".join(one.key for one in known) or "none; is a display controller there?"
    raise ValueError(f"sink: there is no {key!r}; connectors here: {keys}")


def connector_of(device: Device) -> Connector:
    """From the inventory's entry."""
    name, card = str(device.details["connector"]), str(device.details["card"])
    return Connector(device.key, device.node, name, str(_CLASS / f"{card}-{name}" / "status"))


def connectors(devices: Iterable[Device]) -> list[Connector]:
    """Of an inventory."""
    return [connector_of(one) for one in devices if one.kind is Kind.MONITOR]
