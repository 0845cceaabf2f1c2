"""AJA cards in what a person writes and reads: keys, the missing library, the inventory. What
needs no card and no library; the rest is in tests/native (test_ntv2_*)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from appliance.commands.devices import table
from appliance.modes.cards import make_sink, make_source
from drivers.discover import Device, Kind
from drivers.discover.ntv2 import joined
from drivers.ntv2 import Card, Cards, Ntv2Sink, Ntv2Source
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


BOARD = Device(Kind.CARD, "pci:0000:03:00.0", "AJA KONA 5", driver="ajantv2")
UNBOUND = replace(BOARD, driver="", usable=False, why="no driver is bound; install it")
OTHER = Device(Kind.CARD, "pci:0000:04:00.0", "Blackmagic Design", driver="blackmagic")


def test_the_inventory_lists_cards_by_the_key_that_a_source_takes() -> None:
    found = {one.key: one for one in joined([BOARD, OTHER], Listed)}
    assert found[BOARD.key] is BOARD and found[OTHER.key] is OTHER and len(found) == 5
    kona, corvid, tap = (found[f"ntv2:5XT000{n}"] for n in (1, 2, 3))
    assert kona.usable and (corvid.usable, corvid.why) == (False, "not ready")
    assert kona.details["can"] == ["capture", "playout"] and tap.details["can"] == ["playout"]
    line = next(one for one in table(list(found.values())).splitlines() if "5XT0001" in one)
    words = "capture from SDI 1 or SDI 2 or SDI 3 or SDI 4, playout to SDI 1 or SDI 2, ajantv2"
    assert line.split("AJA KONA 5  ")[1] == words


def test_a_board_that_the_library_cannot_use_says_why() -> None:
    class Empty(Listed):
        def list(self) -> list[Card]:
            return []

    def missing() -> Cards:
        raise ValueError("ntv2: this build has no support for AJA cards; install libajantv2")

    board, unbound, other = joined([BOARD, UNBOUND, OTHER], missing)
    assert not board.usable and board.why.startswith("this build has no support")
    assert unbound is UNBOUND and other is OTHER
    (silent,) = joined([BOARD], Empty)
    assert not silent.usable and "/dev/ajantv2" in silent.why


def test_the_library_is_asked_only_where_a_board_is() -> None:
    def never() -> Cards:
        raise AssertionError("asked")

    assert joined([UNBOUND, OTHER], never) == [UNBOUND, OTHER]
