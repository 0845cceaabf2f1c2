"""Where packages come from: the archive that this machine uses, for the box's release."""

from __future__ import annotations

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
    lines = []
    for target in said.splitlines():
        uri, suite, component = target.split()
        for tail in _WANTED:
            if suite in (f"{here}{tail}", f"{here}{tail}/updates") and component == "main":
                lines.append(f"deb {uri} {RELEASE}{tail} main")
    return list(dict.fromkeys(lines))


def _codename() -> str | None:
    try:
        with open("/etc/os-release") as file:
            words = dict(line.rstrip().split("=", 1) for line in file if "=" in line)
    except OSError:
        return None
    if words.get("ID") != "debian":
        return None
    return words.get("VERSION_CODENAME", "").strip('"') or None
