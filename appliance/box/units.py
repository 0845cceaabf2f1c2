"""Starting and stopping what a mode needs, by systemd over D-Bus; see `hand` for other machines."""

from __future__ import annotations

from typing import Any, Protocol

from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusError

_SYSTEMD = "org.freedesktop.systemd1"
_ROOT = "/org/freedesktop/systemd1"
_MANAGER = f"{_SYSTEMD}.Manager"
_LOGIN = "org.freedesktop.login1"
_PATTERN = "rtvbox-converter@*.service"
_PATIENCE_S = 5.0


class UnitsError(Exception):
    """Units cannot be changed now. One line."""


class Units(Protocol):
    """Who runs services. Every call ends within seconds; UnitsError says why it did nothing."""

    async def running(self) -> frozenset[str]:
        """Converter units that run or are being started."""

    async def ready(self, unit: str) -> bool:
        """Whether the unit said that it does what it is for."""

    async def start(self, unit: str) -> None:
        """Begins to start it."""

    async def stop(self, unit: str) -> None:
        """Begins to stop it."""

    async def restart(self, unit: str) -> None:
        """Begins to stop it and to start it again, also where it does not run."""

    async def failure(self, unit: str) -> str:
        """Why it was given up, one line; "" while it was not."""

    async def forgive(self, unit: str) -> None:
        """It may be tried again."""

    async def reboot(self) -> None:
        """The whole machine."""


class SystemdUnits:
    """systemd's."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus

    @classmethod
    async def connect(cls, address: str | None = None) -> SystemdUnits:
        """address: of the bus; None: the system's. Raises UnitsError where there is none."""
        try:
            kind = BusType.SYSTEM
            bus = MessageBus(bus_type=kind) if address is None else MessageBus(address)
            return cls(await bus.connect())
        except (OSError, DBusError, EOFError, ValueError) as error:
            raise UnitsError(f"D-Bus: cannot be reached ({error})") from None

    def close(self) -> None:
        """Leaves the bus."""
        self._bus.disconnect()

    async def running(self) -> frozenset[str]:
        """See Units."""
        found = await self._manager("ListUnitsByPatterns", "asas", [[], [_PATTERN]])
        states = ("active", "activating", "reloading")
        return frozenset(str(unit[0]) for unit in found[0] if unit[3] in states)

    async def ready(self, unit: str) -> bool:
        """See Units."""
        return await self._property(unit, "Unit", "ActiveState") == "active"

    async def start(self, unit: str) -> None:
        """See Units."""
        await self.forgive(unit)
        await self._manager("StartUnit", "ss", [unit, "replace"])

    async def stop(self, unit: str) -> None:
        """See Units."""
        await self._manager("StopUnit", "ss", [unit, "replace"])

    async def restart(self, unit: str) -> None:
        """See Units. One job: a start after a stop would take the stop's place in the queue."""
        await self.forgive(unit)
        await self._manager("RestartUnit", "ss", [unit, "replace"])

    async def failure(self, unit: str) -> str:
        """See Units."""
        if await self._property(unit, "Unit", "ActiveState") != "failed":
            return ""
        result = await self._property(unit, "Service", "Result")
        return _RESULTS.get(result, f"it failed ({result})")

    async def forgive(self, unit: str) -> None:
        """See Units."""
        if await self.failure(unit):
            await self._manager("ResetFailedUnit", "s", [unit])

    async def reboot(self) -> None:
        """See Units."""
        await self._call(
            _LOGIN, "/org/freedesktop/login1", f"{_LOGIN}.Manager", "Reboot", "b", [False]
        )

    async def _manager(self, member: str, signature: str, body: list[Any]) -> list[Any]:
        return await self._call(_SYSTEMD, _ROOT, _MANAGER, member, signature, body)

    async def _property(self, unit: str, interface: str, name: str) -> str:
        (path,) = await self._manager("LoadUnit", "s", [unit])
        (value,) = await self._call(
            *(_SYSTEMD, path, "org.freedesktop.DBus.Properties", "Get", "ss"),
            [f"{_SYSTEMD}.{interface}", name],
        )
        return str(value.value)

    async def _call(
        self, to: str, path: str, interface: str, member: str, signature: str, body: list[Any]
    ) -> list[Any]:
        message = Message(
            destination=to,
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=body,
        )
        if not self._bus.connected:
            raise UnitsError("D-Bus: the connection is gone")
        try:
            answer = await self._bus.call(message)
        except (OSError, EOFError, DBusError) as error:
            raise UnitsError(f"D-Bus: {error}") from None
        if answer is None or answer.message_type is MessageType.ERROR:
            why = answer.body[0] if answer and answer.body else "no answer"
            raise UnitsError(f"systemd: {member}: {why}")
        found: list[Any] = answer.body
        return found


# systemd.service(5), Result=: what a person can do something with.
_RESULTS = {
    "exit-code": "it ended with an error again and again",
    "signal": "it crashed again and again",
    "core-dump": "it crashed again and again",
    "watchdog": "it hung again and again",
    "timeout": "it did not get ready in time",
    "start-limit-hit": "it was started too often",
    "oom-kill": "it ran out of memory",
    "resources": "the machine lacks what it needs",
}
