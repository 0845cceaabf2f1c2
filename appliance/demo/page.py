"""The page of the demonstration, on 127.0.0.1 alone: plain HTML and one WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web
from aiohttp.http_exceptions import HttpProcessingError

from appliance.demo.boxes import Line
from appliance.demo.previews import Outputs
from appliance.modes.machine import tai_utc_s

_FILES = {
    "/": ("page.html", "text/html"),
    "/page.js": ("page.js", "text/javascript"),
    "/page.css": ("page.css", "text/css"),
}
_STATE_S = 0.5
_NAMES = {"127.0.0.1", "localhost"}


class Page:
    """Serves the state of the lines. measured: figures since the start, as JSON values. asked:
    called with the line whose patient or signal a person is about to change, and whether that
    lasts until the next call, as a cut signal does."""

    def __init__(
        self,
        lines: list[Line],
        measured: Callable[[], list[dict[str, Any]]],
        asked: Callable[[Line, bool], None],
    ) -> None:
        self._lines = lines
        self._measured = measured
        self._asked = asked
        self._sockets: set[web.WebSocketResponse] = set()
        self.stopped = False

    @asynccontextmanager
    async def served(self, port: int) -> AsyncIterator[str]:
        """Serves while the context lasts; gives the address. Raises ValueError when the port is
        taken."""
        self._outputs = Outputs([line.file("preview") for line in self._lines])
        app = web.Application(middlewares=[_only_here])
        for path in _FILES:
            app.router.add_get(path, _file)
        app.router.add_get("/live", self._live)
        app.router.add_post("/patient/{name}", self._patient)
        app.router.add_post("/cut/{name}", self._cut)
        app.router.add_post("/stop", self._stop)
        runner = web.AppRunner(app, access_log=None, logger=_log(), shutdown_timeout=1.0)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", port)
            await site.start()
            assert site._server is not None
            found = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        except OSError as error:
            await runner.cleanup()
            raise ValueError(
                f"port: {port} cannot be used ({error.strerror}); give another, or --port 0"
            ) from None
        self._outputs.start()
        try:
            yield f"http://127.0.0.1:{found}/"
        finally:
            for socket in list(self._sockets):
                await socket.close()
            await self._outputs.stop()
            await runner.cleanup()

    async def _live(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=20.0)
        await socket.prepare(request)
        self._sockets.add(socket)
        drawn = asyncio.Event()
        drawn.set()
        senders = [
            asyncio.create_task(self._send_pictures(socket, drawn)),
            asyncio.create_task(self._send_state(socket)),
        ]
        try:
            async for message in socket:
                if message.type is WSMsgType.ERROR:
                    break
                drawn.set()  # whatever the page says, it says that it has drawn
        finally:
            self._sockets.discard(socket)
            for sender in senders:
                sender.cancel()
            await asyncio.gather(*senders, return_exceptions=True)
        return socket

    async def _send_pictures(self, socket: web.WebSocketResponse, drawn: asyncio.Event) -> None:
        """The newest pictures each time that the last ones are drawn: a slow browser shows fewer,
        never old ones."""
        slot = 0
        with contextlib.suppress(ConnectionError):
            while True:
                await drawn.wait()
                drawn.clear()
                slot, pictures = await self._outputs.next(slot)
                shown = [picture for picture in pictures if picture is not None]
                names = [
                    line.stream.name
                    for line, picture in zip(self._lines, pictures, strict=True)
                    if picture is not None
                ]
                heads = [
                    {"name": name, **picture.about}
                    for name, picture in zip(names, shown, strict=True)
                ]
                await socket.send_str(json.dumps({"pictures": heads, "slot": slot}))
                for picture in shown:
                    await socket.send_bytes(picture.jpeg)

    async def _send_state(self, socket: web.WebSocketResponse) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await socket.send_str(json.dumps(self._state()))
                await asyncio.sleep(_STATE_S)

    def _state(self) -> dict[str, Any]:
        streams = [
            {
                "name": line.stream.name,
                "title": line.stream.title,
                "cut": line.cut,
                "dead": line.dead(),
                "measured": measured,
            }
            for line, measured in zip(self._lines, self._measured(), strict=True)
        ]
        return {"utc": time.time_ns(), "tai_utc_s": tai_utc_s(), "streams": streams}

    def _line(self, request: web.Request) -> Line:
        name = request.match_info["name"]
        for line in self._lines:
            if line.stream.name == name:
                return line
        raise web.HTTPNotFound(text=f"no stream {name!r}")

    async def _patient(self, request: web.Request) -> web.Response:
        line = self._line(request)
        self._asked(line, line.cut)
        line.change_patient()
        return web.Response(status=204)

    async def _cut(self, request: web.Request) -> web.Response:
        line = self._line(request)
        self._asked(line, not line.cut)
        await asyncio.to_thread(line.toggle_cut)
        return web.Response(status=204)

    async def _stop(self, _request: web.Request) -> web.Response:
        self.stopped = True
        return web.Response(status=204)


def _log() -> logging.Logger:
    """What is no HTTP gets its 400 and no word here: not a page of Python for each such request."""
    log = logging.getLogger("rtvbox.page")
    log.addFilter(_no_protocol_errors)
    return log


def _no_protocol_errors(record: logging.LogRecord) -> bool:
    kind = record.exc_info[0] if record.exc_info else None
    return kind is None or not issubclass(kind, HttpProcessingError)


@web.middleware
async def _only_here(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuses what another site's page makes a browser ask."""
    host = (request.host or "").rsplit(":", 1)[0]
    origin = request.headers.get("Origin")
    if host not in _NAMES or (origin is not None and origin != f"http://{request.host}"):
        raise web.HTTPForbidden(text="this page is for 127.0.0.1 only")
    response = await handler(request)
    if not response.prepared:
        response.headers["Content-Security-Policy"] = (
            "default-src 'self'; img-src 'self' blob: data:; connect-src 'self'"
        )
        response.headers["Cache-Control"] = "no-store"
    return response


async def _file(request: web.Request) -> web.Response:
    name, kind = _FILES[request.path]
    text = (Path(__file__).parent / name).read_text(encoding="utf-8")
    return web.Response(text=text, content_type=kind, charset="utf-8")
