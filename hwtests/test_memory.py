"""Captured into memory that is lent to the driver (DMABUF), bit for bit as into its own.

Debian 12's Linux 6.1 has neither /dev/udmabuf nor /dev/dma_heap; 6.12 of its backports has both. To
run these in the virtual machine: unpack that package (dpkg-deb -x) as build/vm/kernel, run depmod
-b on it and write its version into build/vm/kernel/version."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivers.frame import Frame
from drivers.video import Signal, format_named
from hwtests.bench import Bench
from hwtests.nodes import vivid_as
from hwtests.playing import control, input_of, vivid_sends

CAPTURE = "v4l2:platform-vivid.0:capture"
FORMAT = format_named("720p50", depth=8)
SQUARES, BARS, STILL, MOVING = 4, 1, 3, 5
HDMI = ("num_inputs=1", "input_types=0x3", "num_outputs=1", "output_types=0x1")
DEVICES = {"udmabuf": Path("/dev/udmabuf"), "heap:system": Path("/dev/dma_heap/system")}

Figure = Callable[..., None]


def needs(memory: str) -> None:
    if not DEVICES[memory].exists():
        pytest.skip(f"this kernel has no {DEVICES[memory]}")


@contextmanager
def card(bench: Bench, *options: str) -> Iterator[None]:
    """vivid, with a signal."""
    with vivid_as(bench, *HDMI, *options):
        vivid_sends(CAPTURE, "720p50")
        yield


def picture(frame: Frame) -> Any:
    return frame.planes[0][:, : 2 * FORMAT.width].copy()


def reading(frames: list[Frame]) -> float:
    """How long it takes to read all of a frame, ms, the median."""
    times = []
    for frame in frames:
        begun = time.perf_counter()
        picture(frame)
        times.append(1e3 * (time.perf_counter() - begun))
    return statistics.median(times)


@pytest.mark.parametrize("memory", DEVICES)
def test_a_picture_is_the_same_in_lent_memory(memory: str, bench: Bench, figure: Figure) -> None:
    needs(memory)
    with card(bench):
        same_in(memory, figure)


def same_in(memory: str, figure: Figure) -> None:
    control(CAPTURE, test_pattern=SQUARES, horizontal_movement=STILL, osd_text_mode=2)
    seen, cost = {}, {}
    for key in (CAPTURE, f"{CAPTURE},memory={memory}"):
        with input_of(key, FORMAT) as way:
            frames = way.frames(5, 30)
            cost[key] = reading(frames)
            seen[key] = picture(frames[0])
            assert all(np.array_equal(picture(one), seen[key]) for one in frames)
            # Given back and filled again, for longer than there are buffers.
            del frames
            for _ in range(24):
                (frame,) = way.frames(1, 30)
            assert np.array_equal(picture(frame), seen[key])
            assert way.source.stats()["copied"] == 0
        assert np.array_equal(picture(frame), seen[key])  # it outlives its source
        del frame
    own, lent = seen.values()
    assert np.array_equal(own, lent) and own.std() > 10
    figure(f"{memory}: reading a frame of the driver's memory ms", round(cost[CAPTURE], 2))
    figure(f"{memory}: reading a frame of lent memory ms", round(list(cost.values())[1], 2))


def test_every_frame_in_lent_memory_is_a_new_one(bench: Bench) -> None:
    needs("udmabuf")
    with card(bench):
        control(CAPTURE, test_pattern=BARS, horizontal_movement=MOVING, osd_text_mode=2)
        with input_of(f"{CAPTURE},memory=udmabuf", FORMAT) as way:
            rows = []
            for _ in range(12):
                (frame,) = way.frames(1, 30)
                rows.append((frame.sequence, frame.planes[0][360, 1:2560:2].astype(np.int32)))
            del frame
            for (a, before), (b, after) in pairwise(rows):
                # vivid moves it on once for all that it skips.
                steps = [8 * k for k in range(1, b - a + 1)]
                assert any(
                    np.array_equal(np.roll(before, by)[200:-200], after[200:-200]) for by in steps
                )


def test_a_card_that_cannot_use_it_refuses_it_and_says_so(bench: Bench) -> None:
    """Our pages lie here and there, which a card without an IOMMU cannot write into: as such a one
    vivid allocates in one piece."""
    needs("udmabuf")
    key = f"{CAPTURE},memory=udmabuf"
    with card(bench, "allocators=1"), input_of(key, FORMAT) as way:
        way.until(lambda one: one.signal is Signal.UNSUPPORTED, 20)
        assert "memory=udmabuf: its driver takes none of others" in way.source.error()
