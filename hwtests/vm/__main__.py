"""`make hwtest-vm`: the hardware tests in a virtual machine, then those of the box's services in
another, where systemd runs them. With arguments, which go to pytest, the first one only.

python -m hwtests.vm [--box] [--shell COMMAND] [--timeout S] [--panel MODEL] [pytest arguments]
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from appliance import runner
from drivers.panel import MODELS, Key
from drivers.panel.emulator import Emulator
from hwtests.vm import kernel, machine

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
DEVICES, BOX = "guest.sh", "box.sh"
"""Second programs of a guest: with devices, and nothing else running; a box under systemd."""


def job(command: str) -> str:
    """What the guest runs: a shell file."""
    return f"{command}\n"


def run(command: str, *, timeout: float, memory_mb: int, panel: str, start: str) -> int:
    """Boots the guest, runs the command in it, and returns its exit code. panel: the model of the
    pretend panel that the guest has on USB. start: the guest's second program."""
    folder = PROJECT / "build" / "vm"
    share = folder / "share"
    shutil.rmtree(share, ignore_errors=True)
    share.mkdir(parents=True)
    system = kernel.fetch(folder)
    first = kernel.first_files(folder, system, HERE / "init.sh")
    (share / "job").write_text(job(command))
    if start == BOX:
        # Compiled here: an emulated processor takes a minute for it.
        python = str(PROJECT / ".venv" / "bin" / "python")
        runner.run([python, "-m", "compileall", "-q", "appliance", "drivers"], cwd=PROJECT)
    emulator = Emulator(panel)
    argv = machine.arguments(
        kernel.image(system),
        first,
        share,
        HERE / start,
        memory_mb=memory_mb,
        panel=emulator.port,
        ports=2 if start == BOX else 0,
    )
    log = share / "console"
    started = time.monotonic()
    guest = machine.start(argv, log)
    try:
        machine.Monitor(
            share, {"press": partial(press, emulator), "glass": partial(glass, emulator)}
        )
        follow(guest, log, started + timeout)
    finally:
        guest.kill()
        guest.wait()
        emulator.close()
    print(f"vm: {time.monotonic() - started:.0f} s")
    try:
        return int((share / "exit").read_text())
    except (OSError, ValueError):
        print(f"vm: the guest came to no end; its console is in {log}", file=sys.stderr)
        return 3


def press(emulator: Emulator, key: str) -> None:
    """A key of the panel, down and up."""
    emulator.press(Key(key))


def glass(emulator: Emulator) -> dict[str, Any]:
    """What the panel shows."""
    picture = emulator.picture()
    return {"rows": picture.rows, "lights": [colour.name for colour in picture.lights]}


def follow(guest: runner.Child, log: Path, until: float) -> None:
    """Prints the console until the guest is off."""
    with log.open(errors="replace") as console:
        while True:
            ended = guest.poll() is not None
            text = console.read()
            sys.stdout.write(text)
            sys.stdout.flush()
            if ended:
                return
            if time.monotonic() > until:
                print("vm: out of time", file=sys.stderr)
                return
            time.sleep(0.2)


def main() -> int:
    """Runs pytest on hwtests in the guest, or a shell command."""
    parser = argparse.ArgumentParser(prog="make hwtest-vm", description=__doc__)
    parser.add_argument("--shell", help="run this in the guest instead of the tests")
    parser.add_argument("--timeout", type=float, default=1500, help="seconds for all of it")
    parser.add_argument("--memory", type=int, default=2048, help="MiB")
    parser.add_argument("--panel", choices=MODELS, default="cfa635", help="the guest's front panel")
    parser.add_argument(
        "--box", action="store_true", help="the guest is a box: its services run under systemd"
    )
    wish, rest = parser.parse_known_args()
    starts = [BOX if wish.box else DEVICES]
    if not (wish.box or wish.shell or rest):
        starts.append(BOX)
    worst = 0
    for start in starts:
        try:
            code = run(
                wish.shell or tests(start, rest),
                timeout=wish.timeout,
                memory_mb=wish.memory,
                panel=wish.panel,
                start=start,
            )
        except runner.CommandError as error:
            print(f"vm: {error}", file=sys.stderr)
            code = 2
        worst = worst or code
    return worst


def tests(start: str, rest: list[str]) -> str:
    """The command that runs the tests of such a guest. rest: what pytest is told beside."""
    bench, folder = ("box.toml", "hwtests/box") if start == BOX else ("vm.toml", "hwtests")
    words = [str(PROJECT / ".venv" / "bin" / "python"), "-m", "pytest", "-p", "no:cacheprovider"]
    words += ["--tb=short", "--bench", f"hwtests/benches/{bench}", *rest]
    if not any(one.startswith("hwtests") for one in rest):
        words += [folder, *(["--ignore=hwtests/box"] if start == DEVICES else [])]
    return shlex.join(words)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
