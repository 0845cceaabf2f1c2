"""DeckLink cards: which are there, why one cannot be used, and what comes and goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.decklink import DeckLinkSink, DeckLinkSource, Driver
from drivers.video import Sampling, format_named
from tests.drivers.decklink_bench import TINY, cards, driver
from tests.support.decklink_card import MONITOR, RECORDER, Pretend

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
    assert list(found) == ["101", "202", "303", "47:404"]
    recorder, monitor, inactive, old = found.values()
    assert recorder.can == ("capture",)
    assert recorder.why_no_playout == "it has no output"
    assert recorder.inputs == ("SDI", "HDMI")
    assert recorder.detects_format
    assert monitor.can == ("playout",)
    assert monitor.trims_clock
    assert monitor.preroll == 3
    assert inactive.can == ()
    assert inactive.duplex == "inactive"
    assert "inactive" in inactive.why_no_capture
    assert old.can == ("capture", "playout")
    assert not old.trims_clock
    assert driver().version == "14.2.1"


@pytest.mark.usefixtures("cards")
def test_cards_that_cannot_be_used_are_refused_in_one_line() -> None:
    found = driver()
    for key, why in [("303", "inactive"), ("202", "no input"), ("999", "choose 101")]:
        with pytest.raises(ValueError, match=why) as said:
            DeckLinkSource(key, TINY, driver=found)
        assert "\n" not in str(said.value)
    with pytest.raises(ValueError, match="it has no output"):
        DeckLinkSink("101", driver=found)


@pytest.mark.usefixtures("cards")
def test_formats_that_no_card_captures_are_refused() -> None:
    found = driver()
    for changes in ({"depth": 12}, {"sampling": Sampling.RGB}, {"sampling": Sampling.YCBCR_444}):
        with pytest.raises(ValueError, match="choose YCbCr-4:2:2 of 8 or 10 bit"):
            DeckLinkSource("101", format_named("1080p50", **changes), driver=found)
    for options in ({"buffers": 2}, {"channels": 3}, {"connector": "VGA"}):
        with pytest.raises(ValueError):
            DeckLinkSource("101", TINY, driver=found, **options)
    for options in ({"ahead": 3}, {"margin_ns": -1}, {"idle_ns": 1}, {"trim_seconds": 0.0}):
        with pytest.raises(ValueError):
            DeckLinkSink("202", driver=found, **options)


def test_arrival_and_removal_are_news(cards: Pretend) -> None:
    found = driver()
    assert found.news() == [("arrived", k) for k in ("101", "202", "303", "47:404")]
    cards.plug(RECORDER, False)
    assert found.news() == [("removed", "101")]
    assert [card.key for card in found.cards()] == ["202", "303", "47:404"]
    cards.plug(MONITOR, False)
    cards.plug(RECORDER, True)
    assert found.news() == [("removed", "202"), ("arrived", "101")]
    assert found.news() == []
