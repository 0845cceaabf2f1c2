"""Debian's GStreamer as an independent sender and receiver of RFC 4175 video."""

from __future__ import annotations

import subprocess
from pathlib import Path

from drivers.video import Sampling, VideoFormat

FORMATS = {
    (Sampling.YCBCR_422, 8): "UYVY",
    (Sampling.YCBCR_422, 10): "UYVP",
    (Sampling.RGB, 8): "RGB",
}
"""GStreamer's raw formats whose memory is the essence's pgroups, byte for byte."""


def rtp_caps(fmt: VideoFormat, payload_type: int) -> str:
    """What an SDP would tell GStreamer. Its names of colorimetry are RFC 4175's."""
    return (
        "application/x-rtp,media=video,clock-rate=90000,encoding-name=RAW,"
        f"sampling={fmt.sampling},depth=(string){fmt.depth},"
        f"width=(string){fmt.width},height=(string){fmt.height},"
        f"colorimetry=BT709-2,payload={payload_type}"
    )


def receive(fmt: VideoFormat, port: int, payload_type: int, out: Path) -> subprocess.Popen[bytes]:
    """Writes the pictures that arrive on a loopback port, one after the other."""
    return subprocess.Popen(
        [
            *("gst-launch-1.0", "-q", "-e"),
            *("udpsrc", "address=127.0.0.1", f"port={port}", "buffer-size=8388608"),
            f"caps={rtp_caps(fmt, payload_type)}",
            *("!", "rtpvrawdepay", "!", f"video/x-raw,format={FORMATS[fmt.sampling, fmt.depth]}"),
            *("!", "filesink", f"location={out}"),
        ]
    )


def send(
    fmt: VideoFormat, port: int, payload_type: int, frames: int, mtu: int, out: Path
) -> subprocess.Popen[bytes]:
    """Sends its moving test picture to a loopback port in real time, and writes what it sent."""
    raw = (
        f"video/x-raw,format={FORMATS[fmt.sampling, fmt.depth]},width={fmt.width},"
        f"height={fmt.height},framerate={fmt.rate.numerator}/{fmt.rate.denominator},"
        "colorimetry=bt709"
    )
    return subprocess.Popen(
        [
            *("gst-launch-1.0", "-q"),
            *("videotestsrc", "is-live=true", f"num-buffers={frames}", "pattern=snow"),
            *("!", raw, "!", "tee", "name=t", "!", "queue", "!", "filesink", f"location={out}"),
            *("t.", "!", "queue", "!", "rtpvrawpay", f"mtu={mtu}", f"pt={payload_type}"),
            *("timestamp-offset=0", "!", "udpsink", "host=127.0.0.1", f"port={port}"),
            "buffer-size=8388608",
        ]
    )
