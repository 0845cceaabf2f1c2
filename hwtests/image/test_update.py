"""Two versions and the way between them, by RAUC, systemd-boot and the health gate of the image."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.commands.remote_site import Site
from hwtests.image.conftest import MADE, Start, built
from image.qemu.guest import Guest

pytestmark = pytest.mark.vm

OLD, NEW = "0.1.0", "0.1.1"
Figure = Callable[..., None]
_INSTALL_S = 600.0


@pytest.fixture(scope="module")
def stick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the guest has as a disk: the bundle of the new version, and bad ones."""
    built("developer", NEW)
    (bundle,) = MADE.glob(f"rtvbox-{NEW}*.raucb")
    (own,) = MADE.glob(f"rtvbox-{OLD}*.raucb")
    folder = tmp_path_factory.mktemp("stick")
    (folder / "new.rau").hardlink_to(bundle)
    (folder / "own.rau").hardlink_to(own)
    data = bundle.read_bytes()
    (folder / "short.rau").write_bytes(data[: len(data) // 2])
    bad = bytearray(data)
    bad[-200] ^= 1  # in the signature
    (folder / "bad.rau").write_bytes(bad)
    return folder


@pytest.fixture(scope="module")
def guest(start: Start, stick: Path, site: Site) -> Guest:
    """A box with the old version, and the stick."""
    drive = f"file=fat:{stick},if=virtio,format=raw,readonly=on"
    made = start(built("developer", OLD), extra=("-drive", drive))
    settled(made, site)
    made.machine.shell("mkdir -p /run/stick; mount -o ro /dev/vdb1 /run/stick")
    return made


def settled(guest: Guest, site: Site) -> dict[str, Any]:
    """Waits until this boot is judged; the slots."""
    guest.ready(site)
    guest.until("the health gate", lambda: "unhealthy" in observed(guest), every=3.0)
    guest.machine.shell("systemctl is-active --quiet systemd-bless-boot || sleep 5")
    return status(guest)


def observed(guest: Guest) -> str:
    return guest.machine.shell("cat /run/rtvbox/update.json 2>/dev/null || true")


def status(guest: Guest) -> dict[str, Any]:
    """What is in the slots: {"a": "0.1.0 runs, good", ...}"""
    said = guest.machine.shell("rtvbox update status")
    lines = [line.split(None, 2) for line in said.splitlines() if line.startswith("slot ")]
    return {words[1]: " ".join(words[2].split()) for words in lines}


def restart(guest: Guest) -> None:
    """The machine starts again, and its console with it."""
    guest.machine.shell("cat /proc/sys/kernel/random/boot_id")
    before = boot_id(guest)
    guest.machine.shell("systemctl --no-block reboot; true")
    guest.until("another boot", lambda: boot_id(guest) not in ("", before), 600, every=3.0)


def boot_id(guest: Guest) -> str:
    try:
        said = guest.machine.shell("cat /proc/sys/kernel/random/boot_id", patience_s=5)
    except (OSError, TimeoutError):
        return ""
    return said.strip()[-36:]


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("short.rau", "bundle: is "),
        ("bad.rau", "is not signed by a key that this box trusts"),
        ("own.rau", f"{OLD} is not newer than {OLD}"),
        ("none.rau", "is no file"),
    ],
)
def test_what_is_not_to_be_installed_is_refused(guest: Guest, file: str, words: str) -> None:
    said = guest.machine.shell(f"rtvbox update install /run/stick/{file} 2>&1; echo code $?")
    assert words in " ".join(said.split()), said
    assert "Traceback" not in said
    assert "code 0" not in said
    assert status(guest)["b"] == "- empty"


def test_a_first_boot_is_good_when_the_box_works(guest: Guest) -> None:
    assert status(guest)["a"] == f"{OLD} runs, good"


def test_an_installation_cut_off_leaves_what_runs(guest: Guest, site: Site) -> None:
    guest.machine.shell("rtvbox update install /run/stick/new.rau >/run/log 2>&1 & true")
    guest.until("writing", lambda: "Copying" in observed(guest), _INSTALL_S, every=0.5)
    guest.machine.cut_power()
    guest.switch_on()
    found = settled(guest, site)
    assert found["a"] == f"{OLD} runs, good"
    assert found["b"] == "- empty"


def test_a_new_version_is_written_beside_and_starts_with_the_next_restart(
    guest: Guest, site: Site, figure: Figure
) -> None:
    guest.machine.shell("mkdir -p /run/stick; mount -o ro /dev/vdb1 /run/stick")
    began = time.monotonic()
    said = guest.machine.shell(
        "rtvbox update install /run/stick/new.rau 2>&1; echo code $?", patience_s=_INSTALL_S
    )
    figure("installation s", round(time.monotonic() - began, 1))
    assert "code 0" in said, said
    assert status(guest) == {"a": f"{OLD} runs, good", "b": f"{NEW} trial"}
    began = time.monotonic()
    restart(guest)
    found = settled(guest, site)
    figure("restart until judged s", round(time.monotonic() - began, 1))
    assert found == {"a": f"{OLD} good", "b": f"{NEW} runs, good"}


def test_back_to_the_version_before(guest: Guest, site: Site) -> None:
    said = guest.machine.shell("rtvbox update rollback 2>&1")
    assert f"version {OLD} starts with the next restart" in said
    restart(guest)
    assert settled(guest, site) == {"a": f"{OLD} runs, good", "b": f"{NEW} bad"}


def test_a_version_that_does_not_boot_is_left_by_itself(
    guest: Guest, site: Site, figure: Figure
) -> None:
    guest.machine.shell("mkdir -p /run/stick; mount -o ro /dev/vdb1 /run/stick")
    said = guest.machine.shell(
        "rtvbox update install /run/stick/new.rau 2>&1; echo code $?", patience_s=_INSTALL_S
    )
    assert "code 0" in said, said
    # The first block of its root, as a disk that wears out would change it.
    guest.machine.shell("dd if=/dev/urandom of=/dev/disk/by-partlabel/root-b bs=4k count=8; sync")
    began = time.monotonic()
    restart(guest)
    found = settled(guest, site)
    figure("three boots that fail, and back s", round(time.monotonic() - began, 1))
    assert found == {"a": f"{OLD} runs, good", "b": f"{NEW} bad"}
    said = json.loads(observed(guest))
    assert said["version"] == OLD
