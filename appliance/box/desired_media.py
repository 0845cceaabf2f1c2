"""Input, output and flows of the desired state. Pure."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from appliance.box.desired_part import Address, Name, Part, Port, Slug
from appliance.rtv.packing import UDP_EXTENDED, UDP_STANDARD, Packing
from drivers.video import Sampling, VideoFormat, format_named

SAMPLINGS = {"4:2:2": Sampling.YCBCR_422, "4:4:4": Sampling.YCBCR_444, "RGB": Sampling.RGB}
PACKINGS = {"lines": Packing.LINES, "fill": Packing.FILL, "blocks": Packing.BLOCKS}
LARGEST_SDP = 65_536

Loss = Literal["last-dimmed", "black", "pattern"]
"""What stands under the banner that names the reason, while no picture is live."""


class Format(Part):
    """A video format. name: as `rtvbox formats` lists it."""

    name: str = Field(description="a format of `rtvbox formats`, 1080p50")
    depth: Literal[8, 10, 12] = Field(10, description="8, 10 or 12 bits a sample")
    sampling: Literal["4:2:2", "4:4:4", "RGB"] = Field("4:2:2", description="4:2:2, 4:4:4 or RGB")
    colorimetry: Literal["BT601", "BT709", "BT2020"] = Field(
        "BT709", description="BT601, BT709 or BT2020"
    )

    def video(self) -> VideoFormat:
        """The format itself. Raises ValueError where there is none of that name."""
        return format_named(
            self.name,
            depth=self.depth,
            sampling=SAMPLINGS[self.sampling],
            colorimetry=self.colorimetry,
        )


Card = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="a card as `rtvbox devices` lists it (decklink:KEY, v4l2:KEY), or synthetic",
    ),
]


class Input(Part):
    """Where pictures come from (a transmitter's side of the endoscope).

    format: what is expected; another one at the connector is an issue and is not sent.
    on_loss: what receivers see under the banner while there is no live picture.
    """

    card: Card
    format: Format = Field(description="an object with name")
    sync: Literal["aligned", "direct"] = Field("aligned", description="aligned or direct")
    slices: bool = Field(False, description="true to hand lines on below a frame of delay")
    on_loss: Loss = Field("last-dimmed", description="last-dimmed, black or pattern")
    test_pattern: Literal["off", "without-input", "forced"] = Field(
        "off", description="off, without-input or forced"
    )


class Output(Part):
    """Where pictures go (a receiver's side of the monitor).

    overlay: a layout of nine zones, "default" or "none". link_offset_ms: from origin to
    presentation; null: the smallest that loses nothing.
    """

    card: Card
    slices: bool = Field(False, description="true to hand lines on below a frame of delay")
    overlay: Literal["default", "none"] | dict[str, Any] = Field(
        "default", description="default, none or a layout object"
    )
    link_offset_ms: Annotated[float, Field(ge=0, le=10_000, strict=False)] | None = Field(
        None, description="0..10000 ms, or null to find it"
    )
    on_loss: Loss = Field("last-dimmed", description="last-dimmed, black or pattern")


class Endpoint(Part):
    """Where a flow goes: a group, or one host."""

    address: Address = Field(description="a multicast group, 239.1.1.1, or one host's address")
    port: Port


class SendPath(Part):
    """One path of a flow. A second one makes it ST 2022-7. source_port 0: any."""

    network: Literal["data", "data_2"] = Field("data", description="data or data_2")
    video: Endpoint = Field(description="address and port")
    metadata: Endpoint = Field(description="address and port")
    source_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        0, description="a UDP port, or 0 for any"
    )


class SendFlow(Part):
    """A flow that leaves the box: ST 2110-20 video with its DICOM-RTV metadata (PS3.22)."""

    id: Slug
    name: Name = Field("rtvbox", description="a name for receivers' lists")
    paths: tuple[SendPath, ...] = Field(
        min_length=1, max_length=2, description="one path, or two for ST 2022-7"
    )
    sender_type: Literal["N", "NL", "W"] = Field("N", description="N, NL or W (ST 2110-21)")
    packing: Literal["lines", "fill", "blocks"] = Field(
        "lines", description="lines, fill or blocks"
    )
    max_udp: Annotated[int, Field(ge=100, le=UDP_EXTENDED)] = Field(
        UDP_STANDARD, description=f"{UDP_STANDARD} octets, or up to {UDP_EXTENDED}"
    )
    ttl: Annotated[int, Field(ge=1, le=255)] = Field(64, description="1..255")
    dscp: Annotated[int, Field(ge=0, le=63)] = Field(34, description="0..63 (34 is AF41)")
    sop_class: Literal["endoscopic", "photographic"] = Field(
        "endoscopic", description="endoscopic or photographic"
    )


class ReceiveFlow(Part):
    """A flow that comes to the box, as its sender's SDP describes it.

    networks: one for each path of the SDP, in its order. skew_ms: how far two paths may lie apart.
    """

    id: Slug
    sdp: Annotated[str, Field(min_length=1, max_length=LARGEST_SDP)] = Field(
        description="the sender's SDP, its lines separated by \\r\\n"
    )
    networks: tuple[Literal["data", "data_2"], ...] = Field(
        ("data",), min_length=1, max_length=2, description="data, data_2 or both"
    )
    skew_ms: Annotated[float, Field(ge=0.1, le=450, strict=False)] = Field(
        10.0, description="0.1..450 ms"
    )


class Flows(Part):
    """What leaves the box and what comes to it."""

    send: tuple[SendFlow, ...] = Field((), max_length=16, description="at most 16 flows")
    receive: tuple[ReceiveFlow, ...] = Field((), max_length=16, description="at most 16 flows")
