"""A patient document from a DICOM data set: a worklist item, or any object of the patient.

Attributes that a document has no key for are passed over, since a worklist item has many; those it
has obey the same rules as in JSON.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from .patient_fields import SECTIONS
from .quiet import quiet_pydicom

_SCHEDULED = "ScheduledProcedureStepSequence"
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_REQUEST = "RequestAttributesSequence"
# What the station knows of itself is not the worklist's to say.
_SECTIONS = ("patient", "study", "series", "procedure")
# In a worklist the step's physician is the one who will perform (PS3.4 K.6.1.2.2).
_FROM_STEP = {"PerformingPhysicianName": "ScheduledPerformingPhysicianName"}


def document_of_file(data: bytes) -> dict[str, Any]:
    """The document's tree from a DICOM file. Raises ValueError with one line."""
    if _DEFLATED in data:  # a few octets can become gigabytes
        raise ValueError("patient document: is a deflated DICOM file; save it without compression")
    try:
        with quiet_pydicom("ignore"):  # what does not hold is refused below, field by field
            dataset = dcmread(BytesIO(data), stop_before_pixels=True)
            cut = _cut(dataset)
            tree = {} if cut else _tree(dataset)
    except Exception as error:  # pydicom has no common error of its own; the text may hold values
        raise ValueError(
            f"patient document: is no readable DICOM file ({type(error).__name__}); give another"
        ) from None
    if cut:
        raise ValueError("patient document: the DICOM file ends within a value; copy it again")
    return tree


def document_of_json(tree: dict[str, Any]) -> dict[str, Any]:
    """The document's tree from the DICOM JSON model. Raises ValueError with one line."""
    try:
        with quiet_pydicom("ignore"):
            dataset = Dataset.from_json(tree)
            dataset.pop("SpecificCharacterSet", None)  # JSON's text is Unicode
            return _tree(dataset)
    except Exception as error:  # pydicom has no common error of its own; the text may hold values
        raise ValueError(
            f"patient document: is no DICOM JSON data set ({type(error).__name__}); correct it"
        ) from None


def _cut(dataset: Dataset) -> bool:
    """Whether a value is shorter than its length says: half a name is another's name."""
    for tag in list(dataset.keys()):
        raw = dataset.get_item(tag)
        if not isinstance(raw, RawDataElement) or raw.value is None:
            short = False
        else:
            short = raw.length not in (len(raw.value), 0xFFFFFFFF)
        if short:
            return True
        if dataset[tag].VR == "SQ" and any(_cut(item) for item in dataset[tag].value):
            return True
    return False


def _tree(dataset: Dataset) -> dict[str, Any]:
    step, request = _first(dataset, _SCHEDULED), _first(dataset, _REQUEST)
    tree: dict[str, Any] = {}
    for section in _SECTIONS:
        for key, rule in SECTIONS[section].items():
            places = [(dataset, rule.keyword), (request, rule.keyword), (step, rule.keyword)]
            places.append((step, _FROM_STEP.get(rule.keyword, rule.keyword)))
            for place, keyword in places:
                value = place.get(keyword)
                if value not in (None, ""):
                    tree.setdefault(section, {})[key] = _plain(value, rule.many)
                    break
    offset = dataset.get("TimezoneOffsetFromUTC")
    if offset:
        tree["timezone"] = str(offset)
    return tree


def _first(dataset: Dataset, keyword: str) -> Dataset:
    sequence = dataset.get(keyword)
    return sequence[0] if sequence else Dataset()


def _plain(value: object, many: bool) -> object:
    if isinstance(value, (MultiValue, list)):
        texts = [str(v) for v in value]
        return texts if many else "\\".join(texts)  # refused below: one value is asked
    return str(value)
