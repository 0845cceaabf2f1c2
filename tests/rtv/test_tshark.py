"""An independent judge: tshark reads our RTP headers, extensions, UDP and capture files."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from appliance.rtv.rtp import DEFAULT_IDS, decode_elements, decode_packet
from drivers.video import format_named
from tests.rtv.capture import (
    FLOW_ID,
    SOURCE_ID,
    TAI_START,
    UTC_BEHIND,
    metadata_packets,
    pcap,
    pcapng,
    records,
    video_packets,
)


def tshark(path: Path, *fields: str) -> list[dict[str, list[str]]]:
    """The fields of every packet, as tshark reads them."""
    program = shutil.which("tshark")
    assert program is not None, "tshark is not installed; run make setup (.ci/setup-debian)"
    wanted = [word for name in fields for word in ("-e", name)]
    ports = ["-d", "udp.port==20000,rtp", "-d", "udp.port==20004,rtp"]
    done = subprocess.run(
        [program, "-r", str(path), *ports, "-T", "json", *wanted],
        capture_output=True,
        check=True,
        timeout=60,
    )
    packets: list[dict[str, Any]] = json.loads(done.stdout)
    return [packet["_source"]["layers"] for packet in packets]


def test_grain_headers_and_extensions(tmp_path: Path) -> None:
    fmt = format_named("1080p59.94")
    timed = metadata_packets(fmt, 4, parts=2)
    path = tmp_path / "grains.pcap"
    path.write_bytes(pcap(records(timed, destination="239.1.1.3", port=20004)))
    found = tshark(
        path,
        "rtp.version",
        "rtp.p_type",
        "rtp.marker",
        "rtp.seq",
        "rtp.timestamp",
        "rtp.ssrc",
        "rtp.ext.profile",
        "rtp.ext.rfc5285.id",
        "rtp.ext.rfc5285.data",
        "rtp.payload",
    )
    assert len(found) == len(timed) == 8
    for (_, data), seen in zip(timed, found, strict=True):
        ours = decode_packet(data)
        assert seen["rtp.version"] == ["2"] and seen["rtp.p_type"] == ["104"]
        assert (seen["rtp.marker"][0] in ("1", "True")) == ours.marker
        assert int(seen["rtp.seq"][0]) == ours.sequence
        assert int(seen["rtp.timestamp"][0]) == ours.timestamp
        assert int(seen["rtp.ssrc"][0], 16) == ours.ssrc
        assert int(seen["rtp.ext.profile"][0], 16) == 0xBEDE
        elements = [
            (int(ident), bytes.fromhex(value.replace(":", "")))
            for ident, value in zip(
                seen["rtp.ext.rfc5285.id"], seen["rtp.ext.rfc5285.data"], strict=True
            )
        ]
        assert tuple(elements) == ours.elements
        assert bytes.fromhex(seen["rtp.payload"][0].replace(":", "")) == ours.payload
    first = dict(zip(found[0]["rtp.ext.rfc5285.id"], found[0]["rtp.ext.rfc5285.data"], strict=True))
    assert first["3"].replace(":", "") == FLOW_ID.hex()
    assert first["4"].replace(":", "") == SOURCE_ID.hex()
    origin = decode_elements(decode_packet(timed[0][1]).elements, DEFAULT_IDS).origin
    assert origin is not None and abs(origin - TAI_START) < 20_000_000


def test_video_headers_in_both_kinds_of_capture(tmp_path: Path) -> None:
    fmt = format_named("720p50")
    packets = [(TAI_START + n * 5000, data) for n, (_, _, data) in enumerate(video_packets(fmt, 1))]
    taken = records(packets[:50] + packets[-50:])
    for name, octets in (("video.pcap", pcap(taken)), ("video.pcapng", pcapng(taken))):
        path = tmp_path / name
        path.write_bytes(octets)
        found = tshark(path, "frame.time_epoch", "rtp.seq", "rtp.marker", "udp.length", "ip.dst")
        assert len(found) == 100
        for (time, frame), seen in zip(taken, found, strict=True):
            ours = decode_packet(frame[42:])
            assert int(seen["rtp.seq"][0]) == ours.sequence
            assert (seen["rtp.marker"][0] in ("1", "True")) == ours.marker
            assert int(seen["udp.length"][0]) == len(frame) - 34
            assert seen["ip.dst"] == ["239.1.1.1"]
            assert _ns(seen["frame.time_epoch"][0]) == time
    assert records(packets)[0][0] == TAI_START - UTC_BEHIND


def _ns(text: str) -> int:
    """Seconds with nine decimals, or an ISO date of newer versions, to ns."""
    if "T" in text:
        from datetime import UTC, datetime

        date, _, fraction = text.rstrip("Z").partition(".")
        seconds = int(datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp())
    else:
        whole, _, fraction = text.partition(".")
        seconds = int(whole)
    return seconds * 10**9 + int(fraction.ljust(9, "0"))
