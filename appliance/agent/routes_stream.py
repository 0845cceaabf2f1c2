"""What flows over a WebSocket: dynamic metadata in, status and issues out."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import WSMsgType, web

from appliance.agent.box import Box
from appliance.agent.routes import BOX, Route
from appliance.agent.staging import StagingError
from appliance.box.glance import issues_of
from appliance.box.link import LinkError, ask

_LARGEST = 8192
_PERIOD_S = 0.25
_STATUS_EVERY = 4


async def dynamic(request: web.Request) -> web.WebSocketResponse:
    """Each message {"values": {...}, "valid_ms": 500}; the newest wins, the others are passed over.

    values: as of `rtvbox tx --dynamic`, with "tai" (ns) for their origin; without it they are of
    now. Past their validity they are sent as absent. What is wrong is answered, one line.
    """
    box = request.app[BOX]
    socket = web.WebSocketResponse(max_msg_size=_LARGEST, heartbeat=10.0)
    await socket.prepare(request)
    newest = _Newest(box, socket)
    sender = asyncio.create_task(newest.run())
    try:
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            try:
                newest.take(_values(message.data, box.now_tai()))
            except ValueError as error:
                await socket.send_json({"error": str(error)})
    finally:
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)
    return socket


class _Newest:
    """Passes the newest values on; those that came while the converter was asked are lost."""

    def __init__(self, box: Box, socket: web.WebSocketResponse) -> None:
        self._box, self._socket = box, socket
        self._values: dict[str, Any] | None = None
        self._there = asyncio.Event()

    def take(self, values: dict[str, Any]) -> None:
        """Newer ones."""
        self._values = values
        self._there.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._there.wait()
            self._there.clear()
            values, self._values = self._values, None
            if values is None:
                continue
            try:
                await self._box.dynamic(values)
            except StagingError as error:
                await self._socket.send_json({"error": str(error)})


def _values(text: str, now: int) -> dict[str, Any]:
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("message: is no JSON; send an object") from None
    if not isinstance(tree, dict) or not isinstance(tree.get("values"), dict):
        raise ValueError('message: is not understood; send {"values": {...}, "valid_ms": 500}')
    # Arrival stands in for a time of origin that the sender did not know.
    values = {"tai": now, **tree["values"]}
    return {"values": values, "valid_ms": tree.get("valid_ms", 1000)}


async def events(request: web.Request) -> web.WebSocketResponse:
    """{"issues": [...]} when they change, {"status": {...}} once a second."""
    box = request.app[BOX]
    socket = web.WebSocketResponse(max_msg_size=_LARGEST, heartbeat=10.0)
    await socket.prepare(request)
    feeder = asyncio.create_task(_feed(box, socket))
    try:
        async for _ in socket:
            continue
    finally:
        feeder.cancel()
        await asyncio.gather(feeder, return_exceptions=True)
    return socket


async def _feed(box: Box, socket: web.WebSocketResponse) -> None:
    before: list[Any] | None = None
    count = 0
    while not socket.closed:
        said, silent = box.observed()
        issues = issues_of(said)
        try:
            if issues != before:
                await socket.send_json({"issues": issues})
                before = issues
            if count % _STATUS_EVERY == 0:
                await socket.send_json({"status": {**said, "silent": silent}})
        except ConnectionError:
            return
        count += 1
        await asyncio.sleep(_PERIOD_S)


async def sending(request: web.Request) -> web.StreamResponse:
    """Which static part the last frame carried."""
    try:
        found = await ask(request.app[BOX].paths.link("converter"), "sending")
    except LinkError as error:
        raise StagingError(409, str(error)) from None
    return web.json_response(found)


ROUTES = [
    Route("GET", "/dynamic", "configurator", dynamic, "WebSocket: values of the moment, inward"),
    Route("GET", "/events", "viewer", events, "WebSocket: issues and status, outward"),
    Route("GET", "/sending", "viewer", sending, "The static part that is being sent"),
]
