"""AJA cards in what a person writes and reads: keys, the missing library, the inventory. What
needs no card and no library; the rest is in tests/native (test_ntv2_*)."""

from __future__ import annotations

from typing import Any, cast

import pytest

from appliance.modes.cards import make_sink, make_source
from drivers.discover import Device, Kind
from drivers.ntv2 import Cards, Ntv2Sink, Ntv2Source, with_library
from drivers.video import Sampling, format_named

FORMAT = format_named("1080p50", depth=10)


class Said:
    """What the native list says: three cards, one of them not ready, one without inputs."""

    def list(self) -> list[dict[str, Any]]:
        facts = {"inputs": 4, "outputs": 2, "either_way": True, "channels": 16, "why_not": ""}
        return [
            {"key": "5XT0001", "model": "KONA 5", **facts},
            {"key": "5XT0002", "model": "Corvid 44", **facts, "why_not": "not ready"},
            {"key": "5XT0003", "model": "T-Tap", **facts, "inputs": 0},
        ]


class Listed(Cards):
    """Those cards, with or without the library."""

    def __init__(self) -> None:
        self.native = cast("Any", Said())


def supported() -> bool:
    try:
        Cards()
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("key", "way", "expected"),
    [
        ("5XT0001", "capture", 1),
        ("5XT0001/4", "capture", 4),
        ("5XT0001/2", "playout", 2),
        ("5XT0001/3", "playout", "connector 3 is not on KONA 5; choose 1 to 2"),
        ("5XT0001/0", "capture", "connector '0' is no number"),
        ("5XT0001/", "capture", "connector '' is no number"),
        ("5XT0001/²", "capture", "is no number"),
        ("5XT0002", "capture", "cannot be used: not ready"),
        ("5XT0003", "capture", "has no SDI for capture"),
        ("5XT0009", "capture", "is not there; choose 5XT0001 (KONA 5), 5XT0002"),
    ],
)
def test_a_key_names_a_card_and_a_connector(key: str, way: str, expected: int | str) -> None:
    cards = Listed()
    if isinstance(expected, int):
        card, connector = cards.port(key, way)
        assert (card.key, connector) == ("5XT0001", expected)
        return
    with pytest.raises(ValueError, match="ntv2: ") as refused:
        cards.port(key, way)
    assert expected in str(refused.value) and "\n" not in str(refused.value)


def test_what_the_card_cannot_do_is_said_before_it_is_opened() -> None:
    cards = Listed()
    with pytest.raises(ValueError, match="RGB of 10 bit is not captured"):
        Ntv2Source("5XT0001", format_named("1080p50", sampling=Sampling.RGB), cards=cards)
    with pytest.raises(ValueError, match="choose 0 or 16"):
        Ntv2Source("5XT0001", FORMAT, channels=2, cards=cards)
    with pytest.raises(ValueError, match="choose external or free"):
        Ntv2Sink("5XT0001", reference="loop", cards=cards)


def test_without_a_card_or_the_library_one_line_says_so() -> None:
    expected = "is not there" if supported() else "this build has no support for AJA cards"
    with pytest.raises(ValueError, match=r"^source: ntv2: ") as source:
        make_source("ntv2:none", FORMAT, slices=False, stamp=False, realtime=False)
    with pytest.raises(ValueError, match=r"^sink: ntv2: ") as sink:
        make_sink("ntv2:none/2,external", realtime=False)
    for refused in (source, sink):
        assert expected in str(refused.value) and "\n" not in str(refused.value)


def test_the_inventory_says_what_an_aja_card_lacks() -> None:
    bound = Device(Kind.CARD, "pci:0000:03:00.0", "AJA KONA 5", driver="ajantv2")
    listed = with_library(bound)
    assert listed.usable == supported()
    assert ("libajantv2" in listed.why) != supported()
    unbound = Device(Kind.CARD, "pci:0000:03:00.0", "AJA", usable=False, why="no driver is bound")
    other = Device(Kind.CARD, "pci:0000:04:00.0", "Blackmagic Design", driver="blackmagic")
    assert with_library(unbound) is unbound and with_library(other) is other
