"""Debian's GStreamer, built from the vendor's headers, against the stand-in: it must accept it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import pytest

from tests.support.standin import Remote
from tests.support.standin_picture import check_exact, drawn

RASTER = (1280, 720, Fraction(50))
FRAME = 3456 * 720


@contextmanager
def gstreamer(folder: Path, *pipeline: str) -> Iterator[tuple[Remote, Path]]:
    """A pipeline with the stand-in as its card; gives the stand-in and the file of its words."""
    remote = Remote(folder / "door")
    words = folder / "words"
    with words.open("w") as out:
        process = subprocess.Popen(
            ["gst-launch-1.0", "-v", "-m", *pipeline],
            env=remote.environment("source 0 hp50 10"),
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        remote.connect()
        yield remote, words
    finally:
        remote.close()
        process.terminate()
        process.wait(10)


def wait(what: Callable[[], bool], why: Callable[[], str], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, why()
        time.sleep(0.02)


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@pytest.mark.parametrize(("pixels", "name"), [("v210", "10bit-yuv"), ("2vuy", "8bit-yuv")])
def test_captures_every_byte(tmp_path: Path, pixels: str, name: str) -> None:
    out = tmp_path / "frames"
    bytes_of_frame = FRAME if pixels == "v210" else 2560 * 720
    source = f"decklinkvideosrc device-number=0 mode=720p50 video-format={name} num-buffers=6"
    command = [*source.split(), "!", "filesink", f"location={out}"]
    with gstreamer(tmp_path, *command) as (_, words):
        wait(lambda: size(out) == 6 * bytes_of_frame, words.read_text)
    data = out.read_bytes()
    stamps = [
        check_exact(pixels, *RASTER, data[i : i + bytes_of_frame])
        for i in range(0, len(data), bytes_of_frame)
    ]
    assert len({one.sequence for one in stamps}) == 6
    assert stamps == sorted(stamps, key=lambda one: one.sequence)


def test_sees_the_signal_go_and_come(tmp_path: Path) -> None:
    source = "decklinkvideosrc device-number=0 mode=720p50 video-format=10bit-yuv ! fakesink"
    with gstreamer(tmp_path, *source.split()) as (standin, words):

        def said(text: str) -> int:
            return words.read_text(errors="replace").count(text)

        wait(lambda: said("signal = true") == 1, words.read_text)
        standin("signal 0 off")
        wait(lambda: said("signal = false") == 1, words.read_text)
        standin("signal 0 on")
        wait(lambda: said("signal = true") == 2, words.read_text)


def test_follows_a_format_change(tmp_path: Path) -> None:
    """mode=auto: the element's own format detection."""
    source = "decklinkvideosrc device-number=0 mode=auto video-format=auto ! fakesink"
    with gstreamer(tmp_path, *source.split()) as (standin, words):
        text = words.read_text
        wait(lambda: "width=(int)1280" in text() and "v210" in text(), text)
        standin("source 0 Hp25 10")
        wait(lambda: "width=(int)1920" in text() and "framerate=(fraction)25/1" in text(), text)


def test_captures_sound(tmp_path: Path) -> None:
    out = tmp_path / "sound"
    sound = "decklinkaudiosrc device-number=0 num-buffers=12 ! audio/x-raw,format=S16LE,channels=2"
    picture = "decklinkvideosrc device-number=0 mode=720p50 ! fakesink"
    command = [*sound.split(), "!", "filesink", f"location={out}", *picture.split()]
    with gstreamer(tmp_path, *command) as (_, words):
        wait(lambda: size(out) >= 8 * 960 * 4, words.read_text)
    data = out.read_bytes()
    left = [int.from_bytes(data[i : i + 2], "little") for i in range(0, 960 * 4, 4)]
    right = [int.from_bytes(data[i + 2 : i + 4], "little") for i in range(0, 960 * 4, 4)]
    assert left == [(left[0] + 31 * i) % 65536 for i in range(960)]
    assert right == [(one + 1009) % 65536 for one in left]


def test_plays_every_byte(tmp_path: Path) -> None:
    data = b"".join(drawn("v210", *RASTER, n, 7_000 + n).tobytes() for n in range(30))
    (tmp_path / "frames").write_bytes(data)
    parse = "rawvideoparse format=v210 width=1280 height=720 framerate=50/1 colorimetry=bt709"
    sink = "decklinkvideosink device-number=0 mode=720p50 video-format=10bit-yuv max-lateness=-1"
    command = ["filesrc", f"location={tmp_path / 'frames'}", "!", *parse.split()]
    with gstreamer(tmp_path, *command, "!", *sink.split()) as (standin, words):

        def shown() -> list[int]:
            seen = standin("playout 0")["shown"]
            assert not any(one["torn"] for one in seen)
            return [one["sequence"] for one in seen if one["stamped"]]

        wait(lambda: len(shown()) >= 3, words.read_text)
        standin(f"picture 0 {tmp_path / 'shown'}")
        seen = shown()
        assert seen == sorted(seen)
        state = standin("playout 0")
        assert state["completed"] + state["late"] >= 1
    check_exact("v210", *RASTER, (tmp_path / "shown").read_bytes())
