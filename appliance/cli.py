"""The `rtvbox` command: parses, dispatches, and turns what went wrong into one line and a code.

Exit codes: 0 good; 1 the run found faults; 2 bad input, nothing was started; 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from errno import EIO, ENOSPC, EPIPE
from importlib import import_module
from io import TextIOWrapper
from typing import Any, NoReturn

_ABOUT = "Converter box SDI/HDMI <-> DICOM Real-Time Video (SMPTE ST 2110 and DICOM PS3.22)."
_CODES = """exit codes:
  0    the run was good
  1    the run found faults (lost frames, broken limits ...), or something failed on the way
  2    bad input: one line says which value and what to do; nothing was started
  130  interrupted (Ctrl-C); reports asked for are written all the same
  143  terminated (SIGTERM) before the run had begun"""
_OUTPUT_FAILED = (EPIPE, ENOSPC, EIO)


class _Once(argparse._StoreAction):
    """An option with a value, given once: of two values one would be ignored in silence."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        given = namespace.__dict__.setdefault("given_options", set())
        if option_string is not None and self.dest in given:
            raise argparse.ArgumentError(self, "is given twice; keep one")
        given.add(self.dest)
        super().__call__(parser, namespace, values, option_string)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line instead of a page of usage; takes no shortened options."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **settings})
        for name in (None, "store"):
            self.register("action", name, _Once)

    def error(self, message: str) -> NoReturn:
        message = message.removeprefix("argument ").replace("\n", " ")
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


COMMANDS = (
    *("tx", "rx", "inspect", "demo", "status", "network", "clock", "config", "remote"),
    *("devices", "edid", "panel", "update", "formats", "report-schema"),
)
"""In the order of the help. Each is a module of appliance.commands."""


def parser(only: str | None = None) -> argparse.ArgumentParser:
    """The whole command line, or one command of it: what is not asked for is not loaded."""
    top = _Parser(
        prog="rtvbox",
        description=_ABOUT,
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in (only,) if only in COMMANDS else COMMANDS:
        # Here, not above: loading takes a while, and who interrupts it shall see no traceback.
        module = import_module(f"appliance.commands.{str(name).replace('-', '_')}")
        module.add(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    _open_closed_files()
    _write_any_text()
    try:
        code = _run(argv)
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:  # what is printed does not get out
        _silence(error)
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _run(argv: Sequence[str] | None) -> int:
    words = sys.argv[1:] if argv is None else list(argv)
    args, unknown = parser(words[0] if words else None).parse_known_args(words)
    from appliance.commands.running import TerminatedError
    from appliance.runner import CommandError

    # The script leaves it so: until here a Ctrl-C ends the process at once, since an interrupted
    # import tells people about modules. From here on there may be something to put in order.
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if unknown:
        more = f"{unknown[0]!r} is no option of it (see rtvbox {args.command} --help)"
        return _say(args.command, more, 2)
    try:
        return int(args.run(args))
    except ValueError as error:
        return _say(args.command, error, 2)
    except OSError as error:
        if error.filename is None and error.errno in _OUTPUT_FAILED:
            raise
        where = f"{error.filename}: " if error.filename else ""
        return _say(args.command, f"{where}{error.strerror or error}", 2)
    except CommandError as error:
        return _say(args.command, error, 1)
    except TerminatedError:
        return 143


def _say(command: str, what: object, code: int) -> int:
    line = " ".join(_visible(str(what)).split())
    if sys.stderr is not None:
        print(f"rtvbox {command}: {line}", file=sys.stderr)
    return code


def _visible(text: str) -> str:
    """What somebody else wrote shall not command the terminal."""
    return "".join(c if c.isprintable() or c.isspace() else ascii(c)[1:-1] for c in text)


def _silence(error: OSError) -> None:
    """Says why standard output failed, unless its reader just went away; what is still buffered
    goes nowhere."""
    if error.errno != EPIPE and sys.stderr is not None:
        print(f"rtvbox: standard output: cannot be written: {error.strerror}", file=sys.stderr)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def _write_any_text() -> None:
    """What a terminal's encoding lacks is a question mark there, and ends nothing."""
    for stream in (sys.stdout, sys.stderr):
        # The C locale's own way, surrogateescape, is as strict with what is no file's name.
        if isinstance(stream, TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="replace")


def _open_closed_files() -> None:
    """Started without standard files, a socket or report would get their numbers, and what is said
    would go there."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    if sys.stdin is None:  # what asks whether it is a terminal shall get an answer
        sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115 - for as long as we run


if __name__ == "__main__":
    raise SystemExit(main())
