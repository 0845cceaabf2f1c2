"""What bare C loops carry over veth on this machine: the floor the engine is measured against.

Frames of 4115 datagrams, as 1080p 10 bit in 1260-octet packets (block packing), out by
UDP_SEGMENT in bursts and in by UDP_GRO, between two boxes of the laboratory's network. Nothing is
paced, packed or looked at. The receiver confirms what it took, so that nothing is lost for want of
buffer: what is given is what two cores carry. Not root, the receive buffer is net.core.rmem_max.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from appliance import runner
from appliance.demo.namespaces import Lab

FRAME = 4115  # packets
OCTETS = 1280  # of a datagram: 12 RTP, 8 ST 2110-20 with one SRD, 1260 samples
BURSTS = (16, 8, 5, 4, 1)
PORT = 5004
WINDOW = 16384  # packets on the way at most; less where the receive buffer holds less


def build(folder: Path) -> Path:
    """Compiles floor.c with the system's compiler; raises CommandError with what it said."""
    program = folder / "floor"
    source = Path(__file__).with_name("floor.c")
    runner.run(["cc", "-O2", "-Wall", "-Wextra", "-o", str(program), str(source)])
    return program


def _measure(program: Path, lab: Lab, burst: int, seconds: float, window: int) -> tuple[int, ...]:
    """Packets sent, packets received, and ns from the first to the last received."""
    receiver = lab["rx"].popen(
        [str(program), "receive", str(PORT)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with receiver:
        assert receiver.stdout and receiver.stderr
        try:
            if receiver.stdout.readline() != b"ready\n":
                raise runner.CommandError(f"floor: {receiver.stderr.read().decode().strip()}")
            numbers = (PORT, burst, FRAME, window, seconds, OCTETS)
            sent = lab["tx"].run(
                [str(program), "send", lab["rx"].address(), *map(str, numbers)],
                timeout=seconds + 30,
            )
            received = receiver.stdout.readline().split()
        finally:
            receiver.kill()
    return int(sent.split()[0]), int(received[0]), int(received[1])


def run(
    seconds: float = 2.0, window: int = WINDOW, bursts: Sequence[int] = BURSTS
) -> list[dict[str, Any]]:
    """Rows of {name, burst, frames/s, Gb/s, loss}; loss is a fraction of the packets sent."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder, Lab(["tx", "rx"]) as lab:
        program = build(Path(folder))
        for burst in bursts:
            sent, received, ns = _measure(program, lab, burst, seconds, window)
            rows.append(
                {
                    "name": f"bare loops, bursts of {burst}",
                    "burst": burst,
                    "frames/s": received / FRAME / ns * 1e9,
                    "Gb/s": received * OCTETS * 8 / ns,
                    "loss": (sent - received) / sent,
                }
            )
    return rows


def main() -> None:
    """Prints the table."""
    print(f"{'1080p 10 bit, 4115 packets a frame, over veth':<48} {'frames/s':>9} {'Gb/s':>6} loss")
    for row in run():
        print(f"{row['name']:<48} {row['frames/s']:>9.0f} {row['Gb/s']:>6.1f} {row['loss']:.4%}")


if __name__ == "__main__":
    main()
