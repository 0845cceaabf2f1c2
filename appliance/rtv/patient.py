"""The patient document: what `rtvbox tx --static` takes and a Configurator sends.

JSON in UTF-8 with the sections of `patient_fields.SECTIONS` and, beside them, `character_set`
(how it is sent, ISO_IR 192 unless told) and `timezone` (+HHMM, of the dates and times in it):

    {"patient": {"name": {"alphabetic": "Yamada^Tarou", "ideographic": "山田^太郎"},
                 "id": "1234", "birth_date": "1961-04-12", "sex": "M"},
     "study": {"accession_number": "A77"}}

A DICOM file or a data set of the DICOM JSON model (PS3.18 annex F), such as a worklist item, is
taken as well. Everything is checked before anything is used. Messages name the field and the
reason and never repeat what it holds, because they end in logs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .charset import UTF8, checked_terms, survives
from .patient_fields import SECTIONS, Field

MAX_DOCUMENT = 262_144
"""Octets of a document."""

Value = str | tuple[str, ...]


@dataclass(frozen=True)
class PatientDocument:
    """A checked document. values: path such as `patient.name` to its text as DICOM writes it (a
    tuple where several may stand). The representation shows no patient data."""

    values: Mapping[str, Value] = field(repr=False)
    character_set: tuple[str, ...] = (UTF8,)
    timezone: str = ""

    def get(self, path: str) -> Value:
        """The value of a path, "" where the document is silent."""
        return self.values.get(path, "")


def load_document(data: bytes) -> PatientDocument:
    """A document from the bytes of a file: our JSON, DICOM JSON, or a DICOM file.

    Raises ValueError: one line with the key's path, the reason and the remedy.
    """
    if data[128:132] == b"DICM":
        from .patient_dicom import document_of_file

        return parse_document(document_of_file(data))
    if len(data) > MAX_DOCUMENT:
        raise ValueError(f"patient document: is longer than {MAX_DOCUMENT} octets; is it the one?")
    try:
        tree = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_no_twins, parse_int=_number)
    except UnicodeDecodeError:
        raise ValueError("patient document: is not UTF-8; save it as UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(
            f"patient document: line {error.lineno}, column {error.colno} is no JSON; correct it"
        ) from None
    except RecursionError:
        raise ValueError("patient document: nests too deeply; see the example") from None
    if isinstance(tree, dict) and tree and all(re.fullmatch("[0-9A-Fa-f]{8}", k) for k in tree):
        from .patient_dicom import document_of_json

        tree = document_of_json(tree)
    return parse_document(tree)


def parse_document(tree: object) -> PatientDocument:
    """A document from its decoded JSON. Raises ValueError as load_document does."""
    if not isinstance(tree, dict):
        raise ValueError("patient document: is no object; begin it with {")
    character_set: tuple[str, ...] = (UTF8,)
    timezone = ""
    values: dict[str, Value] = {}
    for key, part in tree.items():
        if key == "character_set":
            character_set = checked_terms(part, key)
        elif key == "timezone":
            timezone = _timezone(part)
        elif key in SECTIONS:
            values.update(_section(key, part))
        else:
            known = ", ".join((*SECTIONS, "character_set", "timezone"))
            raise ValueError(f"{_key(key)}: is no key of a patient document; choose {known}")
    if not str(values.get("patient.name", "")).strip("^= "):
        raise ValueError("patient.name: is missing; a flow without a name must not look confirmed")
    document = PatientDocument(values, character_set, timezone)
    _check_encodable(document)
    return document


def _section(name: str, part: object) -> dict[str, Value]:
    if not isinstance(part, dict):
        raise ValueError(f"{name}: is no object; write {{...}} with {', '.join(SECTIONS[name])}")
    values: dict[str, Value] = {}
    for key, value in part.items():
        rule = SECTIONS[name].get(key)
        if rule is None:
            raise ValueError(f"{name}.{_key(key)}: is unknown; choose {', '.join(SECTIONS[name])}")
        checked = _checked(rule, value, f"{name}.{key}")
        if checked:
            values[f"{name}.{key}"] = checked
    return values


def _checked(rule: Field, value: object, path: str) -> Value:
    if rule.many and isinstance(value, list):
        if len(value) > 16:
            raise ValueError(f"{path}: has more than 16 values; shorten the list")
        return tuple(rule.check(v, f"{path}[{n}]") for n, v in enumerate(value))
    return rule.check(value, path)


def _check_encodable(document: PatientDocument) -> None:
    for path, value in document.values.items():
        section, key = path.split(".")
        if not survives(SECTIONS[section][key].keyword, value, document.character_set):
            terms = "\\".join(document.character_set)
            raise ValueError(
                f"{path}: has characters that character_set {terms!r} cannot carry; use {UTF8!r}"
            )


def _timezone(value: object) -> str:
    if isinstance(value, str):
        match = re.fullmatch(r"([+-])([0-9]{2}):?([0-9]{2})", value, re.ASCII)
        if match and int(match[3]) < 60:
            minutes = (int(match[2]) * 60 + int(match[3])) * (-1 if match[1] == "-" else 1)
            if -720 <= minutes <= 840 and not (minutes == 0 and match[1] == "-"):
                return f"{match[1]}{match[2]}{match[3]}"
    raise ValueError("timezone: is no offset from UTC; write such as +0100")


def _key(key: str) -> str:
    """A key for a message, unless it might be a value that slipped into its place."""
    return key if re.fullmatch(r"[a-z][a-z_]{0,30}", key) else "(a key)"


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) != len(pairs):
        seen: set[str] = set()
        for key, _value in pairs:
            if key in seen:
                raise ValueError(f"{_key(key)}: stands twice; keep one")
            seen.add(key)
    return tree


def _number(digits: str) -> int:
    if len(digits) > 20:
        raise ValueError("patient document: has a number of over 20 digits; correct it")
    return int(digits)
