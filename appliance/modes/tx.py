"""The transmitter: a source, its patient, and one stream out on one or two paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from appliance.engine._engine import Transmitter
from appliance.modes.cards import Card
from appliance.modes.clock import Clock
from appliance.modes.flow import METADATA_TYPE, VIDEO_TYPE, Route, TxPlan
from appliance.modes.machine import Diary
from appliance.modes.stream import StreamMode
from appliance.modes.verdict import format_of, verdict
from appliance.overlay import TX_SLATES, Composer, default_layout
from appliance.report import (
    Distribution,
    Pacing,
    Path,
    TxFrames,
    TxMetadata,
    TxPackets,
    TxReport,
    Verdict,
)
from appliance.rtv.iod import Stream
from appliance.rtv.patient import PatientDocument
from appliance.rtv.sdp import RefClock, write_sdp
from appliance.rtv.session import GrainSession


@dataclass(frozen=True)
class TxOptions:
    """How to send. sync: "aligned" or "direct". burst and pacing are in the plan.

    ssrc, metadata_ssrc: RTP synchronisation sources, 32 bit, different from each other.
    ground: what stands under the banner while there is no live picture: "last", "black", "pattern".
    max_frames: 0 = until stop. cpu: -1 = any.
    """

    ssrc: int
    metadata_ssrc: int
    sync: str = "aligned"
    slices: bool = False
    paced: bool = True
    max_frames: int = 0
    realtime: bool = True
    cpu: int = -1
    ground: str = "last"


@dataclass(frozen=True)
class Announcement:
    """How receivers learn of the stream. name: of the SDP's session. mac: of the first interface,
    with dashes. session_id: of the SDP, also its first version. publish: called with the whole
    text of the SDP before the first frame and after each change; may raise."""

    name: str
    mac: str
    session_id: int
    publish: Callable[[str], None]


class TxMode(StreamMode):
    """Composes source, metadata and sender. Constructing opens sockets and checks everything;
    nothing is announced or sent before `start`. Raises ValueError or OSError, one line.

    One thread at a time may change patient and clock. The clock is unlocked until `set_clock`
    says otherwise."""

    def __init__(
        self,
        source: Card,
        plan: TxPlan,
        stream: Stream,
        patient: PatientDocument | None,
        options: TxOptions,
        announcement: Announcement | None = None,
    ) -> None:
        self._plan = plan
        self._options = options
        self._announcement = announcement
        self._announced: tuple[RefClock, int] | None = None
        self._clock = Clock()
        self._grains = GrainSession(stream, patient, now=datetime.now(UTC))
        self._transmitter = Transmitter(
            source.capsule(),
            format=source.format.native(source.layout),
            packets=plan.packets,
            video=[route.leg(route.video) for route in plan.routes],
            metadata=[route.leg(route.metadata) for route in plan.routes],
            payload_type=VIDEO_TYPE,
            ssrc=options.ssrc,
            metadata_payload_type=METADATA_TYPE,
            metadata_ssrc=options.metadata_ssrc,
            max_udp=plan.max_udp,
            **plan.pacing,
            paced=options.paced,
            sync=options.sync,
            slices=options.slices,
            max_frames=options.max_frames,
            realtime=options.realtime,
            cpu=options.cpu,
            ground=options.ground,
        )
        self._transmitter.set_grain(**self._grains.templates.arguments())
        drawn = Composer(default_layout(), plan.format).slates(TX_SLATES)
        self._transmitter.set_slates(drawn)
        super().__init__(self._transmitter, source, [route.interface for route in plan.routes])

    def start(self) -> None:
        """Announces the stream, then begins to send. Raises what `publish` raises, or OSError."""
        self._announce()
        super().start()

    def set_clock(self, clock: Clock) -> None:
        """What TAI follows from now on: grains say so with the next frame, in a new static part of
        the same SOP instance, and the SDP in a new version. What changes nothing costs nothing.

        Raises what `publish` raises. The grains have changed then all the same: what is sent stays
        true, and the next call tries to publish again.
        """
        made = self._grains.templates
        changed = self._grains.change_clock(clock.state())
        if changed is not made:
            self._transmitter.set_grain(**changed.arguments())
        self._clock = clock
        if self._announced is not None:  # before the start nobody is told
            self._announce()

    def _announce(self) -> None:
        said = self._announcement
        if said is None:
            return
        reference = self._clock.reference(said.mac)
        version = said.session_id
        if self._announced is not None:
            before, version = self._announced
            if before == reference:
                return
            version += 1
        session = self._plan.session(said.name, reference, said.session_id, version)
        said.publish(write_sdp(session))
        self._announced = reference, version

    def set_patient(self, patient: PatientDocument | None, *, from_tai: int = 0) -> int:
        """Another patient: a new SOP instance; None: not confirmed. from_tai: the first frame
        that is his is the first whose sync timestamp is not earlier; 0: the next one. Until then
        no other change may be made. Returns the number of the static part; the counter
        `static_id` tells when it is sent."""
        made = self._grains.change_patient(patient, now=datetime.now(UTC))
        self._transmitter.set_grain(**made.arguments(), from_tai=from_tai)
        return made.static_id

    def set_dynamic(
        self,
        values: Mapping[str, float | int | bool | Sequence[float]],
        tai: int,
        *,
        life_ns: int = 0,
    ) -> None:
        """Values of group 0006 that grains carry until they are `life_ns` old (0: a second for the
        camera's position, answers for good). tai: of their origin, ns."""
        self._transmitter.set_dynamic(dict(values), tai, life_ns)

    def report(self, duration_ns: int, rejected: int) -> TxReport:
        """The account. rejected: lines of dynamic values that were malformed."""
        return tx_report(
            self._plan,
            self.diary,
            duration_ns,
            counters=self.counters(),
            histograms=self.histograms(),
            source=self.card_stats(),
            rejected=rejected,
        )


def tx_report(
    plan: TxPlan,
    diary: Diary,
    duration_ns: int,
    *,
    counters: Mapping[str, int],
    histograms: Mapping[str, Any],
    source: Mapping[str, int],
    rejected: int,
) -> TxReport:
    """A report from figures."""
    c = counters
    return TxReport(
        format=format_of(plan.format),
        video=[_path(route, route.video.address, route.video.port) for route in plan.routes],
        metadata_paths=[
            _path(route, route.metadata.address, route.metadata.port) for route in plan.routes
        ],
        run=diary.run(duration_ns),
        frames=TxFrames(
            sent=c["frames"],
            repeats=c["repeats"],
            drops=c["drops"],
            source_lost=c["source_lost"],
            skipped=c["skipped"],
            slates=c["slates"],
            signal_losses=c["signal_losses"],
        ),
        packets=TxPackets(
            video=c["packets"],
            video_bytes=c["bytes"],
            metadata=c["grain_packets"],
            unsent=c["packets_unsent"],
            send_errors=c["send_errors"],
        ),
        metadata=TxMetadata(
            grains=c["grains"],
            static_sent=c["static_sent"],
            poses=c["poses"],
            dynamic_rejected=rejected,
        ),
        pacing=Pacing(
            sender_type=str(plan.model.sender_type),
            cmax=plan.model.cmax,
            burst=plan.pacing["burst"],
            bursts=c["bursts"],
            late_bursts=c["late_bursts"],
            late=Distribution.of(histograms["pacing_late"]),
            frame_send=Distribution.of(histograms["frame_send"]),
            handover=Distribution.of(histograms["handover"]),
            spinning_ns=c["spin_ns"],
            busy_ns=c["work_ns"],
        ),
        source=dict(source),
        engine=dict(counters),
        verdict=tx_verdict(counters),
    )


# What makes a sender's run a bad one, and how to say it.
_TX_FAULTS = {
    "repeats": "frames were sent twice: the source was late or slower than the media clock",
    "drops": "frames of the source were left out: it was faster than the media clock",
    "source_lost": "frames were lost before the hand-over from the card",
    "skipped": "frame times were missed: this machine was too slow",
    "slates": "frames showed a banner in place of a live picture",
    "packets_unsent": "packets were refused by the system",
    "send_errors": "sends failed",
}


def tx_verdict(counters: Mapping[str, int]) -> Verdict:
    """Good when every frame of the source went out once, whole and live."""
    return verdict(counters, _TX_FAULTS, "frames", "no frame was sent")


def _path(route: Route, address: str, port: int) -> Path:
    return Path(route.interface, address, port)
