"""What devices this machine has: cards, V4L2 nodes, monitors, serial panels and network ports,
found by udev, known by where they are plugged in and not by the order in which they appeared, and
watched while they come and go."""

from drivers.discover.inventory import inventory
from drivers.discover.model import Change, Device, Kind
from drivers.discover.watch import Watch

__all__ = ["Change", "Device", "Kind", "Watch", "inventory"]
