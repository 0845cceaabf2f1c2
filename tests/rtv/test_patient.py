"""The patient document: what it takes, what it refuses and what it never says aloud."""

from __future__ import annotations

import copy
import json
import logging
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID

from appliance.rtv.charset import ALONE, checked_terms, survives
from appliance.rtv.grain import encode
from appliance.rtv.patient import load_document, parse_document
from tests.support import grains

SECRET = "Zanzibar"


def tree(path: str, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(grains.TREE)
    at = made
    *sections, key = path.split(".")
    for section in sections:
        at = at.setdefault(section, {})
    at[key] = value
    return made


def read_back(document: dict[str, Any]) -> Dataset:
    held = grains.session(parse_document(document))
    return dcmread(BytesIO(held.templates.base + held.templates.static))


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("patient.nmae", "x", "patient.nmae: is unknown; choose name"),
        ("patinet", {}, "patinet: is no key"),
        ("patient.name", "", "patient.name: is missing"),
        ("patient.name", "^^", "patient.name: is missing"),
        ("patient.name", "a^b^c^d^e^f", "patient.name.alphabetic: has more than five components"),
        ("patient.name", "a=b=c=d", "patient.name: has more than three component groups"),
        ("patient.name", {"alphabetic": SECRET, "latin": "x"}, "patient.name: a key is unknown"),
        ("patient.name", {"alphabetic": "a=b"}, "patient.name.alphabetic: has '='"),
        ("patient.name", SECRET * 9, "patient.name.alphabetic: is longer than 64"),
        ("patient.name", SECRET + "\\x", "patient.name.alphabetic: has a backslash"),
        ("patient.name", SECRET + "\n", None),  # at the ends white space means nothing
        ("patient.name", SECRET + "\nx", "patient.name.alphabetic: has a control"),
        ("patient.name", SECRET + "\u202ex", "changes the writing direction"),
        ("patient.name", ["x"], "patient.name: is no name"),
        ("patient.id", 5, "patient.id: is no text"),
        ("patient.id", SECRET * 9, "patient.id: is longer than 64"),
        ("patient.birth_date", "1961-02-30", "patient.birth_date: is no date; write YYYY-MM-DD"),
        ("patient.birth_date", "12.4.1961", "patient.birth_date: is no date"),
        ("patient.birth_date", "1961W401", "patient.birth_date: is no date"),
        ("patient.sex", "male", "patient.sex: is no patient's sex"),
        ("study.time", "25:00", "study.time: is no time"),
        ("study.time", "08:30:15.25", None),
        ("study.instance_uid", "1.02", "study.instance_uid: is no DICOM UID"),
        ("study.accession_number", SECRET * 3, "study.accession_number: is longer than 16"),
        ("series.number", "x", "series.number: is no whole number"),
        ("series.number", 3, None),
        ("series.operator", ["A^B", "C^D"], None),
        ("series.operator", ["A^B", "C\\D"], r"series.operator\[1\].alphabetic: has a backslash"),
        ("series.laterality", "left", "series.laterality: is no laterality"),
        ("series.body_part", "kidney", "series.body_part: may have A-Z"),
        ("study", [], "study: is no object"),
        ("timezone", "CET", "timezone: is no offset"),
        ("timezone", "-0000", "timezone: is no offset"),
        ("character_set", "latin1", "character_set: a term is unknown"),
        ("character_set", ["ISO_IR 192", "ISO 2022 IR 87"], "no code extensions after the first"),
        ("character_set", ["", "ISO 2022 IR 58"], "a later term is no code extension"),
        ("character_set", "ISO_IR 100", "patient.name: has characters that character_set"),
    ],
)
def test_one_line_that_names_the_field_and_not_the_patient(
    path: str, value: Any, says: str | None
) -> None:
    if says is None:
        parse_document(tree(path, value))
        return
    with pytest.raises(ValueError, match=says) as caught:
        parse_document(tree(path, value))
    assert "\n" not in str(caught.value) and SECRET not in str(caught.value)
    assert "山田" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "line 1, column 1 is no JSON"),
        (b'{"patient": {"name": "a", "name": "b"}}', "name: stands twice"),
        (b'{"patient": {"name": "a"}, "series": {"number": ' + b"1" * 5000 + b"}}", "20 digits"),
        (b"[" * 100_000, "nests too deeply"),
        (b"\xff\xfe", "is not UTF-8"),
        (b" " * 300_000, "is longer than"),
        (b"[]", "is no object"),
        (b"{}", "patient.name: is missing"),
        (b'{"00100010": {"vr": "PN"}}', "patient.name: is missing"),
        (b'{"00100010": 5}', "is no DICOM JSON data set"),
        (bytes(128) + b"DICM" + b"\x08\x00\x05", "patient"),
    ],
)
def test_files_that_are_none(data: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        load_document(data)
    assert "\n" not in str(caught.value)


def test_the_document_does_not_show_the_patient() -> None:
    held = grains.session()
    for shown in (repr(grains.document()), repr(held.templates), str(held)):
        assert "Yamada" not in shown and "HC-1234" not in shown


def test_fields_reach_their_attributes() -> None:
    ds = read_back(tree("series", {"performing_physician": ["Ono^K"], "number": 4}))
    assert ds.PatientName == "Yamada^Tarou=山田^太郎=やまだ^たろう"
    assert (ds.PatientID, ds.PatientBirthDate, ds.PatientSex) == ("HC-1234", "19610412", "M")
    assert (ds.StudyDate, ds.StudyTime, ds.AccessionNumber) == ("20261122", "0830", "A77")
    assert ds.TimezoneOffsetFromUTC == "+0100" and ds.ContentTime == "093015.250000"
    assert ds.ReferringPhysicianName == "Ålund^Åsa" and ds.SeriesNumber == 4
    assert ds.PerformingPhysicianName == "Ono^K"
    request = ds.RequestAttributesSequence[0]
    assert request.ScheduledProcedureStepDescription == "Urétéroscopie"
    assert request.RequestedProcedureID == "RP1"


def test_a_worklist_item_is_taken(caplog: pytest.LogCaptureFixture) -> None:
    item, step = Dataset(), Dataset()
    item.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
    item.PatientName, item.PatientID = "Yamada^Tarou=山田^太郎", "7"
    item.PatientBirthDate, item.PatientSex = "19610412", "F"
    item.AccessionNumber, item.RequestedProcedureID = "A1", "RP"
    item.StudyInstanceUID = "1.2.3"
    item.AdmissionID = "not ours"
    step.ScheduledPerformingPhysicianName = "Ono^Ken"
    step.ScheduledProcedureStepID, step.Modality = "S7", "ES"
    item.ScheduledProcedureStepSequence = [step]
    with caplog.at_level(logging.WARNING):
        from_file = load_document(bytes(128) + b"DICM" + encode(item))
    from_json = load_document(json.dumps(item.to_json_dict()).encode())
    assert from_file == from_json
    assert from_file.get("patient.name") == "Yamada^Tarou=山田^太郎"
    assert from_file.get("series.performing_physician") == "Ono^Ken"
    assert from_file.get("procedure.step_id") == "S7"
    assert from_file.get("study.instance_uid") == "1.2.3"
    assert "Yamada" not in caplog.text


SCRIPTS = {
    "ISO_IR 192": "Ñandú^Žofie=王^小東=Ωμέγα^Юрий",
    "GB18030": "Wang^XiaoDong=王^小东",
    "GBK": "Wang^XiaoDong=王^小东",
    "ISO_IR 100": "Buc^Jérôme",
    "ISO_IR 101": "Kovács^Őrs",
    "ISO_IR 109": "Ħal^Ġorġ",
    "ISO_IR 110": "Bērziņš^Ģirts",
    "ISO_IR 144": "Люкceмбypг",
    "ISO_IR 126": "Διονυσιος",
    "ISO_IR 127": "قباني^لنزار",
    "ISO_IR 138": "שרון^דבורה",
    "ISO_IR 148": "Çavuşoğlu^İpek",
    "ISO_IR 13": "ﾔﾏﾀﾞ^ﾀﾛｳ",
    "ISO_IR 166": "สมชาย^ใจดี",
    "\\ISO 2022 IR 87": "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "ISO 2022 IR 13\\ISO 2022 IR 87": "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    "\\ISO 2022 IR 149": "Hong^Gildong=洪^吉洞=홍^길동",
    "ISO 2022 IR 100\\ISO 2022 IR 144": "Jérôme^Юрий",
}


@pytest.mark.parametrize("terms", SCRIPTS)
def test_names_come_back_in_every_character_set(terms: str) -> None:
    ds = read_back(
        {"patient": {"name": SCRIPTS[terms], "id": "1"}, "character_set": terms.split("\\")}
    )
    assert str(ds.PatientName) == SCRIPTS[terms]


def test_every_single_character_set_was_tried() -> None:
    assert set(ALONE) <= set(SCRIPTS)


NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="\\^=\u200e\u200f", categories=("L", "N", "P")),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(
    groups=st.lists(st.lists(NAMES, min_size=1, max_size=5), min_size=1, max_size=3),
    ident=NAMES,
    terms=st.sampled_from([t.split("\\") for t in SCRIPTS]),
)
def test_any_name_comes_back_or_is_refused(
    groups: list[list[str]], ident: str, terms: list[str]
) -> None:
    """Never changed silently."""
    name = "=".join("^".join(group)[:64].rstrip("^") for group in groups)
    document = {"patient": {"name": name, "id": ident}, "character_set": terms}
    try:
        parsed = parse_document(document)
    except ValueError as refusal:
        assert "cannot carry" in str(refusal) and terms != ["ISO_IR 192"]
        return
    held = grains.session(parsed)
    ds = dcmread(BytesIO(held.templates.base + held.templates.static))
    assert str(ds.PatientName) == parsed.get("patient.name")
    assert ds.PatientID == parsed.get("patient.id")


def test_a_character_set_is_not_trusted() -> None:
    assert checked_terms("ISO_IR 100", "x") == ("ISO_IR 100",)
    assert not survives("PatientName", "山田", ["ISO_IR 100"])
    assert not survives("PatientID", "a\\b", ["ISO_IR 192"])


def _worklist() -> bytes:
    item, step = Dataset(), Dataset()
    item.SpecificCharacterSet = "ISO_IR 100"
    item.PatientName, item.PatientID, item.PatientBirthDate = f"{SECRET}^Zoe", SECRET, "19610412"
    step.ScheduledPerformingPhysicianName, step.ScheduledProcedureStepID = "Ono^Ken", "S7"
    item.ScheduledProcedureStepSequence = [step]
    return bytes(128) + b"DICM" + encode(item)


FILE = _worklist()
JSON = json.dumps(grains.TREE).replace("Yamada", SECRET).encode()


@settings(max_examples=300, deadline=None)
@given(
    data=st.sampled_from([FILE, JSON]),
    edits=st.lists(
        st.tuples(st.integers(0, 700), st.integers(0, 9), st.binary(max_size=9)),
        min_size=1,
        max_size=4,
    ),
)
def test_a_damaged_file_is_refused_in_one_line_or_read(
    data: bytes, edits: list[tuple[int, int, bytes]]
) -> None:
    for at, length, new in edits:
        at %= len(data) + 1
        data = data[:at] + new + data[at + length :]
    try:
        grains.session(load_document(data))
    except ValueError as error:
        assert "\n" not in str(error) and SECRET not in str(error)


def dicom_file(syntax: str) -> bytes:
    """A patient's DICOM file that ends with the name."""
    found = Dataset()
    found.PatientName = "Geheim^Annabella"
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = UID(syntax)
    found.file_meta.MediaStorageSOPClassUID = UID("1.2.3")
    found.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3")
    written = BytesIO()
    dcmwrite(written, found, enforce_file_format=True)
    return written.getvalue()


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"])
def test_half_a_name_is_no_name(syntax: str) -> None:
    whole = dicom_file(syntax)
    assert load_document(whole).get("patient.name") == "Geheim^Annabella"
    for missing in range(1, 16):
        with pytest.raises(ValueError, match="ends within a value") as caught:
            load_document(whole[:-missing])
        assert "Geheim" not in str(caught.value)


def test_a_deflated_file_is_refused_before_it_grows() -> None:
    with pytest.raises(ValueError, match="deflated"):
        load_document(dicom_file("1.2.840.10008.1.2.1.99"))
