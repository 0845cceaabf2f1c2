"""What devices this machine has: cards, V4L2 nodes, monitors, serial panels and network ports,
found by udev, known by where they are plugged in and not by the order in which they appeared, and
watched while they come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.discover.model import Change, Device, Kind

if TYPE_CHECKING:
    from drivers.discover.watch import Watch
    from drivers.discover.whole import inventory

__all__ = ["Change", "Device", "Kind", "Watch", "inventory"]


def __getattr__(name: str) -> object:
    # When asked for: they load the libraries of cards, and a service that only needs the name of a
    # network port does without those megabytes.
    if name == "Watch":
        from drivers.discover.watch import Watch

        return Watch
    if name == "inventory":
        from drivers.discover.whole import inventory

        return inventory
    raise AttributeError(name)
