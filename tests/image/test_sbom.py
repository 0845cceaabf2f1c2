"""The bill of materials: what is in it, judged by CycloneDX's own schema and by Debian's dpkg."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from image import inventory, licences, sbom

DPKG = Path("/var/lib/dpkg/status")
STATUS = """Package: libfoo1
Status: install ok installed
Section: libs
Maintainer: Jane Doe <jane@example.org>
Architecture: amd64
Source: foo (1:2.0-1)
Version: 1:2.0-1+b3
Homepage: https://example.org/foo
Description: a library
 of more than
 .
 one line

Package: gone
Status: install ok installed
Section: utils
Maintainer: Jane Doe <jane@example.org>
Architecture: all
Version: 3
Description: trimmed away

Package: removed
Status: deinstall ok config-files
Section: utils
Maintainer: Jane Doe <jane@example.org>
Architecture: all
Version: 4
Description: not installed
"""
COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
License: LGPL-2.1+

Files: a
License: Expat

Files: b
License: Permission is hereby granted, free of charge, to any person obtaining
"""
WHEEL_BILL = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.7",
    "components": [
        {"type": "library", "name": "Pics", "version": "9", "purl": "pkg:pypi/pics@9"},
        {
            "type": "hologram",
            "name": "png",
            "version": "1.6",
            "purl": "pkg:generic/png@1.6",
            "licenses": [{"license": {"id": "From-The-Future-1.0"}}],
            "hashes": [
                {"alg": "SHA-256", "content": "ab" * 32},
                {"alg": "SHA-999", "content": "cd"},
            ],
        },
        {"name": 5},
        "rubbish",
    ],
}


def judged(text: str) -> dict[str, Any]:
    """The document, which is valid CycloneDX 1.6, with references that are each there once and
    purls as they are written."""
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert problem is None, str(problem)[:1000]
    said: dict[str, Any] = json.loads(text)
    every = list(walk(said["components"]))
    references = [one["bom-ref"] for one in every]
    assert len(references) == len(set(references))
    for purl in (one["purl"] for one in every if "purl" in one):
        PackageURL.from_string(purl)
    for purl in (one["purl"] for one in said["components"] if "purl" in one):
        assert PackageURL.from_string(purl).to_string() == purl
    (main,) = said["dependencies"]
    assert set(main["dependsOn"]) == {one["bom-ref"] for one in said["components"]}
    return said


def walk(components: list[dict[str, Any]]) -> Any:
    for one in components:
        yield one
        yield from walk(one.get("components", []))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small root: a library, a package of which nothing is left but its papers, one that was
    removed, and a wheel with a bundled library and a bill."""
    site = "usr/lib/rtvbox/lib/python3.13/site-packages"
    info = f"{site}/Pics-9.dist-info"
    files = {
        "usr/lib/os-release": 'ID=debian\nVERSION_ID="13"\n',
        "var/lib/dpkg/status": STATUS,
        "var/lib/dpkg/info/libfoo1:amd64.list": (
            "/.\n/usr\n/usr/lib\n/usr/lib/libfoo.so.1\n/usr/lib/libfoo.so.1.2\n"
            "/usr/share/doc/libfoo1\n"
        ),
        "var/lib/dpkg/info/gone.list": "/.\n/usr/bin/gone\n/usr/share/doc/gone/copyright\n",
        "var/lib/dpkg/info/removed.list": "/usr/lib/libfoo.so.1.2\n",
        "usr/lib/libfoo.so.1.2": "content",
        "usr/share/doc/foo-common/copyright": COPYRIGHT,
        "usr/share/doc/gone/copyright": "See /usr/share/common-licenses/GPL-2.",
        f"{info}/METADATA": (
            "Metadata-Version: 2.4\nName: Pics\nVersion: 9\nSummary: pictures\n"
            "Author-email: Ann Other <ann@example.org>\nLicense-Expression: MIT-CMU\n\nText: 1\n"
        ),
        f"{info}/RECORD": (
            "pics/__init__.py,sha256=x,1\npics.libs/libpng-0a1b.so.16,,\n../../../../../../etc/x,,\n"
            "pics/gone.py,,\n"
        ),
        f"{info}/sboms/pics.cdx.json": json.dumps(WHEEL_BILL),
        f"{info}/sboms/broken.json": "{",
        f"{site}/pics/__init__.py": "x",
        f"{site}/pics.libs/libpng-0a1b.so.16": "png",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "usr/lib/libfoo.so.1").symlink_to("libfoo.so.1.2")
    (tmp_path / "usr/share/doc/libfoo1").symlink_to("foo-common")
    return tmp_path


def of(root: Path, **more: Any) -> dict[str, Any]:
    out = root.parent / "out" / "bill.json"
    sbom.write(root, out, version="1.2.0", epoch=1_700_000_000, **more)
    return judged(out.read_text())


def test_names_what_is_left_and_nothing_else(root: Path) -> None:
    said = of(root, lock=f"pics==9 --hash=sha256:{'ef' * 32}\n")
    library, wheel = said["components"]
    assert library["purl"] == "pkg:deb/debian/libfoo1@1:2.0-1%2Bb3?arch=amd64&distro=debian-13"
    assert library["publisher"] == "Jane Doe"
    assert library["description"] == "a library"
    (source,) = library["pedigree"]["ancestors"]
    assert (source["name"], source["version"]) == ("foo", "1:2.0-1")
    assert library["licenses"] == [
        {"license": {"id": "MIT"}},
        {"license": {"id": "LGPL-2.1-or-later"}},
        {"license": {"name": "as in usr/share/doc/libfoo1/copyright"}},
    ]
    assert wheel["purl"] == "pkg:pypi/pics@9"
    assert wheel["supplier"] == {"name": "Ann Other"}
    assert wheel["licenses"] == [{"expression": "MIT-CMU"}]
    assert wheel["hashes"] == [{"alg": "SHA-256", "content": "ef" * 32}]
    assert said["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"


def test_what_a_wheel_bundles_is_below_it(root: Path) -> None:
    wheel = of(root)["components"][1]
    bundled, compiled = wheel["components"]
    assert bundled["name"].endswith("pics.libs/libpng-0a1b.so.16")
    said = subprocess.run(
        ["sha256sum", root / bundled["name"]], capture_output=True, text=True, check=True
    )
    assert said.stdout.split()[0] == bundled["hashes"][0]["content"]
    assert (compiled["name"], compiled["version"]) == ("png", "1.6")
    assert compiled["licenses"] == [{"license": {"name": "From-The-Future-1.0"}}]
    assert compiled["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}]


def test_hash_of_files_is_what_sha256sum_says_of_them(root: Path) -> None:
    library = of(root)["components"][0]
    words = {one["name"]: one["value"] for one in library["properties"]}
    said = subprocess.run(
        "sha256sum usr/lib/libfoo.so.1.2 | sha256sum",
        cwd=root,
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    )
    assert words["rtvbox:files"] == "1"
    assert words["rtvbox:files-sha256"] == said.stdout.split()[0]


def test_same_root_same_bytes_other_content_other_serial(root: Path, tmp_path: Path) -> None:
    first, again = tmp_path / "1", tmp_path / "2"
    for out in (first, again):
        sbom.write(root, out, version="1", epoch=5)
    assert first.read_bytes() == again.read_bytes()
    (root / "usr/lib/libfoo.so.1.2").write_text("changed")
    sbom.write(root, again, version="1", epoch=5)
    serials = [json.loads(out.read_text())["serialNumber"] for out in (first, again)]
    assert serials[0] != serials[1]


def test_kernel_and_what_boots_are_of_the_tools_root(root: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    names = {
        "usr/lib/os-release": "ID=debian\nVERSION_ID=13\n",
        "var/lib/dpkg/status": STATUS,
        "var/lib/dpkg/info/libfoo1.list": "/usr/lib/libfoo.so.1.2\n",
        "var/lib/dpkg/info/gone.list": "/usr/bin/gone\n",
        "usr/lib/libfoo.so.1.2": "content",
        "usr/bin/gone": "here it is not",
        "kernel/control": (
            "Package: linux-image-6\nVersion: 6-1\nArchitecture: amd64\nSection: kernel\n"
            "Source: linux\nMaintainer: Kernel <k@example.org>\nDescription: it\n"
        ),
        "kernel/files/usr/share/doc/linux-image-6/copyright": "/usr/share/common-licenses/GPL-2.",
    }
    for name, text in names.items():
        (tools / name).parent.mkdir(parents=True, exist_ok=True)
        (tools / name).write_text(text)
    said = of(root, tools=tools, first=["usr/bin/gone", "init"])
    parts = {
        one["name"]: {word["name"]: word["value"] for word in one["properties"]}["rtvbox:part"]
        for one in said["components"]
    }
    assert parts == {
        "gone": "boot",
        "libfoo1": "root",
        "linux-image-6": "boot, root",
        "Pics": "root",
    }
    said = of(root, tools=tools, first=["usr/lib/libfoo.so.1.2"])
    library = next(one for one in said["components"] if one["name"] == "libfoo1")
    assert library["properties"][0]["value"] == "boot, root"


def test_every_identifier_of_a_licence_is_one() -> None:
    names = ["GPL-1", "GPLv2+", "GPL-3+", "LGPL-2", "LGPL-2.1+", "LGPLv3", "AGPL-3+", "CC0"]
    names += list(licences._SPDX)
    text = "Format: 1.0\n" + "".join(f"License: {name}\n" for name in names)
    found = licences.of_debian(text, "x")
    assert all("id" in one["license"] for one in found)
    assert len(found) == 35
    part = {"type": "file", "bom-ref": "a", "name": "a", "licenses": found, "properties": []}
    judged(json.dumps(sbom.bill([part], "1", 0)))
    for none in ("GPL", "GPL-2.1+", "GPL-2+ or MIT", "BSD"):
        assert licences.spdx(none) is None


def test_a_copyright_file_for_people_is_named_itself() -> None:
    text = "It is free; see /usr/share/common-licenses/GPL-2."
    name = "as in usr/share/doc/a/copyright (points at GPL-2)"
    found = licences.of_debian(text, "usr/share/doc/a/copyright")
    assert found == [{"license": {"name": name}}]


def test_names_in_an_archive() -> None:
    archive = archived({"etc": b"", "etc/odd name": b"12345", "empty": b""})
    assert inventory.names_in(archive + b"\0" * 512 + archive) == 2 * [
        "etc",
        "etc/odd name",
        "empty",
    ]
    with pytest.raises(ValueError, match="no cpio archive at byte 0"):
        inventory.names_in(b"\x28\xb5\x2f\xfd")


def archived(files: dict[str, bytes]) -> bytes:
    """A cpio archive, as the kernel's documentation of initramfs says it is."""
    whole = b""
    for name, content in {**files, "TRAILER!!!": b""}.items():
        numbers = [0, 0o100644, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
        head = b"070701" + b"".join(b"%08X" % one for one in numbers) + name.encode() + b"\0"
        whole += head + b"\0" * (-len(head) % 4) + content + b"\0" * (-len(content) % 4)
    return whole


@pytest.mark.skipif(not DPKG.exists(), reason="this machine is no Debian")
def test_this_machine_as_dpkg_query_reads_it() -> None:
    names = "${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\n"
    told = subprocess.run(
        ["dpkg-query", "-W", "-f", f"${{db:Status-Status}}\t{names}"],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = (line.split("\t") for line in told.stdout.splitlines())
    installed = {tuple(words) for state, *words in lines if state == "installed"}
    here = Path("/")
    made = [
        inventory.package(fields, "debian-12", inventory.copyright_of(here, fields["Package"]))
        for fields in inventory.stanzas(DPKG.read_text())
        if fields["Status"].endswith(" installed")
    ]
    assert {described(one) for one in made} == installed
    # Of these a file is there; nothing else has one of those paths.
    found = inventory.debian(here, here, "root", only={"bin/bash", "usr/bin/bash", "usr/bin/env"})
    assert {one["name"] for one in found} == {"bash", "coreutils"}
    for one in made:
        one["properties"] = found[0]["properties"]
    assert all(one["licenses"] for one in made)
    judged(json.dumps(sbom.bill(made[::10], "1", 0)))  # the schema's judge is slow


def described(component: dict[str, Any]) -> tuple[str, ...]:
    (source,) = component["pedigree"]["ancestors"]
    arch = PackageURL.from_string(component["purl"]).qualifiers["arch"]
    name, version = component["name"], component["version"]
    return name, version, arch, source["name"], source["version"]


def test_command_line_refuses_what_is_no_root_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "image.sbom", str(tmp_path), str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "give the root of a Debian" in done.stderr
    assert len(done.stderr.splitlines()) == 1
