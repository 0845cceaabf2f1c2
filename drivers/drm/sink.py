"""A monitor as a sink."""

from __future__ import annotations

from typing import Any, NamedTuple

from drivers.discover.whole import inventory
from drivers.drm import _drm
from drivers.drm.place import choose_connector, connectors


class Shown(NamedTuple):
    """A picture on the screen. sequence: the frame's. field: 0, or 1 for an interlaced frame's
    second picture. due, flip: TAI ns; flip is the kernel's stamp of the vblank from which it is
    scanned out. vblank: that vblank's number, wanted: the one it was committed for (0: the driver
    counts none)."""

    sequence: int
    field: int
    due: int
    flip: int
    vblank: int
    wanted: int


class DrmSink:
    """Shows frames on a monitor.

    The mode is chosen when the engine starts the sink with the flow's format. Frames are converted
    as they come (with slices: as their rows come) and committed for one vblank; the next commit
    waits for its event, so nothing tears. No frame for two periods: black; the text that says why
    is the engine's slate. Bits of the flow that get lost are an event, once for each mode set: a
    plane of 8 bits under a flow of 10, a link or a monitor that is known to carry fewer. Monitor
    unplugged: pictures go into nothing, counted, until one is there again, whose modes are then
    asked anew. When the process dies the kernel removes its pictures and gives the screen back to
    its console, if it has one; else it goes dark.
    """

    def __init__(self, key: str, *, realtime: bool = True) -> None:
        """key: `drm:PLACE:NAME` of the inventory, or `drm:NAME` where only one card has it.

        Opens the card and becomes its master at once. ValueError, one line: no such connector, no
        permission, another program holds the card (a card has one master; the line names the
        program and its PID where this user may see them), or its driver is too old.
        """
        self.connector = choose_connector(key, connectors(inventory()))
        self._card = _drm.Sink(
            node=self.connector.node,
            connector=self.connector.name,
            status_file=self.connector.status_file,
            realtime=realtime,
        )

    def capsule(self) -> object:
        """The `rtv_sink` table."""
        return self._card.capsule()

    def modes(self) -> list[str]:
        """The monitor's modes, for a person."""
        return self._card.modes()

    def matching(self) -> list[str]:
        """As `drivers.video.Refreshing` has it; [] before the sink is started."""
        return self._card.matching()

    def events(self) -> list[tuple[int, str, str]]:
        """What happened since the last call: TAI ns, "info" or "warning", one line."""
        return self._card.events()

    def shown(self) -> list[Shown]:
        """Pictures shown since the last call; at most 1024 wait, later ones are left out."""
        return [Shown(*one) for one in self._card.shown()]

    def stats(self) -> dict[str, int]:
        """Counts: submitted, overflow (more than 8 waited), shown, slates, slips_repeat,
        slips_drop (refreshes), late_dropped (not ready for their vblank), missed_vblanks (the
        driver was late), incomplete (rows did not come), into_nothing (no monitor), blacks,
        unplugs, modesets, commit_errors, flips_lost.

        State: running, realtime, connected, black, vblank (0: the driver counts none and pictures
        are paced by our own clock), width, height, bits (of a sample in the plane that we write: 8
        or 10), link_bits (the most that reaches the glass: the lesser of the connector's `max bpc`
        and what the monitor's EDID says; 0: neither says; what the link really carries no driver
        tells), repeats (refreshes for each picture), matched (the mode has the flow's rate, or
        follows it), follows (the kernel's word; 1: the refresh waits for each picture, VRR),
        nominal_mhz and refresh_mhz (measured; 0 not yet, or it follows), millihertz; error_ppb
        (the mode against the flow), drift_ppb (measured; positive: the monitor is faster),
        next_slip_ns (0: none in sight), wait_ns (phase: from due plus lead to the vblank) with its
        wait_min_ns and wait_max_ns since the last slip, lead_ns, last_flip_tai, last_sequence;
        {due_to_flip,capture_to_flip,convert}_{min,p50,p99,max}_ns."""
        return self._card.stats()

    def histograms(self) -> dict[str, dict[str, Any]]:
        """due_to_flip, capture_to_flip, convert: ns, as engine histograms."""
        return self._card.histograms()

    def close(self) -> None:
        """Stops and gives the screen back; idempotent."""
        self._card.close()
