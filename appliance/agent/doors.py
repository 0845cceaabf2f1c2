"""Where the API is reached: an HTTPS listener whose trust follows what the box is told."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import web

from appliance.agent.box import Box
from appliance.agent.tls import server_context, usable_chain

BUILT = 1_795_000_000
"""UTC seconds: no machine's clock is right that says less."""
MOST, MOST_OF_ONE = 128, 32
"""Connections at a time, of all and of one address: nobody takes the box's files or its doors."""
_SHAKE_S = 10.0


@dataclass(frozen=True)
class _Trust:
    """What a connection is opened with."""

    chain: str | None
    authorities: tuple[str, ...]
    dates: bool
    pairing: bool


class Doors:
    """host, port: where to listen; port 0: any. `port` tells which."""

    def __init__(self, box: Box, app: web.Application, host: str, port: int) -> None:
        self._box, self._host, self.port = box, host, port
        self._log = logging.getLogger("rtvbox-agent")
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=_http_log(),
            handle_signals=False,
            keepalive_timeout=15.0,
        )
        self._listening: socket.socket | None = None
        self._context: ssl.SSLContext | None = None
        self._trust: _Trust | None = None
        self._entering: dict[asyncio.Task[None], str] = {}  # with the address
        self._porter: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Opens. Raises OSError where the port is not free."""
        await self._runner.setup()
        self._listening = socket.create_server((self._host, self.port), backlog=MOST)
        self._listening.setblocking(False)
        self.port = self._listening.getsockname()[1]
        self.follow()
        self._porter = asyncio.create_task(self._let_in(self._listening))

    def follow(self) -> None:
        """Who comes from now on meets what the site, the certificate and the pairing say now; who
        is in may finish."""
        trust = self._wanted()
        if trust == self._trust:
            return
        self._context = server_context(
            self._box.identity,
            trust.chain,
            trust.authorities,
            dates=trust.dates,
            pairing=trust.pairing,
        )
        self._trust = trust
        who = "controllers of the site" if trust.authorities else "anybody, for its identity"
        self._log.info("API on port %d for %s", self.port, who)

    async def end(self) -> None:
        """Closes."""
        tasks = [*self._entering, *([self._porter] if self._porter else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._listening is not None:
            self._listening.close()
        await self._runner.cleanup()

    async def _let_in(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                guest, (address, *_) = await loop.sock_accept(listening)
            except OSError:  # it is gone again, or this machine has no file left for it
                await asyncio.sleep(0.1)
                continue
            present = self._present()
            if len(present) >= MOST or present.count(address) >= MOST_OF_ONE:
                guest.close()
                continue
            task = asyncio.create_task(self._shake_hands(guest))
            self._entering[task] = address
            task.add_done_callback(self._entering.pop)

    async def _shake_hands(self, guest: socket.socket) -> None:
        serving = self._runner.server
        assert serving is not None  # since begin
        with suppress(OSError):  # TLS's errors are some of these
            await asyncio.get_running_loop().connect_accepted_socket(
                serving, guest, ssl=self._context, ssl_handshake_timeout=_SHAKE_S
            )

    def _present(self) -> list[str]:
        """The addresses of all connections."""
        serving = self._runner.server
        assert serving is not None  # since begin
        transports = (one.transport for one in serving.connections)
        names = [one.get_extra_info("peername") for one in transports if one is not None]
        return [*self._entering.values(), *(name[0] for name in names if name)]

    def _wanted(self) -> _Trust:
        box = self._box
        chain = box.desired.site.certificate if box.desired else None
        return _Trust(
            usable_chain(box.identity, chain),
            box.authorities,
            time.time() >= BUILT,
            box.window is not None,
        )


def _http_log() -> logging.Logger:
    """What is no HTTP gets its 400 and no word in the journal, which anybody could fill."""
    log = logging.getLogger("rtvbox-agent.http")
    log.setLevel(logging.CRITICAL)
    # Its warnings are of answers to who is gone already, a line each.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    return log
