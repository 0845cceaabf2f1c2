"""The units: right by systemd's own judgement, no more exposed than said, and the generator."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.box.paths import Paths
from appliance.box.rules import accept
from appliance.box.store import Store
from tests.box.documents import IDLE, RX, TX, changed, text

UNITS = Path(__file__).resolve().parent.parent.parent / "systemd"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))

# Overall exposure by `systemd-analyze security`, 0 to 10, at most: see README's table.
EXPOSURE = {
    "rtvbox-agent.service": 1.6,
    "rtvbox-network.service": 2.3,
    "rtvbox-clock.service": 2.3,
    "rtvbox-ptp4l.service": 2.9,
    "rtvbox-phc2sys.service": 2.3,
    "rtvbox-converter@.service": 2.9,
    "rtvbox-panel.service": 1.0,
    "rtvbox-boot.service": 9.6,  # a oneshot of root's that starts one unit and ends
}


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *words], capture_output=True, text=True, check=False
    )


def test_every_unit_is_judged() -> None:
    assert sorted(EXPOSURE) == SERVICES


@pytest.mark.parametrize("name", SERVICES)
def test_exposure(name: str) -> None:
    said = analyze("security", "--offline=true", str(UNITS / name)).stdout
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert found, said
    assert float(found[1]) <= EXPOSURE[name]


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    for path in UNITS.glob("*.service"):
        words = path.read_text().replace("/usr/lib/rtvbox/bin/python", sys.executable)
        generator = "/usr/lib/systemd/system-generators/rtvbox-generator"
        words = words.replace(generator, str(UNITS / "rtvbox-generator"))
        (tmp_path / path.name).write_text(words)
    shutil.copy(tmp_path / "rtvbox-converter@.service", tmp_path / "rtvbox-converter@tx.service")
    names = [name for name in SERVICES if "@" not in name] + ["rtvbox-converter@tx.service"]
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"}
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in names)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "rtvbox" in line]
    assert not ours, "\n".join(ours)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "rtvbox-boot.service"])
def test_every_daemon_ends_and_is_watched(name: str) -> None:
    words = (UNITS / name).read_text()
    assert "LimitCORE=0" in words
    assert "Restart=" in words
    if "Type=notify" in words:
        assert "WatchdogSec=" in words
    assert "Requires=" not in words  # what is lost degrades and never stops video
    user = re.search(r"^User=(\S+)$", words, re.MULTILINE)
    assert user
    assert f"u {user[1]} " in (UNITS / "rtvbox.sysusers.conf").read_text().replace("  ", " ")


def test_a_converter_that_cannot_live_is_given_up() -> None:
    words = (UNITS / "rtvbox-converter@.service").read_text()
    assert "StartLimitBurst=5" in words
    assert "Restart=on-failure" in words


def generate(tmp_path: Path, **environment: str) -> set[str]:
    out = tmp_path / "generated"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    subprocess.run(
        [UNITS / "rtvbox-generator", out, out, out],
        env={
            **os.environ,
            "RTVBOX_STATE": str(Paths.below(tmp_path).state),
            "CREDENTIALS_DIRECTORY": str(tmp_path / "credentials"),
            "RTVBOX_UNITS": str(UNITS),
            **environment,
        },
        check=True,
    )
    links = (out / "multi-user.target.wants").iterdir()
    return {link.name for link in links if link.resolve().exists()}


@pytest.mark.parametrize(
    ("document", "unit"),
    [
        (TX, "rtvbox-converter@tx.service"),
        (RX, "rtvbox-converter@rx.service"),
        (IDLE, "rtvbox-converter@idle.service"),
        (
            {"schema": 1, "mode": "grandmaster", "clock": {"role": "grandmaster"}},
            "rtvbox-converter@idle.service",
        ),
        # A key or a text that looks like the mode is not taken for it.
        (changed(TX, "label", '"mode": "rx",'), "rtvbox-converter@tx.service"),
    ],
)
def test_the_box_boots_into_its_desired_mode(tmp_path: Path, document: object, unit: str) -> None:
    store = Store(Paths.below(tmp_path).state)
    store.put(accept(text(IDLE)), "test")
    store.put(accept(text(document)), "test")
    assert generate(tmp_path) == {unit}


def test_without_a_state_a_credential_says_it(tmp_path: Path) -> None:
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials/rtvbox.mode").write_text("rx\n")
    assert generate(tmp_path) == {"rtvbox-converter@rx.service"}
    (tmp_path / "credentials/rtvbox.mode").write_text("../../bad; reboot")
    assert generate(tmp_path) == {"rtvbox-converter@idle.service"}


def test_where_the_data_are_not_there_yet_it_is_decided_later(tmp_path: Path) -> None:
    assert generate(tmp_path) == {"rtvbox-boot.service"}


def test_damaged_state_boots_idle(tmp_path: Path) -> None:
    state = Paths.below(tmp_path).state
    state.mkdir(parents=True)
    (state / "desired.json").write_bytes(b"\x00\xff" * 1000)
    assert generate(tmp_path) == {"rtvbox-converter@idle.service"}


def test_users_and_folders_are_as_debian_reads_them(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    for name in ("passwd", "group"):
        (tmp_path / "etc" / name).write_text(
            "root:x:0:0:root:/root:/bin/sh\n" if name == "passwd" else "root:x:0:\n"
        )
    done = subprocess.run(
        ["systemd-sysusers", f"--root={tmp_path}", "--dry-run", UNITS / "rtvbox.sysusers.conf"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Ignoring" not in done.stderr
