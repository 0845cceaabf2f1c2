"""The multi-planar half of V4L2 on a real kernel, both directions, in one and in two pieces of
memory."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from drivers.synthetic import stamp_rows
from drivers.v4l2 import look_at
from drivers.video import format_named
from hwtests.bench import Bench
from hwtests.looping import black_elsewhere
from hwtests.nodes import vivid_as
from hwtests.playing import control, input_of, node, output_of, vivid_sends

CAPTURE, PLAYOUT = "v4l2:platform-vivid.0:capture", "v4l2:platform-vivid.0:playout"
FORMAT = format_named("720p50", depth=8)


@pytest.fixture(scope="module", autouse=True)
def card(bench: Bench) -> Iterator[None]:
    options = ("num_inputs=1", "input_types=0x3", "num_outputs=1", "output_types=0x1")
    with vivid_as(bench, *options, "multiplanar=2"):
        yield


def test_the_nodes_are_multiplanar() -> None:
    for key in (CAPTURE, PLAYOUT):
        found = look_at(node(key))
        assert found.multiplanar
        assert [code for code, _, bits in found.formats if bits] == ["UYVY", "YUYV", "NV16", "NM16"]


# vivid carries what is played out over only where both sides have the same pixel format. A few
# frames: an emulated machine takes long to convert one.
@pytest.mark.parametrize("code", ["UYVY", "NM16"])
def test_what_is_played_out_comes_back(code: str) -> None:
    vivid_sends(CAPTURE, "720p50")
    with output_of(f"{PLAYOUT},pixels={code}", FORMAT) as out:
        for _ in range(4):
            out.show()
        control(CAPTURE, loop_video=1, osd_text_mode=2)
        seen: set[int] = set()
        with input_of(f"{CAPTURE},pixels={code}", FORMAT) as card:
            deadline = time.monotonic() + 60
            while len(seen) < 5 and time.monotonic() < deadline:
                out.show()
                one = card.next(0.2)
                if one.frame is None or one.stamp is None or one.stamp.torn:
                    continue  # before the loop closed
                seen.add(one.stamp.sequence)
                assert black_elsewhere(one.frame.planes[0], stamp_rows(FORMAT))
            assert card.source.fourcc == out.sink.fourcc == code
            assert (card.source.stats()["copied"] == 0) is (code == "UYVY")
    assert len(seen) >= 5


def test_bits_that_the_nodes_do_not_have_are_said() -> None:
    ten = format_named("720p50", depth=10)
    with output_of(PLAYOUT, ten) as out:
        out.show()
        (said,) = out.sink.events()
        assert "10 bits leave as 8" in said[2] and out.sink.events() == []
    with input_of(CAPTURE, ten) as card:
        card.frames(1, 20)
        (said,) = card.source.events()
        assert "gives 8 bits (UYVY)" in said[2]
