"""Where packages come from: the archive that this machine uses, for the box's release."""

from __future__ import annotations

from pathlib import Path

from image.shell import Shell

RELEASE = "trixie"
"""Debian 13."""
_WANTED = ("", "-updates", "-security")


def of_machine(shell: Shell) -> list[str]:
    """Lines of a sources.list for the box's release: the places from which this machine gets its
    own, where it is a Debian; [] otherwise: then mmdebstrap knows Debian's own."""
    here = _codename()
    if here is None:
        return []
    said = shell.run(
        *("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)"),
        "Created-By: Packages",
    )
    lines = [
        f"deb {uri} {RELEASE}{tail} main"
        for uri, suite, component in (target.split() for target in said.splitlines())
        for tail in _WANTED
        if suite in (f"{here}{tail}", f"{here}{tail}/updates") and component == "main"
    ]
    return list(dict.fromkeys(lines))


def _codename() -> str | None:
    try:
        text = Path("/etc/os-release").read_text()
    except OSError:
        return None
    words = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    if words.get("ID") != "debian":
        return None
    return words.get("VERSION_CODENAME", "").strip('"') or None
