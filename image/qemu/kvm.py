"""Whether a machine really runs under KVM here: tried, since /dev/kvm may be there and not work."""

from __future__ import annotations

import os
import select
import time

from appliance import runner
from image.qemu.machine import CODE, FIRMWARE, TCG

_PATIENCE_S = 10.0


def accelerator(wanted: bool) -> str:
    """For QEMU. Raises runner.CommandError where KVM is wanted and does not work: nothing is
    emulated in silence that somebody wanted fast."""
    if not wanted:
        return TCG
    if not works():
        raise runner.CommandError("--kvm: a machine does not start under it here; leave it out")
    return "kvm"


def works() -> bool:
    """Starts the firmware alone: it writes to the debug port as soon as it runs."""
    child = runner.start(
        [
            *("qemu-system-x86_64", "-M", "q35", "-accel", "kvm", "-cpu", "host", "-m", "256"),
            *("-nodefaults", "-display", "none"),
            *("-drive", f"if=pflash,format=raw,readonly=on,file={FIRMWARE / CODE}"),
            *("-chardev", "stdio,id=said", "-device", "isa-debugcon,iobase=0x402,chardev=said"),
        ],
        stdin=runner.DEVNULL,
        stdout=runner.PIPE,
        stderr=runner.DEVNULL,
    )
    try:
        return _speaks(child)
    finally:
        child.kill()
        child.wait()


def _speaks(child: runner.Child) -> bool:
    assert child.stdout is not None
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        ready, _, _ = select.select([child.stdout], [], [], 0.5)
        if ready:
            return bool(os.read(child.stdout.fileno(), 1))
        if child.poll() is not None:
            return False
    return False
