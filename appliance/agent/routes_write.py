"""What may be changed of a box."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from appliance.agent.errors import answer, body, failed, octets
from appliance.agent.routes import BOX, BY, Route
from appliance.agent.staging import SLOTS, StagingError, tai_of, tai_text
from appliance.box.link import LinkError, ask


async def stage_desired(request: web.Request) -> web.Response:
    """If-Match: the generation that the change was made from."""
    box = request.app[BOX]
    match = request.headers.get("If-Match")
    current = f'"{box.generation or 0}"'
    if match is not None and match not in ("*", current):
        raise StagingError(412, f"desired: is {current} now and not {match[:20]}; read it again")
    staged = await box.stage_desired(await octets(request))
    return answer({"etag": staged.etag}, ETag=f'"{staged.etag}"')


async def stage_patient(request: web.Request) -> web.Response:
    """A patient document, or null for nobody."""
    try:
        document = json.loads(await octets(request))
    except (ValueError, RecursionError):
        raise ValueError("body: is no JSON; send a patient document, or null") from None
    staged = request.app[BOX].stage_patient(document)
    return answer({"etag": staged.etag}, ETag=f'"{staged.etag}"')


async def drop(request: web.Request) -> web.Response:
    """Nothing is staged there any more."""
    slot = request.match_info["slot"]
    if slot not in SLOTS:
        return failed(404, f"slot: {slot[:20]} is none; choose {', '.join(SLOTS)}")
    request.app[BOX].staging.drop(slot)
    return answer({})


async def activate(request: web.Request) -> web.Response:
    """{"what": {"patient": ETAG, ...}, "at": "seconds:nanoseconds" or null}

    confirm_within_s in the answer: the networks change, and change back unless the box is told
    /confirm by its new address within that time; null: nothing waits."""
    tree = await body(request)
    what = tree.get("what")
    if not isinstance(what, dict) or not all(
        key in SLOTS and isinstance(value, str) for key, value in what.items()
    ):
        raise StagingError(400, f"what: is not understood; give ETags of {', '.join(SLOTS)}")
    at = None if tree.get("at") is None else tai_of(tree["at"])
    box = request.app[BOX]
    pending = await box.activate(what, at, request[BY])
    said: dict[str, Any] = {"at": tai_text(pending.at)}
    if at is None:
        said["confirm_within_s"] = box.confirm_within_s
    return answer(said, status=200 if at is None else 202)


async def cancel(request: web.Request) -> web.Response:
    """The activation that waits."""
    return answer({"cancelled": await request.app[BOX].cancel()})


async def confirm(request: web.Request) -> web.Response:
    """A change of the network that this connection has survived."""
    try:
        await ask(request.app[BOX].paths.link("network"), "confirm")
    except LinkError as error:
        raise StagingError(409, str(error)) from None
    return answer({})


async def rollback(request: web.Request) -> web.Response:
    """Back to the last generation that worked."""
    box = request.app[BOX]
    made = box.store.rollback(request[BY])
    box.follow()
    await box.tell("reload")
    return answer({"generation": made.number, "confirm_within_s": box.confirm_within_s})


async def identify(request: web.Request) -> web.Response:
    """{"seconds": 10}"""
    seconds = (await body(request)).get("seconds", 10)
    if type(seconds) is not int or not 0 <= seconds <= 600:
        raise ValueError("seconds: is not 0..600; give whole seconds")
    request.app[BOX].identify(seconds)
    return answer({})


async def reboot(request: web.Request) -> web.Response:
    """The whole box."""
    await request.app[BOX].reboot()
    return answer({}, status=202)


async def factory_reset(request: web.Request) -> web.Response:
    """{"serial": ...}: of the box, so that no other is meant."""
    box = request.app[BOX]
    if (await body(request)).get("serial") != box.identity.serial:
        raise ValueError("serial: is not this box's; give the one that it shows")
    await box.factory_reset()
    return answer({}, status=202)


_DOCUMENT = "a desired state; see /schema"
ROUTES = [
    Route("PUT", "/staged/desired", "configurator", stage_desired, "Prepare a state", _DOCUMENT),
    Route(
        *("PUT", "/staged/patient", "configurator", stage_patient, "Prepare a patient"),
        "a patient document, or null for nobody",
    ),
    Route("DELETE", "/staged/{slot}", "configurator", drop, "Drop what is prepared"),
    Route(
        *("POST", "/activation", "configurator", activate, "Activate at once, or at an instant"),
        '{"what": {"desired": ETAG, "patient": ETAG}, "at": "seconds:nanoseconds" or null}',
    ),
    Route("DELETE", "/activation", "configurator", cancel, "Cancel the one that waits"),
    Route("POST", "/confirm", "configurator", confirm, "Confirm a change of the network"),
    Route("POST", "/rollback", "configurator", rollback, "Back to what worked last"),
    Route("POST", "/identify", "viewer", identify, "Show which box it is", '{"seconds": 10}'),
    Route("POST", "/reboot", "configurator", reboot, "Start the box again"),
    Route(
        *("POST", "/factory-reset", "configurator", factory_reset, "Forget everything, keys first"),
        '{"serial": "of this box"}',
    ),
]
