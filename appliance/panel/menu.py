"""The menu as a table: what each key does on each kind of screen. Pure.

A Menu is a value; `press` gives the next one and, sometimes, a request. A panel with four keys has
no LEFT and RIGHT: on it ENTER and EXIT walk through digits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from appliance.panel import entries as offered
from appliance.panel.draft import DIGITS, accept
from appliance.panel.place import CHORD, Glass, Menu
from appliance.panel.requests import (
    Answer,
    ClosePairing,
    FactoryReset,
    OpenPairing,
    Request,
)
from appliance.panel.screen import KINDS, Kind, Screen
from appliance.panel.screens import last_line
from appliance.panel.status import Status
from drivers.panel.model import Key

PAIRING_S = 120
"""How long identity and pairing code are shown, and the code is good."""
IDLE_S = 60.0
"""Without a key for so long, the glance screen comes back."""
SOON_S = 20.0
"""The same where a further key would do something that cannot be taken back, and for answers."""


class Words(StrEnum):
    """What the menu itself says."""

    CANCELLED = "Cancelled, nothing was changed"
    LOCKED = "Locked by the Configurator"


@dataclass(frozen=True)
class Step:
    """The next menu, and what is asked for."""

    menu: Menu
    request: Request | None = None


@dataclass(frozen=True)
class Keyed:
    """What a key acts on."""

    status: Status
    glass: Glass


Handler = Callable[[Menu, Keyed], Step]


def press(menu: Menu, key: Key, keyed: Keyed) -> Step:
    """What a key does."""
    return TABLE[KINDS[menu.at], key](menu, keyed)


def answered(menu: Menu, request: Request, answer: Answer) -> Menu:
    """What follows the answer to a request."""
    if isinstance(request, ClosePairing):
        return menu
    if isinstance(request, OpenPairing):
        return replace(menu, words="" if answer.taken else answer.words)
    return Menu(Screen.ANSWER, trail=((Screen.GLANCE, 0),), words=answer.words)


def timed_out(menu: Menu, idle_s: float, open_s: float) -> Step | None:
    """What the time does: None for nothing. idle_s: since the last key; open_s: since this screen
    was opened. The identity goes by its own time, whoever keeps pressing keys."""
    if menu.at is Screen.GLANCE:
        return Step(Menu()) if menu.cursor and idle_s >= IDLE_S else None
    if menu.at is Screen.IDENTITY:
        return Step(Menu(), ClosePairing()) if open_s >= PAIRING_S else None
    soon = menu.at in (Screen.CONFIRM, Screen.CHORD, Screen.ANSWER)
    return Step(Menu()) if idle_s >= (SOON_S if soon else IDLE_S) else None


def opened(menu: Menu, screen: Screen) -> Menu:
    """A screen over this one."""
    return replace(menu, at=screen, cursor=0, trail=(*menu.trail, (menu.at, menu.cursor)))


def said(menu: Menu, words: str) -> Menu:
    """Words over this screen; EXIT goes back to it."""
    return replace(opened(menu, Screen.ANSWER), words=words)


def _back(menu: Menu, _: Keyed) -> Step:
    closing = ClosePairing() if menu.at is Screen.IDENTITY else None
    if not menu.trail:
        return Step(Menu(), closing)
    screen, cursor = menu.trail[-1]
    if screen is Screen.GLANCE:
        return Step(Menu(), closing)
    return Step(replace(menu, at=screen, cursor=cursor, trail=menu.trail[:-1], chord=0), closing)


def _stay(menu: Menu, _: Keyed) -> Step:
    return Step(menu)


def _home(_menu: Menu, _: Keyed) -> Step:
    return Step(Menu())


def _top(menu: Menu, _: Keyed) -> Step:
    return Step(opened(menu, Screen.MENU))


def _by(step: int) -> Handler:
    """A line up or down, as far as there is text."""

    def move(menu: Menu, keyed: Keyed) -> Step:
        last = last_line(menu, keyed.status, keyed.glass)
        return Step(replace(menu, cursor=max(0, min(last, min(last, menu.cursor) + step))))

    return move


def _page(step: int) -> Handler:
    """The glance's pages go round."""

    def move(menu: Menu, _: Keyed) -> Step:
        return Step(replace(menu, cursor=menu.cursor + step))

    return move


def _row(step: int) -> Handler:
    def move(menu: Menu, keyed: Keyed) -> Step:
        rows = len(offered.entries(menu.at, menu.draft, keyed.status))
        return Step(replace(menu, cursor=(menu.cursor + step) % max(1, rows)))

    return move


def _choose(menu: Menu, keyed: Keyed) -> Step:
    rows = offered.entries(menu.at, menu.draft, keyed.status)
    if menu.cursor >= len(rows):
        return Step(replace(menu, cursor=0))  # the list became shorter meanwhile
    entry = rows[menu.cursor]
    if entry.changes and keyed.status.agent.locked:
        return Step(said(menu, Words.LOCKED))
    if entry.request is not None:
        asked = replace(menu, pending=entry.request)
        return Step(opened(asked, Screen.CONFIRM))
    if entry.opens is None:
        return Step(menu)
    drafted = menu if entry.draft is None else replace(menu, draft=entry.draft)
    request = OpenPairing(PAIRING_S) if entry.opens is Screen.IDENTITY else None
    return Step(opened(replace(drafted, words=entry.words), entry.opens), request)


def _digit(by: int) -> Handler:
    def turn(menu: Menu, _: Keyed) -> Step:
        return Step(replace(menu, draft=menu.draft.turned(menu.at, menu.cursor, by)))

    return turn


def _move(by: int) -> Handler:
    def move(menu: Menu, _: Keyed) -> Step:
        return Step(replace(menu, cursor=(menu.cursor + by) % DIGITS[menu.at]))

    return move


def _next(menu: Menu, keyed: Keyed) -> Step:
    """ENTER in an editor: the next digit where there is no key for that, else done."""
    if not keyed.glass.arrows and menu.cursor + 1 < DIGITS[menu.at]:
        return Step(replace(menu, cursor=menu.cursor + 1))
    try:
        opens, request = accept(menu.at, menu.draft, keyed.status.networks)
    except ValueError as error:
        return Step(said(menu, str(error)))
    return Step(opened(replace(menu, pending=request), opens))


def _previous(menu: Menu, keyed: Keyed) -> Step:
    """EXIT in an editor: the digit before where there is no key for that, else out."""
    if not keyed.glass.arrows and menu.cursor:
        return Step(replace(menu, cursor=menu.cursor - 1))
    return _back(menu, keyed)


def _toggle(menu: Menu, _: Keyed) -> Step:
    return Step(replace(menu, cursor=1 - min(1, menu.cursor)))


def _decide(menu: Menu, keyed: Keyed) -> Step:
    if menu.cursor == 0 or menu.pending is None:
        return _back(replace(menu, pending=None), keyed)
    if keyed.status.agent.locked:
        return Step(said(menu, Words.LOCKED))
    if isinstance(menu.pending, FactoryReset):
        return Step(opened(replace(menu, chord=0), Screen.CHORD))
    return Step(replace(menu, pending=None), menu.pending)


def _chord(key: Key) -> Handler:
    def strike(menu: Menu, _: Keyed) -> Step:
        if CHORD[menu.chord] is not key:
            return Step(Menu(Screen.ANSWER, trail=((Screen.GLANCE, 0),), words=Words.CANCELLED))
        if menu.chord + 1 < len(CHORD):
            return Step(replace(menu, chord=menu.chord + 1))
        return Step(replace(menu, pending=None), menu.pending)

    return strike


TABLE: dict[tuple[Kind, Key], Handler] = {
    (kind, key): handler
    for kind, row in {
        #               UP           DOWN       LEFT        RIGHT      ENTER    EXIT
        Kind.GLANCE: (_page(-1), _page(1), _page(-1), _page(1), _top, _home),
        Kind.LIST: (_row(-1), _row(1), _back, _choose, _choose, _back),
        Kind.TEXT: (_by(-1), _by(1), _back, _stay, _back, _back),
        Kind.DIGITS: (_digit(1), _digit(-1), _move(-1), _move(1), _next, _previous),
        Kind.QUESTION: (_toggle, _toggle, _toggle, _toggle, _decide, _back),
        Kind.CHORD: tuple(_chord(key) for key in Key),
    }.items()
    for key, handler in zip(Key, row, strict=True)
}
"""Every key on every kind of screen, in the order of Key."""
