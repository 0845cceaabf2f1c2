"""ST 2022-7 from outside: a path that is lost and back is told by both ends, with its name."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from appliance.demo.namespaces import Box, Lab

pytestmark = pytest.mark.netns

RTVBOX = [sys.executable, "-m", "appliance.cli"]
CLOCK = r"\d\d:\d\d:\d\d\.\d\d\d"


def start(box: Box, log: Path, *argv: object) -> subprocess.Popen[bytes]:
    with log.open("wb") as out:
        return box.popen([*RTVBOX, *map(str, argv)], stdout=out, stderr=subprocess.STDOUT)


def until(said: Any, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 30
    while not said():
        assert process.poll() is None and time.monotonic() < end, log.read_text(encoding="utf-8")
        time.sleep(0.05)


def test_the_second_path_is_lost_and_returns(tmp_path: Path) -> None:
    sdp, tx_log, rx_log = tmp_path / "flow.sdp", tmp_path / "tx.log", tmp_path / "rx.log"
    with Lab(["tx", "rx"], networks=2) as lab:
        sender = start(
            lab["tx"],
            tx_log,
            *("tx", "--source", "synthetic", "--format", "720p50", "--interface", "eth0"),
            *("--video", "239.1.1.1:5000", "--metadata", "239.1.1.2:5002", "--sender-type", "W"),
            *("--second-path", "eth1:239.2.1.1:5000:239.2.1.2:5002", "--sdp-out", sdp),
        )
        until(sdp.exists, sender, tx_log)
        receiver = start(
            lab["rx"],
            rx_log,
            *("rx", "--sdp", sdp, "--interface", "eth0", "--interface", "eth1"),
        )
        until(lambda: "rx " in rx_log.read_text(encoding="utf-8"), receiver, rx_log)
        time.sleep(0.5)
        lab["tx"].ip("link set eth1 down")
        until(lambda: "path-lost: video" in rx_log.read_text(encoding="utf-8"), receiver, rx_log)
        time.sleep(0.6)
        lab["tx"].ip("link set eth1 up")
        until(lambda: "path-back: metadata" in rx_log.read_text(encoding="utf-8"), receiver, rx_log)
        until(lambda: "link-up" in tx_log.read_text(encoding="utf-8"), sender, tx_log)
        for process in (receiver, sender):
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    rx, tx = rx_log.read_text(encoding="utf-8"), tx_log.read_text(encoding="utf-8")
    video = re.escape("video path 2 (239.2.1.1:5000 on eth1)")
    metadata = re.escape("metadata path 2 (239.2.1.2:5002 on eth1)")
    for name in (video, metadata):
        assert re.search(rf"{CLOCK} warning: path-lost: {name}: no packets come; path 1", rx), rx
        assert re.search(rf"{CLOCK} info: path-back: {name}: packets come again, after", rx), rx
    assert re.search(rf"receiving 1280x720p 50/s 10 bit YCbCr-4:2:2: {video}\n", rx), rx
    assert "flow-lost" not in rx
    assert re.search(rf"sending .*: {video}, {metadata}\n", tx), tx
    assert re.search(rf"{CLOCK} warning: link-down: path 2 \(eth1\): no link\n", tx), tx
    assert re.search(rf"{CLOCK} info: link-up: path 2 \(eth1\): has a link again", tx), tx
