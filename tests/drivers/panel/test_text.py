"""Text to codes and what has to be sent: as seen on the glass."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.panel.charset import CHARSETS, GLYPHS, SLOTS, decode, encode
from drivers.panel.glass import fitted, spans

ASCII = "".join(map(chr, range(0x20, 0x7F)))


@pytest.mark.parametrize("charset", CHARSETS)
def test_ascii_is_read_as_ascii(charset: str) -> None:
    row = encode((ASCII,), charset).rows[0]
    seen = decode(row, charset, {})
    expected = {"hd44780": ASCII.replace("\\", "/").replace("~", "-"), "cfa63x": None}[charset]
    assert seen == (expected or ASCII.replace("`", "'"))


def test_codes_of_the_seamless_rom() -> None:
    row = encode(("@$_[]{}|~\\",), "cfa63x").rows[0]
    assert list(row) == [160, 162, 196, 250, 252, 253, 255, 254, 206, 251]


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize(("char", "instead"), [("Ł", "?"), ("é", "eé"), ("â", "a"), ("漢", "?")])
def test_other_letters(charset: str, char: str, instead: str) -> None:
    assert decode(encode((char,), charset).rows[0], charset, {}) in instead


@given(st.text(max_size=40))
@settings(max_examples=80, deadline=None)
def test_any_text_has_codes_that_command_nothing(text: str) -> None:
    for charset in CHARSETS:
        encoded = encode((text,), charset)
        assert len(encoded.rows[0]) == len(text)
        for char, code in zip(text, encoded.rows[0], strict=True):
            assert code >= 16 or (char in GLYPHS and encoded.glyphs[code] == char)
            assert charset != "hd44780" or code != 0xFE  # Matrix Orbital's command


def test_drawings_keep_their_slot() -> None:
    first = encode(("●✓",), "hd44780")
    second = encode(("⚠✓",), "hd44780", first.glyphs)
    assert second.glyphs[: len(first.glyphs)] == first.glyphs
    assert second.rows[0][1] == first.rows[0][1]


def test_more_drawings_than_slots_in_turn() -> None:
    held: tuple[str, ...] = ()
    pixels: dict[int, tuple[int, ...]] = {}
    for char in [*GLYPHS, *GLYPHS]:
        encoded = encode((char,), "hd44780", held)
        held = encoded.glyphs
        pixels = {slot: GLYPHS[own] for slot, own in enumerate(held)}
        assert decode(encoded.rows[0], "hd44780", pixels) == char
    assert len(held) <= SLOTS


ROWS = st.lists(st.binary(min_size=20, max_size=20), min_size=4, max_size=4)


@given(ROWS, ROWS, st.integers(8, 20))
@settings(max_examples=100, deadline=None)
def test_spans_make_the_new_glass(before: list[bytes], after: list[bytes], longest: int) -> None:
    glass = [bytearray(row) for row in before]
    for span in spans(before, after, longest):
        assert 0 < len(span.codes) <= longest
        glass[span.row][span.column : span.column + len(span.codes)] = span.codes
    assert [bytes(row) for row in glass] == after


def test_only_what_changed() -> None:
    before = [b"OR 3 tower        TX", b"x" * 20]
    after = [b"OR 3 tower        RX", b"x" * 20]
    assert [(s.row, s.column, s.codes) for s in spans(before, after, 20)] == [(0, 18, b"R")]
    far = [b"AR 3 tower        RX", b"x" * 20]
    assert [s.codes for s in spans(before, far, 20)] == [b"A", b"R"]
    near = [b"OR 4 tover        TX", b"x" * 20]
    assert [s.codes for s in spans(before, near, 20)] == [b"4 tov"]
    assert spans(before, before, 20) == []
    assert [s.codes for s in spans(None, before, 20)] == before


def test_fitted() -> None:
    assert fitted(["abcdef", "x"], 4, 3) == ("abcd", "x   ", "    ")
    assert fitted(["a", "b", "c"], 1, 2) == ("a", "b")
