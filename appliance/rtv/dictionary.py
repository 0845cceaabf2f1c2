"""The one attribute of DICOM-RTV that pydicom's dictionary lacks, and the UIDs we speak.

Without the entry pydicom drops a value assigned by keyword with no more than a warning, so every
module of this package that encodes or decodes imports this one.
"""

from __future__ import annotations

from pydicom.datadict import add_dict_entry, keyword_for_tag

CURRENT_FRAME_GROUPS = 0x00060001
"""(0006,0001) Current Frame Functional Groups Sequence: the dynamic part, exactly one item."""

ENDOSCOPIC = "1.2.840.10008.10.1"
PHOTOGRAPHIC = "1.2.840.10008.10.2"
SOP_CLASSES: dict[str, str] = {"endoscopic": ENDOSCOPIC, "photographic": PHOTOGRAPHIC}
"""Names as configuration spells them to the SOP class (PS3.4, PS3.22 Table 6-1)."""

PROGRESSIVE_VIDEO = "1.2.840.10008.1.2.7.1"
INTERLACED_VIDEO = "1.2.840.10008.1.2.7.2"
UTC_FRAME_OF_REFERENCE = "1.2.840.10008.15.1.1"

if not keyword_for_tag(CURRENT_FRAME_GROUPS):
    add_dict_entry(
        CURRENT_FRAME_GROUPS,
        "SQ",
        "CurrentFrameFunctionalGroupsSequence",
        "Current Frame Functional Groups Sequence",
    )
