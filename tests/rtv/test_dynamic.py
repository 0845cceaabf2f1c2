"""Dynamic values: lines of JSON from a robot or a user."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.rtv.dynamic import MAX_LINE, LineReader, parse_line

CAMERA: dict[str, Any] = {
    "viewpoint": [0, 0, 0],
    "look_at": [0, 0, 100.5],
    "up": [0, 1, 0],
    "field_of_view": [-10, 10, 8, -8, 1, 100],
}


def line(**changes: Any) -> bytes:
    tree = {**CAMERA, **changes}
    return json.dumps({k: v for k, v in tree.items() if v is not None}).encode()


def test_a_whole_line() -> None:
    found = parse_line(line(imaging_subject=True, information=False, tai=1795000037123456789))
    assert found.tai == 1795000037123456789
    assert found.values == {
        "viewpoint": (0.0, 0.0, 0.0),
        "look_at": (0.0, 0.0, 100.5),
        "up": (0.0, 1.0, 0.0),
        "field_of_view": (-10.0, 10.0, 8.0, -8.0, 1.0, 100.0),
        "imaging_subject": True,
        "information": False,
    }
    assert parse_line(b'{"information": true}').values == {"information": True}
    assert parse_line(b'{"information": true}\r\n').tai is None


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"{", "is no JSON"),
        (b"\xff", "is no JSON"),
        (b"[" * 4000, "is no JSON"),
        (b"[]", "is no object"),
        (b"{}", "says nothing"),
        (b'{"tai": 5}', "says nothing"),
        (b'{"information": true, "information": false}', "stands twice"),
        (b'{"zoom": 2}', "a key is no dynamic value; choose viewpoint"),
        (b'{"information": "YES"}', "information: is neither true nor false"),
        (line(tai=0.5), "tai: is no time"),
        (line(tai=-1), "tai: is no time"),
        (line(tai=True), "tai: is no time"),
        (line(up=None), "up: is missing"),
        (line(up=[0, 0, 0]), "up: is zero or along"),
        (line(up=[0, 0, -3]), "up: is zero or along"),
        (line(look_at=[0, 0, 0]), "look_at: equals viewpoint"),
        (line(viewpoint=[0, 0]), "viewpoint: is no list of 3"),
        (line(viewpoint=[0, 0, True]), "viewpoint: has a value"),
        (line(viewpoint=[0, 0, float("nan")]), "viewpoint: has a value"),
        (line(viewpoint=[0, 0, float("inf")]), "viewpoint: has a value"),
        (line(viewpoint=[0, 0, 10**400]), "viewpoint: has a value"),
        (line(field_of_view=[-1, 1, 1, -1, 5, 5]), "field_of_view: encloses nothing"),
        (b" " * (MAX_LINE + 1), "longer than"),
    ],
)
def test_one_line_that_names_the_field(data: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        parse_line(data)
    assert "\n" not in str(caught.value)


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_octets_raise_nothing_else(data: bytes) -> None:
    try:
        parse_line(data)
    except ValueError as error:
        assert str(error)


@settings(max_examples=100, deadline=None)
@given(
    lines=st.lists(st.sampled_from([b"a", b"bc" * 40, b"", b"x" * MAX_LINE, b"y" * 9000])),
    cuts=st.lists(st.integers(1, 5000), min_size=1),
)
def test_lines_however_they_arrive(lines: list[bytes], cuts: list[int]) -> None:
    data = b"".join(one + b"\n" for one in lines)
    reader, found, at, n = LineReader(), [], 0, 0
    while at < len(data):
        step = cuts[n % len(cuts)]
        found += reader.feed(data[at : at + step])
        at, n = at + step, n + 1
    assert found == [one for one in lines if one and len(one) < MAX_LINE]
    assert reader.too_long == sum(len(one) >= MAX_LINE for one in lines)
