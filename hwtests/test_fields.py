"""Interlaced pictures through vivid, whose generator moves on from field to field: which rows are
older shows in the picture itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from appliance import runner
from drivers.frame import Frame
from drivers.video import VideoFormat, format_named
from hwtests.bench import Bench
from hwtests.nodes import vivid_as
from hwtests.playing import Input, control, input_of, node, output_of, vivid_sends

CAPTURE, PLAYOUT = "v4l2:platform-vivid.0:capture", "v4l2:platform-vivid.0:playout"
PAL = format_named("720x576i50", depth=8)
NTSC = format_named("720x480i59.94", depth=8)
HD = format_named("1080i50", depth=8)
BARS, LINES, CHECKERS, SQUARES, STILL, MOVING = 1, 15, 11, 4, 3, 5
TOP_FIRST = ("interlaced", "interlaced_tb", "seq_tb", "alternate")
BOTTOM_FIRST = ("interlaced_bt", "seq_bt")


@pytest.fixture(scope="module", autouse=True)
def card(bench: Bench) -> Iterator[None]:
    """An S-Video and an HDMI input, and an output of each."""
    with vivid_as(bench, "num_inputs=2", "input_types=0xe", "num_outputs=2", "output_types=0x2"):
        yield


def shows(pattern: int, movement: int = STILL) -> None:
    control(CAPTURE, test_pattern=pattern, horizontal_movement=movement, osd_text_mode=2)


def luma(frame: Frame, first: int) -> Any:
    """A row of the top (0) or bottom (1) field, from the middle of the picture."""
    row = frame.planes[0].shape[0] // 4 * 2 + first
    return frame.planes[0][row, 1 : 2 * frame.format.width : 2].astype(np.int32)


def moved(a: Any, b: Any) -> int:
    """By how many pixels a row went on to the right from a to b."""
    costs = {by: int(np.abs(np.roll(a, by) - b).sum()) for by in range(-60, 61)}
    best = min(costs, key=lambda by: costs[by])
    assert costs[best] < costs[0] / 4 or (best == 0 and costs[60]), (costs[best], costs[0], a[::48])
    return best


def check_order(frames: list[Frame]) -> None:
    """Each field is one step newer than the field before, the even rows' first."""
    steps = {moved(luma(one, 0), luma(one, 1)) for one in frames}
    assert len(steps) == 1, f"between a frame's fields the picture moves by {steps}"
    step = steps.pop()
    assert step != 0
    for a, b in pairwise(frames):
        fields = 2 * (b.sequence - a.sequence) - 1
        if fields * abs(step) < 60:
            assert moved(luma(a, 1), luma(b, 0)) == fields * step


def some(card: Input, count: int) -> list[Frame]:
    """Frames in a row; their memory is copied by nobody, so few."""
    return card.frames(count, 30)


def sd(fields: str) -> str:
    return f"{CAPTURE},input=S-Video,fields={fields}"


# vivid draws which field is older by the standard whatever order it was asked for, except that
# interlaced_bt swaps them: with 625 lines as the order says, with 525 not.
@pytest.mark.parametrize(
    ("fmt", "fields"),
    [(PAL, order) for order in (*TOP_FIRST, "interlaced_bt")]
    + [(NTSC, order) for order in ("interlaced", "seq_bt", "alternate")],
    ids=lambda one: one if isinstance(one, str) else str(one.height),
)
def test_the_even_rows_are_the_older_field(fmt: VideoFormat, fields: str) -> None:
    shows(BARS, MOVING)
    with input_of(sd(fields), fmt) as card:
        frames = some(card, 3)
        assert card.source.fields == fields
        check_order(frames)
        ages = [frame.capture_tai for frame in frames]
        assert ages == sorted(ages)


def test_rows_stand_where_they_do_in_a_whole_frame() -> None:
    for pattern in (LINES, CHECKERS, SQUARES):
        shows(pattern)
        seen = {}
        for fields in (*TOP_FIRST, *BOTTOM_FIRST):
            with input_of(sd(fields), PAL) as card:
                seen[fields] = some(card, 2)[-1].planes[0][:, : 2 * 720].copy()
                uncopied = card.source.stats()["copied"] == 0
                assert uncopied is (fields in ("interlaced", "interlaced_tb"))
        for fields, picture in seen.items():
            # The first row of 625 lines carries a code of the aspect ratio, which is noise here.
            assert np.array_equal(picture[1:], seen["interlaced_tb"][1:]), (pattern, fields)


@contextmanager
def hdmi(name: str) -> Iterator[str]:
    """The HDMI input sees that format; its key."""
    runner.run(["v4l2-ctl", "-d", node(CAPTURE), "-i", "1"], timeout=60)
    vivid_sends(CAPTURE, name)
    yield f"{CAPTURE},input=HDMI"


def test_hdmi_gives_fields_one_by_one() -> None:
    shows(BARS, MOVING)
    with hdmi("1080i50") as key, input_of(key, HD) as card:
        frames = some(card, 2)
        assert card.source.fields == "alternate"
        check_order(frames)


def painted(frame: Frame, number: int, _due: int) -> None:
    """Even rows of a code that is even, odd rows of the next code; both new in each frame."""
    plane = frame.planes[0]
    plane[:, 0::2] = 128
    plane[0::2, 1::2] = 20 + number * 2 % 200
    plane[1::2, 1::2] = 21 + number * 2 % 200


@pytest.mark.parametrize("fields", ["interlaced_tb", "alternate", "hdmi"])
def test_what_is_played_out_comes_back(fields: str) -> None:
    """vivid's input shows what its output has at the moment: under an emulated processor it skips
    and repeats fields, so that not every frame is whole; but a top row is never a bottom one. It
    carries no seq_tb over."""
    fmt, out_key, in_key = PAL, f"{PLAYOUT},output=S-Video,fields={fields}", sd(fields)
    if fields == "hdmi":
        with hdmi("1080i50") as in_key:
            fmt, out_key = HD, f"{PLAYOUT},output=HDMI"
    whole = mixed = 0
    control(CAPTURE, loop_video=1, osd_text_mode=2)
    try:
        with output_of(out_key, fmt, painted) as out:
            for _ in range(3):
                out.show()
            with input_of(in_key, fmt) as card:
                deadline = time.monotonic() + 60
                while whole < 5 and time.monotonic() < deadline:
                    out.show()
                    frame = card.next(0.2).frame
                    if frame is None:
                        continue
                    picture = frame.planes[0][:, 1 : 2 * fmt.width : 2]
                    top, bottom = picture[0, 0], picture[1, 0]
                    if not (picture[0::2] == top).all() or not (picture[1::2] == bottom).all():
                        continue  # vivid's own picture, before the loop closed
                    if top == bottom == 16:
                        continue  # the output's black: an emulated processor was late
                    assert top % 2 == 0 and bottom % 2 == 1
                    whole += int(bottom == top + 1)
                    mixed += int(bottom != top + 1)
            wanted = "alternate" if fields == "hdmi" else fields
            assert out.sink.fields == card.source.fields == wanted
    finally:
        control(CAPTURE, loop_video=0)
    assert whole == 5, (whole, mixed)


def test_a_lost_field_never_joins_two_frames() -> None:
    shows(BARS, MOVING)
    control(CAPTURE, percentage_of_dropped_buffers=35)
    try:
        with input_of(sd("alternate"), PAL) as card:
            whole = 0
            deadline = time.monotonic() + 60
            steps = set()
            while whole < 40 and time.monotonic() < deadline:
                frame = card.next(0.5).frame
                if frame is None:
                    continue
                steps.add(moved(luma(frame, 0), luma(frame, 1)))
                whole += 1
            stats = card.source.stats()
    finally:
        control(CAPTURE, percentage_of_dropped_buffers=0)
    assert whole == 40 and len(steps) == 1 and 0 not in steps, steps
    assert stats["lone_fields"] > 5 and stats["missed"] > 5
