"""The receiver: one stream in from one or two paths, its metadata, its overlay, a sink."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from appliance.engine._engine import Receiver
from appliance.modes.flow import rx_legs
from appliance.modes.stream import StreamMode
from appliance.modes.verdict import format_of, verdict
from appliance.overlay import RX_SLATES, Composer, Layout
from appliance.report import Distribution, Path, RxFrames, RxMetadata, RxPackets, RxReport, Verdict
from appliance.rtv.elements import GrainError
from appliance.rtv.grain_parse import parse_grain
from appliance.rtv.sdp import MetadataMedia, VideoMedia
from drivers.video import Sink

if TYPE_CHECKING:
    from appliance.engine._engine import Leg


@dataclass(frozen=True)
class RxOptions:
    """How to receive. link_offset_ns: origin to presentation; -1 = smallest that loses nothing.
    skew_ns: ST 2022-7, how far two paths may lie apart. max_frames: 0 = until stop. cpu: -1 = any.
    ground: what stands under the banner while no video comes: "last", "black" or "pattern".
    """

    link_offset_ns: int = -1
    skew_ns: int = 10_000_000
    slices: bool = False
    max_frames: int = 0
    realtime: bool = True
    cpu: int = -1
    ground: str = "last"


class RxMode(StreamMode):
    """Composes receiver, overlay and sink. Constructing opens sockets and checks everything;
    groups are joined by `start`. Raises ValueError or OSError, one line.

    layout None: no overlay; slates are drawn all the same. checked: the sink reads the counter in
    the picture.
    """

    def __init__(
        self,
        sink: Sink,
        video: VideoMedia,
        metadata: MetadataMedia | None,
        interfaces: Sequence[str],
        layout: Layout | None,
        options: RxOptions,
        *,
        checked: bool,
    ) -> None:
        self._checked = checked
        self._format = video.format
        self._automatic = options.link_offset_ns < 0
        self._video = rx_legs(video.legs, interfaces)
        self._metadata = rx_legs(metadata.legs, interfaces) if metadata else []
        self._receiver = Receiver(
            sink.capsule(),
            format=video.format.native(),
            video=self._video,
            metadata=self._metadata,
            payload_type=video.payload_type,
            metadata_payload_type=metadata.payload_type if metadata else 0,
            rtp_rate=metadata.clock_rate if metadata else 90_000,
            extensions=dict(metadata.extensions) if metadata else {},
            link_offset_ns=options.link_offset_ns,
            skew_ns=options.skew_ns,
            slices=options.slices,
            max_frames=options.max_frames,
            realtime=options.realtime,
            cpu=options.cpu,
            ground=options.ground,
        )
        self._composer = Composer(layout or Layout(zones={}), video.format)
        self._receiver.set_slates(self._composer.slates(RX_SLATES))
        atlas = self._composer.atlas()
        self._receiver.set_atlas(atlas.cell_w, atlas.cell_h, atlas.alpha)
        self._draw(0, None)
        self._static_id = 0
        super().__init__(self._receiver, sink, [leg["interface"] for leg in self._video])

    @property
    def static_id(self) -> int:
        """Of the static part that is drawn; 0: none yet."""
        return self._static_id

    def update_overlay(self) -> tuple[str, ...]:
        """Draws the overlay anew when a new static part has come; what a log should say of it,
        without patient data."""
        found = self._receiver.static_part()
        if found is None:
            return ()
        static_id, data = found
        try:
            issues = self._draw(static_id, parse_grain(data).static_dataset())
        except GrainError as error:
            # Shown as unconfirmed rather than with what may be another's name.
            self._draw(static_id, None)
            issues = (f"static part: not shown: {error}",)
        self._static_id = static_id
        return issues

    def _draw(self, static_id: int, dataset: Dataset | None) -> tuple[str, ...]:
        made = self._composer.overlay(dataset)
        self._receiver.set_overlay(static_id, made.layers, made.fields)
        return made.issues

    def snapshot(self) -> object | None:
        """Frame capsule of what was presented last, or None."""
        return self._receiver.snapshot()

    def report(self, duration_ns: int) -> RxReport:
        """The account."""
        c, h, s = self.counters(), self.histograms(), self.card_stats()
        return RxReport(
            format=format_of(self._format),
            video=[_path(leg) for leg in self._video],
            metadata_paths=[_path(leg) for leg in self._metadata],
            run=self.diary.run(duration_ns),
            frames=RxFrames(
                received=c["frames"],
                complete=c["complete"],
                concealed=c["concealed_frames"],
                presented=c["presented"],
                sender_held=c["sender_held"],
                late=c["late"],
                shown_late=c["shown_late"],
                repeats=c["repeats"],
                drops=max(0, c["frames"] - c["presented"]),
                missing=s["lost"] if self._checked else -1,
                repeated=s["repeated"] if self._checked else -1,
            ),
            packets=RxPackets(
                video=c["packets"],
                video_bytes=c["bytes"],
                metadata=c["metadata_packets"],
                lost=c["lost"],
                metadata_lost=c["metadata_lost"],
                recovered=c["recovered"],
                redundant=c["redundant"],
                duplicates=c["duplicates"],
                reordered=c["reordered"],
                late=c["late_packets"],
                invalid=c["invalid"],
                foreign=c["foreign_packets"],
                kernel_drops=c["kernel_drops"],
            ),
            metadata=RxMetadata(
                grains=c["grains"],
                lost=c["grain_lost"],
                invalid=c["grain_invalid"],
                missing=c["metadata_missing"],
                late=c["metadata_late"],
                mismatches=c["metadata_mismatch"] + s.get("metadata_mismatch", 0),
                no_patient=c["no_patient"],
                patient_changes=c["patient_changes"],
            ),
            link_offset_ns=c["link_offset_ns"],
            link_offset_auto=self._automatic,
            latency=Distribution.of(h["latency"]),
            added=Distribution.of(h["added"]),
            arrival=Distribution.of(h["arrival"]),
            skew=Distribution.of(h["skew"]),
            sink=s,
            engine=c,
            verdict=rx_verdict(c, s, metadata=bool(self._metadata), checked=self._checked),
        )


# What makes a receiver's run a bad one, and how to say it.
_RX_FAULTS = {
    "lost": "video packets were lost on every path",
    "metadata_lost": "metadata packets were lost on every path",
    "concealed_frames": "frames had gaps, filled from the frame before",
    "mostly_lost": "frames of which less than half came were not shown",
    "late": "frames came after their presentation time",
    "shown_late": "frames were shown after their time: this machine was too slow",
    "repeats": "times a held frame or banner was shown for want of a live one",
    "no_buffer": "frames were dropped because the sink held every buffer",
    "kernel_drops": "packets were lost in this machine: socket buffer too small or CPU too slow",
    "invalid": "packets were not of this flow",
    "foreign_packets": "packets came from another sender on the same group",
    "grain_invalid": "grains were not as PS3.22 has them",
    "metadata_mismatch": "grains contradicted themselves",
    "flow_losses": "times the flow stopped",
    "sink_errors": "frames were refused by the sink",
}
_METADATA_FAULTS = {
    "metadata_missing": "frames were shown without a grain of their timestamp",
}
# The sink reads the picture itself: figures that the engine does not know.
_SINK_FAULTS = {
    "lost": "frames never appeared, by the picture's own counter",
    "repeated": "frames appeared twice, by the picture's own counter",
    "out_of_order": "frames appeared out of order, by the picture's own counter",
    "torn": "frames were mixed from two",
    "unreadable": "frames had no counter to read; send --source synthetic or --stamp",
    "metadata_mismatch": "frames carried another frame's metadata",
    "underruns": "frames were scanned before their lines were there",
    "keep_dropped": "frames were shown but not written: writing them is too slow",
    "write_errors": "frames could not be written to the sink's files",
}


def rx_verdict(
    counters: Mapping[str, int], sink: Mapping[str, int], *, metadata: bool, checked: bool
) -> Verdict:
    """Good when every frame appeared once, whole, in time and with its own metadata."""
    faults = _RX_FAULTS | (_METADATA_FAULTS if metadata else {})
    engine = verdict(counters, faults, "presented", "no live frame was presented")
    read = {name: sink.get(name, 0) for name in _SINK_FAULTS if name != "unreadable"}
    if checked:
        read["unreadable"] = sink["unreadable"]
    seen = verdict({**read, "live": 1}, {n: _SINK_FAULTS[n] for n in read}, "live", "")
    return Verdict(engine.good and seen.good, engine.faults + seen.faults)


def _path(leg: Leg) -> Path:
    return Path(leg["interface"], leg["address"], leg["port"])
