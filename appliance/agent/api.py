"""The box API: its routes, who may use which, and the application that serves them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web
from cryptography import x509

from appliance.agent import routes_read, routes_stream, routes_write
from appliance.agent.box import Box
from appliance.agent.certificates import name_of, role_of
from appliance.agent.errors import Handler, failed, say_errors
from appliance.agent.openapi import description
from appliance.agent.pairing_routes import Pairing
from appliance.agent.routes import BOX, BY, Route

BASE = "/box/v1"
LARGEST = 2 << 20
ANYBODY, READS, CHANGES = "", "viewer", "configurator"
_MAY = {ANYBODY: None, READS: ("viewer", "configurator"), CHANGES: ("configurator",)}


def application(box: Box) -> web.Application:
    """The whole API over one box."""
    app = web.Application(middlewares=[say_errors], client_max_size=LARGEST)
    app[BOX] = box
    pairing = Pairing(box)
    routes = [*routes_read.ROUTES, *routes_write.ROUTES, *routes_stream.ROUTES, *pairing.routes()]
    document = description(BASE, routes)

    async def openapi(_: web.Request) -> web.Response:
        return web.json_response(document)

    routes.append(Route("GET", "/openapi.json", READS, openapi, "This description"))
    for route in routes:
        app.router.add_route(route.method, BASE + route.path, _guarded(box, route))
    return app


def _guarded(box: Box, route: Route) -> Handler:
    may = _MAY[route.role]

    async def guarded(request: web.Request) -> web.StreamResponse:
        if may is not None:
            if not box.authorities:
                return failed(403, "this box was never provisioned; pair it first")
            who = caller(request)
            if who is None or who.role not in may:
                role = who.role if who else "no"
                wanted = " or ".join(may)
                return failed(403, f"{role or 'no'} role may not do this; it takes {wanted}")
            request[BY] = f"agent:{who.name}"
        return await route.handler(request)

    return guarded


@dataclass(frozen=True)
class Caller:
    """Who calls, by certificate."""

    name: str
    role: str


def caller(request: web.Request) -> Caller | None:
    """None: no certificate was shown. TLS has checked that the site signed it."""
    transport = request.transport
    ssl_object = transport.get_extra_info("ssl_object") if transport else None
    shown: Any = ssl_object.getpeercert(binary_form=True) if ssl_object else None
    if not shown:
        return None
    try:
        certificate = x509.load_der_x509_certificate(shown)
    except ValueError:
        return None
    return Caller(name_of(certificate), role_of(certificate))
