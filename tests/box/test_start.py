"""What a service loads before it is ready: every library more is time between power and packets.
Judged by names and not by seconds, which depend on the machine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

UNITS = Path(__file__).resolve().parent.parent.parent / "systemd"

DICOM = ("pydicom", "numpy", "PIL")
WEB = ("aiohttp", "cryptography", "spake2")
FAMILIES = ("drivers.decklink", "drivers.drm", "drivers.file", "drivers.ntv2", "drivers.v4l2")
ENGINE = ("appliance.engine", "appliance.modes")

# What a service needs later, in another mode, or never. The daemons' modules only define; their
# `main` is not called, so no network of the machine that tests is touched.
NOT_LOADED = {
    "appliance.converter.daemon": (*WEB, *FAMILIES, "dbus_fast", "pyroute2", "pyudev"),
    "appliance.net.daemon": (*DICOM, *WEB, *ENGINE, *FAMILIES, "dbus_fast"),
    "appliance.clock.daemon": (*DICOM, *WEB, *ENGINE, *FAMILIES, "pyroute2"),
    "appliance.panel.daemon": (*DICOM, *WEB, *ENGINE, *FAMILIES, "dbus_fast", "pydantic"),
    "appliance.agent.daemon": (*DICOM, *ENGINE, "drivers.file", "drivers.frame", "pyroute2"),
}


def loaded_by(module: str) -> frozenset[str]:
    words = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    return frozenset(json.loads(done.stdout))


@pytest.mark.parametrize("module", NOT_LOADED)
def test_a_service_starts_without_what_it_does_not_need_to_begin(module: str) -> None:
    loaded = loaded_by(module)
    assert module in loaded
    assert not loaded.intersection(NOT_LOADED[module])


def test_what_is_not_loaded_are_names_of_modules() -> None:
    words = {name for names in NOT_LOADED.values() for name in names} - {"drivers.drm"}
    missing = [name for name in sorted(words) if find_spec(name) is None]
    assert not missing  # drivers.drm: not every machine's build has it


def test_the_first_packet_waits_for_networks_and_not_for_the_clock_service() -> None:
    lines = (UNITS / "rtvbox-converter@.service").read_text().splitlines()
    (after,) = (line for line in lines if line.startswith("After="))
    (wants,) = (line for line in lines if line.startswith("Wants="))
    assert "rtvbox-network.service" in after
    assert "rtvbox-clock.service" not in after
    assert "rtvbox-clock.service" in wants


@pytest.mark.parametrize("name", ["rtvbox-agent.service", "rtvbox-panel.service"])
def test_who_carries_no_packet_gives_way_while_the_machine_starts(name: str) -> None:
    (weight,) = re.findall(r"^StartupCPUWeight=(\d+)$", (UNITS / name).read_text(), re.MULTILINE)
    assert int(weight) < 100  # what the others have
