"""Switching modes: by systemd over a real D-Bus (a double of systemd on a private bus), and by
hand with real children."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from appliance.agent.switcher import Switcher
from appliance.box.desired import of_tree
from appliance.box.hand import HandUnits
from appliance.box.units import SystemdUnits, UnitsError
from appliance.clock.programs import UnitPrograms
from tests.box.documents import IDLE, RX, TX

CONFIG = """<busconfig><type>session</type><listen>unix:path={path}</listen>
<auth>EXTERNAL</auth><policy context="default"><allow send_destination="*"/>
<allow receive_sender="*"/><allow own="*"/></policy></busconfig>"""


def unit(mode: str) -> str:
    return f"rtvbox-converter@{mode}.service"


class Manager:
    """systemd's own, as far as we use it, answering real messages. delay: until a started unit is
    active."""

    def __init__(self) -> None:
        self.state: dict[str, str] = {}
        self.result: dict[str, str] = {}
        self.delay: dict[str, float] = {}
        self.calls: list[str] = []
        self._paths: dict[str, str] = {}

    def answer(self, message: Message) -> Message | None:
        """Of a method call; None for what is not ours."""
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        handler = getattr(self, f"_{message.member}", None)
        if handler is None:
            return None
        try:
            signature, body = handler(message.path, *message.body)
        except KeyError:
            name = "org.freedesktop.systemd1.NoSuchUnit"
            return Message.new_error(message, name, f"Unit {message.body[0]} not found.")
        return Message.new_method_return(message, signature, body)

    def _ListUnitsByPatterns(self, _: str, states: Any, patterns: Any) -> Any:
        assert (states, patterns) == ([], ["rtvbox-converter@*.service"])
        rows = [
            [name, "", "loaded", state, "", "", "/", 0, "", "/"]
            for name, state in self.state.items()
        ]
        return "a(ssssssouso)", [rows]

    def _LoadUnit(self, _: str, name: str) -> Any:
        path = "/org/freedesktop/systemd1/unit/" + "".join(c if c.isalnum() else "_" for c in name)
        self._paths[path] = name
        return "o", [path]

    def _Get(self, path: str, interface: str, name: str) -> Any:
        unit = self._paths[path]
        values = {
            ("org.freedesktop.systemd1.Unit", "ActiveState"): self.state.get(unit, "inactive"),
            ("org.freedesktop.systemd1.Service", "Result"): self.result.get(unit, "success"),
        }
        return "v", [Variant("s", values[interface, name])]

    def _StartUnit(self, _: str, name: str, mode: str) -> Any:
        assert mode == "replace"
        if name == unit("broken"):
            raise KeyError(name)
        self.calls.append(f"start {name}")
        self.state[name] = "activating"
        asyncio.get_running_loop().call_later(
            self.delay.get(name, 0.05), self.state.__setitem__, name, "active"
        )
        return "o", ["/job"]

    def _StopUnit(self, _: str, name: str, mode: str) -> Any:
        assert mode == "replace"
        self.calls.append(f"stop {name}")
        self.state[name] = "inactive"
        return "o", ["/job"]

    def _RestartUnit(self, _: str, name: str, mode: str) -> Any:
        assert mode == "replace"
        if name in self.result and self.result[name] == "missing":
            raise KeyError(name)
        self.calls.append(f"restart {name}")
        self.state[name] = "active"
        return "o", ["/job"]

    def _ResetFailedUnit(self, _: str, name: str) -> Any:
        self.calls.append(f"reset {name}")
        self.state[name] = "inactive"
        return "", []


@asynccontextmanager
async def systemd(folder: Path) -> AsyncIterator[tuple[Manager, SystemdUnits]]:
    path = folder / "bus"
    config = folder / "bus.conf"
    config.write_text(CONFIG.format(path=path))
    daemon = await asyncio.create_subprocess_exec(
        *("dbus-daemon", "--nofork", "--nopidfile", f"--config-file={config}", "--print-address"),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert daemon.stdout is not None
        assert await daemon.stdout.readline()  # said when it listens
        address = f"unix:path={path}"
        theirs = await MessageBus(address).connect()
        manager = Manager()
        theirs.add_message_handler(manager.answer)
        await theirs.request_name("org.freedesktop.systemd1")
        ours = await SystemdUnits.connect(address)
        try:
            yield manager, ours
        finally:
            ours.close()
            theirs.disconnect()
    finally:
        daemon.terminate()
        await daemon.wait()


def run(coroutine: Any) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, 30))


async def steps(
    switcher: Switcher, document: Any, generation: int, until: Callable[[], bool]
) -> None:
    desired = of_tree(document)
    for _ in range(200):
        await switcher.tick(desired, generation, {})
        if until():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("never came")


LOG = logging.getLogger("test")


def test_the_new_mode_delivers_before_the_old_one_ends(tmp_path: Path) -> None:
    async def go() -> None:
        async with systemd(tmp_path) as (manager, units):
            switcher = Switcher(units, LOG)
            await steps(switcher, IDLE, 1, lambda: manager.state.get(unit("idle")) == "active")
            manager.delay[unit("tx")] = 0.3
            manager.calls.clear()
            await steps(switcher, TX, 2, lambda: manager.state[unit("idle")] == "inactive")
            assert manager.calls == [f"start {unit('tx')}", f"stop {unit('idle')}"]
            assert manager.state[unit("tx")] == "active"
            manager.calls.clear()
            for _ in range(5):
                await switcher.tick(of_tree(TX), 2, {})
            assert manager.calls == []  # what runs is left alone

    run(go())


def test_a_mode_that_fails_lands_in_idle_with_the_reason_and_is_tried_again_when_changed(
    tmp_path: Path,
) -> None:
    async def go() -> None:
        async with systemd(tmp_path) as (manager, units):
            switcher = Switcher(units, LOG)
            await steps(switcher, RX, 1, lambda: manager.state.get(unit("rx")) == "active")
            manager.state[unit("rx")], manager.result[unit("rx")] = "failed", "watchdog"
            await steps(switcher, RX, 1, lambda: manager.state.get(unit("idle")) == "active")
            assert switcher.decision.mode == "idle"
            assert switcher.decision.reasons[0].what == "it hung again and again"
            starts = manager.calls.count(f"start {unit('rx')}")
            for _ in range(5):
                await switcher.tick(of_tree(RX), 1, {})
            assert manager.calls.count(f"start {unit('rx')}") == starts  # no loop
            await steps(switcher, RX, 2, lambda: manager.state[unit("rx")] == "active")
            assert f"reset {unit('rx')}" in manager.calls
            assert switcher.decision.mode == "rx"

    run(go())


def test_what_systemd_refuses_is_said_and_tried_again(tmp_path: Path) -> None:
    async def go() -> None:
        async with systemd(tmp_path) as (_, units):
            with pytest.raises(UnitsError, match=r"systemd: StartUnit: Unit .* not found"):
                await units.start(unit("broken"))
            with pytest.raises(UnitsError, match=r"systemd: Reboot: .*login1"):
                await units.reboot()

    run(go())


def test_without_a_bus_the_reason_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UnitsError, match="D-Bus: cannot be reached"):
        run(SystemdUnits.connect(f"unix:path={tmp_path / 'nothing'}"))


def test_a_bus_that_goes_away_is_trouble_and_no_end(tmp_path: Path) -> None:
    async def go() -> None:
        async with systemd(tmp_path) as (_, units):
            switcher = Switcher(units, LOG)
            units.close()
            await switcher.tick(of_tree(TX), 1, {})
            assert "D-Bus" in switcher.trouble

    run(go())


def test_children_start_stop_and_are_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def argv(_: HandUnits, name: str) -> list[str]:
        life = "0.01" if "rx" in name else "60"
        return [sys.executable, "-c", f"import time; time.sleep({life}); raise SystemExit(3)"]

    monkeypatch.setattr(HandUnits, "_argv", argv)

    async def go() -> None:
        units = HandUnits(tmp_path)
        switcher = Switcher(units, LOG)
        up: set[str] = set()

        async def look() -> None:
            up.clear()
            up.update(await units.running())

        desired = of_tree(TX)
        for _ in range(20):
            await switcher.tick(desired, 1, {})
            await asyncio.sleep(0.05)
        await look()
        assert up == {unit("tx")}
        desired = of_tree(RX)
        for _ in range(80):
            await switcher.tick(desired, 2, {})
            await asyncio.sleep(0.05)
        await look()
        assert up == {unit("idle")}
        assert "it ended 5 times within 30 s (code 3)" in switcher.decision.reasons[0].what
        await units.close()
        await look()
        assert up == set()
        with pytest.raises(UnitsError, match="is not a box of its own"):
            await units.reboot()

    run(go())


def test_the_command_of_a_unit(tmp_path: Path) -> None:
    units = HandUnits(tmp_path, ["--no-realtime"])
    assert units._argv(unit("tx"))[1:] == [
        *("-m", "appliance.converter", "tx", "--no-realtime", "--root", str(tmp_path)),
    ]
    with pytest.raises(UnitsError, match="is no unit of a box"):
        units._argv("ssh.service")


def test_ptp4l_is_restarted_where_it_shall_run_otherwise_and_else_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.clock.programs.PAUSE_S", 0.0)  # look each time
    ptp4l = "rtvbox-ptp4l.service"

    async def go() -> None:
        async with systemd(tmp_path) as (manager, units):
            folder = tmp_path / "clock"
            folder.mkdir()
            config = folder / "ptp4l.conf"
            config.write_text("[global]\n")
            argv = ("ptp4l", "-f", str(config), "-m")
            programs = UnitPrograms(folder, units)
            manager.result[ptp4l] = "missing"
            assert "RestartUnit" in await programs.keep("ptp4l", argv)
            manager.result[ptp4l] = "success"
            assert await programs.keep("ptp4l", argv) == ""  # what was refused is tried again
            said = (folder / "ptp4l.args").read_text()
            assert said.splitlines()[0] == f"ARGS=-f {config} -m"
            for _ in range(3):
                assert await programs.keep("ptp4l", argv) == ""
            # Neither is it touched by a supervisor that starts again.
            assert await UnitPrograms(folder, units).keep("ptp4l", argv) == ""
            assert manager.calls == [f"restart {ptp4l}"]
            config.write_text("[global]\ndomainNumber 5\n")
            await programs.keep("ptp4l", argv)
            assert manager.calls == [f"restart {ptp4l}"] * 2
            manager.state[ptp4l] = "inactive"
            await programs.keep("ptp4l", argv)
            assert manager.calls[2:] == [f"start {ptp4l}"]
            manager.state[ptp4l], manager.result[ptp4l] = "failed", "exit-code"
            assert await programs.keep("ptp4l", argv) == "it ended with an error again and again"
            assert await programs.keep("ptp4l", ()) == ""
            assert manager.calls[-1] == f"stop {ptp4l}"
            assert not (folder / "ptp4l.args").exists()

    run(go())
