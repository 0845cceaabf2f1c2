"""Secure Boot: what firmware starts is signed, and files that teach a firmware the key. Those are
written here, since the sbvarsign of Debian 13 signs something else than what firmware checks."""

from __future__ import annotations

import shutil
import struct
import uuid
from datetime import UTC, datetime
from pathlib import Path

from image.shell import Shell
from image.stages.artefacts import Signing

OWNER = uuid.UUID("5d1ce1f0-6f0c-4b57-9d0b-2c5a5f0e7a11")
"""Under which name a firmware lists the key."""
_GLOBAL = uuid.UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c")
_IMAGE_SECURITY = uuid.UUID("d719b2cb-3d3a-4596-a3bc-dad00e67656f")
VARIABLES = {"PK": _GLOBAL, "KEK": _GLOBAL, "db": _IMAGE_SECURITY}
_X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")
_PKCS7 = uuid.UUID("4aafd29d-68df-49ee-8aa9-347d375665a7")
# Kept, for boot services and run time, authenticated by time.
_ATTRIBUTES = 0x01 | 0x02 | 0x04 | 0x20


def sign(shell: Shell, tools: Path, file: Path, signing: Signing, *, epoch: int) -> None:
    """Signs a program of the firmware's kind in its place; leaves it as it is without a key. The
    signature bears epoch, which no firmware looks at: so that the same keys sign the same bytes."""
    if signing.boot_key is None or signing.boot_certificate is None:
        return
    moment = datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M:%S")
    signed = file.with_name(f"{file.name}.signed")
    shell.inside(
        tools,
        *("faketime", "-f", moment, "sbsign", "--key", f"/key/{signing.boot_key.name}"),
        *("--cert", f"/key/{signing.boot_certificate.name}"),
        *("--output", f"/out/{signed.name}", f"/out/{file.name}"),
        places={"/out": file.parent, "/key": signing.boot_key.parent},
    )
    signed.replace(file)


def enrolment(shell: Shell, out: Path, signing: Signing, *, epoch: int) -> None:
    """Makes the folder out: PK.auth, KEK.auth and db.auth, as systemd-boot enrols them from
    /loader/keys/NAME of the boot partition and firmwares from their menus, and the certificate.
    One key is all three; a site with keys of its own enrols only db, signed by its KEK."""
    shutil.rmtree(out, ignore_errors=True)
    if signing.boot_key is None or signing.boot_certificate is None:
        return
    out.mkdir(parents=True)
    certificate = out / "certificate.der"
    shell.run(
        *("openssl", "x509", "-in", signing.boot_certificate),
        *("-outform", "DER", "-out", certificate),
    )
    listed = signature_list(certificate.read_bytes())
    content, signature = out / "content", out / "signature"
    for name, space in VARIABLES.items():
        content.write_bytes(covered(name, space, listed, epoch))
        shell.run(
            *("openssl", "cms", "-sign", "-binary", "-noattr", "-md", "sha256", "-outform", "DER"),
            *("-signer", signing.boot_certificate, "-inkey", signing.boot_key),
            *("-in", content, "-out", signature),
        )
        (out / f"{name}.auth").write_bytes(update(signature.read_bytes(), listed, epoch))
    content.unlink()
    signature.unlink()


def signature_list(certificate: bytes) -> bytes:
    """EFI_SIGNATURE_LIST of one certificate in DER (UEFI 2.10, 32.4.1)."""
    size = 16 + len(certificate)
    head = _X509.bytes_le + struct.pack("<III", 28 + size, 0, size)
    return head + OWNER.bytes_le + certificate


def covered(name: str, space: uuid.UUID, listed: bytes, epoch: int) -> bytes:
    """What the signature of a variable's new value covers (UEFI 2.10, 8.2.2)."""
    head = name.encode("utf-16-le") + space.bytes_le + struct.pack("<I", _ATTRIBUTES)
    return head + efi_time(epoch) + listed


def update(signature: bytes, listed: bytes, epoch: int) -> bytes:
    """EFI_VARIABLE_AUTHENTICATION_2 and the value. signature: CMS in DER; firmwares want its
    SignedData without the ContentInfo around it."""
    bare = _inner(_inner(signature, skip=1))
    head = struct.pack("<IHH", 24 + len(bare), 0x0200, 0x0EF1) + _PKCS7.bytes_le
    return efi_time(epoch) + head + bare + listed


def efi_time(epoch: int) -> bytes:
    """EFI_TIME: UTC, whole seconds. A firmware takes a later value of a variable only with a later
    time."""
    at = datetime.fromtimestamp(epoch, UTC)
    return struct.pack(
        *("<HBBBBBxIhBx", at.year, at.month, at.day, at.hour, at.minute, at.second, 0, 0, 0)
    )


def _inner(der: bytes, skip: int = 0) -> bytes:
    """The content of a DER value, without its first parts."""
    at, _ = _bounds(der, 0)
    for _ in range(skip):
        _, at = _bounds(der, at)
    return der[at:]


def _bounds(der: bytes, at: int) -> tuple[int, int]:
    """Where the content of the value at a place begins, and where it ends."""
    size = der[at + 1]
    if size < 0x80:
        return at + 2, at + 2 + size
    begin = at + 2 + (size & 0x7F)
    return begin, begin + int.from_bytes(der[at + 2 : begin], "big")
