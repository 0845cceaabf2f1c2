"""A front panel: found, written, read, pulled out and put back. In a virtual machine the panel is
the project's emulator behind a USB serial adapter, and the host says what its glass shows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from drivers.panel import Colour, Key, KeyEvent, Panel, PanelGone, open_panel
from hwtests.bench import Bench

Figure = Callable[..., None]
Budget = dict[str, dict[str, float]]


@pytest.fixture
def opened(panel: dict[str, Any]) -> Iterator[Panel]:
    """The panel, asked for its kind."""
    one = open_panel(panel["port"])
    yield one
    one.close()


def waited(what: Callable[[], bool], seconds: float) -> float | None:
    """Seconds until it was so; None when that took too long."""
    begin = time.monotonic()
    while not what():
        if time.monotonic() - begin > seconds:
            return None
        time.sleep(0.02)
    return time.monotonic() - begin


def test_it_is_what_the_bench_says(panel: dict[str, Any], opened: Panel, figure: Figure) -> None:
    figure("panel says", opened.about)
    assert opened.model.name == panel.get("model", opened.model.name)


def test_answers_in_time(opened: Panel, bench: Bench, budget: Budget, figure: Figure) -> None:
    times = []
    for number in range(50):
        begin = time.monotonic()
        opened.show([f"write {number:02}"])
        times.append(time.monotonic() - begin)
    times.sort()
    figure("panel write, median, s", round(times[25], 4))
    figure("panel write, longest, s", round(times[-1], 4), budget["panel"]["answer_s"])
    if bench.real_time:
        assert times[-1] < budget["panel"]["answer_s"]


def test_shows_what_it_is_told(opened: Panel, host: Any) -> None:
    wide, high = opened.model.columns, opened.model.rows
    opened.show(["rtvbox: [@] $ ⚠2", "▸second", "third", "fourth"][:high])
    opened.light([Colour.GREEN, Colour.AMBER, Colour.RED, Colour.OFF])
    glass = host.ask("glass")
    assert glass["rows"][:2] == ["rtvbox: [@] $ ⚠2".ljust(wide), "▸second".ljust(wide)]
    assert glass["lights"] == ["GREEN", "AMBER", "RED", "OFF"][: opened.model.lights]


def test_keys(opened: Panel, host: Any) -> None:
    host.ask("press", key="enter")
    found: list[KeyEvent] = []
    waited(lambda: len(found.extend(opened.keys(0.2)) or found) >= 2, 10)
    assert found == [KeyEvent(Key.ENTER), KeyEvent(Key.ENTER, False)]


def test_pulled_and_back(
    panel: dict[str, Any],
    opened: Panel,
    host: Any,
    bench: Bench,
    budget: Budget,
    figure: Figure,
) -> None:
    host.ask("pull")
    begin = time.monotonic()
    with pytest.raises(PanelGone):
        while time.monotonic() - begin < 20:
            opened.show([f"{time.monotonic()}"])
            opened.keys(0.1)
    figure("panel's loss noticed, s", round(time.monotonic() - begin, 2))
    opened.close()
    host.ask("plug")
    assert waited(Path(panel["port"]).exists, 30) is not None, "the port did not come back"
    begin = time.monotonic()
    again: list[Panel] = []

    def found() -> bool:
        with suppress(PanelGone):
            again.append(open_panel(panel["port"], opened.model.name))
        return bool(again)

    assert waited(found, 20) is not None
    again[0].show(["back"])
    took = time.monotonic() - begin
    figure("panel back after its port, s", round(took, 2), budget["panel"]["back_s"])
    if bench.real_time:
        assert took < budget["panel"]["back_s"]
    assert host.ask("glass")["rows"][0].rstrip() == "back"
    again[0].close()
