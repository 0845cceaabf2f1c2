"""Bits that a node does not have are spoken of."""

from __future__ import annotations

import pytest

from drivers.v4l2.rounding import Rounding


def test_ten_bits_that_leave_as_eight_are_said_once() -> None:
    it = Rounding("/dev/video1", plays=True)
    assert it.news(1, "", 10) == []
    ((tai, severity, text),) = it.news(2, "UYVY", 10)
    assert (tai, severity) == (2, "info") and "10 bits leave as 8" in text and "UYVY" in text
    assert it.news(3, "UYVY", 10) == []
    assert it.news(4, "", 10) == []
    assert len(it.news(5, "NV16", 10)) == 1


@pytest.mark.parametrize(("code", "depth"), [("UYVY", 8), ("v210", 10), ("Y210", 10), ("v210", 8)])
def test_nothing_lost_is_nothing_said(code: str, depth: int) -> None:
    assert Rounding("x", plays=True).news(1, code, depth) == []


def test_an_input_of_eight_bits_is_said_too() -> None:
    ((_, _, text),) = Rounding("/dev/video0", plays=False).news(1, "YUYV", 10)
    assert "gives 8 bits (YUYV)" in text
