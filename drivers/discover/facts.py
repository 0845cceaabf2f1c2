"""What udev knows of a device, as plain values, and where it is plugged in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Facts:
    """A device of the kernel.

    sys_path: its folder below /sys. properties, attributes: udev's and the kernel's, as text.
    parents: of its parents, nearest first, (subsystem, name, driver).
    """

    subsystem: str
    sys_name: str
    sys_path: str
    node: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    parents: tuple[tuple[str, str, str], ...] = ()

    @property
    def driver(self) -> str:
        """The nearest driver."""
        own = self.properties.get("DRIVER") or self.properties.get("ID_NET_DRIVER", "")
        return own or next((driver for _, _, driver in self.parents if driver), "")

    @property
    def place(self) -> str:
        """Where it is plugged in, spelled as udev's ID_PATH; worked out the same way where no
        udev daemon has (a container)."""
        return self.properties.get("ID_PATH") or place_of(self.parents) or self.sys_name


def place_of(parents: tuple[tuple[str, str, str], ...]) -> str:
    """ID_PATH from the parents: the USB ports behind the PCI device, or a platform device."""
    words: list[str] = []
    for subsystem, name, _ in parents:
        if subsystem == "usb" and not any(word.startswith("usb-") for word in words):
            port = re.fullmatch(r"\d+-([\d.]+)(?::(\d+\.\d+))?", name)
            if port and port.group(2):
                words.insert(0, f"usb-0:{port.group(1)}:{port.group(2)}")
            elif port and not any(word.startswith("usb-") for word in words):
                words.insert(0, f"usb-0:{port.group(1)}")
        elif subsystem in ("pci", "platform"):
            words.insert(0, f"{subsystem}-{name}")
            break
        elif subsystem == "virtio" and not words:
            continue
    return "-".join(words)
