"""Devices that come and go, as a stream of changes.

Events of udev and of a vendor's driver say only that something happened; what changed is found by
comparing inventories.
So nothing is missed that happened between two events, or when the kernel's queue ran over.
"""

from __future__ import annotations

import contextlib
import select
import time
from collections.abc import Iterator

import pyudev

from drivers.decklink import Driver
from drivers.discover.model import Change, Device
from drivers.discover.udev import SUBSYSTEMS
from drivers.discover.whole import inventory

_SETTLE = 0.03  # s; a device's nodes come one by one


def compared(before: dict[str, Device], after: dict[str, Device], mono_ns: int) -> list[Change]:
    """What changed between two inventories by key: removals first, so that a device that was
    replugged into another node is seen to go before it comes."""
    gone = [Change("removed", one, mono_ns) for key, one in before.items() if key not in after]
    moved, came = [], []
    for key, one in after.items():
        old = before.get(key)
        if old is None:
            came.append(Change("added", one, mono_ns))
        elif (old.node, old.kind) != (one.node, one.kind):
            gone.append(Change("removed", old, mono_ns))
            came.append(Change("added", one, mono_ns))
        elif old != one:
            moved.append(Change("changed", one, mono_ns))
    return gone + came + moved


class Watch:
    """Changes from now on. `devices` is the inventory as of the last change."""

    def __init__(self) -> None:
        """Raises OSError when the kernel gives no event socket."""
        self._context = pyudev.Context()
        # Without a udev daemon only the kernel's own events come.
        self._udev = pyudev.Monitor.from_netlink(self._context, "udev")
        self._kernel = pyudev.Monitor.from_netlink(self._context, "kernel")
        for monitor in (self._udev, self._kernel):
            for subsystem in SUBSYSTEMS:
                monitor.filter_by(subsystem)
            monitor.start()
        self._cards: Driver | None = None
        self.devices = self._inventory()

    def _inventory(self) -> dict[str, Device]:
        if self._cards is None:  # the driver may have come meanwhile
            with contextlib.suppress(ValueError):
                self._cards = Driver()
        return {one.key: one for one in inventory(self._context, self._cards)}

    def wait(self, timeout: float | None = None) -> list[Change]:
        """The changes that come within `timeout` seconds (None: for ever); [] when none did."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not self._event(left):
                return []
            while self._event(_SETTLE):
                pass
            after = self._inventory()
            changes = compared(self.devices, after, time.monotonic_ns())
            self.devices = after
            if changes:
                return changes

    def __iter__(self) -> Iterator[Change]:
        """Changes for ever."""
        while True:
            yield from self.wait()

    def _event(self, timeout: float | None) -> bool:
        """Whether an event came within so many seconds; takes all that wait."""
        monitors = [self._udev, self._kernel]
        watched = [one.fileno() for one in (*monitors, self._cards) if one is not None]
        ready, _, _ = select.select(watched, [], [], timeout)
        if self._cards is not None:
            self._cards.news()
        for monitor in monitors:
            if monitor.fileno() in ready:
                # The queue ran over (ENOBUFS): the inventory tells all the same.
                with contextlib.suppress(OSError):
                    while monitor.poll(0) is not None:
                        pass
        return bool(ready)
