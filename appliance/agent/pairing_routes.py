"""Pairing over HTTPS: open only while the box shows its code."""

from __future__ import annotations

import time
from typing import Any

from aiohttp import web
from cryptography import x509

from appliance.agent import certificates
from appliance.agent.box import Box
from appliance.agent.certificates import fingerprint
from appliance.agent.errors import answer, body
from appliance.agent.pairing import BoxSide, Channel, PairingError, Window
from appliance.agent.routes import Route
from appliance.box.desired import SCHEMA, of_tree
from appliance.box.rules import check


class Pairing:
    """One exchange at a time; a new one takes the place of one that was not finished."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._channel: Channel | None = None
        self._window: Window | None = None  # that the channel was made in
        self._proven = False
        self._authority = ""

    def routes(self) -> list[Route]:
        """They are anybody's, while the code is shown."""
        return [
            Route("POST", "/pairing/begin", "", self.begin, "SPAKE2, first message", "see pairing"),
            Route("POST", "/pairing/prove", "", self.prove, "Proof and authority", "see pairing"),
            Route("POST", "/pairing/finish", "", self.finish, "The box's certificate", "sealed"),
        ]

    async def begin(self, request: web.Request) -> web.Response:
        """Each costs one try, also when it is not finished: a code is not to be guessed."""
        self._open()  # before anything is read of one who may not
        tree = await body(request)
        window = self._open()  # nothing waits from here to the try: no two are made at once
        window.tries -= 1
        side = BoxSide(window.code, fingerprint(self._box.shown()))
        self._window, self._proven = window, False
        self._channel = side.channel(tree.get("message"))
        return answer({"message": side.message, "proof": self._channel.proof("box")})

    async def prove(self, request: web.Request) -> web.Response:
        """The controller has the code: it learns the box's request for a certificate."""
        tree = await body(request)
        channel = self._begun(tree, proven=False)
        channel.check("site", tree.get("proof"))
        authority = channel.open(tree.get("sealed")).get("authority", "")
        self._trust(authority, None)  # refuses what is no authority before anything is signed
        self._authority, self._proven = authority, True
        asked = certificates.request(self._box.identity.key, self._box.identity.serial)
        return answer({"sealed": channel.seal({"request": asked.hex()})})

    async def finish(self, request: web.Request) -> web.Response:
        """From the answer on only the site's controllers are heard."""
        tree = await body(request)
        channel = self._begun(tree, proven=True)
        certificate = channel.open(tree.get("sealed")).get("certificate", "")
        try:
            found = x509.load_pem_x509_certificates(certificate.encode())
        except ValueError:
            found = []
        if not found or not certificates.fits(found[0], self._box.identity.key):
            raise PairingError("certificate: is not for this box's key; begin again")
        desired = self._trust(self._authority, certificate)
        self._channel, self._proven = None, False
        self._box.close_pairing()
        await self._box.put(desired, "pairing")
        return answer({"serial": self._box.identity.serial})

    def _open(self) -> Window:
        window = self._box.window
        if window is None or not window.usable(time.monotonic()):
            raise PairingError("pairing: is not open; press the key at the box")
        return window

    def _begun(self, tree: dict[str, Any], *, proven: bool) -> Channel:
        if self._window is None or not self._window.stands(time.monotonic()):
            self._channel = None
        if self._channel is None or self._proven is not proven or "sealed" not in tree:
            raise PairingError("pairing: begin first")
        return self._channel

    def _trust(self, authority: str, certificate: str | None) -> Any:
        """The wanted state with this site in it. Raises RefusedError through put, PairingError."""
        current = self._box.desired
        tree = current.as_json() if current else {"schema": SCHEMA}
        made = of_tree({**tree, "site": {"authorities": [authority], "certificate": certificate}})
        if [problem for problem in check(made) if problem.path.startswith("site")]:
            raise PairingError("authority: is none; begin again")
        return made
