"""What RAUC runs before and after it writes a bundle: `python -m appliance.update.handler before`
and `after`. What they print is part of RAUC's own error.

The order that a power cut survives at any instant: the other slot's entry leaves the boot
partition; RAUC writes root and hashes; they are read back; the partitions get their names; the new
entry appears, whole, with its tries. Until that last step the machine starts what runs now.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from appliance import runner
from appliance.update.entries import TRIES, Entry
from appliance.update.esp import Esp
from appliance.update.partitions import Partitions, slots
from appliance.update.uki import command_line, root_hash
from appliance.update.versions import refuse_old

KERNEL = "rtvbox.efi"
"""Name of the entry's file in a bundle."""


def before(parts: Partitions, esp: Esp, environment: Mapping[str, str]) -> None:
    """Refuses what is not newer; then nothing boots the slot that is about to be written."""
    found = slots(parts, esp)
    refuse_old(bundle_version(environment), found.version)
    esp.tidy()
    held = found.held.get(found.other)
    if held is not None:
        esp.remove(held.file)


def after(parts: Partitions, esp: Esp, environment: Mapping[str, str]) -> None:
    """What was written is what was signed; then it may be tried."""
    found = slots(parts, esp)
    version = bundle_version(environment)
    mounted = environment.get("RAUC_BUNDLE_MOUNT_POINT")
    if not mounted:
        raise ValueError("handler: RAUC names no bundle; run it by an installation")
    kernel = Path(mounted) / KERNEL
    if not kernel.is_file():
        raise ValueError(f"bundle: has no {KERNEL}; it is not made by make image")
    with kernel.open("rb") as file:
        root = root_hash(command_line(_reader(file.fileno())))
    os.sync()
    parts.verify(found.other, root)
    parts.name(found.other, root)
    esp.add(kernel, Entry(version, TRIES))


def bundle_version(environment: Mapping[str, str]) -> str:
    """Of the bundle that RAUC installs."""
    version = environment.get("RAUC_BUNDLE_VERSION") or environment.get("RAUC_MF_VERSION")
    if not version:
        raise ValueError("bundle: says no version; it is not made by make image")
    return version


def _reader(number: int) -> Callable[[int, int], bytes]:
    return lambda offset, count: os.pread(number, count, offset)


def main(argv: list[str], environment: Mapping[str, str]) -> int:
    """The exit code."""
    steps = {"before": before, "after": after}
    if len(argv) != 1 or argv[0] not in steps:
        print("usage: before|after, run by RAUC", file=sys.stderr)
        return 2
    try:
        steps[argv[0]](Partitions(), Esp(), environment)
    except (ValueError, OSError, runner.CommandError) as error:
        print(f"rtvbox: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
