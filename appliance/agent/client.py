"""The other side of the box API: for `rtvbox remote` and whoever scripts boxes."""

from __future__ import annotations

import asyncio
import io
import json
import ssl
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import aiohttp
from cryptography import x509

from appliance.agent import certificates
from appliance.agent.certificates import Key, fingerprint
from appliance.agent.pairing import PairingError, SiteSide

BASE = "/box/v1"
_PATIENCE = aiohttp.ClientTimeout(total=20, connect=5)


class RemoteError(Exception):
    """The box is not reached, or refused. One line; problems: of a refused document."""

    def __init__(
        self, line: str, status: int = 0, problems: tuple[dict[str, str], ...] = ()
    ) -> None:
        super().__init__(line)
        self.status, self.problems = status, problems


class BoxClient:
    """One box. where: HOST or HOST:PORT. context: what is shown and trusted, see tls."""

    def __init__(self, where: str, context: ssl.SSLContext) -> None:
        self._where = where
        self._url = f"https://{where}{BASE}"
        self._context = context
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(ssl=self._context)
        self._session = aiohttp.ClientSession(connector=connector, timeout=_PATIENCE)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._session is not None
        await self._session.close()

    async def get(self, path: str) -> Any:
        """The JSON of a path."""
        return json.loads(await self.text("GET", path))

    async def send(self, method: str, path: str, value: Any = None, **headers: str) -> Any:
        """Sends JSON and returns the answer's."""
        return json.loads(await self.text(method, path, json.dumps(value), **headers))

    async def text(self, method: str, path: str, body: str | None = None, **headers: str) -> str:
        """The body of an answer. Raises RemoteError."""
        assert self._session is not None
        data = None if body is None else io.BytesIO(body.encode("utf-8", "surrogateescape"))
        try:
            async with self._session.request(
                method, self._url + path, data=data, headers=headers
            ) as said:
                text = await said.text()
                if said.status >= 400:
                    raise self._refused(said.status, text)
                return text
        except TimeoutError:
            raise RemoteError(f"{self._where}: no answer in time; is it on?") from None
        except (aiohttp.ClientError, ssl.SSLError, OSError) as error:
            raise RemoteError(f"{self._where}: {_short(error)}") from None

    async def shown(self) -> x509.Certificate:
        """The certificate that the box shows. Raises RemoteError."""
        host, colon, port = self._where.rpartition(":")
        place = (host, int(port)) if colon and port.isdigit() else (self._where, 443)
        try:
            async with asyncio.timeout(5):
                _, writer = await asyncio.open_connection(*place, ssl=self._context)
        except TimeoutError:
            raise RemoteError(f"{self._where}: no answer in time; is it on?") from None
        except (OSError, ssl.SSLError) as error:
            raise RemoteError(f"{self._where}: {_short(error)}") from None
        try:
            der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            return x509.load_der_x509_certificate(der)
        finally:
            writer.close()
            # Some boxes' listeners are slow to say goodbye; nothing is lost then.
            with suppress(OSError, ssl.SSLError, TimeoutError):
                async with asyncio.timeout(1):
                    await writer.wait_closed()

    async def pour(self, path: str, lines: Iterable[str]) -> None:
        """Sends each line to a WebSocket. Raises RemoteError with what the box says first."""
        assert self._session is not None
        try:
            async with self._session.ws_connect(self._url + path) as socket:
                reader = asyncio.create_task(socket.receive())
                loop = asyncio.get_running_loop()
                source = iter(lines)
                while (line := await loop.run_in_executor(None, next, source, None)) is not None:
                    if line.strip():
                        await socket.send_str(line.strip())
                    if reader.done():
                        break
                await asyncio.wait([reader], timeout=0.2)
                if reader.done() and reader.result().type is aiohttp.WSMsgType.TEXT:
                    raise RemoteError(f"{self._where}: {json.loads(reader.result().data)['error']}")
                reader.cancel()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise RemoteError(f"{self._where}: {_short(error)}") from None

    def _refused(self, status: int, text: str) -> RemoteError:
        try:
            tree = json.loads(text)
            line, problems = str(tree["error"]), tuple(tree.get("problems", ()))
        except (ValueError, KeyError, TypeError):
            line, problems = f"HTTP {status}; is it a box?", ()
        return RemoteError(f"{self._where}: {line}", status, problems)


async def pair(
    box: BoxClient, code: str, certificate: x509.Certificate, authority: x509.Certificate, key: Key
) -> str:
    """Pairs a box with a site: the code from its glass, the certificate that it shows. Returns its
    serial number. Raises RemoteError, PairingError."""
    side = SiteSide(code, fingerprint(certificate))
    said = await box.send("POST", "/pairing/begin", {"message": side.message})
    channel = side.channel(said.get("message"), said.get("proof"))
    sealed = channel.seal({"authority": certificates.pem(authority)})
    said = await box.send(
        "POST", "/pairing/prove", {"proof": channel.proof("site"), "sealed": sealed}
    )
    try:
        asked = bytes.fromhex(channel.open(said.get("sealed"))["request"])
        made = certificates.sign(authority, key, asked, "box")
    except (KeyError, ValueError) as error:
        raise PairingError(f"request: {error}") from None
    sealed = channel.seal({"certificate": certificates.pem(made)})
    said = await box.send("POST", "/pairing/finish", {"sealed": sealed})
    return str(said["serial"])


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return "its certificate is not of this site; pair it first"
    # TLS 1.3: a box that does not know our certificate just ends the connection.
    if "disconnected" in text or "reset" in text or "alert" in text.lower():
        return "it ended the connection: it does not trust this controller; pair it with this site"
    if isinstance(error, OSError):  # also aiohttp's own, where no connection is made
        why = error.strerror or text[:200]
        return f"cannot be reached ({why}); is it on, and is this its address?"
    return text[:200]
