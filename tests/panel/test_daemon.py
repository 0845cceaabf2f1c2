"""The panel service with a panel on a pseudo-terminal: shows, obeys, survives."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.commands.panel import finder
from appliance.panel.daemon import serve
from appliance.panel.front import BRIGHT, DIM, DIM_S, Front
from appliance.panel.place import Glass
from appliance.panel.requests import (
    Answer,
    ClosePairing,
    NotHere,
    OpenPairing,
    Request,
    Requests,
    Restart,
)
from appliance.panel.screen import Screen
from appliance.panel.status import Status
from drivers.panel import Colour, Key, KeyEvent
from drivers.panel.emulator import Emulator

from .boxes import LARGE, Taking, box, keys


class Stage:
    """A panel, the service, and the status that it finds."""

    def __init__(
        self, folder: Path, model: str, requests: Requests, *, plugged: bool = True
    ) -> None:
        self.emulator = Emulator(model, folder / "panel")
        if not plugged:
            self.emulator.unplug()
        self.status: Status = box()
        self.lines: list[str] = []
        self._ended = threading.Event()
        log = logging.Logger("test")
        handler = logging.Handler()
        handler.emit = lambda record: self.lines.append(record.getMessage())  # type: ignore[method-assign]
        log.addHandler(handler)
        self._thread = threading.Thread(
            target=serve,
            args=(
                finder(self.emulator.port, None),
                lambda: self.status,
                requests,
                self._ended.is_set,
                log,
            ),
        )
        self._thread.start()

    def shows(self, words: str, seconds: float = 3.0) -> float:
        """Waits for words on the glass; returns how long it took."""
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            if words in " ".join(" ".join(self.emulator.picture().rows).split()):
                return time.monotonic() - begin
            time.sleep(0.01)
        raise AssertionError(f"{words!r} is not on {self.emulator.picture().rows}")

    def waits(self, reached: Callable[[], bool], seconds: float = 3.0) -> None:
        """Waits until something is so."""
        end = time.monotonic() + seconds
        while not reached():
            assert time.monotonic() < end
            time.sleep(0.01)

    def press(self, text: str) -> None:
        for key in keys(text):
            self.emulator.press(key)

    def close(self) -> None:
        self._ended.set()
        self._thread.join(5)
        assert not self._thread.is_alive()
        self.emulator.close()


Open = Callable[..., Stage]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Open]:
    made: list[Stage] = []

    def make(
        model: str = "cfa635", requests: Requests | None = None, *, plugged: bool = True
    ) -> Stage:
        made.append(Stage(tmp_path, model, requests or NotHere(), plugged=plugged))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("model", ["cfa533", "cfa631", "cfa635", "lk204"])
def test_shows_the_status_and_follows_it(stage: Open, model: str) -> None:
    own = stage(model)
    own.shows("OR 3 tower")
    own.status = box(agent={"label": "OR 4"}, clock={"state": "lost"})
    own.shows("OR 4")
    if own.emulator.device.model.lights:
        lit = (Colour.GREEN, Colour.RED, Colour.AMBER)
        own.waits(lambda: own.emulator.picture().lights[-3:] == lit)


def test_keys_lead_to_a_request_and_its_answer_to_the_glass(stage: Open) -> None:
    requests = Taking()
    own = stage(requests=requests)
    own.shows("OR 3 tower")
    own.press("eueded")
    own.shows("Restart box?")
    assert requests.asked == []
    own.press("e")
    own.shows("Done")
    assert requests.asked == [Restart()]
    assert "asked at the panel: Restart(): Done" in own.lines


def test_a_pairing_code_is_for_the_glass_and_not_for_the_log(stage: Open) -> None:
    class Coding(Taking):
        def ask(self, request: Request) -> Answer:
            super().ask(request)
            return Answer(True, "482 913 607")

    requests = Coding()
    own = stage(requests=requests)
    own.shows("OR 3 tower")
    own.press("eddde")
    own.waits(lambda: OpenPairing(120) in requests.asked)
    own.waits(lambda: any("OpenPairing" in line for line in own.lines))
    assert not any("482" in line for line in own.lines)


def test_where_nothing_can_be_done_the_glass_says_so(stage: Open) -> None:
    own = stage()
    own.shows("OR 3 tower")
    own.press("euedede")
    own.shows("Not available on this machine")


@pytest.mark.parametrize("model", ["cfa533", "cfa635", "lk204"])
def test_unplugged_and_back_within_two_seconds(stage: Open, model: str) -> None:
    own = stage(model)
    own.shows("OR 3 tower")
    for _ in range(2):
        own.emulator.unplug_after(9)
        own.status = box(agent={"label": "While it was out"})
        time.sleep(0.6)
        assert not own.emulator.plugged
        own.emulator.plug()
        assert own.shows("While it was" if model == "cfa533" else "While it was out") < 2
        own.status = box()
        own.shows("OR 3 tower")
    # Each loss is told once, not at every try.
    assert sum("looking for it" in line for line in own.lines) == 2


def test_another_model_is_plugged_in_instead(tmp_path: Path) -> None:
    first = Emulator("cfa635", tmp_path / "panel")
    find = finder(first.port, None)
    find().close()
    first.close()
    second = Emulator("cfa631", tmp_path / "panel")
    assert find().model.name == "cfa631"
    second.close()


def test_noise_does_not_disturb(stage: Open) -> None:
    own = stage()
    own.shows("OR 3 tower")
    for _ in range(3):
        own.emulator.say(bytes(range(256)) * 2)
        own.emulator.spoil(1)
        own.status = box(agent={"label": f"Noise {time.monotonic_ns()}"[:12]})
        own.shows(own.status.agent.label or "")
    own.press("e")
    own.shows("Menu")


def test_starts_without_a_panel(stage: Open) -> None:
    own = stage(plugged=False)
    own.waits(lambda: bool(own.lines))
    assert own.lines[0].endswith("panel: not plugged in; looking for it again")
    own.emulator.plug()
    assert own.shows("OR 3 tower") < 2


def test_the_glass_says_that_the_service_has_ended(tmp_path: Path) -> None:
    own = Stage(tmp_path, "cfa635", NotHere())
    own.shows("OR 3 tower")
    own._ended.set()
    own._thread.join(5)
    own.shows("Panel service has ended")
    assert set(own.emulator.picture().lights) == {Colour.OFF}
    own.close()


def front(requests: Requests) -> Front:
    return Front(LARGE, 4, requests, 0.0)


def strike(one: Front, text: str, now: float) -> None:
    for key in keys(text):
        one.key(KeyEvent(key), box(), now)
        one.key(KeyEvent(key, False), box(), now)


def test_pairing_ends_by_itself() -> None:
    requests = Taking()
    one = front(requests)
    strike(one, "eddde", 1.0)
    for now in (60.0, 100.0, 115.0):
        strike(one, "d", now)  # reading on does not make it last
        assert one.view(box(), now).backlight == BRIGHT
    assert "Pairing code" in one.view(box(), 100).frame.lines[0] or one.menu.cursor
    one.view(box(), 121.5)
    assert one.menu.at is Screen.GLANCE
    assert [type(asked) for asked in requests.asked] == [OpenPairing, ClosePairing]


def test_pairing_ends_with_the_panel() -> None:
    requests = Taking()
    one = front(requests)
    strike(one, "eddde", 1.0)
    one.leave()
    one.leave()
    assert [type(asked) for asked in requests.asked] == [OpenPairing, ClosePairing]


def test_dark_after_a_while_and_the_first_key_only_lights() -> None:
    one = front(NotHere())
    assert one.view(box(), DIM_S - 1).backlight == BRIGHT
    assert one.view(box(), DIM_S).backlight == DIM
    one.key(KeyEvent(Key.ENTER), box(), DIM_S + 5)
    assert one.menu.at is Screen.GLANCE
    assert one.view(box(), DIM_S + 6).backlight == BRIGHT
    one.key(KeyEvent(Key.ENTER), box(), DIM_S + 7)
    assert one.menu.at is Screen.MENU


def test_the_pages_stand_still_for_a_while_after_a_key() -> None:
    one = Front(Glass(16, 2), 0, NotHere(), 0.0)
    begin = one.view(box(), 1.0).frame
    assert one.view(box(), 5.0).frame != begin
    one.key(KeyEvent(Key.DOWN), box(), 6.0)
    chosen = one.view(box(), 6.1).frame
    assert chosen != begin
    assert one.view(box(), 9.9).frame == chosen


def test_the_box_that_somebody_looks_for_blinks_and_a_menu_goes_on() -> None:
    one = Front(LARGE, 4, NotHere(), 0.0)
    found = replace(box(), agent=replace(box().agent, identify=True))
    views = [one.view(found, at / 4) for at in range(4)]
    assert [view.backlight for view in views] == [100, 15, 100, 15]
    assert views[0].lights == (Colour.AMBER,) * 4
    assert views[1].lights == (Colour.OFF,) * 4
    text = "\n".join(views[0].frame.lines)
    assert "This is" in text
    assert str(found.agent.label) in text
    one.key(KeyEvent(Key.ENTER, True), found, 1.0)
    assert "This is" not in "\n".join(one.view(found, 1.1).frame.lines)
    assert one.view(box(), 1.2).backlight == 100
