"""What stands on the glass: a function of the status, the menu and the glass's size. Pure.

Every screen fits 16x2, 20x2 and 20x4. What does not fit a row is cut at its left part's end; text
that may be long is wrapped and scrolled.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.panel import words
from appliance.panel.addresses import dotted
from appliance.panel.entries import NETWORK_NAMES, entries
from appliance.panel.place import CHORD, Glass, Menu
from appliance.panel.screen import KINDS, Kind, Screen
from appliance.panel.status import Status
from drivers.panel.model import Key

PAGE_S = 4.0
"""How long each page of the glance screen stands when it has several."""

_TITLES = {
    Screen.MENU: "Menu",
    Screen.ISSUES: "Issues",
    Screen.MODES: "Mode",
    Screen.PATTERNS: "Test pattern",
    Screen.NETWORKS: "Network",
    Screen.SYSTEM: "System",
}
_EDITORS = {Screen.ADDRESS: "address", Screen.PREFIX: "prefix", Screen.GATEWAY: "gateway"}
_STRIKES = {Key.UP: "up", Key.DOWN: "down", Key.ENTER: "OK"}


@dataclass(frozen=True)
class Frame:
    """What stands on the glass: rows filled to the width; cursor: row and column, or None."""

    lines: tuple[str, ...]
    cursor: tuple[int, int] | None = None


def render(menu: Menu, status: Status, glass: Glass, elapsed_s: float = 0.0) -> Frame:
    """The screen. elapsed_s: since it was opened or a key came; turns the glance's pages."""
    kind = KINDS[menu.at]
    if kind is Kind.GLANCE:
        pages = glance(status, glass)
        return _frame(pages[(menu.cursor + int(elapsed_s / PAGE_S)) % len(pages)], glass)
    if kind is Kind.LIST:
        return _list(menu, status, glass)
    if kind is Kind.DIGITS:
        return _digits(menu, glass)
    if kind is Kind.QUESTION:
        return _question(menu, glass)
    if kind is Kind.CHORD:
        keys = " ".join(_STRIKES[key] for key in CHORD[menu.chord :])
        return _frame(["To erase, press:", keys, "", "EXIT cancels"], glass)
    return _text(menu, _long(menu, status, glass), glass)


def here(status: Status, glass: Glass) -> Frame:
    """The box that somebody far away is looking for."""
    names = [status.agent.label or "", status.agent.serial or ""]
    rows = [line.center(glass.columns) for line in ("This is", *names) if line]
    return _frame(rows if glass.rows > 2 else rows[1:], glass)


def glance(status: Status, glass: Glass) -> list[list[str]]:
    """The state at a glance, in as many pages as it needs."""
    wide = glass.columns
    head = spread(words.title(status), words.mode(status), wide)
    side, what, how = words.picture(status)
    left = f"{side} {what}".rstrip()
    if len(left) + 1 + len(how) > wide:
        left = what  # a format that is cut would be another one
    picture = spread(left, how, wide)
    if status.agent.provisioned is False:
        stream = ["Not set up: press OK"] if wide >= 20 else ["Not set up:", "press OK"]
    elif wide >= 20:
        stream = [spread(words.flow(status), words.clock(status), wide)]
    else:
        stream = [words.flow(status), words.clock(status)]
    where, badge = words.address(status), words.badge(status)
    if glass.rows >= 4:
        return [[head, picture, *stream, spread(where, badge, wide)]]
    if wide >= 20:
        return [[head, picture], [*stream, spread(where, badge, wide)]]
    return [[head, picture], stream, [spread("Address", badge, wide), where]]


def spread(left: str, right: str, wide: int) -> str:
    """Two words at the two ends; the left one is cut where both do not fit."""
    room = max(0, wide - len(right) - 1)
    return f"{left[:room].ljust(room)} {right}"[:wide] if room else right[:wide].rjust(wide)


def wrapped(lines: Sequence[str], wide: int) -> list[str]:
    """Lines as rows of the glass."""
    found = []
    for line in lines:
        indent = " " if line.startswith(" ") else ""
        found += textwrap.wrap(line, wide, initial_indent=indent, subsequent_indent=" ") or [""]
    return found


def _frame(lines: Sequence[str], glass: Glass, cursor: tuple[int, int] | None = None) -> Frame:
    rows = [line[: glass.columns].ljust(glass.columns) for line in lines[: glass.rows]]
    rows += [" " * glass.columns] * (glass.rows - len(rows))
    return Frame(tuple(rows), cursor)


def _list(menu: Menu, status: Status, glass: Glass) -> Frame:
    rows = entries(menu.at, menu.draft, status)
    title = [_title(menu)] if glass.rows > 2 else []
    if not rows:
        known = status.issues is not None
        return _frame([*(title or [_title(menu)]), "None" if known else words.UNKNOWN], glass)
    room = glass.rows - len(title)
    chosen = min(menu.cursor, len(rows) - 1)
    first = max(0, min(chosen - room // 2, len(rows) - room))
    lines = [
        f"{'▸' if first + at == chosen else ' '}{entry.text}"
        for at, entry in enumerate(rows[first : first + room])
    ]
    # A row that goes on is told by the arrows at the right.
    if first > 0:
        lines[0] = spread(lines[0], "↑", glass.columns)
    if first + room < len(rows):
        lines[-1] = spread(lines[-1], "↓", glass.columns)
    return _frame([*title, *lines], glass)


def _title(menu: Menu) -> str:
    if menu.at is Screen.METHOD:
        return f"{NETWORK_NAMES.get(menu.draft.network, '')} net"
    return _TITLES[menu.at]


def _digits(menu: Menu, glass: Glass) -> Frame:
    network = NETWORK_NAMES.get(menu.draft.network, "")[:6]
    digits = menu.draft.digits(menu.at)
    at = min(menu.cursor, len(digits) - 1)
    if menu.at is Screen.PREFIX:
        text, column = f"/{digits}", at + 1
    else:
        text, column = dotted(digits), at + at // 3
    lines = [f"{network} {_EDITORS[menu.at]}", text]
    lines += ["", "OK: done" if glass.arrows else "OK: next digit"]
    if menu.at is Screen.GATEWAY:
        lines[2] = "All zeros: none"
    return _frame(lines, glass, (1, column))


def _question(menu: Menu, glass: Glass) -> Frame:
    title, consequence = words.question(menu.pending)
    choice = ["▸No", " Yes"] if menu.cursor == 0 else [" No", "▸Yes"]
    if glass.rows > 2:
        return _frame([title, consequence, *choice], glass)
    return _frame([title, f"{choice[0]}    {choice[1]}"], glass)


def _long(menu: Menu, status: Status, glass: Glass) -> list[str]:
    if menu.at is Screen.STATE:
        return words.state(status)
    if menu.at is Screen.ADDRESSES:
        return words.addresses(status)
    if menu.at is Screen.IDENTITY:
        return words.identity(status, menu.words)
    if menu.at is Screen.ABOUT:
        return words.about(status, glass.about)
    if menu.at is Screen.ISSUE:
        return words.issue(status, menu.words)
    return [menu.words]


def last_line(menu: Menu, status: Status, glass: Glass) -> int:
    """The line of a text screen's text that can be scrolled to the top at most."""
    return max(0, len(_rows(_long(menu, status, glass), glass)) - glass.rows)


def _rows(lines: Sequence[str], glass: Glass) -> list[str]:
    rows = wrapped(lines, glass.columns)
    if len(rows) <= glass.rows:
        return rows
    # A column at the right for the arrows that say that there is more, and one to keep clear.
    return wrapped(lines, glass.columns - 2)


def _text(menu: Menu, lines: Sequence[str], glass: Glass) -> Frame:
    rows = _rows(lines, glass)
    last = max(0, len(rows) - glass.rows)
    first = min(menu.cursor, last)
    shown = rows[first : first + glass.rows]
    if first > 0:
        shown[0] = spread(shown[0], "↑", glass.columns)
    if first < last:
        shown[-1] = spread(shown[-1], "↓", glass.columns)
    return _frame(shown, glass)
