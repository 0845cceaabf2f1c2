"""Character sets of DICOM (PS3.3 C.12.1.1.2): which are known, and whether a text survives one.

pydicom replaces what a character set cannot carry by question marks and only warns. A patient's
name must not be changed silently, so every text is encoded and read back here before it is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

UTF8 = "ISO_IR 192"

ALONE = (
    "ISO_IR 100",
    "ISO_IR 101",
    "ISO_IR 109",
    "ISO_IR 110",
    "ISO_IR 144",
    "ISO_IR 127",
    "ISO_IR 126",
    "ISO_IR 138",
    "ISO_IR 148",
    "ISO_IR 13",
    "ISO_IR 166",
    UTF8,
    "GB18030",
    "GBK",
)
"""Defined terms that stand alone, without code extensions."""

EXTENDED = tuple(
    f"ISO 2022 IR {n}" for n in (6, 100, 101, 109, 110, 144, 127, 126, 138, 148, 13, 166)
)
"""Single-byte sets with code extensions; the first one may be empty (= ISO 2022 IR 6)."""

MULTIBYTE = ("ISO 2022 IR 87", "ISO 2022 IR 159", "ISO 2022 IR 149")
"""Sets that only follow another. Not ISO 2022 IR 58, which pydicom encodes without its escape
sequence; GB18030 carries the same names."""


def checked_terms(value: object, path: str) -> tuple[str, ...]:
    """The values of Specific Character Set from a document: one term or a list of them.

    Raises ValueError with `path`, the term and what may stand there.
    """
    terms = [value] if isinstance(value, str) else value
    if not isinstance(terms, list) or not terms or not all(isinstance(t, str) for t in terms):
        raise ValueError(f"{path}: give one defined term or a list, such as {UTF8!r}")
    if len(terms) == 1:
        if terms[0] in ALONE or (terms[0] in EXTENDED):
            return (terms[0],)
        raise ValueError(f"{path}: a term is unknown; choose {', '.join(ALONE)}")
    if terms[0] not in ("", *EXTENDED):
        raise ValueError(
            f"{path}: no code extensions after the first; begin with '' or {', '.join(EXTENDED)}"
        )
    for term in terms[1:]:
        if term not in EXTENDED and term not in MULTIBYTE:
            raise ValueError(
                f"{path}: a later term is no code extension; "
                f"choose {', '.join(MULTIBYTE)} or {', '.join(EXTENDED)}"
            )
    if len(set(terms)) != len(terms):
        raise ValueError(f"{path}: a term stands twice; name each once")
    return tuple(terms)


def survives(keyword: str, value: str | Sequence[str], terms: Sequence[str]) -> bool:
    """Whether a value of this attribute comes back unchanged from these character sets."""
    # When a value is looked at: pydicom brings numpy and Pillow, a third of what a service that
    # only may be told of a patient needs to start.
    from pydicom import dcmread
    from pydicom.dataset import Dataset
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset
    from pydicom.multival import MultiValue

    from .quiet import quiet_pydicom

    dataset = Dataset()
    given = [value] if isinstance(value, str) else list(value)
    try:
        with quiet_pydicom("error"):
            dataset.SpecificCharacterSet = list(terms)
            setattr(dataset, keyword, given if len(given) > 1 else given[0])
            file = DicomBytesIO()
            file.is_little_endian, file.is_implicit_VR = True, False
            write_dataset(file, dataset)
            back = dcmread(BytesIO(b"\0" * 128 + b"DICM" + file.getvalue()), force=True)
            found = back[keyword].value
    except (ValueError, UnicodeError, UserWarning, LookupError, TypeError, AttributeError):
        return False
    several = found if isinstance(found, MultiValue) else [found]
    return [str(one) for one in several] == given
