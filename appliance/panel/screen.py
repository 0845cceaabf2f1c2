"""The screens there are, and of which kind each is. Pure."""

from __future__ import annotations

from enum import StrEnum


class Screen(StrEnum):
    """A screen."""

    GLANCE = "glance"
    MENU = "menu"
    STATE = "state"
    ISSUES = "issues"
    ISSUE = "issue"
    ADDRESSES = "addresses"
    IDENTITY = "identity"
    MODES = "modes"
    PATTERNS = "patterns"
    NETWORKS = "networks"
    METHOD = "method"
    ADDRESS = "address"
    PREFIX = "prefix"
    GATEWAY = "gateway"
    SYSTEM = "system"
    ABOUT = "about"
    CONFIRM = "confirm"
    CHORD = "chord"
    ANSWER = "answer"


class Kind(StrEnum):
    """What keys do on a screen; see menu.TABLE."""

    GLANCE = "glance"
    LIST = "list"
    TEXT = "text"
    DIGITS = "digits"
    QUESTION = "question"
    CHORD = "chord"


KINDS: dict[Screen, Kind] = {
    Screen.GLANCE: Kind.GLANCE,
    Screen.MENU: Kind.LIST,
    Screen.STATE: Kind.TEXT,
    Screen.ISSUES: Kind.LIST,
    Screen.ISSUE: Kind.TEXT,
    Screen.ADDRESSES: Kind.TEXT,
    Screen.IDENTITY: Kind.TEXT,
    Screen.MODES: Kind.LIST,
    Screen.PATTERNS: Kind.LIST,
    Screen.NETWORKS: Kind.LIST,
    Screen.METHOD: Kind.LIST,
    Screen.ADDRESS: Kind.DIGITS,
    Screen.PREFIX: Kind.DIGITS,
    Screen.GATEWAY: Kind.DIGITS,
    Screen.SYSTEM: Kind.LIST,
    Screen.ABOUT: Kind.TEXT,
    Screen.CONFIRM: Kind.QUESTION,
    Screen.CHORD: Kind.CHORD,
    Screen.ANSWER: Kind.TEXT,
}
