"""`rtvbox rx`: a stream from the network onto an output, with its patient's overlay."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from appliance.commands import options
from appliance.commands.places import different, read_whole, writable
from appliance.commands.preview import PreviewServer
from appliance.commands.running import Signals
from appliance.commands.terminal import console
from appliance.commands.watch import Watch
from appliance.modes.cards import SINKS, make_sink
from appliance.modes.flow import path_names, rx_legs
from appliance.modes.interfaces import interface
from appliance.modes.machine import tai_utc_s
from appliance.modes.rx import RxMode, RxOptions
from appliance.overlay import Layout, default_layout, parse_layout_text
from appliance.rtv.sdp import MetadataMedia, Session, VideoMedia, parse_sdp

_LARGEST_SDP = 1 << 20
_LARGEST_LAYOUT = 1 << 20
_LEAST, _MOST, _FASTEST = (160, 120), (4096, 2304), 120
_EPILOG = """examples:
  rtvbox rx --sdp flow.sdp --interface eth0 --sink png:frames --frames 10
  rtvbox rx --sdp flow.sdp --interface eth0 --interface eth1 --overlay layout.json
  curl -s http://box/flow.sdp | rtvbox rx --sdp - --interface eth0 --sink check --seconds 60

Sinks: null shows frames at their time and keeps nothing; check also reads the frame counter that
--source synthetic and --stamp draw, and finds frames lost, repeated or with metadata of another;
capture, png and raw write them; where the disk or the PNG coder is too slow for the rate, frames
are left out and counted in the report (keep_dropped).
  png:DIR      NNNNNNNN.png, R'G'B', numbered as written. What is no plain live picture says so in
               its name, 00000000-slate.png: slate (no flow: a banner), late, repeated, concealed,
               no_metadata, no_patient, no_lock
  raw:FILE     the planes of frame after frame as in memory, appended, with nothing between them
  capture:DIR  NNNNNNNN.raw, the planes of one frame; NNNNNNNN.json with its times, flags, format,
               layout, and rows and row_bytes of each plane; NNNNNNNN.s32, sound, interleaved
Layouts of raw and capture: UYVY (4:2:2, 8 bit), V210 (4:2:2, 10 bit, each row padded to a multiple
of 128 octets), PLANAR16 (all else: three planes of 16 bit little-endian, Y Cb Cr or R G B).

An SDP with two paths (a=group:DUP) is received on both
(ST 2022-7): give one interface for each, or one for both."""


def add(commands: Any) -> None:
    """Declares the command."""
    own = commands.add_parser(
        "rx",
        help="receive a stream onto an output, with its overlay",
        description="Receives ST 2110-20 video with DICOM-RTV metadata, as an SDP describes it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    own.add_argument("--sdp", required=True, metavar="FILE", help="SDP of the sender; - reads it")
    own.add_argument(
        "--interface",
        required=True,
        action="append",
        metavar="IF",
        help="device to receive on; twice for ST 2022-7, in the order of the SDP's paths",
    )
    own.add_argument("--sink", default="null", metavar="SINK", help=f"{SINKS} (default null)")
    own.add_argument(
        "--overlay",
        metavar="FILE",
        help="layout of the overlay, JSON; 'default' for the built-in one (default: no overlay)",
    )
    own.add_argument(
        "--link-offset-ms",
        default="auto",
        metavar="auto|MS",
        help="from origin to presentation; auto (default) finds the smallest that loses nothing",
    )
    own.add_argument(
        "--skew-ms",
        type=options.number(0.1, 450),
        default=10,
        help="ST 2022-7: how far the two paths may lie apart (default 10)",
    )
    options.add_slices(own, "to the output")
    own.add_argument(
        "--preview",
        metavar="SOCKET",
        type=Path,
        help="open this Unix socket for small JPEG pictures of the output, about ten a second",
    )
    options.add_running(own)
    own.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Checks everything, then receives until the end."""
    with Signals(preparing=True).caught() as signals:
        return _run(args, signals)


def _run(args: argparse.Namespace, signals: Signals) -> int:
    log, terminal = console("rx", quiet=args.quiet)
    session = read_sdp(args.sdp)
    video, metadata = session.video, session.metadata
    devices = [interface(name) for name in args.interface]
    check_stream(video, metadata, [device.address for device in devices])
    layout = read_layout(args.overlay)
    settings = RxOptions(
        link_offset_ns=link_offset(args.link_offset_ms),
        skew_ns=int(args.skew_ms * 1_000_000),
        slices=args.slices,
        max_frames=args.frames or 0,
        realtime=not args.no_realtime,
        cpu=-1 if args.cpu is None else args.cpu,
    )
    written = {"report": args.report, "status": args.status}
    raw = args.sink.removeprefix("raw:")
    different({"sdp": args.sdp, "overlay": args.overlay, "sink": raw, **written})
    for field, path in written.items():
        writable(path, field)
    with ExitStack() as stack:
        sink = make_sink(args.sink, realtime=not args.no_realtime)
        stack.callback(sink.close)
        checked = args.sink == "check"
        mode = RxMode(sink, video, metadata, args.interface, layout, settings, checked=checked)
        stack.callback(mode.close)
        preview = None
        if args.preview:
            preview = PreviewServer(args.preview, mode.snapshot)
            stack.callback(preview.close)
        _say_what(log, session, video, metadata, args.interface)
        watch = _Watch(args, mode, log, terminal)
        duration = watch.run(signals)
        if preview is not None:
            preview.close()
        mode.close()
        watch.tick()
        report = mode.report(duration)
    return watch.conclude(report, f"{report.frames.presented} frames presented", signals)


class _Watch(Watch[RxMode]):
    def attend(self) -> None:
        mode = self._mode
        before = mode.static_id
        for issue in mode.update_overlay():
            self._log.warning("overlay: %s", issue)
        if mode.static_id != before:
            self._log.info("static part %d: overlay drawn", mode.static_id)

    def progress(self) -> str:
        return progress_line(self._mode.counters(), self._mode.diary.age_ns())

    def status(self) -> dict[str, Any]:
        mode = self._mode
        return {
            "role": "rx",
            "counters": mode.counters(),
            "sink": mode.card_stats(),
            "latency": mode.histograms()["latency"],
        }


def progress_line(c: dict[str, int], age_ns: int) -> str:
    """One line: how much, how fast, what went wrong."""
    seconds = max(age_ns, 1) / 1e9
    return (
        f"rx {seconds:7.1f} s  frames {c['presented']} ({c['presented'] / seconds:.1f}/s)  "
        f"lost {c['lost']}  recovered {c['recovered']}  late {c['late']}  repeats {c['repeats']}  "
        f"no metadata {c['metadata_missing']}  offset {c['link_offset_ns'] / 1e6:.2f} ms"
    )


def read_sdp(text: str) -> Session:
    """The session of a file, or of standard input for "-". Raises ValueError, one line."""
    if text == "-":
        data = sys.stdin.buffer.read(_LARGEST_SDP + 1) if sys.stdin else b""
        if len(data) > _LARGEST_SDP:
            raise ValueError(f"sdp: it is longer than {_LARGEST_SDP} octets; is it the one?")
    else:
        data = read_whole(text, "sdp", "name the sender's SDP", limit=_LARGEST_SDP)
    try:
        session = parse_sdp(data)
        _ = session.video, session.metadata  # one of each at most, or it says what to do
    except ValueError as error:
        raise ValueError(f"sdp: {error}") from None
    return session


def check_stream(video: VideoMedia, metadata: MetadataMedia | None, own: Sequence[str]) -> None:
    """Raises ValueError, one line, when an SDP that is in order is none we can receive.

    own: addresses of the interfaces.
    """
    fmt = video.format
    if not (_LEAST[0] <= fmt.width <= _MOST[0] and _LEAST[1] <= fmt.height <= _MOST[1]):
        raise ValueError(
            f"sdp: width, height: {fmt.width}x{fmt.height} is no raster that is shown; send "
            f"{_LEAST[0]}x{_LEAST[1]} to {_MOST[0]}x{_MOST[1]}"
        )
    if not 1 <= fmt.rate <= _FASTEST:
        raise ValueError(
            f"sdp: exactframerate: {fmt.rate} is no rate that is shown; send 1 to {_FASTEST}"
        )
    ends = {(leg.address, leg.port) for leg in video.legs}
    for leg in (*video.legs, *(metadata.legs if metadata else ())):
        if ":" in leg.address:
            raise ValueError(f"sdp: c: {leg.address} is IPv6, which is not received; send IPv4")
        if not leg.multicast and leg.address not in own and not leg.address.startswith("127."):
            raise ValueError(
                f"sdp: c: {leg.address} is another host's; send to {' or '.join(own)}, or to a "
                "multicast group"
            )
    for leg in metadata.legs if metadata else ():
        if (leg.address, leg.port) in ends:
            raise ValueError(
                f"sdp: m=application: {leg.address}:{leg.port} is the video's; send metadata to "
                "its own group or port"
            )


def read_layout(text: str | None) -> Layout | None:
    """The layout of a file; None for none. Raises ValueError, one line."""
    if text is None or text == "none":
        return None
    if text == "default":
        return default_layout()
    data = read_whole(text, "overlay", "name a layout, or 'default'", limit=_LARGEST_LAYOUT)
    try:
        words = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"overlay: {text} is not UTF-8; save it as UTF-8") from None
    try:
        return parse_layout_text(words)
    except ValueError as error:
        raise ValueError(f"overlay: {error}") from None


def link_offset(text: str) -> int:
    """ns; -1 for auto. Raises ValueError, one line."""
    if text == "auto":
        return -1
    try:
        milliseconds = float(text)
    except ValueError:
        milliseconds = -1.0
    if not 0 <= milliseconds <= 10_000:
        raise ValueError(
            f"link-offset-ms: {text!r} is out of range; give auto or 0..10000 (0 shows at once)"
        )
    return round(milliseconds * 1e6)


def _say_what(
    log: logging.Logger,
    session: Session,
    video: VideoMedia,
    metadata: MetadataMedia | None,
    interfaces: Sequence[str],
) -> None:
    for note in session.notes:
        log.warning("sdp: %s", note)
    fmt = video.format
    for name in path_names("video", rx_legs(video.legs, interfaces)):
        log.info(
            "receiving %dx%d%s %s/s %d bit %s: %s",
            *(fmt.width, fmt.height, "i" if fmt.interlaced else "p", fmt.rate, fmt.depth),
            *(fmt.sampling, name),
        )
    if metadata is None:
        log.warning("sdp: no metadata flow: plain ST 2110-20, no patient can be shown")
    if tai_utc_s() == 0:
        log.warning("clock: the kernel was not told TAI - UTC: fine only if the sender's is alike")
