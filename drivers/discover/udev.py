"""Reads udev once: everything that is there now."""

from __future__ import annotations

from pathlib import Path

import pyudev

from drivers.discover import describe
from drivers.discover.edid import monitor_name
from drivers.discover.facts import Facts
from drivers.discover.model import Device
from drivers.discover.timestamping import timestamping

SUBSYSTEMS = ("video4linux", "drm", "tty", "net", "pci")
_ATTRIBUTES = {
    "video4linux": ("name", "index"),
    "drm": ("status", "modes"),
    "tty": ("type",),
    "net": ("type", "address", "carrier", "speed", "mtu"),
    "pci": ("vendor", "device", "current_link_width", "current_link_speed"),
}


def facts_of(device: pyudev.Device) -> Facts:
    """What udev says of a device, as plain values; what cannot be read is left out."""
    attributes = {}
    for name in _ATTRIBUTES.get(device.subsystem, ()):
        # Read here: libudev remembers attributes, and a port's speed changes.
        try:
            attributes[name] = (Path(device.sys_path) / name).read_text().strip()
        except (OSError, UnicodeDecodeError):
            continue
    if "status" in attributes:
        try:
            attributes["edid_name"] = monitor_name((Path(device.sys_path) / "edid").read_bytes())
        except OSError:
            attributes["edid_name"] = ""
    parents = tuple(
        (parent.subsystem or "", parent.sys_name, parent.properties.get("DRIVER", ""))
        for parent in device.ancestors
    )
    return Facts(
        device.subsystem,
        device.sys_name,
        device.sys_path,
        device.device_node or "",
        dict(device.properties),
        attributes,
        parents,
    )


def described(facts: Facts) -> Device | None:
    """The device, or None when it is none that the inventory shows."""
    if facts.subsystem == "video4linux":
        return describe.v4l2(facts)
    if facts.subsystem == "drm":
        card, _, _ = facts.sys_name.partition("-")
        return describe.connector(facts, f"/dev/dri/{card}")
    if facts.subsystem == "tty":
        return describe.serial(facts)
    if facts.subsystem == "net":
        stamps = timestamping(facts.sys_name) if facts.parents else {}
        return describe.network(facts, stamps)
    if facts.subsystem == "pci":
        return describe.card(facts)
    return None


def listed(
    context: pyudev.Context | None = None, *subsystems: str, usb: bool = False
) -> list[Device]:
    """What udev has in these subsystems, or in all of SUBSYSTEMS; usb: only what hangs on USB,
    which is quick. Asks no vendor's library."""
    context = context or pyudev.Context()
    found = []
    for subsystem in subsystems or SUBSYSTEMS:
        some = context.list_devices(subsystem=subsystem)
        for device in some.match_property("ID_BUS", "usb") if usb else some:
            # Consoles and pseudo terminals: many, nobody's cable, and dear to ask one by one.
            if subsystem == "tty" and "/devices/virtual/" in device.sys_path:
                continue
            try:
                one = described(facts_of(device))
            except pyudev.DeviceNotFoundError:  # unplugged while we looked
                continue
            if one is not None:
                found.append(one)
    return found
