"""The house rules as tests: style, types, who may import whom, and small files."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted([*ROOT.glob("appliance/**/*.py"), *ROOT.glob("drivers/**/*.py")])

# Who may import whom, as prefixes below the two packages. What is not listed is forbidden.
ALLOWED: dict[str, tuple[str, ...]] = {
    "drivers": ("drivers",),
    "appliance.rtv": ("appliance.rtv", "drivers.video"),
    "appliance.engine": ("appliance.engine",),
    "appliance.runner": (),
    "appliance.report": ("appliance.report",),
    "appliance.box": (
        "appliance.box",
        "appliance.overlay.layout",
        "appliance.rtv",
        "drivers.video",
    ),
    "appliance.agent": (
        "appliance.agent",
        "appliance.box",
        "appliance.rtv",
        "drivers.discover",
    ),
    "appliance.overlay": ("appliance.overlay", "appliance.rtv", "drivers.video"),
    "appliance.panel": ("appliance.panel", "drivers.panel"),
    "appliance.modes": (
        "appliance.modes",
        "appliance.engine",
        "appliance.overlay",
        "appliance.report",
        "appliance.rtv",
        "drivers",
    ),
    "appliance.clock": (
        "appliance.clock",
        "appliance.box",
        "appliance.rtv",
        "appliance.runner",
        "drivers.discover",
    ),
    "appliance.converter": (
        "appliance.converter",
        "appliance.box",
        "appliance.modes",
        "appliance.overlay",
        "appliance.rtv",
        "drivers",
    ),
    # drivers.discover: a document may name an interface by where it is plugged in.
    "appliance.net": (
        "appliance.net",
        "appliance.box",
        "appliance.rtv",
        "appliance.runner",
        "drivers.discover",
        "drivers.video",
    ),
    "appliance.update": ("appliance.update", "appliance.box", "appliance.runner"),
    "appliance.demo": ("appliance", "drivers"),
    "appliance.commands": ("appliance", "drivers"),
    "appliance.cli": ("appliance", "drivers"),
}

# Rooms whose files plan or describe: they touch no socket, clock, file or process.
PURE = (
    "appliance.rtv",
    *(
        f"appliance.box.{name}"
        for name in (
            "catalogue",
            "desired",
            "differences",
            "glance",
            "issues",
            "metrics",
            "modes",
            "problems",
            "rules",
            "words",
        )
    ),
    *(
        f"appliance.panel.{name}"
        for name in (
            "addresses",
            "draft",
            "entries",
            "lights",
            "menu",
            "place",
            "requests",
            "screen",
            "status",
            "words",
        )
    ),
    *(f"appliance.clock.{name}" for name in ("lock", "profile", "tlv")),
    *(f"appliance.agent.{name}" for name in ("openapi", "staging")),
    *(f"appliance.converter.{name}" for name in ("patient", "plan", "seen")),
    *(f"appliance.update.{name}" for name in ("entries", "state", "uki", "versions")),
    *(
        f"appliance.net.{name}"
        for name in (
            "arp",
            "claim",
            "dhcp",
            "findings",
            "lease",
            "lldp",
            "machine",
            "membership",
            "needs",
            "openings",
            "plan",
            "probation",
            "querier",
            "ruleset",
            "tuning",
            "view",
            "wanted",
        )
    ),
    *(f"drivers.panel.{name}" for name in ("cfa_packet", "charset", "emulated", "glass", "model")),
)
IMPURE_MODULES = {"socket", "subprocess", "time", "os", "asyncio", "threading", "shutil"}


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> list[tuple[str, int]]:
    """Every module that a file imports, with its line, relative imports resolved."""
    found = []
    package = module_of(path) if path.name == "__init__.py" else module_of(path).rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*up, base] if base else up)
            found += [(f"{base}.{alias.name}", node.lineno) for alias in node.names]
    return found


def room_of(module: str) -> str:
    fits = [room for room in ALLOWED if module == room or module.startswith(room + ".")]
    return max(fits, key=len, default="")


def test_imports_go_downwards() -> None:
    wrong = []
    for path in SOURCES:
        module = module_of(path)
        if module == "appliance":
            continue
        room = room_of(module)
        if not room:
            wrong.append(f"{module}: belongs to no room of ALLOWED")
            continue
        for name, line in imports_of(path):
            if name.split(".")[0] not in ("appliance", "drivers"):
                continue
            if not any(name == a or name.startswith(a + ".") for a in ALLOWED[room]):
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {room} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_pure_rooms_touch_nothing() -> None:
    wrong = []
    for path in SOURCES:
        if not module_of(path).startswith(PURE):
            continue
        for name, line in imports_of(path):
            if name.split(".")[0] in IMPURE_MODULES:
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {name}")
    assert not wrong, "\n".join(wrong)


def test_one_place_starts_programs() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in SOURCES
        for name, line in imports_of(path)
        if name.split(".")[0] == "subprocess" and module_of(path) != "appliance.runner"
    ]
    assert not wrong, "subprocess outside appliance/runner.py:\n" + "\n".join(wrong)


def test_files_are_small() -> None:
    large = []
    for path in [
        *SOURCES,
        *ROOT.glob("appliance/**/*.[ch]pp"),
        *ROOT.glob("drivers/**/*.[ch]pp"),
        *ROOT.glob("tests/**/*.py"),
    ]:
        lines = len(path.read_text().splitlines())
        if lines > 450:
            large.append(f"{path.relative_to(ROOT)}: {lines} lines")
    assert not large, "\n".join(large)


def test_rooms_say_what_they_are_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.name == "__init__.py" and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert not silent, silent


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
    ],
    ids=lambda c: " ".join(c),
)
def test_linters(command: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
