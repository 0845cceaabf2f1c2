"""Formats by their names, and other rasters by what they are."""

from __future__ import annotations

from fractions import Fraction

import pytest

from drivers.video import FORMATS, Scan, VideoFormat, format_named


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("1280x1024p60", VideoFormat(1280, 1024, Fraction(60))),
        ("640x480p59.94", VideoFormat(640, 480, Fraction(60000, 1001))),
        ("720x576i50", VideoFormat(720, 576, Fraction(25), Scan.INTERLACED)),
        ("640x350p85", VideoFormat(640, 350, Fraction(85))),
    ],
)
def test_other_rasters(name: str, wanted: VideoFormat) -> None:
    assert format_named(name) == wanted


@pytest.mark.parametrize("name", FORMATS)
def test_a_raster_of_the_table_written_out_is_the_same(name: str) -> None:
    fmt = FORMATS[name]
    scan = "i" if fmt.interlaced else "p"
    raster = f"{fmt.width}x{fmt.height}{scan}{name.split(scan)[1]}"
    assert format_named(raster) == fmt


def test_changes_hold_for_both_ways_of_writing() -> None:
    assert format_named("640x480p50", depth=8).depth == 8


@pytest.mark.parametrize(
    "name",
    [
        *("", "720", "640x480", "640x480p0", "640x480p121", "640x480p59.95", "0x480p50"),
        *("640x480p-5", "640x480p5e1", "640X480p50", "640x480p50 ", "640x480p٥٠", "640x480pp50"),
    ],
)
def test_what_is_no_format_is_said_in_one_line(name: str) -> None:
    with pytest.raises(ValueError, match=r"^format: .* is unknown; choose .*") as said:
        format_named(name)
    assert "\n" not in str(said.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [("641x480p50", "width: 641 is odd"), ("99999x480p50", "out of range"), ("64x47i50", "odd")],
)
def test_rasters_that_cannot_be_carried(name: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        format_named(name)
