"""Noise, half packets, wrong checks, lost answers, a cable pulled in mid-write: nothing is lost but
the garbage."""

from __future__ import annotations

import random
import time

import pytest

from drivers.panel import MODELS, Key, NoAnswer, Panel, PanelGone, PanelRefused, open_panel
from drivers.panel.cfa_packet import Kind, Packet
from drivers.panel.crystalfontz import Crystalfontz, Exchange
from drivers.panel.line import Line
from drivers.panel.matrix_orbital import MatrixOrbital, ask_type

from .conftest import Make, collected, pressed, seen


def crystalfontz(port: str) -> Crystalfontz:
    panel = open_panel(port, "cfa635")
    assert isinstance(panel, Crystalfontz)
    return panel


@pytest.mark.parametrize("seed", range(4))
def test_500_octets_of_noise(plugged: Make, seed: int) -> None:
    emulator = plugged("cfa635")
    panel = crystalfontz(emulator.port)
    emulator.say(random.Random(seed).randbytes(500))
    emulator.press(Key.DOWN)
    panel.show(["still here"])
    assert emulator.picture().rows[0].rstrip() == "still here"
    assert collected(panel, 2)[-2:] == pressed(Key.DOWN)
    assert 450 < panel.garbage <= 500


class Shouting(Line):
    """A line that never falls silent."""

    def __init__(self) -> None:
        self._begin = time.monotonic()

    def send(self, octets: bytes) -> None:
        pass

    def receive(self, timeout: float) -> bytes:  # noqa: ARG002 - it has something at once
        assert time.monotonic() - self._begin < 4, "held by noise"
        return b"\x00" * 64


def test_noise_that_never_ends_holds_nobody() -> None:
    line = Shouting()
    assert Exchange(line).events(0.1) == []
    with pytest.raises(NoAnswer):
        Exchange(line).command(0)
    assert MatrixOrbital(line, MODELS["lk204"], "").keys(0.1) == []
    assert ask_type(line) is None


def test_half_a_packet_does_not_hold_a_key_back(plugged: Make) -> None:
    emulator = plugged("cfa635")
    panel = crystalfontz(emulator.port)
    emulator.say(Packet(Kind.REPORT, 1, bytes(16)).encode()[:9])  # a fan report, broken off
    emulator.press(Key.ENTER)
    begin = time.monotonic()
    assert collected(panel, 2) == pressed(Key.ENTER)
    assert time.monotonic() - begin < 1
    assert panel.garbage == 9


@pytest.mark.parametrize("fault", ["spoil", "halve", "swallow", "late"])
@pytest.mark.parametrize("count", [1, 2])
def test_answers_that_do_not_come_through(plugged: Make, fault: str, count: int) -> None:
    emulator = plugged("cfa635")
    panel = crystalfontz(emulator.port)
    getattr(emulator, fault)(count)
    emulator.press(Key.UP)
    panel.show(["one", "two", "three", "four"])
    rows = [row.rstrip() for row in emulator.picture().rows]
    assert rows == ["one", "two", "three", "four"]
    # A late answer to the first try comes in time for the second.
    assert panel.repeated == (1 if fault == "late" else count)
    assert collected(panel, 2) == pressed(Key.UP)


def test_a_command_cut_short(plugged: Make) -> None:
    emulator = plugged("cfa635")
    panel = crystalfontz(emulator.port)
    emulator.lose(5)
    panel.show(["whole at last", "two"])
    assert [row.rstrip() for row in emulator.picture().rows[:2]] == ["whole at last", "two"]


def test_no_answers_at_all_end_in_a_bounded_time(plugged: Make) -> None:
    emulator = plugged("cfa635")
    panel = crystalfontz(emulator.port)
    emulator.lose(10**6)
    begin = time.monotonic()
    with pytest.raises(NoAnswer, match="after 3 tries"):
        panel.show(["?"])
    assert 0.7 < time.monotonic() - begin < 1.5


def test_a_late_answer_is_not_taken_for_the_next(plugged: Make) -> None:
    emulator = plugged("cfa635")
    panel = crystalfontz(emulator.port)
    emulator.late(1)
    panel.show(["first"])
    # Were the second answer to the first row still waiting, this one would seem done unheard.
    emulator.lose(10**6)
    with pytest.raises(NoAnswer):
        panel.show(["first", "second"])


def test_refused(plugged: Make) -> None:
    emulator = plugged("cfa635")
    panel = crystalfontz(emulator.port)
    with pytest.raises(PanelRefused):
        panel.show(["x"], (9, 0))  # no such row


@pytest.mark.parametrize("name", ["cfa631", "cfa635", "cfa533", "lk204"])
def test_unplugged_in_mid_write_and_back(plugged: Make, name: str) -> None:
    emulator = plugged(name)
    panel = open_panel(emulator.port, name)
    emulator.unplug_after(15)
    with pytest.raises(PanelGone):
        for number in range(500):
            panel.show([f"line {number}", "of text that is long"])
            panel.keys(0.01)
    panel.close()
    with pytest.raises(PanelGone):
        open_panel(emulator.port, name)
    emulator.plug()
    begin = time.monotonic()
    again: Panel = open_panel(emulator.port, name)
    again.show(["back", "again"])
    picture = seen(emulator, lambda picture: picture.rows[1].startswith("again"))
    assert time.monotonic() - begin < 2
    assert [row.rstrip() for row in picture.rows[:2]] == ["back", "again"]
    again.close()


def test_unplugged_while_idle_is_noticed(plugged: Make) -> None:
    for name in ("cfa635", "lk204"):
        emulator = plugged(name)
        panel = open_panel(emulator.port, name)
        emulator.unplug()
        begin = time.monotonic()
        with pytest.raises(PanelGone):
            panel.keys(5)
        assert time.monotonic() - begin < 1
        panel.close()


def test_a_silent_stream_panel_is_noticed(plugged: Make) -> None:
    emulator = plugged("lk204")
    panel = open_panel(emulator.port, "lk204")
    emulator.lose(10**6)
    begin = time.monotonic()
    with pytest.raises(PanelGone):
        while time.monotonic() - begin < 5:
            panel.keys(0.2)
    assert time.monotonic() - begin < 4
