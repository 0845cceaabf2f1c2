"""GStreamer judges our bytes: it receives what we send, and we receive what it sends."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from appliance.engine import _engine
from appliance.rtv.layout import packet_layout
from appliance.rtv.packing import Packing
from appliance.rtv.pgroup import unit_octets
from appliance.rtv.traffic import SenderType, pacing, traffic_model
from drivers.frame import Frame
from drivers.synthetic import SyntheticSink, SyntheticSource
from drivers.synthetic.stamp import read_stamp
from drivers.video import FrameFlag, Sampling, VideoFormat
from tests.interop import gstreamer
from tests.support.ports import free_port

KINDS = [
    pytest.param(Sampling.YCBCR_422, 8, id="4:2:2 8 bit"),
    pytest.param(Sampling.YCBCR_422, 10, id="4:2:2 10 bit"),
    pytest.param(Sampling.RGB, 8, id="RGB 8 bit"),
]


def pictures(path: Path, fmt: VideoFormat) -> Iterator[npt.NDArray[np.uint8]]:
    """The whole pictures in a file that GStreamer wrote."""
    size = unit_octets(fmt)
    data = np.fromfile(path, dtype=np.uint8)
    for at in range(0, len(data) - size + 1, size):
        yield data[at : at + size]


def picture_of(frame: Frame) -> npt.NDArray[np.uint8]:
    """A frame's pgroups."""
    return _engine.pack(frame.planes, frame.format.native(frame.layout)).reshape(-1)


def kept(sink: SyntheticSink) -> list[Frame]:
    """The live pictures that a sink kept."""
    frames = []
    while (frame := sink.take()) is not None:
        if FrameFlag.SLATE not in frame.flags:
            frames.append(frame)
    return frames


def leg(port: int) -> _engine.Leg:
    return {"interface": "lo", "source_ip": "", "address": "127.0.0.1", "port": port}


@pytest.mark.parametrize("packing", [Packing.LINES, Packing.FILL])
@pytest.mark.parametrize(("sampling", "depth"), KINDS)
def test_gstreamer_receives_us_bit_for_bit(
    tmp_path: Path, sampling: Sampling, depth: int, packing: Packing
) -> None:
    fmt = VideoFormat(640, 360, Fraction(25), sampling=sampling, depth=depth)
    theirs, ours = free_port(), free_port()
    out = tmp_path / "received.raw"
    packets = packet_layout(fmt, packing)
    sink = SyntheticSink(keep=256, line_clock=False)
    receiver = _engine.Receiver(
        sink.capsule(),
        format=fmt.native(),
        video=[leg(ours)],
        metadata=[],
        payload_type=112,
        metadata_payload_type=104,
    )
    source = SyntheticSource(fmt)
    transmitter = _engine.Transmitter(
        source.capsule(),
        format=fmt.native(),
        packets=packets,
        # The two paths carry the same octets: one goes to them, the other to us.
        video=[leg(theirs), leg(ours)],
        metadata=[],
        payload_type=112,
        ssrc=1,
        metadata_payload_type=104,
        metadata_ssrc=2,
        max_udp=1460,
        max_frames=20,
        **pacing(fmt, traffic_model(fmt, len(packets), SenderType.W)),
    )
    gst = gstreamer.receive(fmt, theirs, 112, out)
    try:
        receiver.start()
        time.sleep(1.0)  # GStreamer tells nobody when it listens
        transmitter.start()
        while transmitter.running():
            time.sleep(0.05)
        time.sleep(0.5)
        frames = kept(sink)
    finally:
        transmitter.stop()
        receiver.stop()
        gst.send_signal(signal.SIGINT)
        gst.wait(timeout=10)
    sent = {picture_of(frame).tobytes() for frame in frames if read_stamp(frame) is not None}
    received = {picture.tobytes() for picture in pictures(out, fmt)}
    assert len(sent) >= 15, "our own receiver saw too little to compare with"
    assert len(sent & received) >= 14, f"{len(received)} received, {len(sent & received)} equal"


@pytest.mark.parametrize("mtu", [1220, 1400])
@pytest.mark.parametrize(("sampling", "depth"), KINDS)
def test_we_receive_gstreamer_bit_for_bit(
    tmp_path: Path, sampling: Sampling, depth: int, mtu: int
) -> None:
    fmt = VideoFormat(640, 360, Fraction(25), sampling=sampling, depth=depth)
    port, out = free_port(), tmp_path / "sent.raw"
    sink = SyntheticSink("none", keep=256, line_clock=False)
    receiver = _engine.Receiver(
        sink.capsule(),
        format=fmt.native(),
        video=[leg(port)],
        metadata=[],
        payload_type=97,
        metadata_payload_type=104,
        link_offset_ns=0,
    )
    receiver.start()
    gst = gstreamer.send(fmt, port, 97, 20, mtu, out)
    try:
        gst.wait(timeout=30)
        time.sleep(0.3)
        counters = receiver.counters()
    finally:
        receiver.stop()
    frames = kept(sink)
    sent = [picture.tobytes() for picture in pictures(out, fmt)]
    got = {picture_of(frame).tobytes() for frame in frames}
    assert len(sent) == 20
    missing = [n for n, picture in enumerate(sent) if picture not in got]
    # The very last frame is complete only with its marker, which it has: nothing may be missing.
    assert not missing, f"frames {missing} of 20 did not arrive as sent; {counters}"
