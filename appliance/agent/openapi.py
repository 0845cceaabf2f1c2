"""The description of the box API (OpenAPI 3.1), made from its routes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from appliance.agent.routes import Route
from appliance.box.desired import schema

_ERROR = {
    "type": "object",
    "properties": {
        "error": {"type": "string", "description": "one line"},
        "problems": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {key: {"type": "string"} for key in ("path", "what", "remedy")},
            },
        },
    },
    "required": ["error", "problems"],
}


def description(base: str, routes: Iterable[Route]) -> dict[str, Any]:
    """The document."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(base + route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "rtvbox box API", "version": "1"},
        "paths": paths,
        "components": {"schemas": {"Error": _ERROR, "Desired": schema()}},
    }


def _operation(route: Route) -> dict[str, Any]:
    parts = re.findall(r"\{([a-z]+)\}", route.path)
    error = {"$ref": "#/components/schemas/Error"}
    made: dict[str, Any] = {
        "summary": route.says,
        "description": f"Role: {route.role or 'anybody'}.",
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in parts
        ],
        "responses": {
            "200": {"description": "done"},
            "default": {
                "description": "refused: one line, and problems by key path",
                "content": {"application/json": {"schema": error}},
            },
        },
    }
    if route.takes:
        made["requestBody"] = {
            "description": route.takes,
            "required": True,
            "content": {"application/json": {"schema": {}}},
        }
    return made
