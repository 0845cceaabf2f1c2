"""Options that several commands share, and what they mean. Raises ValueError, one line."""

from __future__ import annotations

import argparse
import ipaddress
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from appliance.modes.flow import Endpoint
from drivers.video import Sampling, VideoFormat, format_named

_N = TypeVar("_N", int, float)

SAMPLINGS = {
    "4:2:2": Sampling.YCBCR_422,
    "4:4:4": Sampling.YCBCR_444,
    "RGB": Sampling.RGB,
}


def whole(low: int, high: int) -> Callable[[str], int]:
    """A whole number within bounds, for argparse."""
    return _bounded(int, low, high, f"{low}..{high}")


def number(low: float, high: float) -> Callable[[str], float]:
    """A number within bounds, for argparse."""
    return _bounded(float, low, high, f"{low:g}..{high:g}")


def _bounded(kind: Callable[[str], _N], low: _N, high: _N, bounds: str) -> Callable[[str], _N]:
    def read(text: str) -> _N:
        found: _N | None
        try:
            found = kind(text)
        except ValueError:
            found = None
        if found is None or not low <= found <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is out of range; give {bounds}")
        return found

    return read


def add_running(own: argparse.ArgumentParser) -> None:
    """What `tx` and `rx` have in common."""
    own.add_argument("--frames", type=whole(1, 2**31), help="end after so many frames")
    own.add_argument(
        "--seconds", type=number(0.1, 10**8), help="end after so many seconds (default: Ctrl-C)"
    )
    own.add_argument("--report", metavar="FILE", type=Path, help="write a JSON report at the end")
    own.add_argument(
        "--no-realtime",
        action="store_true",
        help="do not ask for real-time priority and locked memory",
    )
    last = os.sysconf("SC_NPROCESSORS_CONF") - 1
    own.add_argument("--cpu", type=whole(0, last), help="keep the engine's thread on this CPU")
    own.add_argument(
        "--quiet", action="store_true", help="no progress; only warnings, errors and the result"
    )
    own.add_argument(
        "--status",
        metavar="FILE",
        type=Path,
        help="replace this JSON file with the state of the run, twice a second",
    )


def add_slices(own: argparse.ArgumentParser, where: str) -> None:
    """--slices."""
    own.add_argument(
        "--slices",
        action="store_true",
        help=f"hand lines over as they are ready {where}, not whole frames: below a frame of delay",
    )


def video_format(args: argparse.Namespace) -> VideoFormat:
    """The format of --format, --depth, --sampling and --colorimetry."""
    changes: dict[str, Any] = {"depth": args.depth, "colorimetry": args.colorimetry}
    changes["sampling"] = SAMPLINGS[args.sampling]
    return format_named(args.format, **changes)


def endpoint(text: str, field: str, *, unicast: bool) -> Endpoint:
    """ADDRESS:PORT. unicast: one host is meant, not a group."""
    host, colon, port_text = text.rpartition(":")
    if not colon:
        raise ValueError(f"{field}: {text!r} has no port; write ADDRESS:PORT, 239.1.1.1:5000")
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        raise ValueError(
            f"{field}: {host!r} is no IPv4 address; write ADDRESS:PORT, 239.1.1.1:5000"
        ) from None
    if not port_text.isascii() or not port_text.isdigit() or not 1 <= int(port_text) <= 65535:
        raise ValueError(f"{field}: port {port_text!r} is out of range; choose 1..65535")
    if not unicast and not address.is_multicast:
        raise ValueError(
            f"{field}: {address} is no multicast address; choose one of 239.0.0.0/8, or give "
            "--unicast for one host"
        )
    if unicast and (address.is_multicast or address.is_unspecified or int(address) == 2**32 - 1):
        raise ValueError(f"{field}: {address} is not one host's; leave --unicast out or name one")
    return Endpoint(str(address), int(port_text))
