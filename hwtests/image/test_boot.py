"""The image from power to its mode, as people outside see it: API, panel, ports, monitor. The
release variant where it is built, else the developer's, which differs by its console alone."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.agent.client import RemoteError
from appliance.commands.remote_site import Site
from hwtests.image.conftest import MADE, Start
from image.qemu import pair
from image.qemu.__main__ import image_of
from image.qemu.guest import Guest

pytestmark = pytest.mark.vm

Figure = Callable[..., None]


@pytest.fixture(scope="module")
def image() -> Path:
    """The newest that was made here."""
    try:
        return image_of(None, MADE)
    except ValueError as error:
        pytest.fail(str(error))


@pytest.fixture(scope="module")
def guest(start: Start, image: Path) -> Guest:
    """A box out of the carton."""
    return start(image)


def frames(guest: Guest, site: Site) -> int:
    """That it has sent."""
    try:
        said = guest.ask(site, "GET", "/status").get("converter") or {}
    except RemoteError:
        return 0
    return int((said.get("counters") or {}).get("frames", 0))


def sends(guest: Guest, site: Site) -> bool:
    """Whether it is a sender whose frames go out."""
    before = frames(guest, site)
    time.sleep(2)
    return frames(guest, site) > before > 0


def test_it_boots_to_idle_and_its_api_answers(guest: Guest, site: Site, figure: Figure) -> None:
    figure("power to an API that answers s", round(guest.ready(site)))
    said = guest.ask(site, "GET", "/identity", paired=False)
    assert said["serial"] == guest.machine.hardware.serial
    assert said["provisioned"] is False


def test_the_panel_shows_the_box(guest: Guest) -> None:
    guest.until("the panel", lambda: "IDLE" in guest.glass)
    assert "rtvbox" in guest.glass
    assert "10.0.2.15" in guest.glass


def test_nothing_listens_but_the_api(guest: Guest) -> None:
    """QEMU's own network forwards one port; what listens is asked for by its other means: the box
    refuses what it does not have open, on the port that is forwarded to 443 alone."""
    port = int(guest.where.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        link.sendall(b"GET / HTTP/1.0\r\n\r\n")
        link.settimeout(10)
        assert b"rtvbox" not in link.recv(4096)  # TLS or nothing


def test_paired_by_its_panel_it_becomes_a_sender(guest: Guest, site: Site, figure: Figure) -> None:
    guest.pair(site)
    began = time.monotonic()
    guest.apply(site, pair.sender())
    guest.until("frames", lambda: frames(guest, site) > 0, every=0.5)
    figure("told to be tx, until a frame was sent s", round(time.monotonic() - began, 1))
    guest.until("the panel", lambda: "TX" in guest.glass)


def test_its_mode_survives_a_restart(guest: Guest, site: Site, figure: Figure) -> None:
    guest.ask(site, "POST", "/reboot")
    began = time.monotonic()
    guest.until("its end", lambda: not answers(guest, site), 120)
    guest.until("frames", lambda: frames(guest, site) > 0, every=1.0)
    figure("restart until frames are sent s", round(time.monotonic() - began))
    assert sends(guest, site)


def test_its_mode_survives_a_power_cut(guest: Guest, site: Site, figure: Figure) -> None:
    guest.machine.cut_power()
    guest.switch_on()
    began = time.monotonic()
    guest.until("frames", lambda: frames(guest, site) > 0, every=1.0)
    figure("power until frames are seen s", round(time.monotonic() - began))


def test_after_a_factory_reset_it_knows_nobody(guest: Guest, site: Site) -> None:
    before = guest.ask(site, "GET", "/identity", paired=False)["fingerprint"]
    guest.ask(site, "POST", "/factory-reset", {"serial": guest.machine.hardware.serial})
    guest.until("its end", lambda: not answers(guest, site), 120)
    guest.ready(site)
    said = guest.ask(site, "GET", "/identity", paired=False)
    assert said["provisioned"] is False
    assert said["fingerprint"] != before
    with pytest.raises(RemoteError):
        guest.ask(site, "GET", "/status")


def answers(guest: Guest, site: Site) -> bool:
    try:
        guest.ask(site, "GET", "/identity", paired=False)
    except RemoteError:
        return False
    return True


def test_a_changed_bit_of_the_root_is_refused(start: Start, image: Path, site: Site) -> None:
    """Sector by sector the root's start is what systemd is read from: one bit of it, and this
    machine starts nothing of it."""
    other = start(image)
    other.machine.cut_power()
    flip(other.machine.hardware.folder / "disk", ROOT_AT + 1024)
    other.switch_on()
    time.sleep(150)
    assert not answers(other, site)


ROOT_AT = 257 << 20
"""Where the root of slot a begins on the disk (image/stages/artefacts.py)."""


def flip(disk: Path, offset: int) -> None:
    """One bit of a machine's disk."""
    from appliance import runner

    said = runner.run(["qemu-io", "-f", "qcow2", "-c", f"read -v {offset} 1", str(disk)])
    old = int(said.split(":", 1)[1].split()[0], 16)
    runner.run(["qemu-io", "-f", "qcow2", "-c", f"write -P {old ^ 1} {offset} 1", str(disk)])
