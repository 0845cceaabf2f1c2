"""`rtvbox inspect`: what is really on the wire, judged by the standards."""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import struct
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from appliance import runner
from appliance.commands import options
from appliance.commands.places import different, read_whole, writable, write_whole
from appliance.commands.rx import read_sdp
from appliance.modes.interfaces import interface
from appliance.rtv.analysis import (
    Report,
    inspect_capture,
    render_text,
    report_json,
    report_schema,
)
from appliance.rtv.grain_parse import decode_static, parse_grain
from appliance.rtv.sdp import Session

_LARGEST_CAPTURE = 2 << 30  # it is held in memory; some seven seconds of 1080p50
_EPILOG = """examples:
  rtvbox inspect flow.pcap --sdp flow.sdp
  rtvbox inspect --live eth0 --sdp flow.sdp --json
  rtvbox inspect flow.pcap --grains                 (shows patient data)

A mark of ? stands before what could not be judged, with the reason; a capture of the first octets
of packets (tcpdump -s 128) is enough for the video, not for grains. Capture at the receiver's end;
where bursts show as single datagrams, switch offloads off
(ethtool -K IF gro off; on a veth also tx-udp-segmentation off on the sender's side). Exit code 1
says that a check failed, 0 that all those that could be made came out well."""


def add(commands: Any) -> None:
    """Declares the command."""
    own = commands.add_parser(
        "inspect",
        help="dissect and judge a captured or live flow",
        description="Dissects RTP, header extensions, ST 2110-20 segments and DICOM grains, and "
        "checks sequence, timestamps, ST 2110-21 (Cinst, VRX) and agreement of video and metadata.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    own.add_argument("capture", nargs="?", metavar="FILE", help="pcap or pcapng")
    own.add_argument("--live", metavar="IF", help="capture on this device instead (tcpdump, root)")
    own.add_argument("--sdp", metavar="FILE", help="SDP of the flow; - reads it")
    own.add_argument(
        "--seconds",
        type=options.number(0.05, 60),
        default=1.2,
        help="of --live (default 1.2: the static part comes once a second at least)",
    )
    own.add_argument("--keep", metavar="FILE", type=Path, help="keep what --live captured")
    own.add_argument(
        "--tai-offset",
        type=options.number(-86400, 86400),
        metavar="SECONDS",
        help="TAI less the capture's clock, 37 for UTC (default: found from the flow)",
    )
    own.add_argument("--grains", action="store_true", help="show grains as DICOM; PATIENT DATA")
    own.add_argument("--json", action="store_true", help="print the report as JSON")
    own.add_argument("--report", metavar="FILE", type=Path, help="write the report as JSON")
    own.add_argument("--schema", action="store_true", help="print the JSON Schema of that and end")
    own.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Reads or captures, judges, prints."""
    if args.schema:
        print(json.dumps(report_schema(), indent=2))
        return 0
    if (args.capture is None) == (args.live is None):
        raise ValueError("capture: give either a FILE or --live IF")
    different({"capture": args.capture, "sdp": args.sdp, "report": args.report, "keep": args.keep})
    for path, name in ((args.report, "report"), (args.keep, "keep")):
        writable(path, name)
    session = read_sdp(args.sdp) if args.sdp else None
    data = _live(args, session) if args.live else _file(args.capture)
    report = inspect_capture(
        data,
        session=session,
        tai_offset_ns=None if args.tai_offset is None else round(args.tai_offset * 1e9),
        read_grain=grain_lines if args.grains else None,
    )
    _put(args, report)
    return 0 if report.ok else 1


def _put(args: argparse.Namespace, report: Report) -> None:
    text = json.dumps(report_json(report), indent=2) + "\n"
    if args.report:
        write_whole(args.report, text)
    print(text if args.json else render_text(report), end="" if args.json else "\n")


def grain_lines(grain: bytes) -> list[str]:
    """A grain for a person: meta information, dynamic values, static part."""
    found = parse_grain(grain)
    lines = [f"{name}: {value}" for name, value in vars(found.meta).items() if value is not None]
    if found.dynamic is not None:
        lines += [f"{n}: {v}" for n, v in vars(found.dynamic).items() if v is not None]
    if found.static:
        lines += str(decode_static(found.static)).splitlines()
    return lines


def _file(name: str) -> bytes:
    if os.path.exists(name) and not os.path.isfile(name) and not os.path.isdir(name):  # noqa: PTH110, PTH112, PTH113 - a name of any length
        raise ValueError(f"capture: {name} is no file; capture it first, or use --live")
    return read_whole(name, "capture", "name a pcap file", limit=_LARGEST_CAPTURE)


def _live(args: argparse.Namespace, session: Session | None) -> bytes:
    """Captures for a while, the groups joined: a switch forwards only what is asked for."""
    interface(args.live, "live")
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="rtvbox-"))
        for address in _groups(session):
            _join(stack, args.live, address)
        kept = Path(folder) / "live.pcap"
        wanted = " or ".join(f"host {address}" for address in _groups(session))
        # Its own user could not write into our folder; in a user namespace there is none.
        argv = ["tcpdump", "-i", args.live, "-n", "-B", "65536", "-w", str(kept), "-Z", "root"]
        argv += ["--time-stamp-precision=nano", f"udp and ({wanted})" if wanted else "udp"]
        child = runner.start(argv, stderr=runner.PIPE, stdout=runner.DEVNULL)
        with child:
            _await_header(child, kept)
            time.sleep(args.seconds)
            child.send_signal(signal.SIGINT)
            _, said = child.communicate(timeout=30)
        if child.returncode != 0 or not kept.exists():
            words = said.decode(errors="replace").strip().splitlines() or ["no word"]
            raise runner.CommandError(f"tcpdump: {words[-1]}; capturing needs root")
        data = kept.read_bytes()
        if args.keep:
            write_whole(args.keep, data)
        return data


def _await_header(child: runner.Child, file: Path) -> None:
    """Until tcpdump has opened the device: it writes the file's header then."""
    until = time.monotonic() + 10
    while child.poll() is None and time.monotonic() < until:
        if file.exists() and file.stat().st_size:
            return
        time.sleep(0.01)


def _groups(session: Session | None) -> list[str]:
    if session is None:
        return []
    flows: Iterable[Any] = (*session.videos, *session.metadatas)
    return sorted({leg.address for flow in flows for leg in flow.legs})


def _join(stack: ExitStack, name: str, address: str) -> None:
    member = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    first = int(address.split(".")[0]) if "." in address else 0
    if 224 <= first < 240:
        group = struct.pack(
            "@4s4si", socket.inet_aton(address), bytes(4), socket.if_nametoindex(name)
        )
        member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
