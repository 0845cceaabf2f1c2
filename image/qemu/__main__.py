"""`make boot` and `make boot-pair`: the image in a virtual machine, one box or two.

python -m image.qemu boot [--port P] [--image FILE] [--credential NAME=FILE] [--kvm]
python -m image.qemu pair [--check SECONDS] [--image FILE] [--kvm]
"""

from __future__ import annotations

import argparse
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from appliance import runner
from appliance.agent.client import RemoteError
from appliance.agent.pairing import PairingError
from appliance.box.glance import glance
from appliance.commands.glass import keyboard, keys_of
from appliance.commands.remote_site import Site
from appliance.commands.running import Signals
from drivers.panel.emulator import drawn
from image.qemu import pair, shown
from image.qemu.guest import Guest
from image.qemu.kvm import accelerator
from image.qemu.machine import CODE, FIRMWARE

MADE = Path(__file__).resolve().parents[2] / "build" / "image"
_STATUS_S = 2.0
_WIDE = 62


def main(argv: list[str] | None = None) -> int:
    """The exit code: 0 good, 1 something failed, 2 bad input."""
    parser = argparse.ArgumentParser(prog="make boot", description=__doc__)
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    one = what.add_parser("boot", help="one box, its panel in this terminal")
    one.add_argument("--port", type=int, default=8443, help="of 127.0.0.1, leads to the box's API")
    one.add_argument(
        "--credential",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="a credential for the first boot: rtvbox.config=tower.json",
    )
    two = what.add_parser("pair", help="a sender and a receiver on one network")
    two.add_argument(
        "--check", type=float, metavar="SECONDS", help="judge the flow for so long, and end"
    )
    for each in (one, two):
        each.add_argument("--image", type=Path, help="a disk image; else the newest that was made")
        each.add_argument("--kvm", action="store_true", help="not emulated, where that works")
    wish = parser.parse_args(argv)
    try:
        return boot(wish) if wish.what == "boot" else boot_pair(wish)
    except ValueError as error:
        print(f"make boot: {error}", file=sys.stderr)
        return 2
    except (TimeoutError, RemoteError, PairingError, runner.CommandError) as error:
        print(f"make boot: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def boot(wish: argparse.Namespace) -> int:
    """One box until Ctrl-C."""
    image = image_of(wish.image)
    _free(wish.port)
    credentials = dict(_credential(text) for text in wish.credential)
    with _folder() as folder, ExitStack() as stack, Signals().caught() as signals:
        guest = Guest(
            folder / "box",
            image,
            api=wish.port,
            credentials=credentials,
            accelerator=accelerator(wish.kvm),
        )
        stack.callback(guest.close)
        guest.switch_on()
        print(f"{image.name}: API on https://127.0.0.1:{wish.port}, console in {folder}/box")
        if not sys.stdout.isatty() or not sys.stdin.isatty():
            return _unattended(guest, signals)
        before = 0
        with keyboard() as number:
            while guest.machine.on and not signals.end:
                before = shown.write([*drawn(guest.panel.picture()), shown.help_line()], before)
                for key in keys_of(number):
                    guest.panel.press(key)
    return 0


def _unattended(guest: Guest, signals: Signals) -> int:
    """Prints the glass whenever it changes."""
    glass: list[str] = []
    while guest.machine.on and not signals.end:
        now = drawn(guest.panel.picture())
        if now != glass:
            glass = now
            print("\n".join(glass), flush=True)
        time.sleep(0.5)
    return 0


def boot_pair(wish: argparse.Namespace) -> int:
    """Two boxes until Ctrl-C, or for so many seconds."""
    image = image_of(wish.image)
    with _folder() as folder, ExitStack() as stack, Signals().caught() as signals:
        site = Site(folder / "site")
        site.make("boot-pair")
        data = unused(socket.SOCK_DGRAM)
        guests = []
        for number, name in ((1, "tx"), (2, "rx")):
            guest = Guest(
                folder / name,
                image,
                number=number,
                api=unused(),
                data=data,
                accelerator=accelerator(wish.kvm),
            )
            stack.callback(guest.close)
            guest.switch_on()
            guests.append(guest)
        tx, rx = guests
        pair.set_up(site, tx, rx, lambda line: print(line, flush=True))
        if wish.check is not None:
            return _judged(site, tx, rx, wish.check)
        before = 0
        while tx.machine.on and rx.machine.on and not signals.end:
            before = shown.write(screen(site, tx, rx), before)
            time.sleep(_STATUS_S)
    return 0


def screen(site: Site, tx: Guest, rx: Guest) -> list[str]:
    """Both boxes."""
    columns = []
    for title, guest in (("Tx box", tx), ("Rx box", rx)):
        said = guest.ask(site, "GET", "/status")
        lines = glance(said, said.pop("silent", {}))
        columns.append(shown.box(title, drawn(guest.panel.picture()), lines))
    return shown.beside(columns[0], columns[1], _WIDE)


def _judged(site: Site, tx: Guest, rx: Guest, seconds: float) -> int:
    """Watches for so long; 0 where the clock locked and every frame came whole."""
    rx.until("a clock that is locked", lambda: _clock(rx, site) == "locked", every=1.0)
    first = pair.counters_of(rx, site)
    time.sleep(seconds)
    last = pair.counters_of(rx, site)
    print("\n".join(screen(site, tx, rx)))
    wrong = pair.judge(first, last, seconds, _clock(rx, site))
    for line in wrong:
        print(f"make boot-pair: {line}", file=sys.stderr)
    if not wrong:
        print(
            f"{last['presented'] - first['presented']} frames in {seconds:g} s, "
            "no packet lost, none concealed, clock locked"
        )
    return int(bool(wrong))


def _clock(guest: Guest, site: Site) -> str:
    return str((guest.ask(site, "GET", "/status").get("clock") or {}).get("state"))


def image_of(given: Path | None, made: Path = MADE) -> Path:
    """The image to start. Raises ValueError, one line."""
    for program in ("qemu-system-x86_64", "qemu-img"):
        if shutil.which(program) is None:
            raise ValueError(f"{program}: is not installed; run: make boot")
    if not (FIRMWARE / CODE).exists():
        raise ValueError(f"{FIRMWARE / CODE}: is not installed; run: make boot")
    if given is not None:
        if not given.is_file():
            raise ValueError(f"image: {given} is no file; give a disk image, or run: make image")
        return given
    found = sorted(made.glob("rtvbox-*.img"), key=lambda file: file.stat().st_mtime)
    if not found:
        raise ValueError("image: none was made yet; run: make image")
    return found[-1]


def _credential(text: str) -> tuple[str, str]:
    name, equals, file = text.partition("=")
    if not equals or not name.startswith("rtvbox."):
        raise ValueError(f"credential: {text!r}; write NAME=FILE, rtvbox.config=tower.json")
    try:
        return name, Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"credential: {file} cannot be read ({error}); name a file") from None


def _free(port: int) -> None:
    if not 0 < port < 65536:
        raise ValueError(f"port: {port} is not 1..65535; choose another")
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError as error:
            raise ValueError(
                f"port: {port} cannot be had ({error.strerror}); choose another with --port"
            ) from None


def unused(kind: int = socket.SOCK_STREAM) -> int:
    """A port of 127.0.0.1 that nobody has now."""
    with socket.socket(socket.AF_INET, kind) as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="rtvbox-boot-") as place:
        yield Path(place)


if __name__ == "__main__":
    sys.exit(main())
