"""DeckLink cards: which are there, why one cannot be used, and what comes and goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from drivers.decklink import DeckLinkSink, DeckLinkSource, Driver
from drivers.video import Sampling, format_named
from tests.drivers.decklink_bench import (
    DUO,
    DUO_AT,
    HD,
    INACTIVE,
    MONITOR,
    RECORDER,
    cards,
    driver,
    until,
)
from tests.support.standin import Local

__all__ = ["cards"]


def test_without_the_vendors_library_one_line_says_what_to_install() -> None:
    with pytest.raises(ValueError, match=r"^decklink: no driver: install Desktop Video") as said:
        Driver("libNoSuchDeckLink.so")
    assert "\n" not in str(said.value)


def test_a_library_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="is of another kind"):
        Driver("libm.so.6")


def test_a_library_that_does_not_load_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "libDeckLinkAPI.so"
    broken.write_bytes(b"not a library")
    with pytest.raises(ValueError, match="install Desktop Video anew"):
        Driver(str(broken))


@pytest.mark.usefixtures("cards")
def test_the_list() -> None:
    found = {card.key: card for card in driver().cards()}
    assert list(found) == [DUO, INACTIVE, RECORDER, MONITOR]
    duo, inactive, recorder, monitor = found.values()
    assert duo.can == ("capture", "playout")
    assert duo.name == "Stand-in Duo (1)"
    assert (duo.duplex, duo.sub_device, duo.sub_devices) == ("full", 0, 2)
    assert (duo.inputs, duo.outputs) == (("SDI", "HDMI"), ("SDI",))
    assert duo.detects_format
    assert duo.trims_clock
    assert duo.preroll == 2
    assert inactive.can == ()
    assert inactive.duplex == "inactive"
    assert "inactive" in inactive.why_no_capture
    assert recorder.can == ("capture",)
    assert recorder.why_no_playout == "it has no output"
    assert not recorder.detects_format
    assert monitor.can == ("playout",)
    assert not monitor.trims_clock
    assert driver().version == "14.2.0"


@pytest.mark.usefixtures("cards")
def test_cards_that_cannot_be_used_are_refused_in_one_line() -> None:
    found = driver()
    for key, why in [(INACTIVE, "inactive"), (MONITOR, "no input"), ("999", f"choose {DUO}")]:
        with pytest.raises(ValueError, match=why) as said:
            DeckLinkSource(key, HD, driver=found)
        assert "\n" not in str(said.value)
    with pytest.raises(ValueError, match="it has no output"):
        DeckLinkSink(RECORDER, driver=found)


@pytest.mark.usefixtures("cards")
def test_what_no_card_does_is_refused() -> None:
    found = driver()
    changes: dict[str, Any]
    for changes in ({"depth": 12}, {"sampling": Sampling.RGB}, {"sampling": Sampling.YCBCR_444}):
        with pytest.raises(ValueError, match="choose YCbCr-4:2:2 of 8 or 10 bit"):
            DeckLinkSource(DUO, format_named("1080p50", **changes), driver=found)
    options: dict[str, Any]
    for options in ({"buffers": 2}, {"channels": 3}, {"connector": "VGA"}):
        with pytest.raises(ValueError):
            DeckLinkSource(DUO, HD, driver=found, **options)
    for options in ({"ahead": 3}, {"margin_ns": -1}, {"idle_ns": 1}, {"trim_seconds": 0.0}):
        with pytest.raises(ValueError):
            DeckLinkSink(DUO, driver=found, **options)


def test_arrival_and_removal_are_news(cards: Local) -> None:
    found = driver()
    news: list[tuple[str, str]] = []

    def heard(*wanted: tuple[str, str]) -> bool:
        news.extend(found.news())
        return news == list(wanted)

    until(lambda: heard(*(("arrived", k) for k in (DUO, INACTIVE, RECORDER, MONITOR))), "first")
    news.clear()
    cards(f"remove {DUO_AT}")
    until(lambda: heard(("removed", DUO)), "the removal is not told", lambda: news)
    assert [card.key for card in found.cards()] == [INACTIVE, RECORDER, MONITOR]
    news.clear()
    cards(f"arrive {DUO_AT}")
    until(lambda: heard(("arrived", DUO)), "the arrival is not told", lambda: news)
