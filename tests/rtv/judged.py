"""Good flows for the tests to spoil, and short ways to what was judged."""

from __future__ import annotations

from fractions import Fraction

from appliance.rtv.analysis import inspect_capture
from appliance.rtv.analysis.report import Check, FlowReport, Report
from appliance.rtv.layout import packet_layout
from appliance.rtv.sdp import MetadataMedia, SdpLeg, Session, VideoMedia
from appliance.rtv.traffic import SenderType, TrafficModel, traffic_model
from drivers.video import VideoFormat
from tests.rtv.capture import (
    Record,
    Timed,
    in_order,
    metadata_packets,
    on_schedule,
    records,
    video_packets,
)

SMALL = VideoFormat(640, 108, Fraction(50))
META = {"destination": "239.1.1.3", "port": 20004}


def model_of(fmt: VideoFormat, kind: SenderType = SenderType.N) -> TrafficModel:
    return traffic_model(fmt, len(packet_layout(fmt)), kind)


def schedule(fmt: VideoFormat, units: int, **options: int) -> list[Timed]:
    model = model_of(fmt)
    return on_schedule(video_packets(fmt, units), fmt, tro=model.tro, trs=model.trs, **options)


def session_of(fmt: VideoFormat, kind: SenderType = SenderType.N) -> Session:
    return Session(
        "test",
        "192.0.2.10",
        (VideoMedia(fmt, (SdpLeg("239.1.1.1", 20000, "192.0.2.10"),), sender_type=kind),),
        (MetadataMedia((SdpLeg("239.1.1.3", 20004, "192.0.2.10"),)),),
    )


def check(flow: FlowReport, name: str) -> Check:
    (found,) = (item for item in flow.checks if item.name == name)
    return found


def good_capture(units: int = 60) -> list[Record]:
    return in_order(
        records(schedule(SMALL, units, lead=4, burst=4)),
        records(metadata_packets(SMALL, units), **META),
    )


def one_video(data: bytes, **options: object) -> tuple[Report, FlowReport]:
    report = inspect_capture(data, **options)  # type: ignore[arg-type]
    (flow,) = (item for item in report.flows if item.kind == "video")
    return report, flow


def without(timed: list[Timed], *places: int) -> list[Timed]:
    return [packet for n, packet in enumerate(timed) if n not in places]


def changed(timed: list[Timed], place: int, at: int, value: bytes) -> list[Timed]:
    time, packet = timed[place]
    return [
        *timed[:place],
        (time, packet[:at] + value + packet[at + len(value) :]),
        *timed[place + 1 :],
    ]
