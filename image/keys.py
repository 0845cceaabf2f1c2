"""Keys that sign an update and a boot: those of a folder, checked before anything is built, or
throw-away ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from image.shell import BuildError, Shell
from image.stages.artefacts import Signing

UPDATE = ("update.key", "update.crt", "update-ca.crt")
BOOT = ("secureboot.key", "secureboot.crt")
_DEVELOPMENT = "RTVBOX development, NOT for patients"
_DAY = 86400
_SOON_DAYS = 180
_PUBLIC = ("-pubout", "-passin", "pass:")


@dataclass(frozen=True)
class Keys:
    """kind: "given", or "development": made by the build for want of others."""

    kind: str
    signing: Signing


def obtain(shell: Shell, given: Path | None, work: Path) -> Keys:
    """The keys of a folder; without one, throw-away keys made in work/keys, which it says. Raises
    ValueError, one line that names the file, for what cannot sign."""
    folder = given.resolve() if given else work / "keys"
    if given is None:
        _make_up(shell, folder)
        shell.say(
            f"keys: none given, so {folder} signs: whoever has that folder can make updates and "
            "boots for this image; for a box in use: make image KEYS=DIR"
        )
    check(shell, folder)
    files = (folder / name for name in (*UPDATE, *BOOT))
    return Keys("given" if given else "development", Signing(*files))


def check(shell: Shell, folder: Path) -> None:
    """Whether the keys of a folder sign what a box will accept. Raises ValueError."""
    if not folder.is_dir():
        raise ValueError(f"KEYS: {folder} is no folder; give one with {', '.join(UPDATE + BOOT)}")
    if missing := [name for name in (*UPDATE, *BOOT) if not (folder / name).is_file()]:
        raise ValueError(f"KEYS: {folder} has no {', '.join(missing)}; put it there")
    for key, certificate in (UPDATE[:2], BOOT):
        _check_pair(shell, folder / key, folder / certificate)
    authority = folder / UPDATE[2]
    _asked(
        shell,
        f"{folder / UPDATE[1]}: does not follow from {authority.name}, or may not sign; a box "
        "would refuse every update; give the certificate of the authority that issued it",
        *("verify", "-purpose", "smimesign", "-CAfile", authority, folder / UPDATE[1]),
    )
    kind = _asked(
        shell,
        f"{folder / BOOT[0]}: cannot be read",
        *("pkey", "-in", folder / BOOT[0], "-noout", "-text", "-passin", "pass:"),
    )
    if "modulus:" not in kind:
        raise ValueError(f"{folder / BOOT[0]}: is no RSA key, and firmware knows only those")


def _check_pair(shell: Shell, key: Path, certificate: Path) -> None:
    ours = _asked(
        shell,
        f"{key}: is no private key without a passphrase (PEM); write it so: "
        f"openssl pkey -in {key.name} -out new.key",
        *("pkey", "-in", key, *_PUBLIC),
    )
    theirs = _asked(
        shell,
        f"{certificate}: is no certificate (PEM)",
        *("x509", "-in", certificate, "-noout", "-pubkey"),
    )
    if ours != theirs:
        raise ValueError(f"{certificate}: is of another key than {key.name}; give the one of it")
    ends = shell.run("openssl", "x509", "-in", certificate, "-noout", "-enddate").strip()
    ends = ends.partition("=")[2]
    lasts = ("x509", "-in", certificate, "-noout", "-checkend")
    _asked(shell, f"{certificate}: ended {ends}; have it issued anew", *lasts, "0")
    try:
        shell.run("openssl", *lasts, str(_SOON_DAYS * _DAY))
    except BuildError:
        shell.say(f"keys: {certificate.name} ends {ends}: boxes then refuse what it signed")


def _asked(shell: Shell, otherwise: str, *words: str | Path) -> str:
    """What openssl says; ValueError(otherwise) where it refuses."""
    try:
        return shell.run("openssl", *words)
    except BuildError as error:
        if "is not installed" in str(error):
            raise
        raise ValueError(otherwise) from None


def _make_up(shell: Shell, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    for key, certificate in (UPDATE[:2], BOOT):
        if not (folder / key).exists():
            shell.run(
                *("openssl", "req", "-x509", "-newkey", "rsa:3072", "-nodes", "-days", "3650"),
                *("-subj", f"/CN={_DEVELOPMENT}", "-keyout", folder / key),
                *("-out", folder / certificate),
            )
    (folder / UPDATE[2]).write_bytes((folder / UPDATE[1]).read_bytes())
