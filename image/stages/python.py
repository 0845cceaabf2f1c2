"""The box's Python: our wheel, compiled for the box's release, and what it needs from PyPI."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from image.shell import Shell

HOME = "usr/lib/rtvbox"
"""Where the environment is in a root."""
_SOURCES = ("appliance", "drivers", "CMakeLists.txt", "pyproject.toml", "README.md", "LICENSE")
_OLD = 315532800  # 1980: zip files know no earlier year
_MADE_HERE = shutil.ignore_patterns("*.so", "__pycache__")
_TAGS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
PLATFORM = (
    *("--only-binary=:all:", "--implementation", "cp", "--python-version", "3.13"),
    *(word for tag in _TAGS for word in ("--platform", tag)),
)
"""What pip is told of the box: its Python and its machine."""


def fetch(shell: Shell, locks: Iterable[Path], into: Path) -> None:
    """The wheels of the locks, each checked against its hash. They come the way that pip of this
    machine is told to fetch (mirrors, certificates)."""
    shutil.rmtree(into, ignore_errors=True)
    pip = into.parent / "pip"
    if not (pip / "bin" / "pip").exists():
        shell.run("python3", "-m", "venv", pip)
    shell.run(
        *(pip / "bin" / "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--require-hashes", "--no-deps", *PLATFORM, "--dest", into),
        *(word for lock in locks for word in ("-r", lock)),
    )


def build(
    shell: Shell, tools: Path, project: Path, wheels: Path, locks: tuple[Path, Path], into: Path
) -> None:
    """Compiles our wheel in the root of tools and makes the environment of a box; into is its
    /usr/lib/rtvbox. locks: what a box needs, and what only compiles. What was compiled is kept
    beside it, and used again for the very same native sources and tools."""
    work, compiled = into.parent / "python.work", into.parent / "native"
    for folder in (into, work):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    stamp, key = compiled / "key", native_key(project, locks[1], tools)
    if not stamp.exists() or stamp.read_text() != key:
        shutil.rmtree(compiled, ignore_errors=True)
        compiled.mkdir()
    source = work / "rtvbox"
    source.mkdir()
    for name in _SOURCES:
        if (project / name).is_dir():
            shutil.copytree(project / name, source / name, ignore=_MADE_HERE)
        else:
            shutil.copy(project / name, source)
    # As old as can be: what was compiled of the same sources is newer, however they came here.
    for found in source.rglob("*"):
        os.utime(found, (_OLD, _OLD))
    for lock, name in zip(locks, ("box.lock", "tools.lock"), strict=True):
        shutil.copy(lock, work / name)
    shell.inside(
        tools,
        *("sh", "-c", _BUILD),
        places={
            "/work": work,
            "/work/rtvbox/build": compiled,
            "/wheels": wheels,
            f"/{HOME}": into,
        },
    )
    stamp.write_text(key)
    shutil.rmtree(work)


def native_key(project: Path, lock: Path, tools: Path) -> str:
    """The same for the same native sources and tools."""
    whole = hashlib.sha256(lock.read_bytes())
    whole.update((tools / "var/lib/dpkg/status").read_bytes())
    files = [project / "CMakeLists.txt", project / "pyproject.toml"]
    for pattern in ("*.cpp", "*.hpp", "*.h", "*.cmake"):
        for folder in ("appliance", "drivers"):
            files += (project / folder).rglob(pattern)
    for file in sorted(files):
        whole.update(f"{file.relative_to(project)}\0".encode())
        whole.update(file.read_bytes())
    return whole.hexdigest()


_BUILD = """set -eu
python3 -m venv /work/pip
pip="/work/pip/bin/pip --quiet --disable-pip-version-check"
locked="--no-index --no-deps --find-links /wheels --require-hashes"
$pip install $locked -r /work/tools.lock
# Where the sources were is part of what a compiler writes down.
map="-ffile-prefix-map=/work/rtvbox=/rtvbox"
export CXXFLAGS="$map" CFLAGS="$map" PATH="/work/pip/bin:$PATH"
$pip wheel --no-build-isolation --no-deps --wheel-dir /work/wheel /work/rtvbox
python3 -m venv --without-pip /usr/lib/rtvbox
own="$pip --python /usr/lib/rtvbox/bin/python install --no-compile --no-warn-script-location"
$own $locked -r /work/box.lock
$own --no-index --no-deps /work/wheel/*.whl
"""
