"""The bill of materials of an image (CycloneDX 1.6, JSON): every package whose files are in it.

CycloneDX and not SPDX, since the wheels' own bills (PEP 770: what was compiled into them) are
CycloneDX, and go in as they are below the wheel that brings them. The same tree gives the same
bytes: the serial number is a hash of what the bill says, the time is the build's.

python3 -m image.sbom ROOT OUT [--version V] [--epoch SECONDS]
"""

from __future__ import annotations

import argparse
import json
import sys
import uuid
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from image import inventory
from image.inventory import Component

NAME = "usr/share/rtvbox/sbom.cdx.json"
"""Where a box has its own."""
_SPACE = uuid.UUID("7c7f7b3e-0c39-5f0b-8a6f-3e5b0a2f9c11")
_SITES = "usr/lib/rtvbox/lib/python3*/site-packages"
# Of the tools' root, what is on the boot partition beside the first file system.
_BOOT = (
    "usr/lib/systemd/boot/efi/systemd-bootx64.efi",
    "usr/lib/systemd/boot/efi/linuxx64.efi.stub",
)


def write(
    tree: Path,
    out: Path,
    *,
    version: str,
    epoch: int,
    packages: Path | None = None,
    tools: Path | None = None,
    first: Collection[str] = (),
    lock: str = "",
) -> None:
    """Writes the bill of a tree. packages: the root whose dpkg knows what the tree was made of;
    None: the tree itself. tools: the root that the kernel, the boot loader and the first file
    system came from; first: paths in that file system. lock: image/python.lock. epoch: seconds
    since 1970, UTC."""
    found = inventory.debian(packages or tree, tree, "root")
    if tools is not None:
        found.append(inventory.kernel(tools / "kernel", tree))
        booted = {*first, *_BOOT}
        found += inventory.debian(tools, tools, "boot", only=booted)
    for site in sorted(tree.glob(_SITES)):
        found += inventory.python(tree, site, lock)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(bill(found, version, epoch), indent=1, ensure_ascii=False) + "\n")


def bill(components: Iterable[Component], version: str, epoch: int) -> dict[str, Any]:
    """The whole document."""
    parts = merged(components)
    own: Component = {
        "type": "firmware",
        "bom-ref": f"pkg:generic/rtvbox@{version}",
        "name": "rtvbox",
        "version": version,
        "licenses": [{"license": {"id": "Apache-2.0"}}],
        "purl": f"pkg:generic/rtvbox@{version}",
    }
    moment = datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    said: dict[str, Any] = {
        "metadata": {
            "timestamp": moment,
            "component": own,
            "tools": {"components": [{"type": "application", "name": "rtvbox image build"}]},
        },
        "components": parts,
        "dependencies": [
            {"ref": own["bom-ref"], "dependsOn": [one["bom-ref"] for one in parts]},
        ],
    }
    serial = uuid.uuid5(_SPACE, json.dumps(said, sort_keys=True))
    head = {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": f"urn:uuid:{serial}"}
    return {**head, "version": 1, **said}


def merged(components: Iterable[Component]) -> list[Component]:
    """Each once, by its reference, in order; what is in the root and boots is in both parts."""
    found: dict[str, Component] = {}
    for one in components:
        kept = found.setdefault(one["bom-ref"], one)
        if kept is not one:
            parts = {_part(kept)["value"], _part(one)["value"]}
            _part(kept)["value"] = ", ".join(sorted(parts))
    return [found[key] for key in sorted(found)]


def _part(component: Component) -> dict[str, str]:
    wanted = (one for one in component["properties"] if one["name"] == "rtvbox:part")
    return next(wanted)


def main() -> int:
    """Writes the bill of any Debian root."""
    parser = argparse.ArgumentParser(prog="image.sbom", description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--version", default="0")
    parser.add_argument("--epoch", type=int, default=0)
    wish = parser.parse_args()
    try:
        write(wish.root, wish.out, version=wish.version, epoch=wish.epoch)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}; give the root of a Debian", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
