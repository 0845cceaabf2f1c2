"""From what udev says to what a person and a configuration call a device. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from drivers.discover.facts import Facts
from drivers.discover.model import Device, Kind

# Vendors of video cards by PCI number: name, kernel driver, and what must be installed.
VENDORS = {
    "bdbd": ("Blackmagic Design", "blackmagic", "install Desktop Video, the vendor's driver"),
    "f1d0": ("AJA", "ajantv2", "install its driver and libajantv2"),
    "1cd7": ("Magewell", "ProCapture", "install the vendor's driver"),
    "1b66": ("Deltacast", "delta", "install the vendor's driver"),
    "12ab": ("YUAN", "", "install the vendor's driver"),
    "1a0e": ("DekTec", "Dta", "install the vendor's driver"),
}


def card(facts: Facts) -> Device | None:
    """A PCI device of a vendor of video cards; None for others. Its nodes, when the vendor's
    driver makes V4L2 nodes, are devices of their own."""
    vendor = VENDORS.get(facts.attributes.get("vendor", "").removeprefix("0x"))
    if facts.subsystem != "pci" or vendor is None:
        return None
    name, _, remedy = vendor
    product = facts.properties.get("ID_MODEL_FROM_DATABASE", "")
    number = facts.attributes.get("device", "").removeprefix("0x")
    driver = facts.properties.get("DRIVER", "")
    return Device(
        Kind.CARD,
        f"pci:{facts.sys_name}",
        f"{name} {product or 'card ' + number}",
        driver=driver,
        usable=bool(driver),
        why="" if driver else f"no driver is bound; {remedy}",
        details={
            "width": facts.attributes.get("current_link_width", ""),
            "speed": facts.attributes.get("current_link_speed", ""),
        },
    )


def v4l2(facts: Facts) -> Device | None:
    """A V4L2 node that captures or plays video; None for metadata, radio and codec nodes."""
    capabilities = facts.properties.get("ID_V4L_CAPABILITIES", "").strip(":").split(":")
    if "capture" in capabilities:
        kind = Kind.CAPTURE
    elif "video_output" in capabilities:
        kind = Kind.PLAYOUT
    elif not facts.properties.get("ID_V4L_CAPABILITIES"):
        return Device(
            Kind.CAPTURE,
            f"v4l2:{facts.place}",
            facts.attributes.get("name", facts.sys_name),
            facts.node,
            facts.driver,
            usable=False,
            why="udev has not looked at it; is systemd-udevd running?",
        )
    else:
        return None
    return Device(
        kind,
        f"v4l2:{facts.place}:{kind.value}",
        facts.properties.get("ID_V4L_PRODUCT") or facts.attributes.get("name", facts.sys_name),
        facts.node,
        facts.driver,
        details={"index": facts.attributes.get("index", "0")},
    )


def connector(facts: Facts, card_node: str) -> Device | None:
    """A connector of a display controller (subsystem drm, cardN-NAME). card_node: /dev/dri/..."""
    card_name, dash, name = facts.sys_name.partition("-")
    if not dash or "status" not in facts.attributes or name.startswith("Writeback"):
        return None
    status = facts.attributes["status"]
    modes = facts.attributes.get("modes", "").split()
    screen = facts.attributes.get("edid_name", "")
    return Device(
        Kind.MONITOR,
        f"drm:{facts.place}:{name}",
        screen or name,
        card_node,
        facts.driver,
        usable=status == "connected",
        why="" if status == "connected" else "no monitor is connected",
        details={"connector": name, "card": card_name, "status": status, "modes": modes},
    )


def serial(facts: Facts) -> Device | None:
    """A serial port that is really there: one on USB, or one whose hardware answered."""
    usb = facts.properties.get("ID_BUS") == "usb" or any(
        subsystem == "usb" for subsystem, _, _ in facts.parents
    )
    # The kernel makes ttyS nodes for ports that do not exist; those have no type.
    if not usb and facts.attributes.get("type", "0") in ("0", ""):
        return None
    if not usb and not facts.sys_name.startswith(("ttyS", "ttyAMA")):
        return None
    own = facts.properties.get("ID_SERIAL", "")
    name = " ".join(
        facts.properties.get(key, "").replace("_", " ") for key in ("ID_VENDOR", "ID_MODEL")
    ).strip()
    return Device(
        Kind.SERIAL,
        f"serial:{own}" if facts.properties.get("ID_SERIAL_SHORT") else f"serial:{facts.place}",
        name or facts.sys_name,
        facts.node,
        facts.driver,
        details={"usb": usb},
    )


def network(facts: Facts, timestamping: dict[str, object]) -> Device | None:
    """An Ethernet port; None for loopback, bridges and other ports without hardware."""
    if facts.attributes.get("type") != "1" or not facts.parents:
        return None
    link = facts.attributes.get("carrier") == "1"
    speed = facts.attributes.get("speed", "")
    return Device(
        Kind.NETWORK,
        f"net:{facts.place}",
        facts.sys_name,
        driver=facts.driver,
        usable=link,
        why="" if link else "no link; is it down, or is the cable out?",
        details={
            "mac": facts.attributes.get("address", ""),
            "speed_mbit": int(speed) if speed.lstrip("-").isdigit() and int(speed) > 0 else None,
            "mtu": int(facts.attributes.get("mtu", "0") or 0),
            **timestamping,
        },
    )


def numbered(devices: Iterable[Device]) -> list[Device]:
    """Devices with keys of their own: where several share a place and a purpose, the second and
    later are numbered by the index that their driver gave them."""
    groups: dict[str, list[Device]] = {}
    for device in devices:
        groups.setdefault(device.key, []).append(device)
    found = []
    for key, group in groups.items():
        group.sort(key=lambda device: (int(device.details.get("index", 0)), device.node))
        for number, device in enumerate(group, 1):
            found.append(device if number == 1 else replace(device, key=f"{key}:{number}"))
    order = list(Kind)
    return sorted(found, key=lambda device: (order.index(device.kind), device.key))
