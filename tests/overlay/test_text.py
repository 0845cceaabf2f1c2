"""What a person reads of a static part: every script, no tricks, nothing stale."""

from __future__ import annotations

from io import BytesIO

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from appliance.overlay.layout import Item, Style, parse_layout
from appliance.overlay.text import EMPTY, LONGEST, REPLACEMENT, clean, display


def encoded(charset: str | list[str], **values: str) -> Dataset:
    """A data set as it comes out of real bytes in that character set."""
    ds = Dataset()
    ds.SpecificCharacterSet = charset
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    out = BytesIO()
    ds.save_as(out, implicit_vr=False, little_endian=True)
    return dcmread(BytesIO(out.getvalue()), force=True)


def lines(ds: Dataset, item: str, **options: object) -> list[str]:
    return display(ds, Item(item, "", Style(), **options)).lines  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("charset", "name", "expected"),
    [
        ("ISO_IR 192", "Yamada^Tarou=山田^太郎=やまだ^たろう", ["Yamada, Tarou", "山田 太郎"]),
        (
            ["", "ISO 2022 IR 87"],
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
            ["Yamada, Tarou", "山田 太郎"],
        ),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동", ["Hong, Gildong", "洪 吉洞"]),
        ("ISO_IR 100", "Äneas^Rüdiger", ["Äneas, Rüdiger"]),
        ("ISO_IR 126", "Διονυσιος", ["Διονυσιος"]),
        ("ISO_IR 144", "Люкceмбypг", ["Люкceмбypг"]),
        ("GB18030", "Wang^XiaoDong=王^小东", ["Wang, XiaoDong", "王 小东"]),
        ("ISO_IR 101", "Wałęsa^Łucja", ["Wałęsa, Łucja"]),
    ],
)
def test_names_in_their_own_script(
    charset: str | list[str], name: str, expected: list[str]
) -> None:
    assert lines(encoded(charset, PatientName=name), "patient-name") == expected


def test_component_groups_and_order_are_chosen() -> None:
    ds = encoded("ISO_IR 192", PatientName="Doe^Jane^Q^Dr^MD=山田^太郎=やまだ^たろう")
    assert lines(ds, "patient-name", groups=("phonetic",)) == ["やまだ たろう"]
    assert lines(ds, "patient-name", groups=("alphabetic",)) == ["Doe, Jane Q, Dr, MD"]
    given_first = lines(ds, "patient-name", groups=("alphabetic",), order="given-first")
    assert given_first == ["Dr Jane Q Doe MD"]


def test_empty_values_show_a_dash() -> None:
    ds = encoded("ISO_IR 192", PatientName="", PatientID="", PatientBirthDate="")
    for item in ("patient-name", "patient-id", "patient-birth-date", "accession-number"):
        assert lines(ds, item) == [EMPTY]


def test_dates_cannot_be_misread() -> None:
    ds = encoded("ISO_IR 192", PatientBirthDate="19700131", StudyDate="20261122")
    assert lines(ds, "patient-birth-date") == ["1970-01-31"]
    assert lines(ds, "study-date") == ["2026-11-22"]


@pytest.mark.parametrize(
    "hostile",
    ["Doe\x1b[2J^Jane", "Doe\u202eenaJ", "Doe\u2066x\u2069", "Doe\x00^Jane", "Doe\u0000\u200b"],
)
def test_tricks_are_made_visible(hostile: str) -> None:
    text = clean(hostile)
    assert REPLACEMENT in text
    assert text.startswith("Doe")
    assert all(c.isprintable() or c == REPLACEMENT for c in text)


def test_a_very_long_name_keeps_its_beginning() -> None:
    text = clean("Doe" + "e" * 4000)
    assert len(text) == LONGEST
    assert text.startswith("Doee")
    assert text.endswith("…")


def test_stacked_marks_stay_within_reason() -> None:
    assert len(clean("a" + "\u0301" * 500)) < 10


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({"zonez": {}}, "zonez"),
        ({"zones": {"top-middle": []}}, "top-middle"),
        ({"zones": {"top-left": [{"item": "patient-nmae"}]}}, "patient-nmae"),
        ({"zones": {"top-left": [{"item": "patient-name", "sizes": 3}]}}, "sizes"),
        ({"zones": {"top-left": [{"item": "patient-name", "size": "big"}]}}, "size"),
        ({"zones": {"top-left": [{"item": "patient-name", "size": float("nan")}]}}, "size"),
        ({"zones": []}, "zones"),
        ([], ""),
    ],
)
def test_a_wrong_layout_is_refused_with_its_place(document: object, named: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_layout(document)
    words = str(caught.value)
    assert named in words
    assert "\n" not in words
