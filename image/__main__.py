"""`make image`: builds the disk image of a box and the bundle that updates one to it.

python3 -m image [--version V] [--variant release|developer] [--keys DIR] [--kernel rt|stock]
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

from image import build, keys
from image.shell import BuildError, Shell, complain

_VERSION = re.compile(r"\d+(\.\d+){1,3}", re.ASCII)


def main() -> int:
    """Builds; says what it made."""
    parser = argparse.ArgumentParser(prog="make image", description=__doc__)
    parser.add_argument("--version", help="of the image; else that of pyproject.toml")
    parser.add_argument("--variant", choices=build.VARIANTS, default="release")
    parser.add_argument("--kernel", choices=tuple(build.KERNELS), default="rt")
    parser.add_argument("--keys", type=Path, metavar="DIR", help="keys that sign; else made up")
    parser.add_argument("--work", type=Path, default=build.PROJECT / "build/image/work")
    parser.add_argument("--out", type=Path, default=build.PROJECT / "build/image")
    wish = parser.parse_args()
    try:
        return run(wish)
    except (BuildError, ValueError, OSError) as error:
        return complain(error)


def run(wish: argparse.Namespace) -> int:
    """The build that was asked for."""
    version = wish.version or project_version()
    if not _VERSION.fullmatch(version):
        raise ValueError(f"--version: {version!r} is no version; give two to four numbers: 1.2.0")
    if os.geteuid() != 0:
        raise ValueError("root is needed to unpack Debian's packages; run: sudo make image")
    os.umask(0o022)  # of what is made in roots; else the image would depend on who builds it
    began = time.monotonic()
    wish.work.mkdir(parents=True, exist_ok=True)
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or commit_time())
    shell = Shell(wish.work.resolve() / "log", epoch)
    wanted = build.Wanted(
        version, wish.variant, wish.kernel, epoch, wish.work.resolve(), wish.out.resolve()
    )
    said = build.build(shell, wanted, keys.obtain(shell, wish.keys, wanted.work))
    print(f"made in {time.monotonic() - began:.0f} s, {said['kernel']}, root {said['root_hash']}:")
    for one in said["files"].values():
        print(f"  {one['name']:24} {one['bytes'] / (1 << 20):7.1f} MiB  sha256 {one['sha256']}")
    print(f"in {wanted.out}")
    return 0


def project_version() -> str:
    """Of pyproject.toml."""
    project = tomllib.loads((build.PROJECT / "pyproject.toml").read_text())
    return str(project["project"]["version"])


def commit_time() -> str:
    """Of what is built: seconds since 1970, UTC."""
    done = subprocess.run(
        ["git", "log", "-1", "--format=%ct"],
        cwd=build.PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ValueError("SOURCE_DATE_EPOCH: is not set, and here is no git history; set it")
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
