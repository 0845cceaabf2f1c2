"""What licence a package says it has, as CycloneDX writes it. Pure; texts in, lists out."""

from __future__ import annotations

import re
from email.message import Message
from typing import Any

Licences = list[dict[str, Any]]
"""CycloneDX 1.6 `licenses`: one expression of SPDX, or names and identifiers."""

# Debian's short names (copyright-format 1.0, section 7.1) that are no SPDX identifier but mean one.
_SPDX = {
    "expat": "MIT",
    "apache-2": "Apache-2.0",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "bsd-4-clause": "BSD-4-Clause",
    "bsd-4-clause-uc": "BSD-4-Clause-UC",
    "cc0": "CC0-1.0",
    "zlib": "Zlib",
    "openldap-2.8": "OLDAP-2.8",
    "sil-1.1": "OFL-1.1",
    "gfdl-niv-1.3": "GFDL-1.3-no-invariants-only",
    "gfdl-niv-1.3+": "GFDL-1.3-no-invariants-or-later",
    **{name.lower(): name for name in ("0BSD", "AFL-2.1", "Apache-2.0", "Beerware", "BSL-1.0")},
    **{name.lower(): name for name in ("CC-BY-SA-4.0", "CC0-1.0", "curl", "FSFAP", "FSFUL")},
    **{name.lower(): name for name in ("FSFULLR", "ISC", "MIT", "MIT-CMU", "OFL-1.1", "PSF-2.0")},
    **{name.lower(): name for name in ("Python-2.0", "Unicode-DFS-2016", "X11", "bzip2-1.0.6")},
}
_GNU = re.compile(r"(A?GPL|LGPL)-?v?([123])(?:\.(\d))?(?:\.0)?(\+|-only|-or-later)?", re.I)
_GNUS = ("GPL-1.0", "GPL-2.0", "GPL-3.0", "LGPL-2.0", "LGPL-2.1", "LGPL-3.0", "AGPL-3.0")
_NAME = re.compile(r"^License:[ \t]*(\S[^\n]*)$", re.M)
_COMMON = re.compile(r"/usr/share/common-licenses/([A-Za-z]+(?:-\d+(?:\.\d+)*)?)")
_LONGEST = 80


def of_debian(text: str, where: str) -> Licences:
    """Of a copyright file. where: that file, below the root. The machine-readable ones name
    licences: all that they name, in no relation to each other since they hold for different files.
    The others are for people: they are named themselves, with the common licences they point at,
    which need not hold for the whole."""
    if not text.startswith("Format:"):
        common = ", ".join(sorted(set(_COMMON.findall(text))))
        return [_one(None, f"as in {where}" + (f" (points at {common})" if common else ""))]
    names = {name.strip() for name in _NAME.findall(text)}
    # A full text where a short name belongs is a sentence: its file is named instead.
    short = {name for name in names if len(name.split()) <= 6 and len(name) <= _LONGEST}
    found = [_one(spdx(name), name) for name in sorted(short)]
    if short != names or not short:
        found.append(_one(None, f"as in {where}"))
    return list({str(one): one for one in found}.values())


def spdx(name: str) -> str | None:
    """The SPDX identifier that a Debian short name means; None where it is no single one."""
    if gnu := _GNU.fullmatch(name):
        family, major, minor, later = gnu.groups()
        base = f"{family.upper()}-{major}.{minor or 0}"
        later = "or-later" if later in ("+", "-or-later") else "only"
        return f"{base}-{later}" if base in _GNUS else None
    return _SPDX.get(name.lower())


def of_python(metadata: Message) -> Licences:
    """Of a distribution's METADATA (core metadata 2.4 and before)."""
    if expression := metadata.get("License-Expression"):
        return [{"expression": str(expression)}]
    said = str(metadata.get("License") or "").strip()
    if said and "\n" not in said and len(said) <= _LONGEST:
        return [_one(spdx(said), said)]
    classes = [
        one.rpartition(" :: ")[2]
        for one in metadata.get_all("Classifier") or ()
        if one.startswith("License :: ")
    ]
    return [_one(None, one) for one in dict.fromkeys(classes)]


def of_others(said: Any) -> Licences:
    """Of a component of another's bill: its `licenses`, in a form that 1.6 has whatever its own
    version was. What is no licence in it is left out."""
    found: Licences = []
    for one in said if isinstance(said, list) else ():
        inner = one.get("license") if isinstance(one, dict) else None
        if isinstance(one, dict) and isinstance(one.get("expression"), str):
            return [{"expression": one["expression"]}]
        if isinstance(inner, dict):
            name = inner.get("id") or inner.get("name")
            if isinstance(name, str):
                found.append(_one(name if spdx(name) == name else None, name))
    return found


def _one(identifier: str | None, name: str) -> dict[str, Any]:
    return {"license": {"id": identifier} if identifier else {"name": name}}
