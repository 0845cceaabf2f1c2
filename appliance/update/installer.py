"""Asks RAUC over D-Bus (de.pengutronix.rauc.Installer); what it says, in a person's words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusError

COMPATIBLE = "rtvbox-x86-64"
_NAME = "de.pengutronix.rauc"
_INSTALLER = f"{_NAME}.Installer"
_LOOK_S = 0.5
# What RAUC says when a bundle is not to be trusted or not whole, and what a person can do.
_WORDS = (
    (
        ("signature", "verif", "certificate", "self-signed", "self signed"),
        "is not signed by a key that this box trusts; take your supplier's own",
    ),
    (
        ("invalid", "not a valid", "too small", "size", "short", "trunc", "squashfs", "corrupt"),
        "is damaged or cut off; fetch it again",
    ),
    (("no such file", "not found", "404"), "is not there; check its name"),
    (
        ("resolve", "connect", "timed out", "timeout", "ssl", "tls"),
        "cannot be fetched; check the address and the server",
    ),
)


class InstallError(Exception):
    """An installation cannot be, or has failed. One line, with the remedy where there is one."""


@dataclass(frozen=True)
class Bundle:
    """What a bundle says of itself, once its signature is right."""

    compatible: str
    version: str


class Installer:
    """RAUC on a bus."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus

    @classmethod
    async def connect(cls, address: str | None = None) -> Installer:
        """address: of the bus; None: the system's. Raises InstallError."""
        try:
            kind = BusType.SYSTEM
            bus = MessageBus(bus_type=kind) if address is None else MessageBus(address)
            return cls(await bus.connect())
        except (OSError, DBusError, EOFError, ValueError) as error:
            raise InstallError(f"D-Bus: cannot be reached ({error})") from None

    def close(self) -> None:
        """Leaves the bus."""
        self._bus.disconnect()

    async def inspect(self, source: str) -> Bundle:
        """Checks the signature of a file or an address. Raises InstallError."""
        try:
            (said,) = await self._call("InspectBundle", "sa{sv}", [source, {}])
        except InstallError as error:
            raise InstallError(f"bundle: {in_words(str(error))}") from None
        update = plain(said).get("update", {})
        return Bundle(str(update.get("compatible")), str(update.get("version")))

    async def install(self, source: str, progress: Callable[[int, str], None]) -> None:
        """Until it is done. progress: takes percent and what is done now. Raises InstallError."""
        await self._call("InstallBundle", "sa{sv}", [source, {}])
        while await self._property("Operation") == "installing":
            percent, what, _ = await self._property("Progress")
            progress(int(percent), str(what))
            await asyncio.sleep(_LOOK_S)
        if error := str(await self._property("LastError")):
            raise InstallError(f"installation: {in_words(error)}")

    async def busy(self) -> bool:
        """Whether an installation is under way."""
        return bool(await self._property("Operation") == "installing")

    async def _property(self, name: str) -> Any:
        (value,) = await self._call(
            "Get", "ss", [_INSTALLER, name], interface="org.freedesktop.DBus.Properties"
        )
        return plain(value)

    async def _call(
        self, member: str, signature: str, body: list[Any], *, interface: str = _INSTALLER
    ) -> list[Any]:
        message = Message(
            destination=_NAME,
            path="/",
            interface=interface,
            member=member,
            signature=signature,
            body=body,
        )
        try:
            answer = await self._bus.call(message)
        except (OSError, EOFError, DBusError) as error:
            raise InstallError(f"RAUC: {error}") from None
        if answer is None or answer.message_type is MessageType.ERROR:
            raise InstallError(str(answer.body[0]) if answer and answer.body else "no answer")
        found: list[Any] = answer.body
        return found


def in_words(said: str) -> str:
    """RAUC's words with what a person can do; its own are kept behind."""
    line = " ".join(said.split())
    small = line.lower()
    for signs, words in _WORDS:
        if any(sign in small for sign in signs):
            return f"{words} ({line})"
    return line


def plain(value: Any) -> Any:
    """A value of D-Bus without its variants."""
    if isinstance(value, Variant):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
