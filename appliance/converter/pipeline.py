"""A pipeline that runs: built from its plan, looked at from time to time, and let go."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from appliance.box.desired_media import PACKINGS
from appliance.converter.plan import RxPlan, TxPlan
from appliance.converter.seen import (
    Fault,
    Sample,
    kept,
    output_faults,
    output_there,
    pictures_a_second,
    rx_faults,
    rx_state,
    signal_word,
    tx_faults,
)
from appliance.modes.cards import make_sink, make_source
from appliance.modes.clock import Clock
from appliance.modes.flow import Endpoint, Route, tx_plan
from appliance.modes.interfaces import Interface, interface
from appliance.modes.rx import RxMode, RxOptions
from appliance.modes.tx import Announcement, TxMode, TxOptions
from appliance.overlay import Layout, default_layout, parse_layout
from appliance.rtv.dictionary import SOP_CLASSES
from appliance.rtv.iod import FlowIds, Stream
from appliance.rtv.patient import PatientDocument
from appliance.rtv.sdp import parse_sdp
from appliance.rtv.traffic import SenderType
from drivers.relay import RelaySink
from drivers.video import FORMATS, VideoFormat

_IP_OCTETS = 20


@dataclass(frozen=True)
class Surroundings:
    """What a pipeline has from its box. box: its identity, for the ids of its flows. publish_sdp:
    called with the flow's id and the whole text. realtime: ask for real-time priority."""

    box: UUID
    publish_sdp: Callable[[str, str], None]
    realtime: bool = True


class Pipeline(Protocol):
    """What the daemon does with either of them."""

    def start(self) -> None:
        """Frames begin to flow. Raises OSError, one line."""

    def close(self) -> None:
        """Ends after the frame at hand and lets go of the card; idempotent."""

    def running(self) -> bool:
        """Whether frames flow or are waited for."""

    def look(self) -> list[dict[str, Any]]:
        """Once in a while: what happened since (severity, code, text)."""

    def faults(self) -> tuple[Fault, ...]:
        """What is wrong now, after `look`."""

    def observed(self) -> dict[str, Any]:
        """What may be known of it; no patient's data."""

    def set_clock(self, clock: Clock) -> None:
        """What times follow from now on."""


class TxPipeline:
    """A transmitter. Constructing checks everything and opens card and sockets; raises ValueError
    or OSError, one line."""

    def __init__(
        self, plan: TxPlan, around: Surroundings, clock: Clock, patient: PatientDocument | None
    ) -> None:
        self._plan = plan
        fmt = plan.input.format.video()
        devices = [interface(name) for name in plan.devices]
        first = devices[0]
        flow = plan.flow
        for device in devices:
            if flow.max_udp + _IP_OCTETS > device.mtu:
                raise ValueError(
                    f"max_udp: {flow.max_udp} does not fit {device.name} with its MTU of "
                    f"{device.mtu}; give {device.mtu - _IP_OCTETS} or less"
                )
        made = tx_plan(
            fmt,
            [self._route(at, device) for at, device in enumerate(devices)],
            packing=PACKINGS[flow.packing],
            max_udp=flow.max_udp,
            sender_type=SenderType(flow.sender_type),
        )
        ids = FlowIds.of(around.box, flow.id)
        ssrc = secrets.randbits(32)
        options = TxOptions(
            ssrc=ssrc,
            metadata_ssrc=ssrc ^ 1,
            sync=plan.input.sync,
            slices=plan.input.slices,
            realtime=around.realtime,
            ground=plan.ground,
        )
        announcement = Announcement(
            flow.name,
            first.mac,
            int(time.time()),
            lambda text: around.publish_sdp(flow.id, text),
        )
        self._format = _words(fmt)
        self._patient = patient is not None
        self._found = ""
        self._samples: tuple[Sample, ...] = ()
        source = make_source(
            plan.card, fmt, slices=plan.input.slices, stamp=False, realtime=around.realtime
        )
        try:
            stream = Stream(fmt, ids, SOP_CLASSES[flow.sop_class])
            self._mode = TxMode(source, made, stream, patient, options, announcement)
        except BaseException:
            source.close()
            raise
        self._mode.set_clock(clock)

    def _route(self, at: int, device: Interface) -> Route:
        flow, path = self._plan.flow, self._plan.flow.paths[at]
        return Route(
            interface=device.name,
            source_ip=device.address,
            video=Endpoint(str(path.video.address), path.video.port),
            metadata=Endpoint(str(path.metadata.address), path.metadata.port),
            source_port=path.source_port,
            ttl=flow.ttl,
            dscp=flow.dscp,
        )

    def start(self) -> None:
        """See Pipeline."""
        self._mode.start()

    def close(self) -> None:
        """See Pipeline."""
        self._mode.close()

    def running(self) -> bool:
        """See Pipeline."""
        return self._mode.running()

    def look(self) -> list[dict[str, Any]]:
        """See Pipeline."""
        events = self._mode.events()
        for event in events:
            if event["code"] == "format-changed":
                self._found = str(event["text"]).partition(";")[0].removeprefix("the input is ")
        self._samples = kept(self._samples, Sample(time.monotonic_ns(), self._mode.counters()))
        return events

    def faults(self) -> tuple[Fault, ...]:
        """See Pipeline."""
        card = self._plan.card
        return tuple(tx_faults(card, self._format, self._found, self._patient, self._samples))

    def observed(self) -> dict[str, Any]:
        """See Pipeline."""
        counters = self._samples[-1].counters
        first = self._plan.flow.paths[0].video
        return {
            "input": {
                "connector": self._plan.card,
                "format": self._plan.input.format.name,
                "signal": signal_word(counters),
            },
            "flow": {
                "id": self._plan.flow.id,
                "state": "running" if counters["frames"] else "waiting",
                "address": f"{first.address}:{first.port}",
            },
            "patient_confirmed": self._patient,
            "counters": dict(counters),
            "histograms": _brief(self._mode.histograms()),
        }

    def set_clock(self, clock: Clock) -> None:
        """See Pipeline."""
        self._mode.set_clock(clock)

    def set_patient(self, patient: PatientDocument | None, from_tai: int) -> int:
        """From the first frame of that instant (0: the next one) the flow is this patient's.
        Returns the number of the static part that says so."""
        self._patient = patient is not None
        return self._mode.set_patient(patient, from_tai=from_tai)

    def sending(self) -> int:
        """The number of the static part that the last frame carried."""
        return self._mode.counters()["static_id"]

    def set_dynamic(
        self, values: Mapping[str, float | int | bool | Sequence[float]], tai: int, life_ns: int
    ) -> None:
        """Values of the moment; see TxMode."""
        self._mode.set_dynamic(values, tai, life_ns=life_ns)


class RxPipeline:
    """A receiver. Constructing checks everything and opens card and sockets; raises ValueError or
    OSError, one line.

    before: the receiver that has the same output now. It goes on until this one delivers: see
    `delivers` and `take_over`."""

    def __init__(
        self, plan: RxPlan, around: Surroundings, before: RxPipeline | None = None
    ) -> None:
        self._plan = plan
        devices = [interface(name) for name in plan.devices]
        session = parse_sdp(plan.flow.sdp.encode())
        video, metadata = session.video, session.metadata
        offset = plan.output.link_offset_ms
        options = RxOptions(
            link_offset_ns=-1 if offset is None else round(offset * 1e6),
            skew_ns=round(plan.flow.skew_ms * 1e6),
            slices=plan.output.slices,
            realtime=around.realtime,
            ground=plan.ground,
        )
        self._video_format = video.format
        self._format = _words(video.format)
        self._paths = len(video.legs)
        self._address = f"{video.legs[0].address}:{video.legs[0].port}"
        self._samples: tuple[Sample, ...] = ()
        names = [device.name for device in devices]
        checked = plan.output.card == "check"
        self._relay: RelaySink = (
            before.output_for_next()
            if before is not None
            else RelaySink(make_sink(plan.output.card, realtime=around.realtime))
        )
        try:
            self._mode = RxMode(
                self._relay, video, metadata, names, _layout(plan), options, checked=checked
            )
        except BaseException:
            self._relay.close()
            raise

    def hands_over_to(self, plan: RxPlan) -> bool:
        """Whether a receiver of that plan can have this one's output without a gap. Files and the
        checking card begin anew: what they count is of one flow."""
        mine, next_one = self._plan.output, plan.output
        same = (mine.card, mine.slices) == (next_one.card, next_one.slices) and ":" in mine.card
        return same and parse_sdp(plan.flow.sdp.encode()).video.format == self._video_format

    def output_for_next(self) -> RelaySink:
        """Another end of the output, for who comes next."""
        return self._relay.another()

    def delivers(self) -> bool:
        """Whether live pictures have reached the output."""
        return self._relay.shown()

    def take_over(self) -> None:
        """The output is this one's, whatever it shows."""
        self._relay.take_over()

    def start(self) -> None:
        """See Pipeline."""
        self._mode.start()

    def close(self) -> None:
        """See Pipeline."""
        self._mode.close()

    def running(self) -> bool:
        """See Pipeline."""
        return self._mode.running()

    def look(self) -> list[dict[str, Any]]:
        """See Pipeline."""
        events = self._mode.events()
        for line in self._mode.update_overlay():
            events.append({"severity": "warning", "code": "overlay", "text": line})
        self._samples = kept(self._samples, Sample(time.monotonic_ns(), self._mode.counters()))
        return events

    def faults(self) -> tuple[Fault, ...]:
        """See Pipeline."""
        card, rate = self._plan.output.card, pictures_a_second(self._video_format)
        return (
            *rx_faults(self._plan.flow.id, self._paths, self._samples),
            *output_faults(card, rate, self._mode.card_stats(), self._mode.matching_modes()),
        )

    def observed(self) -> dict[str, Any]:
        """See Pipeline."""
        counters, stats = self._samples[-1].counters, self._mode.card_stats()
        shows = rx_state(self._samples) == "running" and output_there(stats)
        return {
            "output": {
                "connector": self._plan.output.card,
                "format": self._format,
                "signal": "ok" if shows else "none",
            },
            "flow": {
                "id": self._plan.flow.id,
                "state": rx_state(self._samples),
                "address": self._address,
            },
            "patient_confirmed": counters["static_id"] != 0,
            "counters": dict(counters),
            "sink": stats,
            "histograms": _brief(self._mode.histograms()),
        }

    def set_clock(self, clock: Clock) -> None:
        """A receiver reads the kernel's TAI; what it follows is the sender's to say."""

    def snapshot(self) -> object | None:
        """Frame capsule of what was presented last, or None."""
        return self._mode.snapshot()


def _layout(plan: RxPlan) -> Layout | None:
    overlay = plan.output.overlay
    if overlay == "none":
        return None
    return default_layout() if isinstance(overlay, str) else parse_layout(overlay)


def _words(fmt: VideoFormat) -> str:
    """The name of the table of formats, or raster and rate where it has none."""
    for name, known in FORMATS.items():
        same = (known.width, known.height, known.rate, known.scan)
        if same == (fmt.width, fmt.height, fmt.rate, fmt.scan):
            return name
    return f"{fmt.width}x{fmt.height} {float(fmt.rate):g}/s"


def _brief(histograms: Mapping[str, Any]) -> dict[str, Any]:
    """Without the buckets."""
    return {
        name: {key: value for key, value in one.items() if key != "buckets"}
        for name, one in histograms.items()
    }
