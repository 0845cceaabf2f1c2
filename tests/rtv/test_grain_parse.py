"""Reading grains: ours, those of other readings of the standard, and hostile ones."""

from __future__ import annotations

import time
import warnings
from io import BytesIO
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset

from appliance.rtv import dictionary, iod_check
from appliance.rtv.elements import MAX_DEPTH, GrainError
from appliance.rtv.grain import MAX_GRAIN, encode
from appliance.rtv.grain_parse import CameraPosition, Grain, decode_static, parse_grain
from appliance.rtv.grain_text import grain_lines
from tests.support import grains

POSE: dict[str, Any] = {
    "viewpoint": (1.5, -2.25, 3.0),
    "look_at": (0.0, 0.5, 10.0),
    "up": (0.0, 1.0, 0.0),
    "field_of_view": (-4.0, 4.0, 3.0, -3.0, 1.0, 90.0),
}
MADE = grains.session().templates
VALUES = grains.moment(grains.TAI, imaging_subject=True, information=False, **POSE)
WHOLE = grains.grain(MADE, VALUES, pose=True)


def test_our_grain_comes_back() -> None:
    ids = grains.stream().ids
    found = parse_grain(WHOLE)
    assert found.meta.sop_class == dictionary.ENDOSCOPIC
    assert (found.meta.source, found.meta.flow) == (ids.metadata_source, ids.metadata_flow)
    assert (found.meta.rtp_rate, found.meta.frame_duration_ms) == (90_000, 20.0)
    assert found.dynamic is not None
    assert found.dynamic.origin == grains.TAI
    assert found.dynamic.acquisition == found.dynamic.reference == "20261118110640.123456+0000"
    assert (found.dynamic.imaging_subject, found.dynamic.information) == (True, False)
    assert found.dynamic.camera == CameraPosition(**POSE)
    assert found.static == MADE.static
    assert found.static_dataset().PatientName.ideographic == "山田^太郎"


def test_the_parts_alone() -> None:
    bare = parse_grain(grains.grain(MADE, VALUES, static=False))
    assert bare.static == b"" and bare.dynamic is not None and bare.dynamic.camera is None
    meta_only = MADE.base[: MADE.base.index(b"\x06\x00\x01\x00SQ")]
    kept = parse_grain(meta_only + MADE.static)  # as Receiver.static_part gives it
    assert kept.dynamic is None and kept.static_dataset().PatientID == "HC-1234"
    assert "dynamic part: is missing" in iod_check.check_grain(kept)


def undefined(data: bytes) -> bytes:
    """The same elements with all sequences and items of undefined length."""
    from appliance.rtv.elements import elements, items

    out = b""
    for found in elements(data, 0, len(data)):
        if found.vr != "SQ":
            out += data[found.start : found.end]
            continue
        out += data[found.start : found.start + 8] + b"\xff\xff\xff\xff"
        for start, end in items(data, found):
            out += b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + undefined(data[start:end])
            out += b"\xfe\xff\x0d\xe0\0\0\0\0"
        out += b"\xfe\xff\xdd\xe0\0\0\0\0"
    return out


def same(one: Grain, two: Grain) -> bool:
    return (one.meta, one.dynamic, one.static_dataset()) == (
        two.meta,
        two.dynamic,
        two.static_dataset(),
    )


def test_other_readings_are_taken() -> None:
    ours = parse_grain(WHOLE)
    assert same(parse_grain(WHOLE[:132] + undefined(WHOLE[132:])), ours)
    # another order of the parts, and no group length
    meta_end = MADE.base.index(b"\x06\x00\x01\x00SQ")
    frame = WHOLE[meta_end : len(MADE.pose)]
    assert same(parse_grain(WHOLE[:132] + MADE.static + frame + WHOLE[144:meta_end]), ours)
    # a preamble that is used, an element nobody knows, a private group
    odd = Dataset()
    odd.add_new(0x00091010, "LO", "private")
    found = parse_grain(bytes(range(128)) + WHOLE[128:] + encode(odd))
    assert (found.meta, found.dynamic) == (ours.meta, ours.dynamic)


def test_a_sender_of_the_dictionary_before_the_final_one() -> None:
    """(0002,0035) and (0002,0036) as ST instead of OB."""
    meta_end = MADE.base.index(b"\x06\x00\x01\x00SQ")
    data = WHOLE
    for number in (b"\x35", b"\x36"):
        at = data.index(b"\x02\x00" + number + b"\x00OB", 132, meta_end)
        uuid = data[at + 12 : at + 28]
        data = data[:at] + b"\x02\x00" + number + b"\x00ST\x10\x00" + uuid + data[at + 28 :]
    assert parse_grain(data).meta == parse_grain(WHOLE).meta


def broken(old: bytes, new: bytes) -> bytes:
    assert WHOLE.count(old) >= 1
    return WHOLE.replace(old, new, 1)


def nested(levels: int) -> bytes:
    data = b""
    for _ in range(levels):
        item = b"\xfe\xff\x00\xe0" + len(data).to_bytes(4, "little") + data
        data = b"\x08\x00\x40\x11SQ\0\0" + len(item).to_bytes(4, "little") + item
    return data


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no DICM"),
        (WHOLE[:132], "no RTV Meta Information"),
        (WHOLE[:-1], "reaches past the end"),
        (WHOLE + b"\0", "reaches past the end"),
        (WHOLE + bytes(MAX_GRAIN), "are the most"),
        (broken(b"\x34\x00\x07\x00OB\0\0\x0a", b"\x34\x00\x07\x00OB\0\0\x08"), "reaches past"),
        (broken(VALUES["origin_ptp"], VALUES["origin_ptp"][:6] + b"\xff" * 4), "nanoseconds"),
        (broken(VALUES["viewpoint"], b"\xff" * 24), r"\(0070,1603\): is no finite number"),
        (broken(b"YES ", b"YEAH"), r"\(0034,0008\): has not the form"),
        (broken(b"20261118", b"2026\n118"), r"\(0018,9074\): has not the form"),
        (broken(b"\x28\x00\x02\x00US", b"\x28\x00\x02\x00ZZ"), "no value representation"),
        (WHOLE + MADE.static[:18], r"\(0008,0005\): stands twice"),
    ],
)
def test_what_does_not_hold_is_refused_in_one_line(data: bytes, says: str) -> None:
    with pytest.raises(GrainError, match=says) as caught:
        parse_grain(data)
    assert "\n" not in str(caught.value)


def test_nesting_is_bounded() -> None:
    decode_static(nested(MAX_DEPTH))
    for levels in (MAX_DEPTH + 2, 1000):
        with pytest.raises(GrainError, match="nest deeper"):
            decode_static(nested(levels))
    endless = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 3000
    with pytest.raises(GrainError, match="nest deeper"):
        parse_grain(WHOLE + endless[: MAX_GRAIN - len(WHOLE)])


def attempt(data: bytes) -> None:
    """Everything an inspector does with a grain; only GrainError may come out."""
    started = time.thread_time()
    try:
        lines = grain_lines(data)
        assert lines and all(len(line) <= 200 and line.isprintable() for line in lines)
    except GrainError as error:
        assert "\n" not in str(error)
    assert time.thread_time() - started < 2.0


def mutations() -> st.SearchStrategy[bytes]:
    """Whole grains with octets changed, cut out, doubled."""

    def apply(data: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
        for at, length, new in edits:
            at %= len(data) + 1
            data = data[:at] + new + data[at + length :]
        return data

    edit = st.tuples(st.integers(132, 1 << 16), st.integers(0, 12), st.binary(max_size=12))
    shape = st.sampled_from([WHOLE, WHOLE[:132] + undefined(WHOLE[132:]), MADE.base])
    return st.builds(apply, shape, st.lists(edit, min_size=1, max_size=5))


@settings(max_examples=400, deadline=None)
@given(data=mutations())
def test_mutated_grains_raise_nothing_else(data: bytes) -> None:
    attempt(data)


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=400))
@example(data=nested(400))
def test_any_octets_raise_nothing_else(data: bytes) -> None:
    attempt(data)
    attempt(WHOLE[:132] + data)
    attempt(WHOLE + data)


@pytest.mark.parametrize(
    "filler",
    [
        b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\xdd\xe0\0\0\0\0",
        b"\x08\x00\x05\x00CS\0\0",
        b"\\" * 8,
        b"\x1b$B\x1b(J",
    ],
)
def test_the_longest_grain_takes_bounded_time(filler: bytes) -> None:
    room = MAX_GRAIN - len(WHOLE) - 12
    if filler[:2] == b"\x08\x00":
        body = filler * (room // len(filler))
        attempt(WHOLE + body)
    value = (filler * room)[: room & ~1]
    for tag in (b"\x32\x10\x60\x10", b"\x11\x10\x10\x10"):  # known text, unknown
        for vr in (b"UT", b"UN", b"UC"):
            attempt(WHOLE + tag + vr + b"\0\0" + len(value).to_bytes(4, "little") + value)
    for vr in (b"PN", b"IS", b"DS", b"DA", b"TM", b"DT", b"UI", b"LO"):
        short = value[:65534]
        body = b"\x32\x10\x60\x10" + vr + len(short).to_bytes(2, "little") + short
        attempt(WHOLE + body)


def test_pydicom_says_nothing_of_what_it_read(caplog: pytest.LogCaptureFixture) -> None:
    odd = Dataset()
    odd.SpecificCharacterSet = "ISO_IR 192"
    odd.PatientName, odd.PatientBirthDate = "Zanzibar", "19610412"
    data = encode(odd).replace(b"ISO_IR 192", b"ISO_XX 999").replace(b"19610412", b"Zanzibar")
    with caplog.at_level("DEBUG"):
        assert str(decode_static(data).PatientBirthDate) == "Zanzibar"
    assert caplog.text == ""
    with caplog.at_level("DEBUG"), warnings.catch_warnings():  # it would have spoken
        warnings.simplefilter("ignore")
        dataset = dcmread(BytesIO(bytes(128) + b"DICM" + data), force=True)
        assert str(dataset.PatientBirthDate) == "Zanzibar" and str(dataset.PatientName)
    assert "pydicom" in caplog.text


def test_lines_for_a_person() -> None:
    lines = grain_lines(WHOLE)
    assert f"origin: {grains.TAI}" in lines
    assert "PatientID: HC-1234" in lines
    assert "    FlowRTPSamplingRate: 90000" in lines
    assert not [line for line in lines if line.startswith("!")]
    uid = MADE.static.index(b"\x08\0\x18\0UI")  # another number in the static part alone
    other = MADE.static[: uid + 12] + b"9" + MADE.static[uid + 13 :]
    lacking = [x for x in grain_lines(MADE.base + other) if x.startswith("!")]
    assert lacking == ["! SOPInstanceUID: differs from the RTV Meta Information's"]
