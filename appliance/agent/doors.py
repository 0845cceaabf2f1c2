"""Where the API is reached: an HTTPS listener that is opened anew when what it trusts changes."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass

from aiohttp import web

from appliance.agent.box import Box
from appliance.agent.tls import server_context, usable_chain

BUILT = 1_795_000_000
"""UTC seconds: no machine's clock is right that says less."""
_SHAKE_S = 10.0


@dataclass(frozen=True)
class _Trust:
    """What a listener was opened with."""

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
            app, access_log=None, handle_signals=False, keepalive_timeout=15.0
        )
        self._server: asyncio.Server | None = None
        self._trust: _Trust | None = None

    async def begin(self) -> None:
        """Opens. Raises OSError where the port is not free."""
        await self._runner.setup()
        await self.follow()

    async def follow(self) -> None:
        """Opens anew when the site, the certificate or the pairing has changed."""
        trust = self._wanted()
        if trust == self._trust:
            return
        context = server_context(
            self._box.identity,
            trust.chain,
            trust.authorities,
            dates=trust.dates,
            pairing=trust.pairing,
        )
        serving = self._runner.server
        assert serving is not None  # since begin
        if self._server is not None:
            self._server.close()  # who is in may finish
        self._server = await asyncio.get_running_loop().create_server(
            serving,
            self._host,
            self.port,
            ssl=context,
            reuse_address=True,
            ssl_handshake_timeout=_SHAKE_S,
        )
        self._trust = trust
        self.port = self._server.sockets[0].getsockname()[1]
        who = "controllers of the site" if trust.authorities else "anybody, for its identity"
        self._log.info("API on port %d for %s", self.port, who)

    async def end(self) -> None:
        """Closes."""
        if self._server is not None:
            self._server.close()
        await self._runner.cleanup()

    def _wanted(self) -> _Trust:
        box = self._box
        chain = box.desired.site.certificate if box.desired else None
        return _Trust(
            usable_chain(box.identity, chain),
            box.authorities,
            time.time() >= BUILT,
            box.window is not None,
        )
