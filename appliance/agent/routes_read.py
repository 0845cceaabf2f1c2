"""What may be read of a box."""

from __future__ import annotations

import asyncio

from aiohttp import web

from appliance.agent.box import devices as inventory_now
from appliance.agent.errors import answer, failed
from appliance.agent.routes import BOX, Route
from appliance.agent.staging import SLOTS, tai_text
from appliance.box.desired import schema
from appliance.box.glance import issues_of
from appliance.box.metrics import metrics


async def identity(request: web.Request) -> web.Response:
    """Who the box is. The only thing that a box tells which was never provisioned."""
    box = request.app[BOX]
    return answer(
        {
            "serial": box.identity.serial,
            "fingerprint": box.identity.fingerprint,
            "provisioned": bool(box.authorities),
            "pairing": box.window is not None,
        }
    )


async def devices(_: web.Request) -> web.Response:
    """The inventory."""
    return answer(await asyncio.to_thread(inventory_now))


async def desired(request: web.Request) -> web.Response:
    """The active document; its ETag is its generation."""
    box = request.app[BOX]
    if box.desired is None:
        return failed(404, "desired: this box was never told what to be")
    return answer(box.desired.as_json(), ETag=f'"{box.generation}"')


async def staged(request: web.Request) -> web.Response:
    """What is prepared: ETags, the document, and whether a patient is; never who it is."""
    staging = request.app[BOX].staging
    found = {slot: one.etag for slot in SLOTS if (one := staging.get(slot))}
    document = staging.get("desired")
    return answer(
        {
            "etags": found,
            "desired": document.value.as_json() if document else None,
            "activation": tai_text(staging.pending.at) if staging.pending else None,
        }
    )


async def status(request: web.Request) -> web.Response:
    """Everything that the services publish."""
    said, silent = request.app[BOX].observed()
    return answer({**said, "silent": silent})


async def issues(request: web.Request) -> web.Response:
    """What is wrong, the worst first."""
    said, _ = request.app[BOX].observed()
    return answer(issues_of(said))


async def numbers(request: web.Request) -> web.Response:
    """For Prometheus."""
    text = metrics(*request.app[BOX].observed())
    return web.Response(text=text, content_type="text/plain")


async def form(_: web.Request) -> web.Response:
    """JSON Schema of the desired state."""
    return answer(schema())


async def time_now(request: web.Request) -> web.Response:
    """The box's TAI, for an instant that several boxes share."""
    return answer({"tai": tai_text(request.app[BOX].now_tai())})


async def sdp(request: web.Request) -> web.Response:
    """The SDP of a flow that the box sends."""
    box = request.app[BOX]
    name = request.match_info["flow"]
    sends = box.desired.flows.send if box.desired else ()
    if name not in {flow.id for flow in sends}:
        return failed(404, f"flow: {name[:40]} is not sent by this box")
    try:
        text = (box.paths.run / f"{name}.sdp").read_bytes()
    except OSError:
        return failed(404, "flow: does not run yet; see the issues")
    headers = {"Cache-Control": "no-cache"}
    return web.Response(body=text, content_type="application/sdp", headers=headers)


ROUTES = [
    Route("GET", "/identity", "", identity, "Who the box is; open to anybody"),
    Route("GET", "/inventory", "viewer", devices, "Cards, monitors, ports and networks"),
    Route("GET", "/desired", "viewer", desired, "The active desired state"),
    Route("GET", "/staged", "viewer", staged, "What is prepared, and when it becomes active"),
    Route("GET", "/status", "viewer", status, "What every service observes"),
    Route("GET", "/issues", "viewer", issues, "What is wrong, the worst first"),
    Route("GET", "/metrics", "viewer", numbers, "Numbers as Prometheus reads them"),
    Route("GET", "/schema", "viewer", form, "JSON Schema of the desired state"),
    Route("GET", "/time", "viewer", time_now, "The box's TAI"),
    Route("GET", "/flows/{flow}.sdp", "viewer", sdp, "The SDP of a flow that is sent"),
]
