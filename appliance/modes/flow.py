"""From a choice of format and addresses to what the engine and the SDP want. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.rtv.layout import Layout, packet_layout, udp_octets
from appliance.rtv.packing import UDP_STANDARD, Packing
from appliance.rtv.rtp import DEFAULT_IDS
from appliance.rtv.sdp import MetadataMedia, RefClock, SdpLeg, Session, VideoMedia
from appliance.rtv.traffic import Pacing, SenderType, TrafficModel, pacing, traffic_model
from drivers.video import VideoFormat

if TYPE_CHECKING:
    from appliance.engine._engine import Leg

VIDEO_TYPE, METADATA_TYPE = 96, 104


@dataclass(frozen=True)
class Endpoint:
    """Where a flow goes: a group, or one host, and a UDP port."""

    address: str
    port: int


@dataclass(frozen=True)
class Route:
    """One path of a transmitter (ST 2022-7 has two).

    interface, source_ip: the device and its address. source_port: 0 = any.
    """

    interface: str
    source_ip: str
    video: Endpoint
    metadata: Endpoint
    source_port: int = 0
    ttl: int = 64
    dscp: int = 34

    def leg(self, to: Endpoint) -> Leg:
        """The engine's word for a flow of this path."""
        return {
            "interface": self.interface,
            "source_ip": self.source_ip,
            "source_port": self.source_port,
            "address": to.address,
            "port": to.port,
            "ttl": self.ttl,
            "dscp": self.dscp,
        }


@dataclass(frozen=True)
class TxPlan:
    """A stream, decided: packets of a frame (or field), network model, pacing and paths."""

    format: VideoFormat
    routes: tuple[Route, ...]
    packing: Packing
    max_udp: int
    packets: Layout
    model: TrafficModel
    pacing: Pacing

    def session(
        self, name: str, ref_clock: RefClock, session_id: int, version: int | None = None
    ) -> Session:
        """The SDP that a receiver needs. version: grows with each change (RFC 8866 section 5.2);
        None: the first."""

        def legs(ends: Sequence[Endpoint]) -> tuple[SdpLeg, ...]:
            return tuple(
                SdpLeg(end.address, end.port, source=route.source_ip, ttl=route.ttl)
                if _group(end.address)
                else SdpLeg(end.address, end.port, ttl=route.ttl)
                for route, end in zip(self.routes, ends, strict=True)
            )

        # Where nothing but this machine's own clock is followed, timestamps relate to no clock that
        # a receiver could know (ST 2110-10 section 8, RFC 7273 section 5.2): no offset is claimed.
        media_clock = "sender" if ref_clock.kind == "localmac" else "direct"

        return Session(
            name=name,
            origin=self.routes[0].source_ip,
            session_id=session_id,
            version=session_id if version is None else version,
            videos=(
                VideoMedia(
                    format=self.format,
                    legs=legs([route.video for route in self.routes]),
                    payload_type=VIDEO_TYPE,
                    pm=self.packing.pm,
                    sender_type=self.model.sender_type,
                    max_udp=self.max_udp,
                    ref_clock=ref_clock,
                    media_clock=media_clock,
                ),
            ),
            metadatas=(
                MetadataMedia(
                    legs=legs([route.metadata for route in self.routes]),
                    payload_type=METADATA_TYPE,
                    extensions=DEFAULT_IDS,
                    ref_clock=ref_clock,
                    media_clock=media_clock,
                ),
            ),
        )


def tx_plan(
    fmt: VideoFormat,
    routes: Sequence[Route],
    *,
    packing: Packing = Packing.LINES,
    max_udp: int = UDP_STANDARD,
    sender_type: SenderType = SenderType.N,
    burst: int = 0,
) -> TxPlan:
    """Decides the stream. burst: packets in one send, 0 = the most that the model allows.

    Raises ValueError, one line, where the values do not go together.
    """
    packets = packet_layout(fmt, packing, max_udp)
    model = traffic_model(fmt, len(packets), sender_type, max_udp=max_udp)
    values = pacing(fmt, model, max_packet=int(udp_octets(packets).max()))
    if burst:
        if not 1 <= burst <= values["burst"]:
            raise ValueError(
                f"burst: {burst} packets in one send break sender type {sender_type}; choose "
                f"1..{values['burst']}"
            )
        values["burst"] = burst
    return TxPlan(fmt, tuple(routes), packing, max_udp, packets, model, values)


def path_names(flow: str, legs: Sequence[Leg]) -> list[str]:
    """The paths of a flow as the engine's events name them: "video path 2 (239.2.1.1:5000 on
    eth1)", or "video (239.1.1.1:5000 on eth0)" where it is the only one."""
    return [
        f"{flow}{f' path {number}' if len(legs) > 1 else ''} "
        f"({leg['address']}:{leg['port']} on {leg['interface']})"
        for number, leg in enumerate(legs, 1)
    ]


def rx_legs(legs: Sequence[SdpLeg], interfaces: Sequence[str]) -> list[Leg]:
    """The engine's words for the paths of a received flow, one interface a path.

    One interface for two paths receives both. Raises ValueError on another count.
    """
    if len(interfaces) not in (1, len(legs)):
        raise ValueError(
            f"interface: {len(interfaces)} given for {len(legs)} path(s); give one for each path "
            "of the SDP, in its order"
        )
    named = list(interfaces) if len(interfaces) == len(legs) else list(interfaces) * len(legs)
    return [
        {
            "interface": name,
            "source_ip": leg.source,
            "address": leg.address,
            "port": leg.port,
        }
        for leg, name in zip(legs, named, strict=True)
    ]


def _group(address: str) -> bool:
    return SdpLeg(address, 1).multicast
