"""What RAUC runs before and after it writes a bundle: `python -m appliance.update.handler before`
and `after`. What they print is part of RAUC's own error.

The order that a power cut survives at any instant: the other slot's entry leaves the boot
partition; RAUC writes root and hashes; they are read back; the partitions get their names; the new
entry appears, whole, with its tries. Until that last step the machine starts what runs now.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from appliance import runner
from appliance.update import uki
from appliance.update.entries import TRIES, Entry
from appliance.update.esp import Esp
from appliance.update.partitions import Partitions, slots
from appliance.update.versions import refuse_old

KERNEL = "rtvbox.efi"
"""Name of the entry's file in a bundle."""


def before(parts: Partitions, esp: Esp, environment: Mapping[str, str]) -> None:
    """Refuses what is not newer; then nothing boots the slot that is about to be written."""
    found = slots(parts, esp)
    offered, _ = offers(kernel_of(environment))
    refuse_old(offered, found.version)
    esp.tidy()
    held = found.held.get(found.other)
    if held is not None:
        esp.remove(held.file)


def after(parts: Partitions, esp: Esp, environment: Mapping[str, str]) -> None:
    """What was written is what was signed; then it may be tried."""
    found = slots(parts, esp)
    kernel = kernel_of(environment)
    version, root = offers(kernel)
    os.sync()
    parts.verify(found.other, root)
    parts.name(found.other, root)
    esp.add(kernel, Entry(version, TRIES))


def kernel_of(environment: Mapping[str, str]) -> Path:
    """The entry's file in the bundle that RAUC has checked and mounted."""
    mounted = environment.get("RAUC_BUNDLE_MOUNT_POINT")
    if not mounted:
        raise ValueError("handler: RAUC names no bundle; run it by an installation")
    kernel = Path(mounted) / KERNEL
    if not kernel.is_file():
        raise ValueError(f"bundle: has no {KERNEL}; take one that make image made")
    return kernel


def offers(kernel: Path) -> tuple[str, str]:
    """Version, and hash of the root, that an entry's file starts."""
    with kernel.open("rb") as file:
        number = file.fileno()

        def read(offset: int, count: int) -> bytes:
            return os.pread(number, count, offset)

        return uki.version(read), uki.root_hash(uki.command_line(read))


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
