"""Memory of V4L2 drivers against a plain model, both ways; structures against the kernel's."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.frame import Frame, FramePool
from drivers.v4l2 import V4l2Sink, V4l2Source, _v4l2
from drivers.video import Layout, Sampling, VideoFormat, format_named

Samples = npt.NDArray[np.uint16]  # [rows, 2 * width], Cb Y Cr Y, of the depth


def frame(width: int, rows: int, depth: int) -> Frame:
    found = FramePool(VideoFormat(width, rows, Fraction(25), depth=depth), 1).acquire()
    assert found is not None
    return found


def put(target: Frame, samples: Samples) -> None:
    """Writes samples into a frame of ours."""
    plane = target.planes[0]
    if target.layout is Layout.UYVY:
        plane[:, : samples.shape[1]] = samples.astype(np.uint8)
        return
    rows, count = samples.shape
    padded = np.zeros((rows, -(-count // 3) * 3), np.uint32)
    padded[:, :count] = samples
    words = padded[:, 0::3] | padded[:, 1::3] << 10 | padded[:, 2::3] << 20
    plane.view("<u4")[:, : words.shape[1]] = words


def get(source: Frame, count: int) -> Samples:
    """Samples of a frame of ours."""
    plane = source.planes[0]
    if source.layout is Layout.UYVY:
        return plane[:, :count].astype(np.uint16)
    words = plane.view("<u4")[:, : -(-count // 3)]
    return (
        np.stack([words >> shift & 1023 for shift in (0, 10, 20)], axis=2)
        .reshape(words.shape[0], -1)[:, :count]
        .astype(np.uint16)
    )


def memory_of(code: str, samples: Samples) -> tuple[bytearray, int]:
    """What a driver of that format holds, from samples of its own depth; and its stride."""
    rows, count = samples.shape
    if code in ("UYVY", "YUYV"):
        octets = samples.astype(np.uint8)
        if code == "YUYV":
            octets = octets.reshape(rows, -1, 2)[:, :, ::-1].reshape(rows, count)
        return bytearray(octets.tobytes()), count
    if code == "Y210":
        swapped = samples.reshape(rows, -1, 2)[:, :, ::-1].reshape(rows, count)
        return bytearray((swapped << 6).astype("<u2").tobytes()), count * 2
    if code == "NV16":
        chroma, luma = samples[:, 0::2].astype(np.uint8), samples[:, 1::2].astype(np.uint8)
        return bytearray(luma.tobytes() + chroma.tobytes()), count // 2
    assert code == "v210"
    stride = -(-(count // 2) // 48) * 128
    whole = np.zeros((rows, stride // 4 * 3), np.uint32)
    whole[:, :count] = samples
    words = whole[:, 0::3] | whole[:, 1::3] << 10 | whole[:, 2::3] << 20
    return bytearray(words.astype("<u4").tobytes()), stride


def eight(samples: Samples) -> Samples:
    """Ten bits rounded to eight, without the codes that SDI keeps for itself."""
    return np.clip((samples.astype(np.int32) + 2) >> 2, 1, 254).astype(np.uint16)


CODES = {"UYVY": 8, "YUYV": 8, "NV16": 8, "Y210": 10, "v210": 10}


@settings(max_examples=15, deadline=None)
@given(
    code=st.sampled_from(sorted(CODES)),
    depth=st.sampled_from([8, 10]),
    pairs=st.sampled_from([1, 2, 3, 24, 191, 192, 193, 320, 640]),
    seed=st.integers(0, 1000),
)
def test_into_a_frame_and_out_of_it(code: str, depth: int, pairs: int, seed: int) -> None:
    rows, width, own = 3, 2 * pairs, CODES[code]
    random = np.random.default_rng(seed)
    theirs = random.integers(4, (1 << own) - 1, (rows, 2 * width)).astype(np.uint16)
    memory, stride = memory_of(code, theirs)
    ours = frame(width, rows, depth)
    _v4l2.convert(ours.native.borrow(), code, memory, stride, True)
    expected = theirs if own == depth else theirs << 2 if depth == 10 else eight(theirs)
    assert np.array_equal(get(ours, 2 * width), expected)

    mine = random.integers(4, (1 << depth) - 4, (rows, 2 * width)).astype(np.uint16)
    put(ours, mine)
    _v4l2.convert(ours.native.borrow(), code, memory, stride, False)
    back = mine if own == depth else eight(mine) if depth == 10 else mine << 2
    wanted, _ = memory_of(code, back)
    assert bytes(memory) == bytes(wanted)


def test_too_little_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="too little"):
        _v4l2.convert(frame(64, 4, 8).native.borrow(), "UYVY", bytearray(100), 128, True)


def test_structures_are_the_kernels(tmp_path: Path) -> None:
    """The sizes stand in the numbers of the calls: a wrong one is refused by every driver."""
    source = tmp_path / "sizes.c"
    source.write_text(
        "#include <linux/videodev2.h>\n#include <stdio.h>\n"
        'int main(void) { printf("%zu %zu %zu\\n", sizeof(struct v4l2_dv_timings), '
        "sizeof(struct v4l2_buffer), sizeof(struct v4l2_format)); return 0; }\n"
    )
    subprocess.run(["cc", "-o", str(tmp_path / "sizes"), str(source)], check=True, timeout=60)
    said = subprocess.run([str(tmp_path / "sizes")], capture_output=True, text=True, check=True)
    found = _v4l2.struct_sizes()
    names = ("v4l2_dv_timings", "v4l2_buffer", "v4l2_format")
    assert [found[name] for name in names] == [int(word) for word in said.stdout.split()]
    assert found["v4l2_dv_timings"] == 132


def test_what_is_no_node_is_refused_in_one_line() -> None:
    fmt = format_named("720p50")
    for make in (lambda key: V4l2Source(key, fmt), V4l2Sink):
        for key, words in (
            ("v4l2:nowhere", "not here"),
            ("/dev/video99", "cannot be opened"),
            ("/dev/null", "cannot be opened"),
        ):
            with pytest.raises(ValueError, match=words) as raised:
                make(key)
            assert "\n" not in str(raised.value)
    with pytest.raises(ValueError, match="8 or 10 bits"):
        V4l2Source("/dev/video0", format_named("720p50", sampling=Sampling.RGB))
