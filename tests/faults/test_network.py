"""A bad network between two boxes: what the picture and the report say."""

from __future__ import annotations

import socket
import struct
import time

import numpy as np

from appliance.engine import _engine
from appliance.rtv.timing import rtp_timestamp
from drivers.synthetic.stamp import read_stamp
from drivers.video import FrameFlag
from tests.support.pair import SMALL, VIDEO_PT, Outcome, run_pair

FRAMES = 50


def check_sane(outcome: Outcome) -> None:
    """Whatever the network did: no frame torn in time, none with another frame's metadata."""
    assert outcome.sink["metadata_mismatch"] == 0
    assert outcome.sink["out_of_order"] == 0
    assert outcome.rx["metadata_mismatch"] == 0
    assert outcome.rx["presented"] >= FRAMES - 2


def marked(outcome: Outcome, flag: FrameFlag) -> int:
    return sum(flag in frame.flags for frame in outcome.frames)


def test_a_good_network_loses_nothing() -> None:
    outcome = run_pair(FRAMES, keep=128)
    check_sane(outcome)
    assert outcome.rx["lost"] == outcome.rx["concealed_frames"] == outcome.rx["late"] == 0
    assert outcome.sink["lost"] == outcome.sink["repeated"] == outcome.sink["torn"] == 0
    assert outcome.rx["complete"] == FRAMES
    assert marked(outcome, FrameFlag.CONCEALED) == 0


def test_one_percent_loss_is_counted_concealed_and_marked() -> None:
    outcome = run_pair(FRAMES, faults=(("loss=10",),), keep=128)
    check_sane(outcome)
    assert outcome.relays[0]["lost"] > 100
    assert outcome.rx["lost"] == outcome.relays[0]["lost"]
    assert outcome.rx["concealed_frames"] == outcome.sink["concealed"] > FRAMES * 0.8
    assert marked(outcome, FrameFlag.CONCEALED) == outcome.rx["concealed_frames"]
    # Holes show the frame before, not black: every stamp strip in a hole would read as torn, but
    # the pictures as a whole stay what the source drew.
    for frame in outcome.frames:
        if FrameFlag.SLATE not in frame.flags:
            picture = _engine.pack(frame.planes, frame.format.native(frame.layout))
            assert np.count_nonzero(picture == 0) < picture.size * 0.2


def test_five_percent_loss_keeps_the_flow_alive() -> None:
    outcome = run_pair(FRAMES, faults=(("loss=50",),), keep=128)
    check_sane(outcome)
    assert outcome.rx["lost"] == outcome.relays[0]["lost"] > 1000
    assert outcome.rx["flow_losses"] <= 1, "slates only before the first and after the last frame"


def test_a_burst_loss_conceals_only_its_frames() -> None:
    # 300 packets in a row, of 720 in a frame, once in about 8 frames.
    outcome = run_pair(FRAMES, faults=(("burst=6000,300,3000",),), keep=128)
    check_sane(outcome)
    assert outcome.rx["lost"] == outcome.relays[0]["lost"]
    hit = outcome.rx["concealed_frames"]
    assert 6 <= hit <= 2 * 7, outcome.rx


def test_reordering_within_the_window_costs_nothing() -> None:
    outcome = run_pair(FRAMES, faults=(("reorder=20,8",),))
    check_sane(outcome)
    assert outcome.rx["reordered"] > 100
    assert outcome.rx["lost"] == outcome.rx["concealed_frames"] == 0


def test_duplicates_are_counted_and_change_nothing() -> None:
    outcome = run_pair(FRAMES, faults=(("dup=50",),))
    check_sane(outcome)
    assert outcome.rx["duplicates"] == outcome.relays[0]["doubled"] > 500
    assert outcome.rx["concealed_frames"] == outcome.rx["lost"] == 0


def test_flipped_bits_in_headers_never_crash() -> None:
    outcome = run_pair(FRAMES, faults=(("flip=30",),))
    assert outcome.relays[0]["flipped"] > 500
    assert outcome.sink["metadata_mismatch"] == 0
    assert outcome.rx["presented"] >= FRAMES // 2, outcome.rx


def test_two_paths_with_different_losses_lose_nothing() -> None:
    # Bursts half a period apart: no packet is lost on both.
    outcome = run_pair(FRAMES, faults=(("burst=1000,40,100",), ("burst=1000,40,600",)), keep=128)
    one, two = outcome.relays
    assert one["lost"] > 500
    assert two["lost"] > 500
    assert outcome.rx["recovered"] == one["lost"]
    assert outcome.rx["lost"] == outcome.rx["concealed_frames"] == 0
    check_sane(outcome)


def test_one_path_dead_is_no_loss_at_all() -> None:
    outcome = run_pair(FRAMES, faults=((), ("loss=1000",)))
    check_sane(outcome)
    assert outcome.rx["lost"] == outcome.rx["concealed_frames"] == 0
    assert outcome.sink["lost"] == outcome.sink["repeated"] == 0
    assert outcome.rx["lost_b"] >= 0


def test_a_second_sender_is_kept_out() -> None:
    """Another sender on the same port: its packets are counted and never shown."""

    def intrude(ports: list[int]) -> None:
        time.sleep(0.5)  # the first sender is known by then
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            for number in range(500):
                timestamp = rtp_timestamp(time.clock_gettime_ns(time.CLOCK_TAI), 90_000)
                head = struct.pack(
                    "!BBHIIHHHH",
                    0x80,
                    VIDEO_PT,
                    number,
                    timestamp,
                    0xBAD,
                    0,
                    800,
                    number % SMALL.height,
                    0,
                )
                other.sendto(head + bytes(800), ("127.0.0.1", ports[0]))
                time.sleep(0.001)

    outcome = run_pair(FRAMES, intruder=intrude, keep=128)
    check_sane(outcome)
    assert outcome.rx["foreign_packets"] > 100
    assert outcome.rx["concealed_frames"] == 0
    for frame in outcome.frames:
        if FrameFlag.SLATE not in frame.flags:
            assert read_stamp(frame) is not None
