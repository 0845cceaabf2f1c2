"""Keys that sign an update and a boot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from image.shell import Shell
from image.stages.artefacts import Signing


@dataclass(frozen=True)
class Keys:
    """kind: "given", or "development": made by the build for want of others."""

    kind: str
    signing: Signing


def obtain(shell: Shell, given: Path | None, work: Path) -> Keys:
    """The keys of a folder; without one, throw-away keys made in work/keys, which it says."""
    folder = given or work / "keys"
    if given is None and not (folder / "update.key").exists():
        folder.mkdir(parents=True, exist_ok=True)
        shell.run(
            *("openssl", "req", "-x509", "-newkey", "rsa:3072", "-nodes", "-days", "3650"),
            *("-subj", "/CN=rtvbox development", "-keyout", folder / "update.key"),
            *("-out", folder / "update.crt"),
        )
        (folder / "update-ca.crt").write_bytes((folder / "update.crt").read_bytes())
    boot = (folder / "secureboot.key", folder / "secureboot.crt")
    signing = Signing(
        folder / "update.key",
        folder / "update.crt",
        folder / "update-ca.crt",
        *(boot if boot[0].exists() else (None, None)),
    )
    return Keys("given" if given else "development", signing)
