"""How a box and a site come to trust each other: a code that stands on the box's glass.

Whoever reads it proves so by SPAKE2 (balanced, Ed25519), bound to the TLS certificate that the box
showed, so that one who sits between the two learns nothing and is noticed. Under the key that both
then have, the box sends a certificate request and the site its certificates.

    controller → box   {"message": A}                           answer {"message": B, "proof": ...}
    controller → box   {"proof": ..., "sealed": {"authority"}}  answer {"sealed": {"request"}}
    controller → box   {"sealed": {"certificate"}}              answer {}
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from spake2 import SPAKE2_A, SPAKE2_B, SPAKEError

DIGITS = 9
LIFE_S = 300
TRIES = 5


class PairingError(ValueError):
    """One line. It says no more than a stranger may know."""


@dataclass
class Window:
    """A code and how often and how long it may be tried. until: monotonic seconds. closed: by the
    person at the box, who may have opened another."""

    code: str
    until: float
    tries: int = TRIES
    closed: bool = False

    @classmethod
    def open(cls, now: float, seconds: float = LIFE_S) -> Window:
        """A new code."""
        return cls(f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}", now + seconds)

    def usable(self, now: float) -> bool:
        """Whether it may still be tried."""
        return self.stands(now) and self.tries > 0

    def stands(self, now: float) -> bool:
        """Whether an exchange that has begun may go on."""
        return now < self.until and not self.closed

    @property
    def spoken(self) -> str:
        """In groups of three."""
        return " ".join(self.code[at : at + 3] for at in range(0, DIGITS, 3))


class Channel:
    """What both ends have after the exchange: proofs, and messages that only they read."""

    def __init__(self, shared: bytes, certificate: bytes) -> None:
        made = HKDF(hashes.SHA256(), 96, certificate, b"rtvbox pairing 1").derive(shared)
        self._box_proof, self._site_proof, self._key = made[:32], made[32:64], made[64:]

    def proof(self, side: str) -> str:
        """What `side` ("box", "site") shows the other."""
        secret = self._box_proof if side == "box" else self._site_proof
        return hmac.digest(secret, side.encode(), "sha256").hex()

    def check(self, side: str, proof: Any) -> None:
        """Raises PairingError when the other end has another code, or another certificate."""
        shown = proof.encode("utf-8", "replace") if isinstance(proof, str) else b""
        if not hmac.compare_digest(shown, self.proof(side).encode()):
            raise PairingError("code: is not the one on the box; read it again")

    def seal(self, values: dict[str, str]) -> str:
        """Values for the other end alone."""
        nonce = secrets.token_bytes(12)
        sealed = ChaCha20Poly1305(self._key).encrypt(nonce, json.dumps(values).encode(), None)
        return base64.b64encode(nonce + sealed).decode()

    def open(self, text: Any) -> dict[str, str]:
        """What the other end sealed. Raises PairingError."""
        try:
            data = base64.b64decode(text, validate=True)
            opened = ChaCha20Poly1305(self._key).decrypt(data[:12], data[12:], None)
            values = json.loads(opened)
        except (ValueError, TypeError, InvalidTag):
            raise PairingError("sealed: cannot be opened; begin again") from None
        if not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values()):
            raise PairingError("sealed: is not understood; begin again")
        return values


class SiteSide:
    """The controller's part of the exchange. certificate: SHA-256 of what the box showed."""

    def __init__(self, code: str, certificate: bytes) -> None:
        self._certificate = certificate
        self._exchange = SPAKE2_A(_digits(code), idA=b"site", idB=b"box")
        self.message: str = self._exchange.start().hex()

    def channel(self, message: Any, proof: Any) -> Channel:
        """From the box's answer. Raises PairingError when the code was wrong."""
        made = Channel(_finish(self._exchange, message), self._certificate)
        made.check("box", proof)
        return made


class BoxSide:
    """The box's part. certificate: SHA-256 of its own."""

    def __init__(self, code: str, certificate: bytes) -> None:
        self._certificate = certificate
        self._exchange = SPAKE2_B(_digits(code), idA=b"site", idB=b"box")
        self.message: str = self._exchange.start().hex()

    def channel(self, message: Any) -> Channel:
        """From the controller's message; whether it had the code is not known before its proof."""
        return Channel(_finish(self._exchange, message), self._certificate)


def _finish(exchange: Any, message: Any) -> bytes:
    try:
        shared: bytes = exchange.finish(bytes.fromhex(message))
    except (SPAKEError, ValueError, TypeError, AssertionError):
        raise PairingError("message: is not understood; begin again") from None
    return shared


def _digits(code: str) -> bytes:
    clean = "".join(char for char in code if char.isdigit())
    if len(clean) != DIGITS:
        raise PairingError(f"code: has {len(clean)} digits, not {DIGITS}; read it again")
    return clean.encode()
