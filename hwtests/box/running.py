"""systemd's and the kernel's own words about the services of the box that this runs on."""

from __future__ import annotations

import json
import pwd
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STATE = Path("/var/lib/rtvbox")
# Services that always run, each with its user and the capabilities it may hold.
SERVICES = {
    "rtvbox-agent": ("rtvbox-agent", {"net_bind_service"}),
    "rtvbox-network": ("rtvbox-network", {"net_admin", "net_raw", "net_bind_service"}),
    "rtvbox-clock": ("rtvbox-clock", {"sys_time"}),
    "rtvbox-panel": ("rtvbox-panel", set[str]()),
}
CONVERTER = "rtvbox-converter@{}"
CONVERTS = ("rtvbox-converter", {"sys_nice", "ipc_lock", "net_admin", "net_raw"})
_CAPABILITIES = {
    "net_bind_service": 10,
    "net_admin": 12,
    "net_raw": 13,
    "ipc_lock": 14,
    "sys_nice": 23,
    "sys_time": 25,
}


def said(*argv: str, check: bool = True) -> str:
    """What a command prints. AssertionError with its complaint where it fails and must not."""
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    assert not check or done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def show(unit: str, *names: str) -> list[str]:
    """Properties of a unit, in the order asked for."""
    lines = said("systemctl", "show", unit, *(f"--property={name}" for name in names)).splitlines()
    table = dict(line.split("=", 1) for line in lines)
    return [table[name] for name in names]


def state(unit: str) -> str:
    """Of a unit: active, inactive, failed."""
    return show(unit, "ActiveState")[0]


def pid(unit: str) -> int:
    """Its main process; 0 where it has none."""
    return int(show(unit, "MainPID")[0])


def memory(unit: str) -> float:
    """MB that it has for itself, without what the kernel keeps of the files it read."""
    file = Path("/sys/fs/cgroup") / show(unit, "ControlGroup")[0].lstrip("/") / "memory.stat"
    table = dict(line.split() for line in file.read_text().splitlines())
    return int(table["anon"]) / 1e6


def process(number: int) -> dict[str, str]:
    """/proc/PID/status."""
    lines = Path(f"/proc/{number}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def user_of(number: int) -> str:
    """Its user's name."""
    return pwd.getpwuid(int(process(number)["Uid"].split()[0])).pw_name


def capabilities(number: int) -> set[str]:
    """What it holds; a capability that no service of ours has is an error."""
    mask = int(process(number)["CapEff"], 16)
    held = {name for name, bit in _CAPABILITIES.items() if mask >> bit & 1}
    assert mask == sum(1 << _CAPABILITIES[name] for name in held), hex(mask)
    return held


def until(there: Callable[[], Any], what: str, seconds: float = 120) -> float:
    """Waits; seconds until it was there. AssertionError with what the box says of itself."""
    began = time.monotonic()
    while not there():
        if time.monotonic() - began > seconds:
            units = said("systemctl", "--no-pager", "list-units", "--all", "rtvbox*")
            last = said("journalctl", "--no-pager", "-b", "-n", "40")
            raise AssertionError(f"no {what} after {seconds} s\n{units}\n{status()}\n{last}")
        time.sleep(0.2)
    return time.monotonic() - began


def status() -> str:
    """`rtvbox status` as a person at the box reads it; it ends with 1 where there is an error."""
    return said("rtvbox", "status", check=False)


def observed(service: str) -> dict[str, Any]:
    """What a service says of itself; {} where it says nothing."""
    try:
        every = json.loads(Path(f"/run/rtvbox/{service}.json").read_text())
    except (OSError, ValueError):
        return {}
    return every if isinstance(every, dict) else {}


def issues() -> set[str]:
    """Identities of what is wrong now."""
    try:
        every = json.loads(Path("/run/rtvbox/issues.json").read_text())
    except (OSError, ValueError):
        return set()
    return {str(one["id"]) for one in every}


def journal(*words: str) -> str:
    """The journal of this boot."""
    return said("journalctl", "--no-pager", "-b", *words)
