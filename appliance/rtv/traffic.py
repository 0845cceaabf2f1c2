"""ST 2110-21: the figures of a sender type, exact, and the plain values a paced sender wants.

Sender types are N (narrow, gapped), NL (narrow, linear) and W (wide, linear). Durations are
exact fractions of nanoseconds; what goes to the engine is rounded once, at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TypedDict

from appliance.rtv.packing import UDP_STANDARD
from drivers.video import VideoFormat

NS = 1_000_000_000
_MAX_SEND = 65_000  # octets of one UDP_SEGMENT send, below the 64 KiB of an IP packet
_MAX_SEGMENTS = 64


class SenderType(StrEnum):
    """Sender types of ST 2110-21 section 7."""

    N = "N"
    NL = "NL"
    W = "W"

    @property
    def tp(self) -> str:
        """The value of TP in the SDP."""
        return f"2110TP{self.value}"


@dataclass(frozen=True)
class TrafficModel:
    """Figures of ST 2110-21 for one format, packet count and sender type.

    packets: of a whole frame (both fields). period, tro, trs, drain: ns. active: share of the
    period in which the read schedule runs (RACTIVE; 1 for linear). cmax: packets of the network
    compatibility model. vrx_full: packets of the virtual receiver's buffer. tro: from the
    alignment point to the first packet's reading, the default or the SDP's TROFF.
    """

    sender_type: SenderType
    packets: int
    period: Fraction
    active: Fraction
    tro: Fraction
    trs: Fraction
    drain: Fraction
    cmax: int
    vrx_full: int

    def read_ns(self, packet: int, *, fields: int = 1) -> Fraction:
        """When the virtual receiver reads a packet of a frame, ns after the alignment point.

        fields: 2 for interlaced and PsF, whose second half starts half a period later.
        """
        each = self.packets // fields
        field, within = divmod(packet, each)
        return self.tro + self.period * field / fields + within * self.trs


def r_active(fmt: VideoFormat) -> Fraction:
    """RACTIVE: share of a frame in which a gapped sender sends (ST 2110-21 section 6.3)."""
    if fmt.interlaced and fmt.height == 576:
        return Fraction(576, 625)
    if fmt.interlaced and fmt.height <= 487:
        return Fraction(487, 525)
    return Fraction(1080, 1125)


def tro_default(fmt: VideoFormat) -> Fraction:
    """TRODEFAULT in ns: from the alignment point to the first packet (ST 2110-21 section 6.4)."""
    if not fmt.interlaced:
        share = Fraction(43, 1125) if fmt.height >= 1080 else Fraction(28, 750)
    elif fmt.height == 576:
        share = Fraction(26, 625)
    elif fmt.height <= 487:
        share = Fraction(20, 525)
    else:
        share = Fraction(22, 1125)
    return share * fmt.frame_ns


def traffic_model(
    fmt: VideoFormat,
    packets: int,
    sender_type: SenderType,
    *,
    max_udp: int = UDP_STANDARD,
    troff_us: int | None = None,
) -> TrafficModel:
    """The figures for `packets` of a unit: a frame, or one field (segment) of an interlaced one.

    troff_us: TROFF of the SDP, microseconds; None is the default of the format.
    Raises ValueError for type W at 900 000 packets a second and more, where it is undefined.
    """
    if packets < 1:
        raise ValueError(f"packets: {packets} in a frame; there must be one at least")
    frame_packets = packets * (2 if fmt.interlaced else 1)
    period = fmt.frame_ns
    seconds = period / NS
    per_second = frame_packets / seconds
    narrow = sender_type is not SenderType.W
    if not narrow and per_second >= 900_000:
        raise ValueError(
            f"sender type: W is undefined at {int(per_second)} packets a second "
            "(900 000 and more); choose N or NL"
        )
    active = r_active(fmt) if sender_type is SenderType.N else Fraction(1)
    max_ip = max(max_udp, UDP_STANDARD) + 40  # 1500 and 9000, as the analysers count
    if narrow:
        cmax = max(4, int(frame_packets / (43_200 * active * seconds)))
        vrx_full = max(1500 * 8 // max_ip, int(frame_packets / (27_000 * seconds)))
    else:
        cmax = max(16, int(frame_packets / (21_600 * seconds)))
        vrx_full = max(1500 * 720 // max_ip, int(frame_packets / (300 * seconds)))
    return TrafficModel(
        sender_type=sender_type,
        packets=frame_packets,
        period=period,
        active=active,
        tro=tro_default(fmt) if troff_us is None else Fraction(troff_us * 1000),
        trs=period * active / frame_packets,
        drain=period / frame_packets * Fraction(10, 11),
        cmax=cmax,
        vrx_full=vrx_full,
    )


class Pacing(TypedDict):
    """What the engine's Transmitter wants for pacing, under the names of its arguments.

    tro_ns and active_ns: ns after the alignment point and span of the read schedule over one
    unit's packets. drain_ps: TDRAIN, ps. lead_packets: how far ahead of the read schedule the
    last packet of a burst may be. burst: packets in one send.
    """

    tro_ns: int
    active_ns: int
    drain_ps: int
    cmax: int
    lead_packets: int
    burst: int


def pacing(fmt: VideoFormat, model: TrafficModel, *, max_packet: int = UDP_STANDARD) -> Pacing:
    """Values of a paced sender that stays within the model. max_packet: octets of the largest
    datagram, which bounds a burst.

    A burst takes a fifth less than Cmax, at least one packet: bursts of all of Cmax leave no room
    for the jitter of a system call. A late thread is commoner than an early one, so a narrow
    sender keeps the virtual receiver one packet short of full; a wide one leads by half its
    buffer at most, and not by more than TRO, so that nothing leaves before the alignment point.
    """
    units = 2 if fmt.interlaced else 1
    ahead = int(model.tro / model.trs)
    wide = model.sender_type is SenderType.W
    room = model.vrx_full // 2 if wide else model.vrx_full - 1
    lead = max(1, min(room, ahead // 2 if wide else ahead))
    calm = model.cmax - max(1, model.cmax // 5)
    return Pacing(
        tro_ns=int(model.tro),
        active_ns=int(model.period * model.active / units),
        drain_ps=int(model.drain * 1000),
        cmax=model.cmax,
        lead_packets=lead,
        burst=max(1, min(calm, lead, _MAX_SEND // max_packet, _MAX_SEGMENTS)),
    )


def sender_limits(
    fmt: VideoFormat, packets: int, *, max_udp: int = UDP_STANDARD, troff_us: int | None = None
) -> dict[SenderType, TrafficModel]:
    """The models of all sender types that are defined for a format and packet count."""
    found = {}
    for kind in SenderType:
        try:
            found[kind] = traffic_model(fmt, packets, kind, max_udp=max_udp, troff_us=troff_us)
        except ValueError:
            if kind is not SenderType.W or packets < 1:
                raise
    return found
