"""What a patient document may say: each key, its DICOM attribute and the rule its value obeys."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

PERSON_GROUPS = ("alphabetic", "ideographic", "phonetic")
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")

Check = Callable[[object, str], str]
"""Takes a value of the document and its path, returns it as DICOM wants it or raises ValueError."""


@dataclass(frozen=True)
class Field:
    """One key of the document. many: a list is taken too (value multiplicity 1-n)."""

    keyword: str
    check: Check
    many: bool = False


def _string(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{path}: is no text; write it in quotes")
    text = unicodedata.normalize("NFC", value).strip()
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp", "Cn", "Co"):
            raise ValueError(f"{path}: has a control or unassigned character; remove it")
        if character in _BIDI:
            raise ValueError(
                f"{path}: has a character that changes the writing direction; remove it"
            )
    if "\\" in text:
        raise ValueError(f"{path}: has a backslash, which separates values in DICOM; remove it")
    return text


def _limited(most: int) -> Check:
    def check(value: object, path: str) -> str:
        text = _string(value, path)
        if len(text) > most:
            raise ValueError(f"{path}: is longer than {most} characters; shorten it")
        return text

    return check


long_string = _limited(64)
short_string = _limited(16)


def person_name(value: object, path: str) -> str:
    """PN (PS3.5 6.2.1): a text `Family^Given^Middle^Prefix^Suffix`, or the component groups by
    name. Empty is allowed here; whoever needs a name asks for it."""
    if isinstance(value, str):
        groups = value.split("=")
        if len(groups) > len(PERSON_GROUPS):
            raise ValueError(f"{path}: has more than three component groups; use '=' twice at most")
    elif isinstance(value, dict):
        for key in value:
            if key not in PERSON_GROUPS:
                raise ValueError(f"{path}: a key is unknown; choose {', '.join(PERSON_GROUPS)}")
        groups = []
        for name in PERSON_GROUPS:
            group = value.get(name, "")
            if isinstance(group, str) and "=" in group:
                raise ValueError(f"{path}.{name}: has '=', which separates component groups")
            groups.append(group)
    else:
        raise ValueError(f"{path}: is no name; give a text or {{{', '.join(PERSON_GROUPS)}}}")
    checked = [_name_group(g, f"{path}.{n}") for g, n in zip(groups, PERSON_GROUPS, strict=False)]
    return "=".join(checked).rstrip("=")


def _name_group(value: object, path: str) -> str:
    text = long_string(value, path)
    parts = [part.strip() for part in text.split("^")]
    if len(parts) > 5:
        raise ValueError(f"{path}: has more than five components; use '^' four times at most")
    while parts and not parts[-1]:
        parts.pop()
    return "^".join(parts)


def day(value: object, path: str) -> str:
    """DA: YYYYMMDD or YYYY-MM-DD, a day that exists."""
    text = _string(value, path)
    if not text:
        return ""
    try:
        if re.fullmatch(r"[0-9]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
            return date.fromisoformat(text).strftime("%Y%m%d").rjust(8, "0")
    except ValueError:
        pass
    raise ValueError(f"{path}: is no date; write YYYY-MM-DD or YYYYMMDD")


def time_of_day(value: object, path: str) -> str:
    """TM: HHMM, HHMMSS, HHMMSS.FFFFFF, or with colons."""
    text = _string(value, path)
    if not text:
        return ""
    text = text.replace(":", "")
    form = {2: "%H", 4: "%H%M", 6: "%H%M%S"}.get(len(text.split(".")[0]))
    try:
        if form and re.fullmatch(r"[0-9]+|[0-9]{6}\.[0-9]{1,6}", text, re.ASCII):
            datetime.strptime(text.split(".")[0], form)
            return text
    except ValueError:
        pass
    raise ValueError(f"{path}: is no time; write HH:MM:SS or HHMMSS")


def sex(value: object, path: str) -> str:
    """CS of Patient's Sex: M, F, O or empty."""
    if value not in ("M", "F", "O", ""):
        raise ValueError(f"{path}: is no patient's sex of DICOM; choose M, F, O or leave it empty")
    return str(value)


def side(value: object, path: str) -> str:
    """CS of Laterality: R, L or empty."""
    if value not in ("R", "L", ""):
        raise ValueError(f"{path}: is no laterality; choose R, L or leave it empty")
    return str(value)


def code(value: object, path: str) -> str:
    """CS: upper case, digits, space, underscore, 16 characters."""
    text = short_string(value, path)
    if not re.fullmatch(r"[A-Z0-9 _]*", text):
        raise ValueError(f"{path}: may have A-Z, 0-9, space and underscore only; write it so")
    return text


def uid(value: object, path: str) -> str:
    """UI: numbers and dots, 64 characters, no component with a leading zero."""
    text = _string(value, path)
    if len(text) > 64 or not re.fullmatch(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+", text, re.ASCII):
        raise ValueError(f"{path}: is no DICOM UID; write numbers with dots, 64 characters at most")
    return text


def integer(value: object, path: str) -> str:
    """IS: a whole number of 32 bits, as number or text."""
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or not re.fullmatch(r"\s*[-+]?[0-9]{1,10}\s*|", text, re.ASCII):
        raise ValueError(f"{path}: is no whole number; write digits")
    if text.strip() and not -(2**31) <= int(text) < 2**31:
        raise ValueError(f"{path}: does not fit 32 bits; choose a smaller number")
    return text.strip()


SECTIONS: dict[str, dict[str, Field]] = {
    "patient": {
        "name": Field("PatientName", person_name),
        "id": Field("PatientID", long_string),
        "issuer_of_id": Field("IssuerOfPatientID", long_string),
        "birth_date": Field("PatientBirthDate", day),
        "sex": Field("PatientSex", sex),
    },
    "study": {
        "instance_uid": Field("StudyInstanceUID", uid),
        "id": Field("StudyID", short_string),
        "date": Field("StudyDate", day),
        "time": Field("StudyTime", time_of_day),
        "description": Field("StudyDescription", long_string),
        "accession_number": Field("AccessionNumber", short_string),
        "referring_physician": Field("ReferringPhysicianName", person_name),
    },
    "series": {
        "number": Field("SeriesNumber", integer),
        "description": Field("SeriesDescription", long_string),
        "protocol": Field("ProtocolName", long_string),
        "body_part": Field("BodyPartExamined", code),
        "laterality": Field("Laterality", side),
        "performing_physician": Field("PerformingPhysicianName", person_name, many=True),
        "operator": Field("OperatorsName", person_name, many=True),
    },
    "procedure": {
        "requested_id": Field("RequestedProcedureID", short_string),
        "requested_description": Field("RequestedProcedureDescription", long_string),
        "step_id": Field("ScheduledProcedureStepID", short_string),
        "step_description": Field("ScheduledProcedureStepDescription", long_string),
    },
    "equipment": {
        "manufacturer": Field("Manufacturer", long_string),
        "model": Field("ManufacturerModelName", long_string),
        "serial_number": Field("DeviceSerialNumber", long_string),
        "software_versions": Field("SoftwareVersions", long_string, many=True),
        "station_name": Field("StationName", short_string),
        "institution": Field("InstitutionName", long_string),
        "department": Field("InstitutionalDepartmentName", long_string),
    },
}
"""The document's keys. `procedure` goes into one item of Request Attributes Sequence."""
