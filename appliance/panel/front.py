"""One person at one panel: keys in, what to show out. It is told the time and reads no clock."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.panel.lights import lights
from appliance.panel.menu import Keyed, Step, answered, press, timed_out
from appliance.panel.place import Glass, Menu
from appliance.panel.requests import ClosePairing, Requests
from appliance.panel.screen import Screen
from appliance.panel.screens import Frame, here, render
from appliance.panel.status import Status
from drivers.panel.model import Colour, KeyEvent

DIM_S = 120.0
"""Without a key for so long the backlight goes down: an operating room is dark."""
BRIGHT, DIM = 100, 15


@dataclass(frozen=True)
class View:
    """What the panel is to show."""

    frame: Frame
    lights: tuple[Colour, ...]
    backlight: int


class Front:
    """Where the person is, since when, and whom to ask. now: CLOCK_MONOTONIC, seconds."""

    def __init__(self, glass: Glass, count: int, requests: Requests, now: float) -> None:
        """count: lights that the panel has."""
        self._glass, self._count, self._requests = glass, count, requests
        self._menu = Menu()
        self._key_at = self._opened_at = now

    @property
    def menu(self) -> Menu:
        """Where the person is."""
        return self._menu

    def key(self, event: KeyEvent, status: Status, now: float) -> None:
        """A key. One that finds the glass dark only lights it."""
        if not event.pressed:
            return
        dark = now - self._key_at >= DIM_S
        self._key_at = now
        if not dark:
            self._go(press(self._menu, event.key, Keyed(status, self._glass)), now)

    def view(self, status: Status, now: float) -> View:
        """What to show now."""
        step = timed_out(self._menu, now - self._key_at, now - self._opened_at)
        if step is not None:
            self._go(step, now)
        since = now - max(self._key_at, self._opened_at)
        if status.agent.identify:
            return self._here(status, now, since)
        dim = now - self._key_at >= DIM_S
        return View(
            render(self._menu, status, self._glass, since),
            lights(status, self._count),
            DIM if dim else BRIGHT,
        )

    def _here(self, status: Status, now: float, since: float) -> View:
        """Seen across the room: all lights and the glass itself blink, twice a second. Who is in a
        menu goes on in it."""
        on = int(now * 4) % 2 == 0
        lit = (Colour.AMBER if on else Colour.OFF,) * min(self._count, 4)
        idle = self._menu.at is Screen.GLANCE
        frame = (
            here(status, self._glass) if idle else render(self._menu, status, self._glass, since)
        )
        return View(frame, lit, BRIGHT if on else DIM)

    def leave(self) -> None:
        """The panel is gone, or the program ends: nobody reads the code any more."""
        if self._menu.at is Screen.IDENTITY:
            self._requests.ask(ClosePairing())
        self._menu = Menu()

    def _go(self, step: Step, now: float) -> None:
        if step.menu.at is not self._menu.at:
            self._opened_at = now
        self._menu = step.menu
        if step.request is not None:
            answer = self._requests.ask(step.request)
            self._menu = answered(self._menu, step.request, answer)
            if self._menu.at is not step.menu.at:
                self._opened_at = now
