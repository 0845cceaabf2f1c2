"""What a route is, and what a request carries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from appliance.agent.errors import Handler

if TYPE_CHECKING:
    from appliance.agent.box import Box

BOX: web.AppKey[Box] = web.AppKey("box")
BY = "by"
"""Of a request: who asks, for the record."""


@dataclass(frozen=True)
class Route:
    """role: "" anybody, "viewer" who reads, "configurator" who changes. says: one line for the
    description. takes: of its body, "" for none."""

    method: str
    path: str
    role: str
    handler: Handler
    says: str
    takes: str = ""
