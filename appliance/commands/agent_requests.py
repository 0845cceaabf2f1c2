"""Passes what a person at the panel asks for on to the box's agent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from appliance.box.link import LinkError, ask
from appliance.panel.requests import (
    Answer,
    ClosePairing,
    FactoryReset,
    OpenPairing,
    Request,
    Restart,
    SetMode,
    SetNetwork,
    SetPattern,
)

_PATIENCE_S = 2.0


class AgentRequests:
    """socket: the agent's. See appliance.panel.requests.Requests."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def ask(self, request: Request) -> Answer:
        """Passes it on."""
        name, values, done = words_of(request)
        try:
            said = asyncio.run(ask(self._socket, name, patience_s=_PATIENCE_S, **values))
        except LinkError as error:
            return Answer(False, str(error))
        return Answer(True, said if isinstance(said, str) else done)


def words_of(request: Request) -> tuple[str, dict[str, Any], str]:
    """The agent's command, its values, and what the glass says when it is done."""
    match request:
        case SetMode(mode):
            return "set_mode", {"mode": mode}, f"Mode {mode}"
        case SetNetwork(network, address, prefix, gateway):
            values = {"network": network, "address": address, "prefix": prefix, "gateway": gateway}
            return "set_network", values, "Network is changed"
        case SetPattern(pattern):
            return "set_pattern", {"pattern": pattern.value}, f"Pattern {pattern.value}"
        case Restart():
            return "restart", {}, "Restarting ..."
        case FactoryReset():
            return "factory_reset", {}, "Forgetting ..."
        case OpenPairing(seconds):
            return "open_pairing", {"seconds": seconds}, ""
        case ClosePairing():
            return "close_pairing", {}, "Pairing is closed"
