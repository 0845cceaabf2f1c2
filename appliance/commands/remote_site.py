"""The keys of a site: its authority, and this machine's own certificate as its controller."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from cryptography import x509

from appliance.agent import certificates
from appliance.agent.certificates import Key
from appliance.agent.tls import client_context


class Site:
    """folder: authority.pem, authority.key, controller.pem, controller.key. Everything raises
    ValueError, one line."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make(self, name: str) -> None:
        """A new authority. One that is there is never overwritten: boxes trust it."""
        if (self._folder / "authority.key").exists():
            raise ValueError(f"site: {self._folder} has an authority; choose another --site")
        if not 1 <= len(name) <= 64:
            raise ValueError(f"site: its name has {len(name)} characters; give it 1..64")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            key, own = certificates.new_key(), certificates.new_key()
            authority = certificates.new_authority(key, name)
            asked = certificates.request(own, os.uname().nodename)
            controller = certificates.sign(authority, key, asked, "configurator")
            self._write("controller.key", certificates.key_pem(own))
            self._write("controller.pem", certificates.pem(controller).encode())
            self._write("authority.pem", certificates.pem(authority).encode())
            self._write("authority.key", certificates.key_pem(key))
        except OSError as error:
            raise ValueError(f"site: {self._folder}: {error.strerror}; choose another") from None

    def authority(self) -> tuple[x509.Certificate, Key]:
        """The certificate and its key."""
        texts = self._read("authority.pem"), self._read("authority.key")
        try:
            return x509.load_pem_x509_certificate(texts[0]), certificates.load_key(texts[1])
        except ValueError as error:
            raise ValueError(f"site: {self._folder}: {error}") from None

    def context(self) -> ssl.SSLContext:
        """For boxes of this site."""
        authority = self._read("authority.pem").decode("ascii", "replace")
        for name in ("controller.pem", "controller.key"):
            self._read(name)
        try:
            return client_context(
                authority, self._folder / "controller.pem", self._folder / "controller.key"
            )
        except (ssl.SSLError, OSError, ValueError):
            raise ValueError(f"site: {self._folder}: its certificates are damaged") from None

    def any_box(self) -> ssl.SSLContext:
        """For a box that is to be paired: the code proves it, not its certificate."""
        own = self._folder / "controller.pem", self._folder / "controller.key"
        shown = own if all(path.exists() for path in own) else (None, None)
        return client_context(None, *shown)

    def _read(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except OSError as error:
            raise ValueError(
                f"site: {self._folder / name}: {error.strerror}; make the site first: "
                "rtvbox remote site NAME"
            ) from None

    def _write(self, name: str, data: bytes) -> None:
        fd = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
