"""What the receiver says to wrong configurations, and which groups it joins."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

from appliance.engine import _engine
from tests.support.collecting_sink import CollectingSink
from tests.support.plain_sender import Flow, tai_now
from tests.support.receiver_stage import (
    FORMAT,
    free_port,
    picture,
)

# ---- what a person does wrong -------------------------------------------------------------------


def receiver(**changes: Any) -> Any:
    options: dict[str, Any] = {
        "format": FORMAT.native(),
        "video": [{"interface": "lo", "address": "127.0.0.1", "port": 5004}],
        "metadata": [],
        "payload_type": 96,
        "metadata_payload_type": 104,
        "realtime": False,
    }
    return _engine.Receiver(CollectingSink().capsule(), **(options | changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"video": []}, "video: give one path"),
        ({"payload_type": 33}, "payload_type"),
        ({"metadata": [{"address": "127.0.0.1", "port": 1}], "metadata_payload_type": 3}, "96"),
        ({"video": [{"address": "127.0.0.1", "port": 5004, "colour": 1}]}, r"video\[0\].colour"),
        ({"video": [{"interface": "lo", "port": 5004}]}, r"video\[0\].address"),
        ({"video": [{"address": "127.0.0.1", "port": 0}]}, "port"),
        ({"extensions": {"origin": 15}}, "extensions.origin"),
        ({"link_offset_ns": -5}, "link_offset_ns"),
        ({"skew_ns": 10**9}, "skew_ns"),
        ({"format": FORMAT.native() | {"depth": 9}}, "layout"),
    ],
)
def test_configuration_errors_name_the_field(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words) as e:
        receiver(**changes)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    ("leg", "words"),
    [
        ({"interface": "nosuch0", "address": "239.1.2.3", "port": 5004}, "nosuch0 does not exist"),
        ({"interface": "lo", "address": "198.51.100.7", "port": 5004}, "198.51.100.7"),
        ({"interface": "lo", "address": "fe80::1", "port": 5004}, "no IPv4 address"),
    ],
)
def test_sockets_that_cannot_be_opened_name_interface_and_address(
    leg: dict[str, Any], words: str
) -> None:
    rx = receiver(video=[leg])
    with pytest.raises(OSError, match=words):
        rx.start()
    assert not rx.running()
    rx.stop()


def test_a_sink_that_does_not_start_says_why() -> None:
    rx = _engine.Receiver(
        CollectingSink(start=-1).capsule(),
        format=FORMAT.native(),
        video=[{"interface": "lo", "address": "127.0.0.1", "port": free_port()}],
        metadata=[],
        payload_type=96,
        metadata_payload_type=104,
    )
    with pytest.raises(RuntimeError, match="sink: not today"):
        rx.start()


def test_multicast_with_and_without_a_source_filter() -> None:
    port = free_port()
    results = []
    for source in ("", "127.0.0.1", "127.0.0.9"):
        sink = CollectingSink()
        leg = {"interface": "lo", "address": "239.255.77.7", "port": port, "source_ip": source}
        rx = _engine.Receiver(
            sink.capsule(),
            format=FORMAT.native(),
            video=[leg],
            metadata=[],
            payload_type=96,
            metadata_payload_type=104,
            realtime=False,
            rcvbuf=1 << 20,
        )
        rx.start()
        flow = Flow(96, 7)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
            ts = tai_now() * 9 // 100_000 & 0xFFFFFFFF
            for p in flow.video(ts, picture(1), groups=48):
                out.sendto(p, ("239.255.77.7", port))
        time.sleep(0.2)
        rx.stop()
        results.append((len(sink.live()), rx.counters()["packets"]))
    assert results[0] == (1, 24)
    assert results[1] == (1, 24)
    assert results[2] == (0, 0)
