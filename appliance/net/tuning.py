"""What ST 2110 wants of a network card, compared with what the card has. Pure.

Rings as long as they go, so that a burst waits and is not lost; interrupts soon, as packets carry
a picture and not a file; no pauses that others ask for (IEEE 802.3x), which stop a paced flow; no
Energy Efficient Ethernet, whose waking up shows in PTP; no large receive offload, which joins
packets so that they cannot be told apart. Generic receive offload stays: the receiver asks for it
(UDP_GRO), and the kernel can split what it joined.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

RX_USECS = 16
"""Before an interrupt: some packets of a 1080p50 flow (4.5 us each)."""

FEATURES: Mapping[str, bool] = {
    "rx-lro": False,
    "rx-gro": True,
    "tx-udp-segmentation": True,
    "tx-checksum-ip-generic": True,
}
_WORDS = {
    "rx-lro": "large receive offload",
    "rx-gro": "generic receive offload",
    "tx-udp-segmentation": "UDP segmentation offload",
    "tx-checksum-ip-generic": "checksum offload",
}
_NEEDLESS = ("tx-udp-segmentation", "tx-checksum-ip-generic")
"""The kernel does it in software where the card cannot."""


@dataclass(frozen=True)
class Card:
    """What a card has; None: it does not offer that. features: name → on; fixed: those that
    cannot be changed. Figures of rings: descriptors."""

    rings: Mapping[str, int] | None = None
    coalesce: Mapping[str, int] | None = None
    pause: Mapping[str, int] | None = None
    eee: bool | None = None
    features: Mapping[str, bool] | None = None
    fixed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Tune:
    """One request. kind: rings, coalesce, pause, eee, features. values: for the kernel. what: for
    a person."""

    kind: str
    values: tuple[tuple[str, int], ...]
    what: str


def tuning(card: Card) -> list[Tune]:
    """What to ask for; nothing: all is as wanted."""
    found = []
    if card.rings is not None:
        pairs = [(key, card.rings.get(f"{key}_max", 0)) for key in ("rx", "tx")]
        short = tuple((key, most) for key, most in pairs if most > card.rings.get(key, 0))
        if short:
            words = ", ".join(f"{key} {most}" for key, most in short)
            found.append(Tune("rings", short, f"ring sizes {words}"))
    if card.coalesce is not None:
        found += _coalesced(card.coalesce)
    if card.pause is not None and any(card.pause.get(key) for key in ("rx", "tx")):
        found.append(Tune("pause", (("autoneg", 0), ("rx", 0), ("tx", 0)), "no pause frames"))
    if card.eee:
        found.append(Tune("eee", (("enabled", 0),), "no Energy Efficient Ethernet"))
    for name, wish in FEATURES.items():
        if card.features is None or card.features.get(name, wish) == wish:
            continue
        if name in card.fixed and name in _NEEDLESS:
            continue
        words = f"{'' if wish else 'no '}{_WORDS[name]}"
        found.append(Tune("features", ((name, int(wish)),), words))
    return found


def _coalesced(have: Mapping[str, int]) -> list[Tune]:
    found = []
    if have.get("adaptive_rx"):
        found.append(Tune("coalesce", (("adaptive_rx", 0),), "no adaptive interrupts"))
    if have.get("rx_usecs", 0) > RX_USECS:
        words = f"interrupts within {RX_USECS} us"
        found.append(Tune("coalesce", (("rx_usecs", RX_USECS),), words))
    return found


def not_offered(card: Card) -> list[str]:
    """What the card has no setting for, and what that is good for; for a person, no fault."""
    every = (
        (card.rings, "ring sizes"),
        (card.coalesce, "interrupt coalescing"),
        (card.pause, "pause frames"),
        (card.eee, "Energy Efficient Ethernet"),
    )
    return [what for value, what in every if value is None]
