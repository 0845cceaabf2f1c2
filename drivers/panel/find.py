"""Which panel is on a port: each family is asked in its own words at its own speed."""

from __future__ import annotations

import re
from contextlib import suppress

from drivers.panel import matrix_orbital
from drivers.panel.cfa_packet import Command
from drivers.panel.crystalfontz import Crystalfontz, Exchange
from drivers.panel.line import Line
from drivers.panel.matrix_orbital import MatrixOrbital
from drivers.panel.model import MODELS, Family, NoAnswer, Panel, PanelModel, PanelRefused

_TRIES = 2


def open_panel(port: str, model: str | None = None) -> Panel:
    """The panel on a port. model: which one it is; None asks, in about a second at most.

    A port where something else listens gets a few octets that it did not expect: give only ports
    where a panel is meant to be.

    Raises PanelGone when none answers (yet), ValueError (one line) for a port that is none, a
    model that is not known, or another model than the one given.
    """
    if model is not None and model not in MODELS:
        raise ValueError(f"model: {model!r} is not known; one of {', '.join(MODELS)}")
    wanted = MODELS.get(model or "")
    line = Line(port, wanted.baud if wanted else 115200)
    try:
        panel = _ask(line, wanted)
    except BaseException:
        line.close()
        raise
    if panel is None:
        line.close()
        raise NoAnswer(f"{port}: no {wanted.name if wanted else 'panel'} answers")
    return panel


def _ask(line: Line, wanted: PanelModel | None) -> Panel | None:
    asked = [wanted] if wanted else list(MODELS.values())
    for baud in sorted({m.baud for m in asked if m.family is Family.CRYSTALFONTZ}, reverse=True):
        line.set_baud(baud)
        panel = _crystalfontz(line, wanted)
        if panel is not None:
            return panel
    for baud in sorted({m.baud for m in asked if m.family is Family.MATRIX_ORBITAL}):
        line.set_baud(baud)
        number = matrix_orbital.ask_type(line)
        if number is not None:
            about = matrix_orbital.TYPES[number]
            return MatrixOrbital(line, MODELS["lk204"], about)
    return None


def _crystalfontz(line: Line, wanted: PanelModel | None) -> Panel | None:
    exchange = Exchange(line)
    about = b""
    try:
        with suppress(PanelRefused):
            about = exchange.command(Command.VERSION, tries=_TRIES)
    except NoAnswer:
        return None
    said = about.decode("ascii", "replace").rstrip("\0 ")
    found = re.match(r"CFA-?(\d{3})", said)
    model = MODELS.get(f"cfa{found[1]}") if found else None
    if wanted is not None and model is not wanted:
        raise ValueError(
            f"model: the panel says {said!r}, which is no {wanted.name}; "
            f"give {model.name if model else 'no model'}"
        )
    if model is None:
        raise ValueError(f"port: a panel answers as {said!r}; known are {', '.join(MODELS)}")
    return Crystalfontz(line, exchange, model, said)
