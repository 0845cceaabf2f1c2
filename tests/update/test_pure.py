"""Versions, names of entries, and what is read out of a kernel image that may be anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.update.entries import TRIES, Entry, State, entry_of
from appliance.update.uki import command_line, partitions, root_hash, version
from appliance.update.versions import newer, parse, refuse_old
from tests.update.boxes import root_of, uki

numbers = st.lists(st.integers(0, 999999), min_size=2, max_size=4)
versions = numbers.map(lambda parts: ".".join(map(str, parts)))
entries = st.builds(Entry, versions, st.none() | st.integers(0, 999), st.integers(0, 999)).map(
    lambda one: Entry(one.version, one.left, one.done if one.left is not None else 0)
)


@given(entries)
def test_a_name_says_the_entry(entry: Entry) -> None:
    assert entry_of(entry.name) == entry


@given(st.text(max_size=60))
def test_any_name_is_ours_or_is_not(name: str) -> None:
    found = entry_of(name)
    assert found is None or entry_of(found.name) == found


@pytest.mark.parametrize(
    "name",
    [
        *("rtvbox.efi", "rtvbox_1.efi", "rtvbox_1.2.3.4.5.efi", "rtvbox_1.0+.efi", "other_1.0.efi"),
        *("rtvbox_1.0.efi.part", "rtvbox_1.0+3-.efi", "rtvbox_1.0+-1.efi", "rtvbox_1.0-1.efi"),
        *("rtvbox_١.٠.efi", "rtvbox_1.0+3.EFI", "rtvbox_1.0.efi\n"),
    ],
)
def test_what_is_none_of_ours(name: str) -> None:
    assert entry_of(name) is None


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("rtvbox_1.0.efi", State.GOOD),
        ("rtvbox_1.0+3.efi", State.TRIAL),
        ("rtvbox_1.0+1-2.efi", State.TRIAL),
        ("rtvbox_1.0+0-3.efi", State.BAD),
        ("rtvbox_1.0+0.efi", State.BAD),
    ],
)
def test_state_of_an_entry(name: str, state: State) -> None:
    entry = entry_of(name)
    assert entry is not None
    assert entry.state is state
    assert entry.trusted().state is State.GOOD
    assert entry.given_up().state is State.BAD
    assert entry.fresh().left == TRIES


@given(versions, versions)
def test_versions_are_ordered_as_numbers(one: str, other: str) -> None:
    first, second = parse(one), parse(other)
    longest = max(len(first), len(second))
    filled = [(*each, *(0,) * (longest - len(each))) for each in (first, second)]
    assert newer(one, other) == (filled[0] > filled[1])
    assert not (newer(one, other) and newer(other, one))


@pytest.mark.parametrize("text", ["", "1", "1.2.3.4.5", "1.-2", "1.2rc1", "v1.2", "1.2 ", "1..2"])
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match=r"^version: .* is no version; "):
        parse(text)


@pytest.mark.parametrize("offered", ["1.9", "1.10", "1.10.0", "0.99.99"])
def test_old_and_same_are_refused(offered: str) -> None:
    with pytest.raises(ValueError, match=r"is not newer than 1\.10"):
        refuse_old(offered, "1.10")
    refuse_old("1.11", "1.10")


def reader(data: bytes):
    return lambda offset, count: data[offset : offset + count]


def test_what_is_in_a_kernel_image() -> None:
    data = uki("1.2.0")
    line = command_line(reader(data))
    assert line == f"roothash={root_of('1.2.0')} ro panic=5"
    assert root_hash(line) == root_of("1.2.0")
    assert version(reader(data)) == "1.2.0"
    first, last = partitions(root_of("1.2.0"))
    assert (first + last).replace("-", "") == root_of("1.2.0")


@pytest.mark.parametrize("cut", [0, 1, 63, 64, 130, 152, 400, 500])
def test_a_cut_image_is_refused(cut: int) -> None:
    with pytest.raises(ValueError, match=r"^no UKI: "):
        command_line(reader(uki("1.2.0")[:cut]))


@given(st.binary(max_size=600))
def test_anything_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^no UKI"):
        root_hash(command_line(reader(b"MZ" + data)))


@given(st.data())
def test_a_changed_image_is_read_or_refused(data: st.DataObject) -> None:
    image = bytearray(uki("1.2.0"))
    for _ in range(data.draw(st.integers(1, 8))):
        image[data.draw(st.integers(0, len(image) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = root_hash(command_line(reader(bytes(image))))
    except ValueError as error:
        assert "\n" not in str(error)
    else:
        assert len(found) == 64


@pytest.mark.parametrize(
    "line", ["ro", "roothash=12", f"roothash={'a' * 64} roothash={'b' * 64}", f"x={'a' * 64}"]
)
def test_a_line_that_names_no_one_root(line: str) -> None:
    with pytest.raises(ValueError, match="names no one root"):
        root_hash(line)
