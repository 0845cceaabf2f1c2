"""The one place of the build that starts programs: it prints what it runs, keeps what they say in a
log, and fails with their own words."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_LAST_LINES = 25
_SHOWN = 160
# What runs in a root sees that root and nothing of the machine but its devices; the mounts are gone
# with the namespace, however it ends.
_ENTER = """set -eu
root=$1; shift
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
mkdir -p "$root/run" && mount -t tmpfs tmpfs "$root/run"
while [ "$1" != -- ]; do
    mkdir -p "$root$2" && mount --rbind "$1" "$root$2"
    shift 2
done
shift
exec chroot "$root" "$@"
"""


class BuildError(RuntimeError):
    """The build cannot go on; what a program said, or one line with the remedy."""


class Shell:
    """Runs programs. log: file that all they say is added to. epoch: seconds since 1970 (UTC) that
    files made by them are to bear."""

    def __init__(self, log: Path, epoch: int) -> None:
        self._log = log
        self._epoch = epoch

    def run(
        self,
        *argv: str | Path,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
        text_in: str = "",
        shown: str | None = None,
    ) -> str:
        """Runs a program to its end; what it printed. shown: how it is told, where the command
        itself says little. Raises BuildError."""
        words = [str(word) for word in argv]
        shown = shown or shlex.join(words)
        line = " ".join(shown.split())
        self.say(f"+ {line if len(line) <= _SHOWN else line[: _SHOWN - 3] + '...'}")
        base = {"PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"}
        own = {**os.environ, **base, "TZ": "UTC", "SOURCE_DATE_EPOCH": str(self._epoch)}
        try:
            done = subprocess.run(
                words,
                cwd=cwd,
                env={**own, **(environment or {})},
                input=text_in,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
            )
        except FileNotFoundError:
            raise BuildError(f"{words[0]}: is not installed; run: make image") from None
        with self._log.open("a") as out:
            out.write(f"+ {shown}\n{done.stdout}{done.stderr}")
        if done.returncode != 0:
            said = (done.stdout + done.stderr).strip().splitlines()[-_LAST_LINES:]
            raise BuildError(
                "\n".join([f"{line[:_SHOWN]}: exit code {done.returncode}; it said:", *said])
                + f"\n(all of it: {self._log})"
            )
        return done.stdout

    def inside(
        self, root: Path, *argv: str | Path, places: Mapping[str, Path] | None = None
    ) -> str:
        """Runs a program in a root. places: where folders of this machine are in there."""
        binds = [word for there, host in (places or {}).items() for word in (str(host), there)]
        clean = ("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8")
        return self.run(
            *("unshare", "--mount", "--pid", "--fork", "--kill-child"),
            *("sh", "-c", _ENTER, "enter", root, *binds, "--"),
            *(*clean, "TZ=UTC", f"SOURCE_DATE_EPOCH={self._epoch}", *argv),
            shown=f"in {root.name}: {shlex.join(str(word) for word in argv)}",
        )

    def say(self, line: str) -> None:
        """Tells the person who builds."""
        print(line, flush=True)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Says what begins, and how long it took."""
        self.say(f"== {name}")
        began = time.monotonic()
        yield
        self.say(f"== {name}: {time.monotonic() - began:.1f} s")


def complain(error: Exception) -> int:
    """Tells what went wrong; the exit code."""
    print(f"image: {error}", file=sys.stderr)
    return 2 if isinstance(error, ValueError) else 1
