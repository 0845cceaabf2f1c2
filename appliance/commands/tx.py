"""`rtvbox tx`: a source and its patient's metadata, out to the network."""

from __future__ import annotations

import argparse
import logging
import secrets
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from appliance.commands import options
from appliance.commands.lines import LineInput
from appliance.commands.places import different, read_whole, writable, write_whole
from appliance.commands.running import Signals
from appliance.commands.terminal import Console, console
from appliance.commands.tx_words import EPILOG
from appliance.commands.watch import Watch
from appliance.modes.cards import SOURCES, make_source
from appliance.modes.faults import apply_faults, parse_faults
from appliance.modes.flow import Endpoint, Route, TxPlan, path_names, tx_plan
from appliance.modes.interfaces import Interface, interface
from appliance.modes.machine import tai_now, tai_utc_s
from appliance.modes.tx import Announcement, TxMode, TxOptions
from appliance.rtv.dictionary import SOP_CLASSES
from appliance.rtv.dynamic import parse_line
from appliance.rtv.iod import FlowIds, Stream
from appliance.rtv.packing import UDP_EXTENDED, UDP_STANDARD, Packing
from appliance.rtv.patient import PatientDocument, load_document
from appliance.rtv.traffic import SenderType
from drivers.video import COLORIMETRY

_PACKINGS = {"GPM": Packing.LINES, "FILL": Packing.FILL, "BPM": Packing.BLOCKS}
_IP_UDP = 20  # octets of IP header beside a datagram with its UDP header
_BOX = UUID("6d7c1a52-3f0c-4a1e-9a0b-2f6f2c9d8e31")  # names the streams of unpaired boxes

_LARGEST_PATIENT = 1 << 20


def add(commands: Any) -> None:
    """Declares the command."""
    own = commands.add_parser(
        "tx",
        help="transmit a source with its patient's metadata",
        description="Sends a source as ST 2110-20 video with DICOM-RTV metadata (PS3.22).",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    picture = own.add_argument_group("picture")
    picture.add_argument("--source", required=True, metavar="SOURCE", help=f"{SOURCES} (looped)")
    picture.add_argument(
        "--format",
        required=True,
        metavar="NAME",
        help="1080p50 or 1280x1024p60; see rtvbox formats",
    )
    picture.add_argument("--depth", type=int, default=10, help="bits a sample: 8, 10, 12")
    picture.add_argument(
        "--sampling", choices=sorted(options.SAMPLINGS), default="4:2:2", help="(default 4:2:2)"
    )
    picture.add_argument(
        "--colorimetry", choices=sorted(COLORIMETRY), default="BT709", help="(default BT709)"
    )
    picture.add_argument(
        "--picture-rate",
        type=options.number(0.1, 120),
        help="pictures a second, for files that do not say (images)",
    )
    picture.add_argument(
        "--stamp",
        action="store_true",
        help="draw a frame counter and time that a receiving sink can check into a file's picture",
    )
    picture.add_argument(
        "--sync",
        choices=("aligned", "direct"),
        default="aligned",
        help="aligned: a frame for each alignment point of the media clock (default); "
        "direct: each frame at once, stamped with its capture time",
    )
    options.add_slices(own, "to the sender")
    _add_network(own)
    patient = own.add_argument_group("metadata")
    patient.add_argument(
        "--static", metavar="FILE", type=Path, help="patient and study: JSON, DICOM JSON or DICOM"
    )
    patient.add_argument(
        "--dynamic",
        metavar="FIFO|socket:PATH",
        help="values of the frame, JSON lines (below): an existing FIFO, or a Unix socket that is "
        "opened here",
    )
    patient.add_argument(
        "--sop-class", choices=sorted(SOP_CLASSES), default="endoscopic", help="of the flow"
    )
    patient.add_argument("--name", default="rtvbox", help="of the stream, in the SDP")
    fault = own.add_argument_group("faults of a pretend card (below)")
    fault.add_argument("--fault", metavar="FAULTS", help="planned: loss@250+50,drift=100")
    fault.add_argument(
        "--faults-from", metavar="FIFO|socket:PATH", help="live, a line each, as --dynamic has it"
    )
    options.add_running(own)
    own.set_defaults(run=run)


def _add_network(own: argparse.ArgumentParser) -> None:
    network = own.add_argument_group("network")
    network.add_argument("--interface", required=True, metavar="IF", help="device to send on")
    network.add_argument(
        "--video", required=True, metavar="ADDRESS:PORT", help="group of the video"
    )
    network.add_argument(
        "--metadata", required=True, metavar="ADDRESS:PORT", help="group of the metadata"
    )
    network.add_argument(
        "--second-path",
        metavar="IF2[:VIDEO:METADATA]",
        help="ST 2022-7: the same again on IF2, to the same or to other groups, "
        "eth1:239.2.1.1:5000:239.2.1.2:5002",
    )
    network.add_argument(
        "--unicast", action="store_true", help="the addresses are those of one receiving host"
    )
    network.add_argument(
        "--source-port", type=options.whole(1, 65535), help="UDP port to send from (default: any)"
    )
    network.add_argument(
        "--ttl", type=options.whole(1, 255), default=64, help="of multicast (default 64)"
    )
    network.add_argument("--dscp", type=options.whole(0, 63), default=34, help="(default 34, AF41)")
    network.add_argument(
        "--sender-type",
        choices=[str(kind) for kind in SenderType],
        default="N",
        help="ST 2110-21: N narrow (default), NL narrow linear, W wide",
    )
    network.add_argument(
        "--burst",
        type=options.whole(1, 64),
        default=0,
        help="packets in one send (default: the most that the sender type allows)",
    )
    network.add_argument(
        "--unpaced", action="store_true", help="send as fast as it goes, against ST 2110-21"
    )
    network.add_argument(
        "--packing",
        choices=sorted(_PACKINGS),
        default="GPM",
        help="GPM: whole lines in equal parts (default); FILL: full packets; BPM: blocks",
    )
    network.add_argument(
        "--max-udp",
        type=options.whole(100, UDP_EXTENDED),
        default=UDP_STANDARD,
        help=f"octets of a datagram with its UDP header: {UDP_STANDARD} (default) or up to "
        f"{UDP_EXTENDED}",
    )
    network.add_argument("--sdp-out", metavar="FILE", type=Path, help="write the SDP for receivers")


def run(args: argparse.Namespace) -> int:
    """Checks everything, then sends until the end."""
    with Signals(preparing=True).caught() as signals:
        return _run(args, signals)


def _run(args: argparse.Namespace, signals: Signals) -> int:
    log, terminal = console("tx", quiet=args.quiet)
    plan, first = _plan(args)
    patient = load_patient(args.static)
    written = {"report": args.report, "sdp-out": args.sdp_out, "status": args.status}
    different({"static": args.static, "source": args.source.removeprefix("file:"), **written})
    for name, path in written.items():
        writable(path, name)
    faults = parse_faults(args.fault) if args.fault else ()
    rejected = [0]
    with ExitStack() as stack:
        source = make_source(
            args.source,
            plan.format,
            slices=args.slices,
            stamp=args.stamp,
            picture_rate=args.picture_rate,
            realtime=not args.no_realtime,
        )
        stack.callback(source.close)
        apply_faults(source, faults)
        ids = FlowIds.of(_BOX, f"{args.name}/{first.mac}/{args.video}")
        stream = Stream(plan.format, ids, SOP_CLASSES[args.sop_class])
        mode = TxMode(source, plan, stream, patient, _options(args), _announcement(args, first))
        stack.callback(mode.close)
        if args.dynamic:
            dynamic = _dynamic_lines(args.dynamic, mode, log, rejected)
            stack.callback(dynamic.close)
        if args.faults_from:
            live = _fault_lines(args.faults_from, source, log)
            stack.callback(live.close)
        _say_what(log, plan, patient)
        watch = _Watch(args, mode, log, terminal, signals)
        duration = watch.run(signals)
        mode.stop()
        watch.tick()
        report = mode.report(duration, rejected[0])
    return watch.conclude(report, f"{report.frames.sent} frames sent", signals)


class _Watch(Watch[TxMode]):
    def __init__(
        self,
        args: argparse.Namespace,
        mode: TxMode,
        log: logging.Logger,
        terminal: Console,
        signals: Signals,
    ) -> None:
        super().__init__(args, mode, log, terminal)
        self._signals = signals

    def attend(self) -> None:
        if self._signals.take_reload():
            self._reload()

    def progress(self) -> str:
        return progress_line(self._mode.counters(), self._mode.diary.age_ns())

    def status(self) -> dict[str, Any]:
        return {"role": "tx", "counters": self._mode.counters()}

    def _reload(self) -> None:
        try:
            patient = load_patient(self._args.static)
            self._mode.set_patient(patient)
        except (ValueError, OSError) as error:
            self._log.error("patient file: not taken, the last one stands (%s)", error)
            return
        self._log.info("patient file: read again, a new SOP instance from the next frame on")


def progress_line(c: dict[str, int], age_ns: int) -> str:
    """One line: how much, how fast, what went wrong."""
    seconds = max(age_ns, 1) / 1e9
    return (
        f"tx {seconds:7.1f} s  frames {c['frames']} ({c['frames'] / seconds:.1f}/s)  "
        f"{c['bytes'] * 8 / seconds / 1e9:.2f} Gb/s  repeats {c['repeats']}  drops {c['drops']}  "
        f"late bursts {c['late_bursts']}  slates {c['slates']}"
    )


def load_patient(path: Path | None) -> PatientDocument | None:
    """The patient of a file. Raises ValueError, one line without what the file holds."""
    if path is None:
        return None
    data = read_whole(path, "static", "name a patient file", limit=_LARGEST_PATIENT)
    try:
        return load_document(data)
    except ValueError as error:
        raise ValueError(f"static: {path}: {error}") from None


def _plan(args: argparse.Namespace) -> tuple[TxPlan, Interface]:
    fmt = options.video_format(args)
    first = interface(args.interface)
    routes = [_route(args, first, args.video, args.metadata, "")]
    if args.second_path:
        name, video, metadata = _second(args)
        routes.append(_route(args, interface(name, "second-path"), video, metadata, "second-path "))
        if name == args.interface and (video, metadata) == (args.video, args.metadata):
            raise ValueError("second-path: is the first path again; give another interface")
    for route in routes:
        if route.video == route.metadata:
            raise ValueError(
                f"metadata: {route.metadata.address}:{route.metadata.port} is the video's; "
                "give its own group or port"
            )
        mtu = interface(route.interface).mtu
        if args.max_udp + _IP_UDP > mtu:
            raise ValueError(
                f"max-udp: {args.max_udp} does not fit {route.interface} with its MTU of {mtu}; "
                f"choose {UDP_STANDARD} or run: ip link set {route.interface} mtu 9000"
            )
    plan = tx_plan(
        fmt,
        routes,
        packing=_PACKINGS[args.packing],
        max_udp=args.max_udp,
        sender_type=SenderType(args.sender_type),
        burst=args.burst,
    )
    return plan, first


def _route(
    args: argparse.Namespace, on: Interface, video: str, metadata: str, prefix: str
) -> Route:
    def end(text: str, field: str) -> Endpoint:
        return options.endpoint(text, prefix + field, unicast=args.unicast)

    return Route(
        interface=on.name,
        source_ip=on.address,
        video=end(video, "video"),
        metadata=end(metadata, "metadata"),
        source_port=args.source_port or 0,
        ttl=args.ttl,
        dscp=args.dscp,
    )


def _second(args: argparse.Namespace) -> tuple[str, str, str]:
    name, *ends = args.second_path.split(":")
    if not ends:
        return name, args.video, args.metadata
    if len(ends) != 4:
        raise ValueError(
            f"second-path: {args.second_path!r} is not understood; write IF2 or "
            "IF2:ADDRESS:PORT:ADDRESS:PORT (video, then metadata)"
        )
    return name, f"{ends[0]}:{ends[1]}", f"{ends[2]}:{ends[3]}"


def _announcement(args: argparse.Namespace, first: Interface) -> Announcement | None:
    if args.sdp_out is None:
        return None
    publish = partial(write_whole, args.sdp_out)
    return Announcement(args.name, first.mac, int(time.time()), publish)


def _options(args: argparse.Namespace) -> TxOptions:
    ssrc = secrets.randbits(32)
    return TxOptions(
        ssrc=ssrc,
        metadata_ssrc=ssrc ^ 1,
        sync=args.sync,
        slices=args.slices,
        paced=not args.unpaced,
        max_frames=args.frames or 0,
        realtime=not args.no_realtime,
        cpu=-1 if args.cpu is None else args.cpu,
    )


def _dynamic_lines(place: str, mode: TxMode, log: logging.Logger, rejected: list[int]) -> LineInput:
    warned = [0.0]

    def take(line: bytes) -> None:
        try:
            said = parse_line(line)
        except ValueError as error:
            rejected[0] += 1
            if time.monotonic() - warned[0] > 1:
                warned[0] = time.monotonic()
                log.warning("line passed over: %s", error)
            return
        mode.set_dynamic(said.values, said.tai or tai_now())

    return LineInput(place, "dynamic", take)


def _fault_lines(place: str, source: object, log: logging.Logger) -> LineInput:
    def take(line: bytes) -> None:
        try:
            apply_faults(source, parse_faults(line.decode("ascii", errors="replace").strip()))
        except ValueError as error:
            log.warning("faults: line passed over: %s", error)

    return LineInput(place, "faults-from", take)


def _say_what(log: logging.Logger, plan: TxPlan, patient: PatientDocument | None) -> None:
    fmt = plan.format
    videos = path_names("video", [route.leg(route.video) for route in plan.routes])
    metadatas = path_names("metadata", [route.leg(route.metadata) for route in plan.routes])
    for video, metadata in zip(videos, metadatas, strict=True):
        log.info(
            "sending %dx%d%s %s/s %d bit %s: %s, %s",
            *(fmt.width, fmt.height, "i" if fmt.interlaced else "p", fmt.rate, fmt.depth),
            *(fmt.sampling, video, metadata),
        )
    if patient is None:
        log.warning("static: none given: the flow says that no patient is confirmed")
    if tai_utc_s() == 0:
        log.warning("clock: the kernel was not told TAI - UTC: times of the flow are UTC's")
