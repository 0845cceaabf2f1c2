"""Connects a panel, the status and whoever does what is asked. A panel that is missing or goes away
is waited for; nothing else of the box notices."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from appliance.panel.front import Front
from appliance.panel.place import Glass
from appliance.panel.requests import Answer, OpenPairing, Request, Requests
from appliance.panel.status import Status
from drivers.panel.model import Colour, Key, Panel, PanelGone, PanelRefused

AGAIN_S = 0.25
"""Between two looks for a panel that was there a moment ago."""
SELDOM_S = 1.0
"""And for one that is not there for MOMENT_S: most boxes have none, and looking has its price."""
MOMENT_S = 30.0
TICK_S = 0.2
"""Between two looks at the status."""


class _Told:
    """Requests with a line of the log for each: who stood at the box is not known, but that
    someone did is."""

    def __init__(self, requests: Requests, log: logging.Logger) -> None:
        self._requests, self._log = requests, log

    def ask(self, request: Request) -> Answer:
        answer = self._requests.ask(request)
        # A pairing code is for the glass, not for whoever reads the log.
        hidden = isinstance(request, OpenPairing) and answer.taken
        self._log.info("asked at the panel: %s: %s", request, "" if hidden else answer.words)
        return answer


def serve(
    find: Callable[[], Panel],
    look: Callable[[], Status],
    requests: Requests,
    ended: Callable[[], bool],
    log: logging.Logger,
) -> None:
    """Until `ended`. find: opens the panel; raises PanelGone when there is none now, ValueError
    when what is there cannot be used. Each is said once until it changes, not at every try."""
    said = ""
    there = time.monotonic()
    while not ended():
        try:
            panel = find()
        except (OSError, PanelRefused, ValueError) as error:  # PanelGone is an OSError
            if str(error) != said:
                said = str(error)
                log.warning("%s; looking for it again", error)
            _wait(AGAIN_S if time.monotonic() - there < MOMENT_S else SELDOM_S, ended)
            continue
        said = ""
        log.info("found %s (%s)", panel.model.name, panel.about)
        try:
            attend(panel, look, _Told(requests, log), ended)
        except (PanelGone, PanelRefused) as error:
            log.warning("%s", error)
        finally:
            panel.close()
            there = time.monotonic()


def attend(
    panel: Panel, look: Callable[[], Status], requests: Requests, ended: Callable[[], bool]
) -> None:
    """Serves one panel until `ended`; raises PanelGone when it goes. What is shown last stays on
    its glass, so it says that nobody updates it any more."""
    model = panel.model
    glass = Glass(model.columns, model.rows, Key.LEFT in model.keys, panel.about)
    front = Front(glass, model.lights, requests, time.monotonic())
    try:
        while not ended():
            status = look()
            view = front.view(status, time.monotonic())
            panel.show(view.frame.lines, view.frame.cursor)
            panel.light(view.lights)
            panel.backlight(view.backlight)
            for event in panel.keys(TICK_S):
                front.key(event, status, time.monotonic())
    finally:
        front.leave()
    panel.show(["Panel service", "has ended"])
    panel.light([Colour.OFF] * model.lights)


def _wait(seconds: float, ended: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not ended() and time.monotonic() < end:
        time.sleep(min(0.05, seconds))
