"""The data plane as Python sees it. Times are integer nanoseconds TAI unless named otherwise.

Every call returns at once and never takes a lock that the path of a frame or a packet waits on.
Errors of configuration raise ValueError with one line (field, value, remedy); sockets that cannot
be opened raise OSError with the interface or address named.
"""

from collections.abc import Sequence
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

class Leg(TypedDict, total=False):
    """One path of a flow: where packets leave or arrive."""

    interface: str  # device name; joins and sends happen on it
    source_ip: str  # Tx: local address, "" = the interface's first; Rx: sender for SSM, "" = any
    source_port: int  # Tx only; 0 = any
    address: str  # destination: group or unicast address
    port: int
    ttl: int  # Tx only, default 64
    dscp: int  # Tx only, default 34 (AF41)

class Histogram(TypedDict):
    """Logarithmic histogram, constant memory: values in ns, at most 1.6 % wide."""

    count: int
    min: int
    max: int
    sum: int
    p50: int
    p99: int
    p999: int
    buckets: list[tuple[int, int]]  # (upper bound ns, count), only those that are not empty

class Event(TypedDict):
    severity: str  # "info" | "warning" | "error"
    tai: int
    code: str  # short and stable, e.g. "signal-lost", "no-realtime", "rcvbuf-small"
    text: str  # one line for the log; never patient data

def cpu_kernels() -> list[str]:
    """Kernel families this CPU can run, best first: e.g. ["avx512vbmi", "portable", "scalar"].

    "portable" is 64-bit arithmetic for any CPU, "scalar" the sample-by-sample reference."""

def kernel_name(fmt: dict[str, int], *, kernel: str = "") -> str:
    """The family whose instructions convert this format: `kernel` or one below it in cpu_kernels();
    "memcpy" where layout and pgroups are the same octets (UYVY)."""

def kernel_speed(
    fmt: dict[str, int],
    what: str,  # "pack", "unpack"; "memcpy", "memcpy-back": the same moves without conversion
    *,
    kernel: str = "",
    run: int = 0,  # pgroups at a time, as a packet carries them; 0 = whole rows
    window: int = 0,  # octets of the pgroup buffer, used again and again; 0 = a whole frame's
    seconds: float = 0.2,  # how long to measure
) -> float:
    """Octets of pgroups a second on this machine, the median over whole frames (monotonic clock).
    memcpy with run = window = 0 copies the frame's octets in one piece. Takes `seconds`."""

def pack(
    frame_planes: Sequence[npt.NDArray[Any]], fmt: dict[str, int], *, kernel: str = ""
) -> npt.NDArray[np.uint8]:
    """A whole picture to ST 2110-20 pgroups, row after row. Planes: 2-D arrays of row bytes
    (V210, UYVY: uint8 [height, stride]; PLANAR16: uint16 [height, stride / 2])."""

def unpack(
    pgroups: npt.NDArray[np.uint8], fmt: dict[str, int], *, kernel: str = ""
) -> list[npt.NDArray[Any]]:
    """The reverse of pack. V210 rows are padded to a multiple of 128 bytes with zeros."""

def composite_speed(
    fmt: dict[str, int],
    layers: Sequence[tuple[int, int, npt.NDArray[np.uint16]]],  # as Receiver.set_overlay takes them
    fields: Sequence[dict[str, Any]],
    cell_w: int,  # as Receiver.set_atlas takes them
    cell_h: int,
    alpha: npt.NDArray[np.uint8],
    *,
    seconds: float = 0.2,  # how long to measure
) -> tuple[int, int]:
    """Medians for one frame, ns: laying the overlay over it, and memcpy of the whole frame."""

class Transmitter:
    """One stream out: video and DICOM-RTV metadata on one or two paths (ST 2022-7)."""

    def __init__(
        self,
        source: object,  # capsule
        *,
        format: dict[str, int],  # VideoFormat.native()
        packets: npt.NDArray[np.int32],  # rtv.layout: [n, 10] = n_srd, 3 x (length, row, offset)
        video: Sequence[Leg],
        metadata: Sequence[Leg],
        payload_type: int,
        ssrc: int,
        metadata_payload_type: int,
        metadata_ssrc: int,
        max_udp: int,  # 1460 or 8960, octets with the 8 of the UDP header
        tro_ns: int,  # first packet after the alignment point
        active_ns: int,  # span of the read schedule over the packets of a frame (field)
        drain_ps: int,  # TDRAIN, ps: network model's drain for a packet
        cmax: int,  # packets of network model; also the ceiling of one UDP_SEGMENT burst
        lead_packets: int,  # how far ahead of the read schedule packets may leave
        paced: bool = True,
        burst: int = 0,  # packets in one UDP_SEGMENT send; 0 = cmax, paced less a fifth
        sync: str = "aligned",  # or "direct"
        slices: bool = False,
        static_period_ns: int = 500_000_000,
        max_frames: int = 0,  # 0 = until stop
        spin_ns: int = -1,  # how long before an instant to spin rather than sleep; -1 = by type
        realtime: bool = True,
        cpu: int = -1,
        txtime: bool = False,  # launch times to the kernel (SO_TXTIME); needs an ETF queue
        ground: str = "last",  # of slates: "last" (darkened), "black" or "pattern"
    ) -> None: ...
    def set_grain(
        self,
        *,
        static_id: int,  # changes with every change of the static part; also forces sending it
        base: bytes,  # meta information + dynamic part without camera position
        pose: bytes,  # the same with a camera position; b"" = never sent
        static: bytes,  # static part; b"" = no patient confirmed
        extension_first: bytes,  # RTP header extension of the first packet, whole (0xBEDE ...)
        extension_middle: bytes,
        extension_last: bytes,  # b"" = none
        extension_single: bytes,
        patches: dict[
            str, list[tuple[str, int]]
        ],  # part -> (value name, byte offset); see rtv.grain
        from_tai: int = 0,  # 0 = from the next frame on
    ) -> None:
        """Replaces what the metadata flow says from the first frame on whose sync timestamp is
        `from_tai` or later. One that still waits for its time is replaced by the next call."""
    def set_dynamic(
        self,
        values: dict[str, float | int | bool | Sequence[float]],
        tai: int,  # of their origin
        life_ns: int = 0,  # up to 60 s; 0 = 1 s for the pose, answers stay
    ) -> None:
        """Dynamic values; stale `life_ns` after `tai`: then no pose is sent rather than an old one,
        and the answers are as if never given. Values
        that are not named stay; a pose needs viewpoint, look_at, up and field_of_view."""
    def set_slates(self, slates: dict[str, npt.NDArray[np.uint16]]) -> None:
        """Banners by reason ("no-signal", "format", "gone"): [h, w, 4] Y Cb Cr A at 10 bit."""
    def start(self) -> None: ...
    def stop(self) -> None:
        """Ends after the frame being sent; idempotent; joins the threads."""
    def running(self) -> bool: ...
    def counters(self) -> dict[str, int]:
        """frames, fields, packets, bytes (UDP payload, one path), bursts; repeats, drops (by the
        frame synchroniser), source_lost (before the hand-over), skipped (alignment points missed),
        settling (repeats, drops and skips of a flow's first 250 ms, which the others leave out),
        late_bursts (after their reading by more than TDRAIN), short_frames (slices that did not
        come); signal (drivers.video.Signal of the input now), slates, signal_losses,
        source_restarts; grains, grain_packets, static_sent, poses, static_id (of the last
        grain); send_errors, enobufs, packets_unsent (all paths), txtime_missed,
        txtime_invalid; spin_ns, work_ns, thread_cpu_ns (CPU time of the thread: their sum)."""
    def histograms(self) -> dict[str, Histogram]:
        """pacing_late (burst against schedule), handover (capture to first packet), frame_send."""
    def late_wakes(self) -> dict[str, list[tuple[int, int]]]:
        """By thread ("send"): when it meant to go on and when it did, TAI, where that was
        a ms later or more; the last 256, oldest first."""
    def events(self) -> list[Event]:
        """What happened since the last call."""

class Receiver:
    """One stream in: video and metadata from one or two paths, presented on a sink."""

    def __init__(
        self,
        sink: object,  # capsule
        *,
        format: dict[str, int],  # of the flow; layout = what the sink wants
        video: Sequence[Leg],
        metadata: Sequence[Leg],  # may be empty: a plain ST 2110-20 flow
        payload_type: int,
        metadata_payload_type: int,
        rtp_rate: int = 90_000,
        extensions: dict[str, int] = ...,  # "origin" "sync" "flow" "source" "flags" -> id 1..14
        link_offset_ns: int = -1,  # after the origin; -1 = smallest that loses nothing; 0 = at once
        skew_ns: int = 10_000_000,  # ST 2022-7 class: how far the two paths may lie apart
        reorder_packets: int = 64,  # tolerated displacement on a single path
        slices: bool = False,
        max_frames: int = 0,
        realtime: bool = True,
        cpu: int = -1,
        rcvbuf: int = 67_108_864,
        ground: str = "last",  # while no video arrives: "last" (darkened), "black" or "pattern"
    ) -> None: ...
    def start(self) -> None:
        """Returns when it listens: the one call that takes a while, where memory is locked."""
    def stop(self) -> None: ...
    def running(self) -> bool: ...
    def counters(self) -> dict[str, int]: ...
    def histograms(self) -> dict[str, Histogram]:
        """latency (capture to presentation), added (latency less the frame's own sending time),
        arrival (origin to complete), all three of pictures that were new: not of what a sender
        repeats or of its banners (counter `sender_held`); skew (between the two paths)."""
    def late_wakes(self) -> dict[str, list[tuple[int, int]]]:
        """By thread ("receive", "present"): when it meant to go on and when it did, TAI, where that
        was a ms later or more; the last 256, oldest first."""
    def events(self) -> list[Event]: ...
    def static_part(self) -> tuple[int, bytes] | None:
        """(static_id, meta information + static part) once after each change, else None."""
    def set_overlay(
        self,
        static_id: int,  # frames of this static part only; 0 = frames with no confirmed patient
        layers: Sequence[
            tuple[int, int, npt.NDArray[np.uint16]]
        ],  # x, y (even x), [h, w, 4] YCbCrA
        fields: Sequence[dict[str, Any]] = ...,  # native text of per-frame values; see overlay
    ) -> None: ...
    def set_atlas(self, cell_w: int, cell_h: int, alpha: npt.NDArray[np.uint8]) -> None:
        """Glyphs 0x20..0x7e side by side, [cell_h, 95 * cell_w], for the fields."""
    def set_slates(self, slates: dict[str, npt.NDArray[np.uint16]]) -> None:
        """Banners by reason: "no-flow" (over the last picture, darkened), "no-metadata" and
        "no-patient" (over a live one, above), "late" (below: over a frame that came after its
        time and those of the second after it, and over the last one while a picture takes longer
        than two periods; after half a second that is "no-flow")."""
    def snapshot(self) -> object | None:
        """Frame capsule of the latest presented frame, or None."""
