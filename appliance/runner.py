"""The one place that starts other programs.

Arguments go as a list, never through a shell; what a failed program said becomes the error.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, TimeoutExpired
from typing import Any

__all__ = ["DEVNULL", "PIPE", "STDOUT", "Child", "CommandError", "TimeoutExpired", "run", "start"]

Child = subprocess.Popen[bytes]
"""A program that runs."""


class CommandError(RuntimeError):
    """A program is missing, failed or took too long; one line: the program and what it said."""


def run(
    argv: Sequence[str],
    *,
    text_in: str = "",
    pass_fds: Sequence[int] = (),
    timeout: float = 30.0,
    cwd: str | Path | None = None,
) -> str:
    """Runs a program to its end and returns its standard output. cwd: the folder it runs in.

    Raises CommandError when it is missing, ends with another code than 0, or takes longer than
    `timeout` seconds.
    """
    _require(argv[0])
    try:
        done = subprocess.run(
            list(argv),
            input=text_in,
            capture_output=True,
            text=True,
            pass_fds=tuple(pass_fds),
            timeout=timeout,
            cwd=cwd,
            check=False,
        )
    except TimeoutExpired:
        raise CommandError(f"{argv[0]}: no end after {timeout:g} s") from None
    if done.returncode != 0:
        said = "; ".join((done.stderr.strip() or done.stdout.strip() or "nothing").splitlines())
        raise CommandError(f"{' '.join(argv)}: exit code {done.returncode}: {said}")
    return done.stdout


def start(argv: Sequence[str], **options: Any) -> Child:
    """Starts a program and returns at once; `options` are those of subprocess.Popen."""
    _require(argv[0])
    return subprocess.Popen(list(argv), **options)


def _require(program: str) -> None:
    if shutil.which(program) is None:
        raise CommandError(f"{program}: not installed here; install it or set PATH")
