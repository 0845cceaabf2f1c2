"""Whether the cards of a document can do what it asks of them: by their family always, and by what
is plugged in where that is known. Pure.

A card that is not there refuses nothing: it may be plugged in later, and the box waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from appliance.box.desired import Desired
from appliance.box.problems import Problem
from drivers.video import Sampling

SOURCES = ("synthetic", "file", "v4l2", "decklink", "ntv2")
SINKS = ("null", "check", "v4l2", "decklink", "ntv2", "drm")
# Bits of 4:2:2 that each family of capture cards hands on.
_DEPTHS = {"v4l2": (8, 10), "decklink": (8, 10), "ntv2": (8, 10)}


def card_problems(desired: Desired) -> Iterator[Problem]:
    """By family."""
    if desired.input is not None:
        family = _family(desired.input.card)
        if family not in SOURCES or _bare(desired.input.card, family):
            yield _unknown("input.card", desired.input.card, SOURCES)
        elif family in _DEPTHS:
            yield from _format(desired, family, _DEPTHS[family])
    if desired.output is not None:
        family = _family(desired.output.card)
        if family not in SINKS or _bare(desired.output.card, family):
            yield _unknown("output.card", desired.output.card, SINKS)


def fits(desired: Desired, devices: Sequence[Mapping[str, Any]]) -> tuple[Problem, ...]:
    """By what is plugged in. devices: of the inventory, as JSON has them."""
    found = []
    for path, card, use in _ports(desired):
        key = card.partition(",")[0]
        if key.startswith("ntv2:"):  # ntv2:SERIAL/CONNECTOR; the inventory has cards
            key = key.partition("/")[0]
        device = next((one for one in devices if one.get("key") == key), None)
        if device is None:
            continue
        details = device.get("details")
        can = details.get("can") if isinstance(details, Mapping) else None
        if isinstance(can, list) and use not in can:
            what = f"{card} ({device.get('name', '')}) is no {use} card"
            remedy = f"choose one that is: {_others(devices, use)}"
            found.append(Problem(path, what, remedy))
    return tuple(found)


def _ports(desired: Desired) -> Iterator[tuple[str, str, str]]:
    if desired.input is not None:
        yield "input.card", desired.input.card, "capture"
    if desired.output is not None:
        yield "output.card", desired.output.card, "playout"


def _others(devices: Sequence[Mapping[str, Any]], use: str) -> str:
    keys = []
    for one in devices:
        details = one.get("details")
        if isinstance(details, Mapping) and use in (details.get("can") or ()):
            keys.append(str(one.get("key")))
    return ", ".join(keys) or "there is none now"


def _format(desired: Desired, family: str, depths: tuple[int, ...]) -> Iterator[Problem]:
    assert desired.input is not None
    try:
        fmt = desired.input.format.video()
    except ValueError:
        return  # said already
    if fmt.sampling is not Sampling.YCBCR_422:
        what = f"{desired.input.format.sampling} is not what {family} cards capture"
        yield Problem("input.format.sampling", what, "write 4:2:2")
    if fmt.depth not in depths:
        what = f"{fmt.depth} bits are not what {family} cards capture"
        yield Problem("input.format.depth", what, f"write {' or '.join(map(str, depths))}")


def _family(card: str) -> str:
    return card.partition(":")[0]


def _bare(card: str, family: str) -> bool:
    """A family that wants to know which card, without one; or one that has none, with a key."""
    return (":" in card) == (family in ("synthetic", "null", "check")) or card.endswith(":")


def _unknown(path: str, card: str, families: tuple[str, ...]) -> Problem:
    words = [name if name in ("synthetic", "null", "check") else f"{name}:KEY" for name in families]
    return Problem(path, f"{card!r} is no card", f"give {', '.join(words)} (see rtvbox devices)")
