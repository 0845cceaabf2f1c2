"""From a decoded static part to what a person reads.

Empty values show as an em dash, values that cannot be read as a warning sign with an issue: never
an older value, never nothing. Text from the network is hostile: what could hide, reorder or
escape (control characters, bidirectional overrides, stacks of marks) is made visible or plain.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from pydicom.dataset import Dataset
from pydicom.valuerep import PersonName

from appliance.overlay.layout import Item

EMPTY = "—"
UNREADABLE = "⚠"
REPLACEMENT = "\ufffd"
NO_PATIENT = "NO PATIENT CONFIRMED"

LONGEST = 160
"""Characters kept of a value: more than any DICOM value here may have, few enough to draw."""
_MOST_MARKS = 3
_JOINERS = "\u200c\u200d"


@dataclass
class Display:
    """Lines to show and what a log should say about them (never a patient's data)."""

    lines: list[str] = field(default_factory=list)
    issues: list[str] = field(default_factory=list)


def clean(text: str) -> str:
    """One line without tricks, in NFC; what was dangerous shows as U+FFFD."""
    out: list[str] = []
    marks = 0
    for c in unicodedata.normalize("NFC", text[: LONGEST * 8]):
        kind = unicodedata.category(c)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        if c in "\t\n\r\f\v" or kind in ("Zs", "Zl", "Zp"):
            out.append(" ")
        elif kind in ("Cc", "Cs", "Co", "Cn") or (kind == "Cf" and c not in _JOINERS):
            out.append(REPLACEMENT)
        elif marks <= _MOST_MARKS:
            out.append(c)
    line = re.sub(f"{REPLACEMENT}+", REPLACEMENT, re.sub(" +", " ", "".join(out))).strip()
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def person_name(name: PersonName, groups: tuple[str, ...], order: str) -> list[str]:
    """Each wanted component group that is there, one line each; if none of them is there, the
    first that is. Empty when the name is empty."""
    texts = {
        "alphabetic": name.alphabetic,
        "ideographic": name.ideographic,
        "phonetic": name.phonetic,
    }
    found = {group: _one_name(text, group, order) for group, text in texts.items()}
    lines = [found[group] for group in groups if found[group]]
    return lines or [text for text in found.values() if text][:1]


def _one_name(text: str, group: str, order: str) -> str:
    parts = [clean(part) for part in text.split("^", 4)]
    family, given, middle, prefix, suffix = parts + [""] * (5 - len(parts))
    suffix = suffix.replace("^", " ")
    first = " ".join(p for p in (given, middle) if p)
    if group != "alphabetic":
        return " ".join(p for p in (family, first, prefix, suffix) if p)
    if order == "given-first":
        return " ".join(p for p in (prefix, first, family, suffix) if p)
    return ", ".join(p for p in (family, first, prefix, suffix) if p)


def dicom_date(text: str) -> str:
    """DA (also the old form with points) as 2026-11-22. ValueError when it is none."""
    found = re.fullmatch(r"(\d{4})(\.?)(\d{2})\2(\d{2})", text.strip(), re.ASCII)
    if not found:
        raise ValueError("no DICOM date")
    return date(int(found[1]), int(found[3]), int(found[4])).isoformat()


def dicom_time(text: str) -> str:
    """TM as 14:03:09, 14:03 or 14; fractions are cut. ValueError when it is none."""
    found = re.fullmatch(
        r"(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.\d{1,6})?)?)?", text.strip(), re.ASCII
    )
    if not found or int(found[1]) > 23 or int(found[2] or 0) > 59 or int(found[3] or 0) > 60:
        raise ValueError("no DICOM time")
    return ":".join(part for part in found.groups() if part) + ("h" if not found[2] else "")


def utc_offset(text: str) -> str:
    """An offset (&ZZXX) as +01:00; empty stays empty. ValueError when it is none."""
    if not text.strip():
        return ""
    found = re.fullmatch(r"([+-])(\d{2})(\d{2})", text.strip(), re.ASCII)
    if not found or int(found[2]) > 14 or int(found[3]) > 59:
        raise ValueError("no UTC offset")
    return f"{found[1]}{found[2]}:{found[3]}"


def dicom_datetime(text: str) -> str:
    """DT as 2026-11-22 14:03:09 +01:00, as far as it is given. ValueError when it is none."""
    found = re.fullmatch(r"(\d{4,14})(?:\.\d{1,6})?([+-]\d{4})?", text.strip(), re.ASCII)
    if not found or len(found[1]) % 2:
        raise ValueError("no DICOM date and time")
    digits = found[1]
    day = (
        dicom_date(digits[:8])
        if len(digits) >= 8
        else dicom_date((digits + "0101")[:8])[: 4 if len(digits) == 4 else 7]
    )
    time = dicom_time(digits[8:]) if len(digits) > 8 else ""
    return " ".join(p for p in (day, time, utc_offset(found[2] or "")) if p)


def display(dataset: Dataset, item: Item) -> Display:
    """What an item of the static part (or `text`) shows for this dataset; at least one line."""
    shown = Display()
    if item.item == "text":
        shown.lines = [clean(item.text)]
        return shown
    with warnings.catch_warnings(record=True) as caught:  # pydicom's way to say what is wrong
        warnings.simplefilter("always")
        try:
            shown.lines = _RULES[item.item](dataset, item)
        except Exception as error:
            # The network wrote these bytes: whatever pydicom makes of them, say so and go on.
            shown.lines = [UNREADABLE]
            shown.issues.append(f"{item.item}: cannot be read ({type(error).__name__})")
            return shown
    if caught:
        shown.issues.append(f"{item.item}: does not fit its declared character set or type")
    if any(UNREADABLE in line for line in shown.lines):
        shown.issues.append(f"{item.item}: is no valid value")
    if any(REPLACEMENT in line for line in shown.lines):
        shown.issues.append(f"{item.item}: holds characters that are not shown as they are")
    shown.lines = [line for line in shown.lines if line] or [EMPTY]
    return shown


Rule = Callable[[Dataset, Item], list[str]]


def _value(dataset: Dataset, keyword: str) -> str:
    value = dataset.get(keyword)
    if value is None:
        return ""
    if isinstance(value, str | PersonName) or not hasattr(value, "__iter__"):
        return str(value)
    return "\\".join(str(v) for v in value)


def _plain(*keywords: str) -> Rule:
    return lambda ds, _: [
        " ".join(t for t in (clean(_value(ds, keyword)) for keyword in keywords) if t)
    ]


def _name(keyword: str) -> Rule:
    def rule(dataset: Dataset, item: Item) -> list[str]:
        value = dataset.get(keyword)
        if value is None or value == "":
            return []
        if not isinstance(value, PersonName):
            value = PersonName(_value(dataset, keyword))
        lines = person_name(value, item.groups, item.order)
        return lines if item.item == "patient-name" else lines[:1]

    return rule


def _formatted(keyword: str, form: Callable[[str], str]) -> Rule:
    """A date or time; one that is none is shown as it came, behind a warning sign."""

    def rule(dataset: Dataset, _: Item) -> list[str]:
        text = _value(dataset, keyword)
        if not text.strip():
            return []
        try:
            return [form(text)]
        except ValueError:
            return [f"{UNREADABLE} {clean(text)}"]

    return rule


def _moment(name: str) -> Rule:
    """A DT, or else the DA and TM of the same name, with the dataset's UTC offset."""

    def rule(dataset: Dataset, item: Item) -> list[str]:
        whole = _formatted(f"{name}DateTime", dicom_datetime)(dataset, item)
        if whole:
            return whole
        day = _formatted(f"{name}Date", dicom_date)(dataset, item)
        time = _formatted(f"{name}Time", dicom_time)(dataset, item)
        if not time:
            return day
        offset = _formatted("TimezoneOffsetFromUTC", utc_offset)(dataset, item)
        return [" ".join(day + time + offset)]

    return rule


def _study_time(dataset: Dataset, item: Item) -> list[str]:
    time = _formatted("StudyTime", dicom_time)(dataset, item)
    offset = _formatted("TimezoneOffsetFromUTC", utc_offset)(dataset, item)
    return [" ".join(time + offset)] if time else []


def _sex(dataset: Dataset, _: Item) -> list[str]:
    value = clean(_value(dataset, "PatientSex"))
    if value in ("", "M", "F", "O"):
        return [value]
    return [f"{UNREADABLE} {value}"]


_RULES: dict[str, Rule] = {
    "patient-name": _name("PatientName"),
    "patient-id": _plain("PatientID"),
    "patient-birth-date": _formatted("PatientBirthDate", dicom_date),
    "patient-sex": _sex,
    "accession-number": _plain("AccessionNumber"),
    "study-id": _plain("StudyID"),
    "study-date": _formatted("StudyDate", dicom_date),
    "study-time": _study_time,
    "acquisition-time": _moment("Acquisition"),
    "content-time": _moment("Content"),
    "study-description": _plain("StudyDescription"),
    "series-description": _plain("SeriesDescription"),
    "modality": _plain("Modality"),
    "institution": _plain("InstitutionName"),
    "referring-physician": _name("ReferringPhysicianName"),
    "device": _plain("Manufacturer", "ManufacturerModelName"),
}
