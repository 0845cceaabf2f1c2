"""The whole inventory: what udev has, joined with what the vendors' drivers say of their cards."""

from __future__ import annotations

import pyudev

from drivers.decklink import Driver
from drivers.discover import decklink, describe, ntv2, v4l2
from drivers.discover.model import Device
from drivers.discover.udev import listed


def inventory(context: pyudev.Context | None = None, driver: Driver | None = None) -> list[Device]:
    """All devices that are there, by kind and key. driver: that of DeckLink cards; else it is
    looked for."""
    found = decklink.joined(listed(context), *decklink.asked(driver))
    return describe.numbered(v4l2.asked(one) for one in ntv2.joined(found))
