"""The EDID that an input shows: made, read, checked. Each was also found free of failures by
edid-decode 2022-03-15 (`edid-decode --check`)."""

from __future__ import annotations

import pytest

from drivers.discover.edid import monitor_name
from drivers.v4l2 import V4l2Source
from drivers.v4l2.edid import checked, edid_for, from_file, same, told
from drivers.video import FORMATS, Sampling, format_named


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_offered_alone(name: str) -> None:
    fmt = FORMATS[name]
    edid = checked(edid_for(fmt))
    assert len(edid) == 256 and monitor_name(edid) == "rtvbox"
    fields = fmt.rate * 2 if fmt.interlaced else fmt.rate
    said = told(edid)
    assert f"{fmt.width}x{fmt.height}" in said and ("interlaced" in said) is fmt.interlaced
    unit = "fields" if fmt.interlaced else "frames"
    assert abs(float(said.split(f" {unit} a second")[0].split()[-1]) - float(fields)) < 0.02
    assert edid[128 + 4] == 0x41, "one video code"
    assert edid[128 + 3] & 0x30 == 0x30, "YCbCr"


def test_the_clock_and_porches_are_those_of_cta_861() -> None:
    detailed = edid_for(format_named("1080p50"))[54:72]
    assert int.from_bytes(detailed[:2], "little") == 14850
    assert detailed[3] | (detailed[4] & 15) << 8 == 720  # 2640 in all
    assert detailed[6] == 45 and detailed[8] | detailed[11] >> 6 << 8 == (528 & 255) | 2 << 8
    assert edid_for(format_named("1080p50"))[128 + 5] == 31
    assert edid_for(format_named("2160p60"))[128 + 5] == 97


def test_an_address_that_a_driver_fills_in_is_no_difference() -> None:
    edid = bytearray(edid_for(format_named("1080p50")))
    at = edid.index(b"\x03\x0c\x00")
    edid[at + 3], edid[255] = 0x20, (edid[255] - 0x10) % 256
    assert same(checked(bytes(edid)), edid_for(format_named("1080p50")))
    assert not same(bytes(edid), edid_for(format_named("1080p60")))
    assert same(b"", b"") and not same(b"", bytes(edid))


def test_what_has_no_code_is_refused() -> None:
    with pytest.raises(ValueError, match="no code in CTA-861"):
        edid_for(format_named("1080p50", sampling=Sampling.RGB))


def test_a_file_is_binary_or_hexadecimal() -> None:
    edid = edid_for(format_named("720p50"))
    assert from_file(edid) == edid
    assert from_file(edid.hex(" ").upper().encode()) == edid


@pytest.mark.parametrize(
    ("octets", "verdict"),
    [
        (b"", "0 octets"),
        (b"zz", "hexadecimal"),
        (b"\xff\xfe", "hexadecimal"),
        (bytes(128).hex().encode(), "header"),
        (edid_for(format_named("720p50"))[:128], "1 more blocks"),
        (edid_for(format_named("720p50"))[:-1] + b"\x01", "checksum of block 1"),
        (edid_for(format_named("720p50"))[:-1], "255 octets"),
    ],
)
def test_what_no_source_could_read_is_refused(octets: bytes, verdict: str) -> None:
    with pytest.raises(ValueError, match=verdict):
        from_file(octets)


def test_hostile_octets_are_told_not_believed() -> None:
    assert told(b"") == "none: a source sees no monitor"
    assert "checksum" in told(bytes.fromhex("00ffffffffffff00") + bytes(100) + b"\x01" * 20)
    assert "prefers" not in told(checked(_blank()))


def _blank() -> bytes:
    block = bytes.fromhex("00ffffffffffff00") + bytes(119)
    return block + bytes([-sum(block) % 256])


def test_a_node_that_is_not_there_comes_before_its_edid() -> None:
    with pytest.raises(ValueError, match="cannot be opened"):
        V4l2Source("/dev/no-such-node", FORMATS["1080p50"], edid="expected")
