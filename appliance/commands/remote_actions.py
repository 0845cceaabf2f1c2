"""What `rtvbox remote` can do with a box, or with several at one instant."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from appliance.agent.client import BoxClient, RemoteError, pair
from appliance.agent.staging import tai_of, tai_text
from appliance.box.desired import LARGEST
from appliance.box.glance import glance
from appliance.commands.places import read_whole
from appliance.commands.published import shown
from appliance.commands.remote_site import Site

Each = Callable[[BoxClient, list[str], Site], Awaitable[Any]]
Together = Callable[[Sequence[BoxClient], list[str], float | None], Awaitable[None]]


@dataclass(frozen=True)
class Action:
    """each: on one box after the other; together: on all at one instant. takes: its words."""

    each: Each | None = None
    together: Together | None = None
    takes: str = ""
    least: int = 0
    most: int = 0
    timed: bool = False
    before_pairing: bool = False


async def _identity(box: BoxClient, _: list[str], __: Site) -> Any:
    return await box.get("/identity")


async def _pair(box: BoxClient, words: list[str], site: Site) -> str:
    authority, key = site.authority()
    serial = await pair(box, words[0], await box.shown(), authority, key)
    return f"{serial} is of this site now\n"


async def _show(box: BoxClient, _: list[str], __: Site) -> Any:
    return await box.get("/desired")


async def _status(box: BoxClient, _: list[str], __: Site) -> str:
    said = await box.get("/status")
    return shown("status", glance, said, said.pop("silent", {})) + "\n"


async def _json(box: BoxClient, _: list[str], __: Site) -> Any:
    return await box.get("/status")


async def _devices(box: BoxClient, _: list[str], __: Site) -> Any:
    return await box.get("/inventory")


async def _issues(box: BoxClient, _: list[str], __: Site) -> Any:
    return await box.get("/issues")


async def _metrics(box: BoxClient, _: list[str], __: Site) -> str:
    return await box.text("GET", "/metrics")


async def _sdp(box: BoxClient, words: list[str], _: Site) -> str:
    return await box.text("GET", f"/flows/{words[0]}.sdp")


async def _identify(box: BoxClient, words: list[str], _: Site) -> None:
    seconds = int(words[0]) if words and words[0].isdigit() else 10
    await box.send("POST", "/identify", {"seconds": seconds})


async def _rollback(box: BoxClient, _: list[str], __: Site) -> str:
    said = await box.send("POST", "/rollback", {})
    return f"generation {said['generation']} is wanted now\n{_waits(said)}"


async def _confirm(box: BoxClient, _: list[str], __: Site) -> None:
    await box.send("POST", "/confirm", {})


async def _reboot(box: BoxClient, _: list[str], __: Site) -> None:
    await box.send("POST", "/reboot", {})


async def _factory_reset(box: BoxClient, words: list[str], _: Site) -> None:
    await box.send("POST", "/factory-reset", {"serial": words[0]})


async def _cancel(box: BoxClient, _: list[str], __: Site) -> str:
    said = await box.send("DELETE", "/activation")
    return "cancelled\n" if said["cancelled"] else "nothing waited\n"


async def _apply(boxes: Sequence[BoxClient], words: list[str], delay: float | None) -> None:
    if len(words) not in (1, len(boxes)):
        raise ValueError(f"apply: {len(words)} documents for {len(boxes)} boxes; give one each")
    texts = [read_whole(word, "file", "name a document", limit=LARGEST) for word in words]
    documents = [_utf8(text, word) for text, word in zip(texts, words, strict=True)]
    bodies = documents if len(documents) == len(boxes) else documents * len(boxes)
    await _salvo(boxes, "desired", bodies, delay)


async def _patient(boxes: Sequence[BoxClient], words: list[str], delay: float | None) -> None:
    text = "null"
    if words[0] != "none":
        data = read_whole(words[0], "file", "name a patient file, or none", limit=LARGEST)
        text = _utf8(data, words[0])
    await _salvo(boxes, "patient", [text] * len(boxes), delay)


def _utf8(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:  # never with other letters in a name than its author wrote
        raise ValueError(f"file: {name} is not UTF-8; save it as UTF-8") from None


async def _salvo(
    boxes: Sequence[BoxClient], slot: str, bodies: Sequence[str], delay: float | None
) -> None:
    """Prepared on all, then active on all at one instant; on none where one of them refuses."""
    staged: list[tuple[BoxClient, str]] = []
    try:
        for box, body in zip(boxes, bodies, strict=True):
            said = json.loads(await box.text("PUT", f"/staged/{slot}", body))
            staged.append((box, said["etag"]))
        at = None
        if delay is not None or len(boxes) > 1:
            now = max([tai_of((await box.get("/time"))["tai"]) for box in boxes])
            at = tai_text(now + round((1.0 if delay is None else delay) * 1e9))
        asked = [
            box.send("POST", "/activation", {"what": {slot: etag}, "at": at})
            for box, etag in staged
        ]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        wrong = [one for one in answers if isinstance(one, BaseException)]
        if wrong:
            raise wrong[0]
    except RemoteError:
        for box, _ in staged:
            for method, path in (("DELETE", "/activation"), ("DELETE", f"/staged/{slot}")):
                try:
                    await box.send(method, path)
                except RemoteError as error:
                    print(f"rtvbox remote: taking back: {error}", file=sys.stderr)
        raise
    print(f"active at {at} TAI on {len(boxes)} box(es)" if at else "active")
    for one in answers:
        print(_waits(one), end="")


def _waits(said: Any) -> str:
    """What a person must do now so that a change of the network stays."""
    seconds = said.get("confirm_within_s") if isinstance(said, dict) else None
    if seconds is None:
        return ""
    return (
        f"its network changes: within {seconds:.0f} s run rtvbox remote NEW-ADDRESS confirm, "
        "or it changes back\n"
    )


async def _dynamic(box: BoxClient, _: list[str], __: Site) -> None:
    """Lines of standard input as values of the moment."""
    await box.pour("/dynamic", sys.stdin)


ACTIONS: dict[str, Action] = {
    "identity": Action(each=_identity, before_pairing=True),
    "pair": Action(each=_pair, takes="the code on its panel", least=1, most=1, before_pairing=True),
    "apply": Action(together=_apply, takes="a document for each box", least=1, most=16, timed=True),
    "patient": Action(
        together=_patient, takes="a patient file, or none", least=1, most=1, timed=True
    ),
    "cancel": Action(each=_cancel),
    "show": Action(each=_show),
    "status": Action(each=_status),
    "status-json": Action(each=_json),
    "issues": Action(each=_issues),
    "devices": Action(each=_devices),
    "metrics": Action(each=_metrics),
    "sdp": Action(each=_sdp, takes="the flow's id", least=1, most=1),
    "dynamic": Action(each=_dynamic),
    "identify": Action(each=_identify, takes="seconds, or nothing", most=1),
    "confirm": Action(each=_confirm),
    "rollback": Action(each=_rollback),
    "reboot": Action(each=_reboot),
    "factory-reset": Action(each=_factory_reset, takes="the box's serial number", least=1, most=1),
}
