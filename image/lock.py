"""Writes the locks of Python's packages anew: `python3 -m image.lock`, after a change of
pyproject.toml or to take newer ones. Needs a pip of 23 or later."""

from __future__ import annotations

import json
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from image.shell import Shell
from image.stages.python import PLATFORM

HERE = Path(__file__).resolve().parent


def locked(report: dict[str, Any]) -> str:
    """A lock with a line for each package of pip's report."""
    lines = []
    for one in report["install"]:
        name, version = one["metadata"]["name"], one["metadata"]["version"]
        digest = one["download_info"]["archive_info"]["hashes"]["sha256"]
        lines.append(f"{name.lower()}=={version} --hash=sha256:{digest}\n")
    return "".join(sorted(lines))


def main() -> None:
    """Asks pip what fits, for what a box needs and for what compiles it."""
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text())
    wanted = {
        "python.lock": project["project"]["dependencies"],
        "python.tools.lock": project["build-system"]["requires"],
    }
    with tempfile.TemporaryDirectory() as place:
        shell = Shell(Path(place) / "log", 0)
        shell.run("python3", "-m", "venv", f"{place}/pip")
        for name, requirements in wanted.items():
            report = Path(place) / "report"
            shell.run(
                *(f"{place}/pip/bin/pip", "install", "--dry-run", "--ignore-installed", "--quiet"),
                *("--target", place, "--report", report, *PLATFORM, *requirements),
            )
            (HERE / name).write_text(locked(json.loads(report.read_text())))
            shell.say(f"wrote image/{name}")


if __name__ == "__main__":
    main()
