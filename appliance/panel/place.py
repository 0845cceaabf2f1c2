"""Where a person is in the menu, as a value; and how large the glass is. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from appliance.panel.draft import Draft
from appliance.panel.requests import Request
from appliance.panel.screen import Screen
from drivers.panel.model import Key

CHORD = (Key.UP, Key.DOWN, Key.ENTER)
"""The keys, one after the other, that a factory reset wants: no elbow and no cleaning cloth."""


@dataclass(frozen=True)
class Menu:
    """Where a person is. cursor: the chosen row, page, first line or digit. trail: the screens
    that EXIT goes back to, each with its cursor. pending: what a confirmation would ask for.
    words: the last answer."""

    at: Screen = Screen.GLANCE
    cursor: int = 0
    trail: tuple[tuple[Screen, int], ...] = ()
    pending: Request | None = None
    draft: Draft = field(default_factory=Draft)
    chord: int = 0
    words: str = ""


@dataclass(frozen=True)
class Glass:
    """What a panel offers. arrows: whether it has LEFT and RIGHT. about: what it says of itself."""

    columns: int
    rows: int
    arrows: bool = True
    about: str = "unknown"
