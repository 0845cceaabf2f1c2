"""What goes wrong in a request, as HTTP says it: a status, one line, and problems by key path."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from appliance.agent.pairing import PairingError
from appliance.agent.staging import StagingError
from appliance.box.problems import RefusedError
from appliance.box.store import ConflictError
from appliance.box.units import UnitsError

BODY_S = 10.0
"""So long a body may take: who sends it slower holds the connection for nothing."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answer(value: Any, *, status: int = 200, **headers: str) -> web.Response:
    """JSON."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)


def failed(status: int, line: str, problems: list[dict[str, str]] | None = None) -> web.Response:
    """The body of every error."""
    return answer({"error": line, "problems": problems or []}, status=status)


@web.middleware
async def say_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """No traceback and no page of the library's own ever leaves the box."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return failed(error.status, f"{request.method} {request.path}: {error.reason}")
    except RefusedError as error:
        problems = [problem.as_json() for problem in error.problems]
        return failed(422, f"{len(problems)} problem(s); nothing has changed", problems)
    except StagingError as error:
        return failed(error.status, str(error))
    except ConflictError as error:
        return failed(412, str(error))
    except PairingError as error:
        return failed(403, str(error))
    except UnitsError as error:
        return failed(503, str(error))
    except ValueError as error:
        return failed(400, " ".join(str(error).split()))
    except ConnectionError:
        raise  # nobody is there any more to be told
    except OSError as error:
        return failed(500, f"the box could not do it ({error.strerror}); look at its disk")
    except Exception as error:
        # Where it was, never what: a request may carry a patient's data.
        place = traceback.extract_tb(error.__traceback__)[-1]
        log = logging.getLogger("rtvbox-agent")
        what = f"{type(error).__name__} in {place.name}, line {place.lineno}"
        log.error("%s %s: %s", request.method, request.path, what)
        return failed(500, "the box made a mistake; its journal says where")


async def octets(request: web.Request) -> bytes:
    """The body, whole. Raises ValueError, one line, and HTTPRequestTimeout."""
    try:
        async with asyncio.timeout(BODY_S):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except web.RequestPayloadError:
        raise ValueError("body: is not whole, or not in its encoding; send it plain") from None


async def body(request: web.Request) -> dict[str, Any]:
    """The object of a request. Raises ValueError, one line."""
    try:
        tree = json.loads(await octets(request))
    except (ValueError, RecursionError):
        raise ValueError("body: is no JSON; send an object") from None
    if not isinstance(tree, dict):
        raise ValueError("body: is no object; send {...}")
    return tree
