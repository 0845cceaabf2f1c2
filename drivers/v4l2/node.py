"""A V4L2 node: which one a key means, what it can do, and what its input sees."""

from __future__ import annotations

from dataclasses import dataclass
from errno import ENODATA
from fractions import Fraction
from pathlib import Path
from typing import Any

from drivers.discover import Kind, describe
from drivers.discover.udev import listed
from drivers.v4l2 import _v4l2
from drivers.v4l2.spec import Connector
from drivers.video import Signal


@dataclass(frozen=True)
class Node:
    """What a node says of itself.

    formats: (fourcc, the driver's words, its bits; 0: we do not carry it), the carried ones first
    in the order in which a 10-bit stream would choose them. signal: of an input. timings: (width,
    height, frames a second, interlaced) of the signal that is there, or None; both are None when
    they were not measured. connectors: its inputs or outputs.
    """

    path: str
    driver: str
    card: str
    bus: str
    connector: str
    captures: bool
    plays: bool
    multiplanar: bool
    dv_timings: bool
    connectors: tuple[Connector, ...]
    formats: tuple[tuple[str, str, int], ...]
    signal: Signal | None
    timings: tuple[int, int, Fraction, bool] | None

    @property
    def depth(self) -> int:
        """Bits of the best format that we carry; 0 none."""
        return max((bits for _, _, bits in self.formats), default=0)


def look_at(path: str, *, measure: bool = True) -> Node:
    """Asks a node. measure: look at the signal too, which takes many a card a tenth of a second.
    Raises OSError."""
    found = _v4l2.describe(path, measure)
    seen = found.get("timings")
    return Node(
        path=path,
        driver=found["driver"],
        card=found["card"],
        bus=found["bus"],
        connector=found["connector"],
        captures=found["captures"],
        plays=found["plays"],
        multiplanar=found["planes"],
        dv_timings=found["dv_timings"],
        connectors=tuple(_connector(one, found["captures"]) for one in found["connectors"]),
        formats=tuple(found["formats"]),
        signal=Signal(found["signal"]) if "signal" in found else None,
        timings=_timings(seen) if seen and seen["rate_num"] else None,
    )


def _connector(said: dict[str, Any], captures: bool) -> Connector:
    knows = captures and said["chosen"]
    signal = Signal(said["signal"]) if knows else None
    return Connector(said["number"], said["name"], said["chosen"], said["dv_timings"], signal)


def _timings(seen: dict[str, Any]) -> tuple[int, int, Fraction, bool]:
    rate = Fraction(seen["rate_num"], seen["rate_den"])
    return seen["width"], seen["height"], rate, seen["scan"] == 1


def node_of(key: str, kind: Kind) -> str:
    """The node that a key means now: a path below /dev, or a key of the inventory with or without
    `v4l2:`. Raises ValueError, one line."""
    if key.startswith("/dev/"):
        return key
    wanted = key if key.startswith("v4l2:") else f"v4l2:{key}"
    nodes = describe.numbered(listed(None, "video4linux"))
    found = {one.key: one for one in nodes if one.kind is kind}
    device = found.get(wanted) or found.get(f"{wanted}:{kind.value}")
    if device is None:
        there = ", ".join(name for name in found if name.startswith("v4l2:")) or "none"
        raise ValueError(f"{key!r} is not here; there is {there} (see rtvbox devices)")
    if not device.usable:
        raise ValueError(f"{key}: {device.why}")
    return lasting(device.node)


def lasting(node: str, links: Path = Path("/dev/v4l/by-path")) -> str:
    """udev's link to a node, which names its place; the node itself where there is none. A card
    that is pulled and put back while a program still holds its node gets another number."""
    try:
        there = sorted(link for link in links.iterdir() if link.resolve() == Path(node))
    except OSError:
        return node
    return str(there[0]) if there else node


def get_edid(path: str, connector: int | None = None) -> bytes:
    """The EDID that an input shows to its source, or that an output's monitor shows to it; b""
    none. connector: its number; None the chosen one. Raises OSError."""
    try:
        return _v4l2.get_edid(path, -1 if connector is None else connector)
    except OSError as error:
        if error.errno == ENODATA:  # the kernel's word for none
            return b""
        raise


def set_edid(path: str, edid: bytes, connector: int | None = None) -> None:
    """Shows a source what this input is; empty: no monitor is there. connector: as get_edid has
    it. Raises OSError, and ValueError for octets that are no EDID."""
    if len(edid) % 128:
        raise ValueError(f"EDID: {len(edid)} octets are no whole blocks of 128")
    _v4l2.set_edid(path, edid, -1 if connector is None else connector)
