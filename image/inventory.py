"""What a root holds: Debian's packages, Python's, and what is bundled inside those. Reads folders;
changes nothing. Components are CycloneDX 1.6's."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Collection, Iterable, Mapping
from email import message_from_string
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import quote

from image import licences

Component = dict[str, Any]
_STATUS = "var/lib/dpkg/status"
# Whoever reads only these has nothing of the package but its papers.
_PAPERS = ("usr/share/doc/", "usr/share/man/", "usr/share/lintian/")
_TYPES = frozenset(("application", "framework", "library", "file", "data", "operating-system"))
_LOCKED = re.compile(r"^([\w.-]+)==(\S+) --hash=sha256:([0-9a-f]{64})$", re.M)
_MAIL = re.compile(r"\s*<[^>]*>")


def debian(
    root: Path, tree: Path, part: str, only: Collection[str] | None = None
) -> list[Component]:
    """Packages of root's dpkg that have files in tree (root itself before it was trimmed, or that).
    only: paths below the tree that count; None: all."""
    distribution = distribution_of(root)
    found = []
    for fields in stanzas((root / _STATUS).read_text()):
        if fields.get("Status", "").endswith(" installed"):
            there = [
                path
                for path in _listed(root, fields)
                if (only is None or path in only) and _is_file(tree / path)
            ]
            if any(not path.startswith(_PAPERS) for path in there):
                made = package(fields, distribution, copyright_of(root, fields["Package"]))
                found.append(_with_files(made, tree, there, part))
    return found


def kernel(folder: Path, tree: Path) -> Component:
    """The kernel, which was unpacked and not installed. folder: its control file and its files."""
    (fields,) = stanzas((folder / "control").read_text())
    files = folder / "files"
    made = package(fields, distribution_of(tree), copyright_of(files, fields["Package"]))
    made["type"] = "operating-system"
    there = [
        str(path.relative_to(tree)) for path in sorted((tree / "usr/lib/modules").rglob("*.ko*"))
    ]
    return _with_files(made, tree, there, "boot, root")


def stanzas(text: str) -> list[dict[str, str]]:
    """Of a file of Debian's control syntax; what is said in more lines is joined by newlines."""
    found: list[dict[str, str]] = []
    for block in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        last = ""
        for line in block.splitlines():
            if line[:1] in " \t" and last:
                fields[last] += "\n" + line.strip()
            elif ":" in line:
                last, _, value = line.partition(":")
                fields[last] = value.strip()
        if fields:
            found.append(fields)
    return found


def package(fields: Mapping[str, str], distribution: str, papers: tuple[str, str]) -> Component:
    """A Debian package. papers: its copyright file's text, and where that is."""
    name, version = fields["Package"], fields["Version"]
    source, _, its = fields.get("Source", name).partition(" ")
    its = its.strip("()") or version
    purl = f"pkg:deb/debian/{_quoted(name)}@{_quoted(version)}"
    purl += f"?arch={fields['Architecture']}&distro={_quoted(distribution)}"
    origin = f"pkg:deb/debian/{_quoted(source)}@{_quoted(its)}"
    origin += f"?arch=source&distro={_quoted(distribution)}"
    made: Component = {
        "type": "library" if fields.get("Section", "").endswith("libs") else "application",
        "bom-ref": purl,
        "supplier": {"name": "Debian"},
        "publisher": _MAIL.sub("", fields.get("Maintainer", "Debian")),
        "name": name,
        "version": version,
        "description": fields.get("Description", name).split("\n")[0],
        "licenses": licences.of_debian(*papers),
        "purl": purl,
        "pedigree": {
            "ancestors": [{"type": "library", "name": source, "version": its, "purl": origin}]
        },
    }
    if "Homepage" in fields:
        made["externalReferences"] = [{"type": "website", "url": fields["Homepage"]}]
    return made


def copyright_of(root: Path, name: str) -> tuple[str, str]:
    """The text of a package's copyright file, "" without one; and where that file is."""
    folder = root / "usr/share/doc" / name
    for _ in range(4):
        if not folder.is_symlink():
            break
        folder = Path(os.path.normpath(folder.parent / str(folder.readlink()).lstrip("/")))
    file = folder / "copyright"
    text = file.read_text(errors="replace") if _is_file(file) else ""
    return text, f"usr/share/doc/{name}/copyright"


def distribution_of(root: Path) -> str:
    """As purls name it: debian-13."""
    words: dict[str, str] = {}
    for line in (root / "usr/lib/os-release").read_text().splitlines():
        name, _, value = line.partition("=")
        words[name] = value.strip('"')
    number = words.get("RTVBOX_DEBIAN") or words.get("VERSION_ID", "")
    return f"debian-{number}" if number else "debian"


def python(tree: Path, site: Path, lock: str) -> list[Component]:
    """Distributions in a folder of packages. site: that folder, in tree. lock: lines of
    requirements with hashes, which say what wheel each was unpacked from."""
    wheels = {(_normal(name), version): sha for name, version, sha in _LOCKED.findall(lock)}
    return [
        _distribution(tree, info, wheels)
        for info in sorted(site.glob("*.dist-info"))
        if (info / "METADATA").is_file()
    ]


def _distribution(tree: Path, info: Path, wheels: Mapping[tuple[str, str], str]) -> Component:
    said = message_from_string((info / "METADATA").read_text(errors="replace"))
    name, version = str(said["Name"]), str(said["Version"])
    own = name == "rtvbox"
    reference = f"pkg:{'generic' if own else 'pypi'}/{_normal(name)}@{_quoted(version)}"
    made: Component = {
        "type": "application" if own else "library",
        "bom-ref": f"{reference}#python" if own else reference,
        "name": name,
        "version": version,
        "description": str(said.get("Summary") or name),
        "licenses": licences.of_python(said),
        "purl": reference,
    }
    if maker := maker_of(said):
        made["supplier"] = {"name": maker}
    if wheel := wheels.get((_normal(name), version)):
        made["hashes"] = [{"alg": "SHA-256", "content": wheel}]
    there = recorded(info, tree)
    bundled = [
        _bundled(tree, path, reference) for path in there if re.search(r"\.libs/[^/]+\.so", path)
    ]
    for file in sorted(info.glob("sboms/*.json")):
        bundled += bundled_by(file.read_text(errors="replace"), reference)
    if bundled:
        made["components"] = list({one["bom-ref"]: one for one in bundled}.values())
    return _with_files(made, tree, there, "root")


def maker_of(said: Message) -> str:
    """Who supplies a distribution; "" where it does not say."""
    for field in ("Author", "Maintainer", "Author-email", "Maintainer-email"):
        if name := _MAIL.sub("", str(said.get(field) or "")).strip():
            return name
    return ""


def recorded(info: Path, tree: Path) -> list[str]:
    """Files of a distribution that are in the tree, below it (RECORD; a path in it is relative to
    the folder of packages)."""
    found = []
    for line in (info / "RECORD").read_text(errors="replace").splitlines():
        path = line.rsplit(",", 2)[0].strip('"')
        place = Path(os.path.normpath(info.parent / path))
        if place.is_relative_to(tree) and _is_file(place):
            found.append(str(place.relative_to(tree)))
    return found


def bundled_by(text: str, owner: str) -> list[Component]:
    """Components of the bill that a wheel brings (PEP 770), without the wheel itself. [] for what
    is no CycloneDX."""
    try:
        bill = json.loads(text)
        listed = bill["components"] if bill["bomFormat"] == "CycloneDX" else []
    except (ValueError, KeyError, TypeError):
        return []
    found = []
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            continue
        purl = one.get("purl") if isinstance(one.get("purl"), str) else None
        if purl and purl.startswith("pkg:pypi/"):
            continue
        version = str(one.get("version") or "")
        made: Component = {
            "type": one["type"] if one.get("type") in _TYPES else "library",
            "bom-ref": f"{owner}#{one['name']}@{version}",
            "name": one["name"],
        }
        made |= {"version": version} if version else {}
        made |= {"purl": purl} if purl else {}
        if licence := licences.of_others(one.get("licenses")):
            made["licenses"] = licence
        hashes = [
            {"alg": "SHA-256", "content": sha["content"]}
            for sha in one.get("hashes") or ()
            if isinstance(sha, dict) and sha.get("alg") == "SHA-256"
        ]
        made |= {"hashes": hashes} if hashes else {}
        found.append(made)
    return found


def names_in(archive: bytes) -> list[str]:
    """Paths in a cpio archive of the new ASCII format (one or more behind each other). Raises
    ValueError for anything else."""
    found: list[str] = []
    at = 0
    while at < len(archive):
        if archive[at : at + 1] == b"\0":
            at += 1
            continue
        if archive[at : at + 6] not in (b"070701", b"070702"):
            raise ValueError(f"first file system: no cpio archive at byte {at}")
        size, length = (int(archive[at + n : at + n + 8], 16) for n in (54, 94))
        name = archive[at + 110 : at + 110 + length - 1].decode(errors="replace")
        at += _padded(110 + length) + _padded(size)
        if name != "TRAILER!!!":
            found.append(name.removeprefix("./").lstrip("/"))
    return found


def _padded(size: int) -> int:
    return (size + 3) // 4 * 4


def _bundled(tree: Path, path: str, owner: str) -> Component:
    return {
        "type": "file",
        "bom-ref": f"{owner}#{path}",
        "name": path,
        "hashes": [{"alg": "SHA-256", "content": _sha256(tree / path)}],
    }


def _with_files(made: Component, tree: Path, there: Iterable[str], part: str) -> Component:
    """What is left of it: how many files, and one hash over `sha256sum` of them in order of name,
    since no archive's hash holds once files were left out."""
    lines = [
        f"{_sha256(tree / path)}  {path}\n"
        for path in sorted(set(there))
        if not (tree / path).is_symlink()
    ]
    made["properties"] = [
        {"name": "rtvbox:part", "value": part},
        {"name": "rtvbox:files", "value": str(len(lines))},
        {
            "name": "rtvbox:files-sha256",
            "value": hashlib.sha256("".join(lines).encode()).hexdigest(),
        },
    ]
    return made


def _listed(root: Path, fields: Mapping[str, str]) -> list[str]:
    names = (fields["Package"], f"{fields['Package']}:{fields['Architecture']}")
    for name in names:
        file = root / "var/lib/dpkg/info" / f"{name}.list"
        if file.is_file():
            return [line.lstrip("/") for line in file.read_text().splitlines() if line != "/."]
    return []


def _is_file(path: Path) -> bool:
    """A file or a link; never what a link of the tree would mean on the machine that builds."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) or stat.S_ISLNK(mode)


def _sha256(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _quoted(word: str) -> str:
    """As purls want it: a colon stays."""
    return quote(word, safe=".-_~:")
