"""What a person at the panel may ask of the box, and who does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from appliance.panel.status import Pattern


@dataclass(frozen=True)
class SetMode:
    """Change to another mode."""

    mode: str


@dataclass(frozen=True)
class SetNetwork:
    """Give one of NETWORKS another address: by DHCP (address None) or this one. gateway: None for
    none."""

    network: str
    address: str | None = None
    prefix: int | None = None
    gateway: str | None = None


@dataclass(frozen=True)
class SetPattern:
    """Switch the test pattern."""

    pattern: Pattern


@dataclass(frozen=True)
class Restart:
    """Start the box again."""


@dataclass(frozen=True)
class FactoryReset:
    """Forget everything that the box was told, its keys first."""


@dataclass(frozen=True)
class OpenPairing:
    """Make a pairing code that is good for so many seconds; it comes with the status."""

    seconds: int


@dataclass(frozen=True)
class ClosePairing:
    """The code is good no more."""


Request = SetMode | SetNetwork | SetPattern | Restart | FactoryReset | OpenPairing | ClosePairing


@dataclass(frozen=True)
class Answer:
    """Whether a request was taken, and words for the glass: short, with the remedy."""

    taken: bool
    words: str


class Requests(Protocol):
    """Does what is asked, or says why not. Ends within two seconds: what takes longer is begun,
    and the status tells how it goes on. Raises nothing."""

    def ask(self, request: Request) -> Answer:
        """Passes it on."""


class NotHere:
    """Where no box is: nothing is done, and that is said."""

    def ask(self, request: Request) -> Answer:  # noqa: ARG002 - whatever it is
        """See Requests."""
        return Answer(False, "Not available on this machine")
