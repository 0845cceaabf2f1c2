"""Who the box is: a key that it made itself, a serial number, a fingerprint to read aloud."""

from __future__ import annotations

import base64
import os
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from appliance.agent import certificates
from appliance.agent.certificates import Key

_MACHINE_ID = Path("/etc/machine-id")
_SERIAL = Path("/sys/class/dmi/id/product_serial")


@dataclass(frozen=True)
class Identity:
    """serial: the maker's, or one made from the machine's id. certificate: self-signed."""

    serial: str
    key: Key
    certificate: x509.Certificate

    @property
    def fingerprint(self) -> str:
        """Of the key, twelve characters a person can compare: XXXX-XXXX-XXXX."""
        return spoken(certificates.fingerprint(self.certificate))


def spoken(digest: bytes) -> str:
    """The first 60 bits of a digest in base 32, in groups of four."""
    text = base64.b32encode(digest[:8]).decode()[:12]
    return "-".join(text[at : at + 4] for at in range(0, 12, 4))


def load_identity(folder: Path) -> Identity:
    """The identity that lies there, made at the first start. Raises OSError; ValueError, one
    line, where what lies there is damaged."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key_file, own_file = folder / "key.pem", folder / "self.pem"
    if not key_file.exists():
        _write(key_file, certificates.key_pem(certificates.new_key()))
    key = certificates.load_key(key_file.read_bytes())
    serial = read_serial()
    certificate = _existing(own_file, key)
    if certificate is None:
        certificate = certificates.self_signed(key, serial)
        _write(own_file, certificates.pem(certificate).encode())
    return Identity(serial, key, certificate)


def forget_identity(folder: Path) -> None:
    """The key is gone: nothing that was encrypted to it or trusted it is of use any more."""
    for name in ("key.pem", "self.pem"):
        path = folder / name
        if path.exists():
            path.write_bytes(os.urandom(path.stat().st_size))
            path.unlink()


def read_serial(dmi: Path = _SERIAL, machine_id: Path = _MACHINE_ID) -> str:
    """The maker's serial number, or one that this machine keeps."""
    for path, prefix in ((dmi, ""), (machine_id, "RTV-")):
        try:
            text = path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        clean = re.sub(r"[^A-Za-z0-9.-]", "", text)
        if prefix and clean:
            return prefix + clean[:8].upper()
        if len(clean) > 3 and not re.fullmatch(r"[0.xX-]+|none|default.*", clean, re.IGNORECASE):
            return clean[:32]
    return "RTV-UNKNOWN"


def _existing(path: Path, key: Key) -> x509.Certificate | None:
    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if certificates.fits(found, key) else None


def _write(path: Path, data: bytes) -> None:
    beside = path.with_name(f".{path.name}.new")
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)
    beside.replace(path)
