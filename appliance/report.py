"""What a run reports: plain values, their JSON, and the JSON Schema that documents them.

Counts are whole numbers since the start of the run; durations are nanoseconds; instants are TAI
nanoseconds since 1970-01-01 TAI. A report never holds a word about a patient.
"""

from __future__ import annotations

import dataclasses
import json
import typing
from dataclasses import dataclass
from typing import Annotated, Any

VERSION = 1


@dataclass(frozen=True)
class Distribution:
    """How a duration was spread over the run; ns."""

    count: Annotated[int, "values seen; all others are 0 when this is"]
    min: Annotated[int, "smallest"]
    mean: Annotated[int, "arithmetic mean"]
    p50: Annotated[int, "half of the values lie at or below; at most 1.6 % above the truth"]
    p99: Annotated[int, "99 % lie at or below"]
    p99_9: Annotated[int, "99.9 % lie at or below"]
    max: Annotated[int, "largest, exact"]
    buckets: Annotated[
        list[tuple[int, int]], "histogram: (upper bound, count) of what is not empty"
    ]

    @classmethod
    def of(cls, seen: typing.Mapping[str, Any]) -> Distribution:
        """From a histogram of the engine."""
        count = int(seen["count"])
        return cls(
            count=count,
            min=int(seen["min"]),
            mean=int(seen["sum"]) // count if count else 0,
            p50=int(seen["p50"]),
            p99=int(seen["p99"]),
            p99_9=int(seen["p999"]),
            max=int(seen["max"]),
            buckets=[(int(upper), int(n)) for upper, n in seen["buckets"]],
        )


@dataclass(frozen=True)
class Format:
    """The video format of the flow."""

    width: Annotated[int, "pixels"]
    height: Annotated[int, "rows of the whole frame"]
    rate: Annotated[str, "frames a second as an exact fraction, for example 60000/1001"]
    scan: Annotated[str, "progressive, interlaced or psf"]
    sampling: Annotated[str, "as ST 2110-20 spells it"]
    depth: Annotated[int, "bits a sample"]


@dataclass(frozen=True)
class Path:
    """One leg of a flow."""

    interface: Annotated[str, "network device"]
    address: Annotated[str, "group or host"]
    port: Annotated[int, "UDP port"]


@dataclass(frozen=True)
class Thread:
    """CPU that one thread of the process took."""

    name: Annotated[str, "as the system shows it"]
    cpu_ns: Annotated[int, "time on a CPU"]
    share: Annotated[float, "of one core, 0..1, over the run"]


@dataclass(frozen=True)
class Notice:
    """Something that the machine refused or that a person should know."""

    code: Annotated[str, "short and stable, for example no-realtime"]
    text: Annotated[str, "one line"]
    times: Annotated[int, "how often it was said"]


@dataclass(frozen=True)
class LateWake:
    """A thread that came 1 ms or more after the instant that it had set itself."""

    thread: Annotated[str, "send, receive, present, or card for the pretend card's"]
    due_tai: Annotated[int, "when it meant to go on"]
    late_ns: Annotated[int, "by how much it came later"]


@dataclass(frozen=True)
class Run:
    """When, how long, on what."""

    started_tai: Annotated[int, "first instant"]
    duration_ns: Annotated[int, "from start to stop"]
    tai_utc_s: Annotated[
        int, "TAI - UTC as the kernel holds it; 0: nobody has set it, TAI is UTC here"
    ]
    cpus: Annotated[int, "CPUs this process may run on"]
    realtime: Annotated[bool, "real-time priority was had by every thread that asked"]
    threads: Annotated[list[Thread], "every thread, the busiest first"]
    cpu_share: Annotated[float, "of one core, all threads together"]
    memory_start: Annotated[int, "resident octets one second after the start"]
    memory_end: Annotated[int, "resident octets at the end"]
    refused: Annotated[list[Notice], "what the machine refused: real-time, locked memory, buffers"]
    late_wakes: Annotated[
        list[LateWake], "threads that this machine did not let run in time, the last 1000"
    ]
    notices: Annotated[list[Notice], "warnings and errors of the run, without those refused"]


@dataclass(frozen=True)
class Verdict:
    """Whether the run was good, and if not, why."""

    good: Annotated[bool, "no fault found"]
    faults: Annotated[list[str], "one line each, with its figure"]


@dataclass(frozen=True, kw_only=True)
class _StreamReport:
    """What the reports of both ends of a stream begin with."""

    format: Annotated[Format, "of the flow"]
    video: Annotated[list[Path], "one path, or two for ST 2022-7"]
    metadata_paths: Annotated[list[Path], "those of the metadata flow; empty for plain video"]
    run: Annotated[Run, "when, how long, on what"]
    verdict: Annotated[Verdict, "good or not"]
    engine: Annotated[dict[str, int], "every counter of the engine, under its own name"]


@dataclass(frozen=True)
class TxFrames:
    """Frames on their way out."""

    sent: Annotated[int, "frames sent, with repeats and slates"]
    repeats: Annotated[int, "sent again because the source had no newer one"]
    drops: Annotated[int, "of the source, never sent: it ran faster than the media clock"]
    source_lost: Annotated[int, "gaps in the card's own count"]
    skipped: Annotated[int, "alignment points at which this sender came too late to send"]
    slates: Annotated[int, "sent with a banner in place of a live picture"]
    signal_losses: Annotated[int, "times the input's signal went"]


@dataclass(frozen=True)
class TxPackets:
    """Packets on their way out."""

    video: Annotated[int, "RTP packets of video, once for both paths"]
    video_bytes: Annotated[int, "their UDP payload"]
    metadata: Annotated[int, "RTP packets of metadata"]
    unsent: Annotated[int, "that the system took on no path; a receiver misses them"]
    send_errors: Annotated[int, "failed sends"]


@dataclass(frozen=True)
class TxMetadata:
    """DICOM-RTV metadata on its way out."""

    grains: Annotated[int, "one a frame"]
    static_sent: Annotated[int, "of them with the static part"]
    poses: Annotated[int, "of them with a camera position"]
    dynamic_rejected: Annotated[int, "lines of dynamic values that were malformed"]


@dataclass(frozen=True)
class Pacing:
    """ST 2110-21 as this sender kept it, by its own clock."""

    sender_type: Annotated[str, "N, NL or W"]
    cmax: Annotated[int, "packets of the network compatibility model"]
    burst: Annotated[int, "packets in one send"]
    bursts: Annotated[int, "sends of video"]
    late_bursts: Annotated[int, "sends too late for the read schedule of the virtual receiver"]
    late: Annotated[Distribution, "burst against its schedule"]
    frame_send: Annotated[Distribution, "first to last packet of a frame"]
    handover: Annotated[Distribution, "capture to first packet"]
    spinning_ns: Annotated[int, "CPU time that the sender's thread waited away"]
    busy_ns: Annotated[int, "CPU time that it worked"]


@dataclass(frozen=True, kw_only=True)
class TxReport(_StreamReport):
    """Report of `rtvbox tx`."""

    frames: Annotated[TxFrames, "frames"]
    packets: Annotated[TxPackets, "packets"]
    metadata: Annotated[TxMetadata, "grains"]
    pacing: Annotated[Pacing, "ST 2110-21"]
    source: Annotated[dict[str, int], "the card's own counters"]
    role: typing.Literal["tx"] = "tx"
    version: int = VERSION


@dataclass(frozen=True)
class RxFrames:
    """Frames on their way in."""

    received: Annotated[int, "live frames assembled and handed on"]
    complete: Annotated[int, "of them without a gap"]
    concealed: Annotated[int, "of them with a gap filled from the frame before"]
    presented: Annotated[int, "live frames handed to the sink"]
    sender_held: Annotated[
        int, "of those received, repeats and banners of the sender; no latency is taken of them"
    ]
    late: Annotated[int, "complete only after their presentation time"]
    shown_late: Annotated[int, "complete in time, and handed to the sink after it"]
    repeats: Annotated[int, "held frames and slates handed to the sink for want of a live one"]
    drops: Annotated[int, "received but not handed to the sink"]
    missing: Annotated[
        int, "that the picture's own frame counter shows as never presented; -1: unread"
    ]
    repeated: Annotated[int, "that the picture's own counter shows twice; -1: unread"]


@dataclass(frozen=True)
class RxPackets:
    """Packets on their way in."""

    video: Annotated[int, "RTP packets of video, all paths"]
    video_bytes: Annotated[int, "their UDP payload"]
    metadata: Annotated[int, "RTP packets of metadata, all paths"]
    lost: Annotated[int, "video packets that no path delivered"]
    metadata_lost: Annotated[int, "metadata packets that no path delivered"]
    recovered: Annotated[int, "lost on the first path, delivered by the second (ST 2022-7)"]
    redundant: Annotated[int, "second copies from the other path"]
    duplicates: Annotated[int, "second copies on one path"]
    reordered: Annotated[int, "out of sequence, put right"]
    late: Annotated[int, "after their frame was closed"]
    invalid: Annotated[int, "no RTP of this flow"]
    foreign: Annotated[int, "of another sender on the same group"]
    kernel_drops: Annotated[int, "lost in this machine: socket buffer overflow"]


@dataclass(frozen=True)
class RxMetadata:
    """DICOM-RTV metadata on its way in."""

    grains: Annotated[int, "whole grains"]
    lost: Annotated[int, "grains of which a packet missed"]
    invalid: Annotated[int, "no DICOM, or not as PS3.22 has it"]
    missing: Annotated[int, "frames shown without a grain of their timestamp"]
    late: Annotated[int, "grains after their frame was closed"]
    mismatches: Annotated[int, "frames with another frame's metadata, and grains that contradict"]
    no_patient: Annotated[int, "frames shown with no confirmed patient"]
    patient_changes: Annotated[int, "changes of the static part's instance"]


@dataclass(frozen=True, kw_only=True)
class RxReport(_StreamReport):
    """Report of `rtvbox rx`."""

    frames: Annotated[RxFrames, "frames"]
    packets: Annotated[RxPackets, "packets"]
    metadata: Annotated[RxMetadata, "grains"]
    link_offset_ns: Annotated[int, "origin to presentation, as it stood at the end"]
    link_offset_auto: Annotated[bool, "found by the receiver: the smallest that loses nothing"]
    latency: Annotated[Distribution, "capture to presentation of pictures that were new"]
    added: Annotated[Distribution, "the same, less the frame's own sending time"]
    arrival: Annotated[Distribution, "capture to the last packet"]
    skew: Annotated[Distribution, "between the two paths"]
    sink: Annotated[dict[str, int], "the sink's own counters"]
    role: typing.Literal["rx"] = "rx"
    version: int = VERSION


@dataclass(frozen=True)
class Measured:
    """One stream of the demonstration between its settling and the end."""

    title: Annotated[str, "of the stream"]
    seconds: Annotated[float, "measured, after settling"]
    sent: Annotated[int, "frames"]
    presented: Annotated[int, "live frames handed to the sink"]
    lost: Annotated[int, "frames that never appeared, by the picture's own counter"]
    repeated: Annotated[int, "frames that appeared twice, by the picture's own counter"]
    foreign_metadata: Annotated[int, "frames with another frame's metadata, or with none"]
    asked_for: Annotated[
        dict[str, int],
        "of the figures that tell faults, what moved while a person on the page had changed the "
        "patient or cut the signal; lost, repeated and foreign_metadata are without it",
    ]
    figures: Annotated[dict[str, int], "every counter of sender, receiver and sink that moved"]
    latency: Annotated[Distribution, "capture to presentation of pictures that were new"]
    link_offset_ns: Annotated[int, "origin to presentation, as set"]


@dataclass(frozen=True)
class Standstill:
    """A time in which this machine ran nothing: every witness had a thread that should have run."""

    began_tai: Annotated[int, "from when on they all stood"]
    ns: Annotated[int, "for how long at least"]
    late_ns: Annotated[dict[str, int], "by witness, how late it came"]


@dataclass(frozen=True)
class DemoReport:
    """Report of `rtvbox demo`: what was measured, and the report of each box over its life."""

    measured: Annotated[dict[str, Measured], "by the name of the stream"]
    standstills: Annotated[list[Standstill], "of the machine, while it was measured"]
    transmitters: Annotated[dict[str, TxReport], "by the name of the stream"]
    receivers: Annotated[dict[str, RxReport], "by the name of the stream"]
    verdict: Annotated[Verdict, "of all that was measured"]
    role: typing.Literal["demo"] = "demo"
    version: int = VERSION


Report = TxReport | RxReport | DemoReport


def to_json(report: Report) -> str:
    """The report as indented JSON, a line break at its end."""
    return json.dumps(dataclasses.asdict(report), indent=2) + "\n"


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a report of any role."""
    definitions: dict[str, Any] = {}
    choices = [_schema(kind, definitions) for kind in typing.get_args(Report)]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rtvbox report",
        "description": (__doc__ or "").strip(),
        "oneOf": choices,
        "$defs": dict(sorted(definitions.items())),
    }


_PLAIN: dict[Any, dict[str, Any]] = {
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    str: {"type": "string"},
}


def _schema(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of a type; a dataclass becomes a definition and a reference to it."""
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        return {**_schema(args[0], definitions), "description": args[1]}
    if origin is typing.Literal:
        return {"const": args[0]}
    if origin is list:
        return {"type": "array", "items": _schema(args[0], definitions)}
    if origin is tuple:
        items = [_schema(each, definitions) for each in args]
        return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(args[1], definitions)}
    if not dataclasses.is_dataclass(kind):
        raise TypeError(f"report: no schema for {kind}")
    name = kind.__name__  # type: ignore[union-attr]
    if name not in definitions:
        definitions[name] = {}
        hints = typing.get_type_hints(kind, include_extras=True)
        properties = {}
        for each in dataclasses.fields(kind):
            properties[each.name] = _schema(hints[each.name], definitions)
        definitions[name] = {
            "type": "object",
            "description": (kind.__doc__ or "").strip(),
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
    return {"$ref": f"#/$defs/{name}"}


def load(text: str) -> dict[str, Any]:
    """A report read back. Raises ValueError when it is none of this version."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"report: no JSON ({error}); give a file that --report wrote") from None
    if not isinstance(found, dict) or found.get("version") != VERSION:
        raise ValueError(f"report: not of version {VERSION}; run the command again")
    return found
