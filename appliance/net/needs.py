"""What the document's flows need of a network: ends to receive at, groups, bandwidth. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from ipaddress import IPv4Address

from appliance.box.desired import Desired
from appliance.box.desired_media import PACKINGS, ReceiveFlow, SendFlow
from appliance.rtv.cut import wire
from appliance.rtv.packing import Packing
from appliance.rtv.sdp import SdpLeg, Session, parse_sdp
from appliance.rtv.traffic import SenderType, r_active
from drivers.video import VideoFormat

_ETHERNET = 20 + 14 + 4 + 8 + 12
"""Octets of a datagram on the wire beside it: IP, header, check sequence, preamble, gap."""
_METADATA_MBIT = 5
"""Of a metadata flow: a grain of some kilobytes a frame, rounded up."""


@dataclass(frozen=True, order=True)
class End:
    """A flow comes here. address: a group, or the box's own; source: the only sender that counts,
    None: any."""

    address: IPv4Address
    port: int
    flow: str
    source: IPv4Address | None = None


@dataclass(frozen=True)
class Needs:
    """Of one network. receive, send: Mb/s on the wire while the flow's packets come, which is
    more than the mean for a sender of type N (ST 2110-21 section 6.3)."""

    ends: tuple[End, ...] = ()
    groups_sent: tuple[IPv4Address, ...] = ()
    receive_mbit: int = 0
    send_mbit: int = 0

    @property
    def mbit(self) -> int:
        """Of the port's speed: both directions have it for themselves."""
        return max(self.receive_mbit, self.send_mbit)


def needs_of(desired: Desired) -> dict[str, Needs]:
    """By network; a flow that makes no sense needs nothing (the rules have refused it)."""
    found: dict[str, Needs] = {}
    for flow in desired.flows.send:
        for name, more in _sent(flow, desired):
            found[name] = _sum(found.get(name, Needs()), more)
    for received in desired.flows.receive:
        for name, more in _received(received):
            found[name] = _sum(found.get(name, Needs()), more)
    return found


def wire_mbit(fmt: VideoFormat, packing: Packing, max_udp: int, kind: SenderType | None) -> int:
    """Of a video flow, Mb/s on the wire, rounded up. kind None: as for N. Raises ValueError."""
    packets, octets = wire(fmt, packing, max_udp)
    octets += _ETHERNET * packets
    units = 2 if fmt.interlaced else 1
    active = r_active(fmt) if kind in (SenderType.N, None) else Fraction(1)
    rate = Fraction(octets * 8 * units) * fmt.rate / active
    return int(rate / 1_000_000) + 1


def _sum(one: Needs, other: Needs) -> Needs:
    return Needs(
        tuple(sorted({*one.ends, *other.ends}, key=str)),
        tuple(sorted({*one.groups_sent, *other.groups_sent})),
        one.receive_mbit + other.receive_mbit,
        one.send_mbit + other.send_mbit,
    )


def _sent(flow: SendFlow, desired: Desired) -> Iterator[tuple[str, Needs]]:
    mbit = 0
    if desired.input is not None:
        try:
            video = desired.input.format.video()
            kind = SenderType(flow.sender_type)
            mbit = wire_mbit(video, PACKINGS[flow.packing], flow.max_udp, kind) + _METADATA_MBIT
        except ValueError:
            mbit = 0
    for path in flow.paths:
        both = path.video.address, path.metadata.address
        groups = tuple(address for address in both if address.is_multicast)
        yield path.network, Needs(groups_sent=groups, send_mbit=mbit)


def _received(flow: ReceiveFlow) -> Iterator[tuple[str, Needs]]:
    try:
        session = parse_sdp(flow.sdp.encode())
        video = session.video
        metadata = session.metadata
    except ValueError:
        return
    mbit = _video_mbit(session)
    every = [(video.legs, mbit)]
    if metadata is not None:
        every.append((metadata.legs, _METADATA_MBIT))
    for legs, each in every:
        names = flow.networks if len(flow.networks) > 1 else flow.networks * len(legs)
        for leg, name in zip(legs, names, strict=False):
            if ":" not in leg.address:
                yield name, Needs(ends=(_end(leg, flow.id),), receive_mbit=each)


def _end(leg: SdpLeg, flow: str) -> End:
    source = IPv4Address(leg.source) if leg.source and ":" not in leg.source else None
    return End(IPv4Address(leg.address), leg.port, flow, source)


def _video_mbit(session: Session) -> int:
    video = session.video
    packing = Packing.BLOCKS if video.pm == "2110BPM" else Packing.LINES
    try:
        return wire_mbit(video.format, packing, video.max_udp, video.sender_type)
    except ValueError:
        return 0
