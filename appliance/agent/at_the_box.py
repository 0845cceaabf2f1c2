"""What may be asked over the agent's own socket: by the front panel and by `rtvbox` at the box.
Who may connect is decided by the socket's group."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from appliance.agent.box import Box
from appliance.box.issues import Severity
from appliance.box.store import ConflictError
from appliance.box.units import UnitsError

_PANEL = "panel"


def handlers(box: Box) -> dict[str, Callable[[dict[str, Any]], Awaitable[Any]]]:
    """By name. They raise ValueError, one line."""

    async def reload(_: dict[str, Any]) -> None:
        box.follow()

    async def set_mode(values: dict[str, Any]) -> int:
        return await _change(mode=values.get("mode"))

    async def set_pattern(values: dict[str, Any]) -> int:
        tree = box.desired.as_json() if box.desired else {}
        if not tree.get("input"):
            raise ValueError("test pattern: this box has no input; provision it first")
        return await _change(input={**tree["input"], "test_pattern": values.get("pattern")})

    async def set_network(values: dict[str, Any]) -> int:
        name = str(values.get("network"))
        networks = box.desired.as_json()["networks"] if box.desired else {}
        if not networks.get(name):
            raise ValueError(f"network: {name} is none of this box; provision it first")
        own = dict(networks[name])
        if values.get("address") is None:
            own |= {"method": "dhcp", "address": None, "gateway": None}
        else:
            address = f"{values['address']}/{values.get('prefix')}"
            own |= {"method": "static", "address": address, "gateway": values.get("gateway")}
        return await _change(networks={**networks, name: own})

    async def open_pairing(values: dict[str, Any]) -> str:
        seconds = values.get("seconds", 120)
        if type(seconds) is not int or not 10 <= seconds <= 600:
            raise ValueError("seconds: is not 10..600; give whole seconds")
        return box.open_pairing(seconds).spoken

    async def close_pairing(_: dict[str, Any]) -> None:
        box.close_pairing()

    async def restart(_: dict[str, Any]) -> None:
        try:
            await box.reboot()
        except UnitsError as error:
            raise ValueError(str(error)) from None

    async def factory_reset(_: dict[str, Any]) -> None:
        await box.factory_reset()

    async def rollback(_: dict[str, Any]) -> int:
        made = box.store.rollback(_PANEL)
        box.follow()
        await box.tell("reload")
        return made.number

    async def _change(**parts: Any) -> int:
        if box.desired is not None and box.desired.panel.locked:
            raise ValueError("panel: is locked by the site; change it at the Configurator")
        try:
            return (await box.change(_PANEL, **parts)).number
        except ConflictError as error:
            raise ValueError(str(error)) from None

    return {
        "reload": reload,
        "set_mode": set_mode,
        "set_pattern": set_pattern,
        "set_network": set_network,
        "open_pairing": open_pairing,
        "close_pairing": close_pairing,
        "restart": restart,
        "factory_reset": factory_reset,
        "rollback": rollback,
    }


def own_of(issues: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Issues as the panel reads them: those whose severity it knows."""
    known = {severity.value for severity in Severity}
    return [issue for issue in issues if issue.get("severity") in known]
