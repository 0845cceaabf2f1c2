"""Asks ptp4l over its Unix socket."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from pathlib import Path

from appliance.clock.tlv import (
    LARGEST,
    SET,
    Answer,
    Data,
    GrandmasterSettings,
    Id,
    answer,
    request,
    settings,
)

_PATIENCE_S = 0.1


class Management:
    """server: ptp4l's socket. own: where answers come to; taken away by `close`. Answers that are
    late, from another question or hostile are passed over."""

    def __init__(self, server: Path, own: Path, domain: int) -> None:
        self._server, self._own, self._domain = server, own, domain
        self._sequence = os.getpid() & 0x7FFF
        own.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.bind(str(own))
        own.chmod(0o660)

    def close(self) -> None:
        """Idempotent."""
        self._socket.close()
        self._own.unlink(missing_ok=True)

    def ask(self, id: Id, answers: int = 1) -> list[Data]:
        """Up to so many answers (ports answer one each); none: ptp4l does not answer."""
        return [one.data for one in self._talk(id, answers) if one.data is not None]

    def set_grandmaster(self, values: GrandmasterSettings) -> bool:
        """What this clock says of itself. Whether ptp4l took it."""
        told = self._talk(Id.GRANDMASTER_SETTINGS, 1, action=SET, data=settings(values))
        return any(one.error == 0 for one in told)

    def _talk(self, id: Id, answers: int, *, action: int = 0, data: bytes = b"") -> list[Answer]:
        self._sequence = self._sequence + 1 & 0xFFFF
        sequence = self._sequence
        message = request(id, sequence, domain=self._domain, data=data, action=action)
        self._socket.setblocking(False)
        try:
            self._socket.sendto(message, str(self._server))
        except OSError:
            return []
        found: list[Answer] = []
        until = time.monotonic() + _PATIENCE_S
        while len(found) < answers and (rest := until - time.monotonic()) > 0:
            self._socket.settimeout(rest)
            try:
                octets = self._socket.recv(LARGEST + 1)
            except OSError:
                break
            with suppress(ValueError):
                said = answer(octets)
                if said.sequence == sequence and (said.id == id or said.error):
                    found.append(said)
        return found
