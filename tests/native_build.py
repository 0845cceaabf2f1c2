"""Builds the C++ tests and fuzz targets with sanitizers, once for all tests that run them."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NATIVE = ROOT / "tests" / "native"


def configure_and_build(folder: Path, compiler: str, sanitize: str, targets: list[str]) -> None:
    """Builds `targets` in `folder`; raises RuntimeError with the compiler's own words."""
    steps = [
        [
            "cmake",
            "-S",
            str(ROOT),
            "-B",
            str(folder),
            "-G",
            "Ninja",
            f"-DCMAKE_CXX_COMPILER={compiler}",
            "-DCMAKE_C_COMPILER=" + ("clang" if "clang" in compiler else "gcc"),
            "-DRTVBOX_PYTHON=OFF",
            "-DRTVBOX_TESTS=ON",
            f"-DRTVBOX_SANITIZE={sanitize}",
            "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -g1",
        ],
        ["cmake", "--build", str(folder), "--target", *targets],
    ]
    for step in steps:
        run = subprocess.run(step, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise RuntimeError(f"{' '.join(step)}\n{run.stdout}\n{run.stderr}")


def names(prefix: str) -> list[str]:
    """Targets by the first word of their file: "test" or "fuzz"."""
    return sorted(path.stem for path in NATIVE.glob(f"{prefix}_*.cpp"))
