"""What a person writes of a V4L2 node."""

from __future__ import annotations

import pytest

from appliance.modes.cards import make_sink, make_source
from drivers.v4l2 import Connector, _v4l2, meant, parsed
from drivers.video import Signal, format_named

THERE = [
    Connector(0, "Webcam 0", False, False, None),
    Connector(1, "HDMI 0", True, True, Signal.LOCKED),
    Connector(2, "HDMI 1", False, True, None),
    Connector(3, "S-Video", False, False, None),
]


def test_a_key_and_its_options() -> None:
    assert parsed("pci-1:capture", "input") == ("pci-1:capture", {})
    assert parsed("k,input=HDMI 1,pixels=UYVY", "input", "pixels") == (
        "k",
        {"input": "HDMI 1", "pixels": "UYVY"},
    )


@pytest.mark.parametrize("text", ["k,", "k,input", "k,input=", "k,other=1", "k,input=1,input=2"])
def test_what_is_no_option_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=r"write v4l2:KEY,input=|given twice"):
        parsed(text, "input")


@pytest.mark.parametrize(
    ("word", "number"), [("0", 0), ("hdmi0", 1), ("HDMI 1", 2), ("svideo", 3), ("web", 0)]
)
def test_an_input_by_its_number_or_name(word: str, number: int) -> None:
    assert meant(word, "input", THERE).number == number


@pytest.mark.parametrize(
    ("word", "verdict"),
    [("4", "is not there"), ("HDMI", "several"), ("x", "not"), ("-", "several")],
)
def test_another_word_names_what_there_is(word: str, verdict: str) -> None:
    with pytest.raises(ValueError, match=verdict) as said:
        meant(word, "input", THERE)
    assert "1 (HDMI 0), 2 (HDMI 1)" in str(said.value) and "\n" not in str(said.value)


def test_the_options_reach_the_command_line() -> None:
    with pytest.raises(ValueError, match="source: 'output=1' is no option"):
        make_source("v4l2:k,output=1", format_named("1080p50"), slices=False, stamp=False,
                    realtime=False)  # fmt: skip
    with pytest.raises(ValueError, match="sink: 'input=1' is no option"):
        make_sink("v4l2:k,input=1", realtime=False)


def test_a_field_order_that_is_none_names_those_that_are() -> None:
    fmt = format_named("1080i50", depth=8).native()
    with pytest.raises(ValueError, match="fields: top is not carried; choose interlaced, "):
        _v4l2.Input("/dev/null", fmt, 8, 3, False, -1, "", "top", "")
    with pytest.raises(ValueError, match="fields: both"):
        _v4l2.Output("/dev/null", 3, False, -1, "", "both")
    assert _v4l2.Input("/dev/null", fmt, 8, 3, False, -1, "", "seq_bt", "").fields() == ""


@pytest.mark.parametrize("memory", ["dmabuf", "heap:", "heap:../x", "heap:..", "mmap"])
def test_memory_that_is_not_known_names_what_is(memory: str) -> None:
    fmt = format_named("1080i50", depth=8).native()
    with pytest.raises(ValueError, match="is not known; choose udmabuf, or heap:NAME"):
        _v4l2.Input("/dev/null", fmt, 8, 3, False, -1, "", "", memory)
    for known in ("udmabuf", "heap:system", "heap:linux,cma"):
        _v4l2.Input("/dev/null", fmt, 8, 3, False, -1, "", "", known)


def test_a_heap_may_have_a_comma_in_its_name() -> None:
    names = ("input", "memory")
    wanted = {"memory": "heap:linux,cma", "input": "1"}
    assert parsed("k,memory=heap:linux,cma,input=1", *names) == ("k", wanted)
    for text in ("k,memory=udmabuf,cma", "k,input=1,cma", "k,memory=heap:system,"):
        with pytest.raises(ValueError, match="is no option"):
            parsed(text, *names)


def test_memory_is_lent_for_capture_only() -> None:
    with pytest.raises(ValueError, match="'memory=udmabuf' is no option"):
        make_sink("v4l2:k,memory=udmabuf", realtime=False)
