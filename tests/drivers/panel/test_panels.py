"""Every model on a pseudo-terminal: found, written, lit, pressed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from drivers.panel import MODELS, Colour, Key, KeyEvent, NoAnswer, PanelGone, open_panel
from drivers.panel.cfa_packet import Command
from drivers.panel.emulated import EmulatedCrystalfontz
from drivers.panel.emulator import Emulator, drawn

from .conftest import Make, collected, pressed, seen

CRYSTALFONTZ = [name for name in MODELS if name.startswith("cfa")]


def heard(emulator: Emulator) -> list[tuple[int, bytes]]:
    """Commands that came since the last call."""
    device = emulator.device
    assert isinstance(device, EmulatedCrystalfontz)
    found = [(packet.code, packet.data) for packet in device.heard]
    device.heard.clear()
    return found


@pytest.mark.parametrize("name", MODELS)
def test_found_by_asking(plugged: Make, name: str) -> None:
    emulator = plugged(name)
    panel = open_panel(emulator.port)
    assert panel.model is MODELS[name]
    assert panel.about.lower().startswith(name)
    panel.close()
    panel.close()


@pytest.mark.parametrize("name", MODELS)
def test_shows_text_lights_and_keys(plugged: Make, name: str) -> None:
    emulator = plugged(name)
    panel = open_panel(emulator.port, name)
    model = panel.model
    lines = ["▸Tower 3: [Tx] ⚠2", "@ ü ● ○ ✓ longer than any glass", "third", "fourth"]
    panel.show(lines, (1, 2))
    colours = [Colour.GREEN, Colour.AMBER, Colour.RED, Colour.OFF][: model.lights]
    panel.light(colours)
    panel.backlight(20)
    expected = tuple(line[: model.columns].ljust(model.columns) for line in lines[: model.rows])
    picture = seen(emulator, lambda picture: picture.backlight < 30)
    assert picture.rows == expected
    assert picture.cursor == (1, 2)
    assert picture.lights == tuple(colours)
    assert 18 <= picture.backlight <= 20
    keys = sorted(model.keys)
    for key in keys:
        emulator.press(key)
    assert collected(panel, 2 * len(keys)) == pressed(*keys)
    panel.show(lines)
    assert seen(emulator, lambda picture: picture.cursor is None).cursor is None
    panel.close()
    # What was shown stays when the program ends.
    assert emulator.picture().rows == expected


@pytest.mark.parametrize("name", CRYSTALFONTZ)
def test_only_changed_spans_are_sent(plugged: Make, name: str) -> None:
    emulator = plugged(name)
    panel = open_panel(emulator.port, name)
    panel.show(["mode tx", "flow on"])
    panel.light([Colour.GREEN])
    panel.backlight(100)
    heard(emulator)
    panel.show(["mode rx", "flow on"])
    assert heard(emulator) == [(Command.WRITE, b"\x05\x00r")]
    panel.show(["mode rx", "flow on"])
    panel.light([Colour.GREEN])
    panel.backlight(100)
    assert heard(emulator) == []


def test_pings_when_idle(plugged: Make) -> None:
    emulator = plugged("cfa635")
    panel = open_panel(emulator.port, "cfa635")
    heard(emulator)
    end = time.monotonic() + 1.3
    while time.monotonic() < end:
        assert panel.keys(0.1) == []
    assert heard(emulator) == [(Command.PING, b"")]


def test_keys_between_commands_are_kept(plugged: Make) -> None:
    emulator = plugged("cfa635")
    panel = open_panel(emulator.port, "cfa635")
    for number, key in enumerate((Key.UP, Key.LEFT, Key.ENTER)):
        emulator.press(key)
        panel.show([f"press {number}"])
    assert collected(panel, 6) == pressed(Key.UP, Key.LEFT, Key.ENTER)


def test_corner_keys(plugged: Make) -> None:
    emulator = plugged("cfa631")
    panel = open_panel(emulator.port)
    emulator.press(Key.LEFT)  # it has none
    emulator.press(Key.EXIT)
    assert collected(panel, 2) == [KeyEvent(Key.EXIT, True), KeyEvent(Key.EXIT, False)]


@pytest.mark.parametrize("name", MODELS)
def test_boot_screen(plugged: Make, name: str) -> None:
    emulator = plugged(name)
    panel = open_panel(emulator.port, name)
    panel.store_boot_screen(["rtvbox", "starting"])
    wide = panel.model.columns
    time.sleep(0.05)
    emulator.unplug()
    emulator.plug()
    assert emulator.picture().rows[:2] == ("rtvbox".ljust(wide), "starting".ljust(wide))
    panel.close()


def test_drawn(plugged: Make) -> None:
    emulator = plugged("cfa635")
    panel = open_panel(emulator.port)
    panel.show(["OR 3 tower        TX"], (0, 4))
    panel.light([Colour.GREEN, Colour.OFF, Colour.AMBER, Colour.RED])
    assert drawn(emulator.picture()) == [
        "┌────────────────────┐",
        "│OR 3 tower        TX│  ● green",
        "│                    │  ○ off",
        "│                    │  ● amber",
        "│                    │  ● red",
        "└────▔───────────────┘  underline: row 1, column 5",
    ]


def test_ports_that_are_none(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("")
    with pytest.raises(PanelGone):
        open_panel(str(tmp_path / "missing"))
    for wrong in (plain, tmp_path, Path("/dev/null")):
        with pytest.raises(ValueError, match="no serial port"):
            open_panel(str(wrong))


def test_what_is_asked_for_is_not_there(plugged: Make) -> None:
    emulator = plugged("cfa635")
    with pytest.raises(ValueError, match="not known; one of cfa533"):
        open_panel(emulator.port, "cfa999")
    with pytest.raises(ValueError, match="no cfa631; give cfa635"):
        open_panel(emulator.port, "cfa631")
    with pytest.raises(NoAnswer):
        open_panel(emulator.port, "lk204")
    first = open_panel(emulator.port)
    with pytest.raises(ValueError, match="in use"):
        open_panel(emulator.port)
    first.close()
