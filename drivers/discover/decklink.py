"""DeckLink cards in the inventory: the sub-devices that the vendor's library lists, by the key that
`--source decklink:KEY` takes, beside the boards that the kernel sees."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from drivers.decklink import Card, Driver
from drivers.discover.model import Device, Kind

BOARD = "Blackmagic Design"


def asked(driver: Driver | None = None) -> tuple[list[Device], str]:
    """The sub-devices that are there, and why the library cannot be asked ("": it could)."""
    try:
        driver = driver or Driver()
    except ValueError as error:
        return [], str(error).removeprefix("decklink: ")
    return [described(card, driver.version) for card in driver.cards()], ""


def described(card: Card, version: str) -> Device:
    """A sub-device. version: of the driver's interface."""
    return Device(
        Kind.CARD,
        f"decklink:{card.key}",
        card.name or card.model,
        driver="Desktop Video " + version,
        usable=bool(card.can),
        why="" if card.can else card.why_no_capture,
        details={
            "can": list(card.can),
            "model": card.model,
            "sub_device": card.sub_device,
            "sub_devices": card.sub_devices,
            "duplex": card.duplex,
            "inputs": list(card.inputs),
            "outputs": list(card.outputs),
            "detects_format": card.detects_format,
            "trims_clock": card.trims_clock,
            "has_reference": card.has_reference,
            "audio_channels": card.channels,
            "api_version": version,
            "generation": card.generation,
            "statistics": card.statistics,
            "busy": list(card.busy),
        },
    )


def joined(devices: Iterable[Device], cards: list[Device], why: str) -> list[Device]:
    """The kernel's devices and the library's. A board whose library cannot be asked, or knows of
    no card, says so with the remedy; why: as `asked` gives it."""
    if not why and not cards:
        why = "its library lists no card; is the vendor's service DesktopVideoHelper running?"
    found = []
    for one in devices:
        board = one.kind is Kind.CARD and one.name.startswith(BOARD + " ")
        # One without a kernel driver says already what to install.
        if board and one.usable and why:
            one = replace(one, usable=False, why=why)
        found.append(one)
    return [*found, *cards]
