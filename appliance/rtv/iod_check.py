"""Which attributes the two video IODs demand (PS3.3 A.32.9, A.32.10), and whether they are there.

Read from public machine-readable tables of PS3.3 (edition 2024e). Type 1: there with a value;
type 2: there, perhaps empty. Conditional ones are listed where their condition always holds here.
"""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from . import dictionary
from .grain_parse import Grain

_1, _2 = 1, 2
Requirements = dict[str, int]

MODULES: dict[str, Requirements] = {
    "Patient": {"PatientName": _2, "PatientID": _2, "PatientBirthDate": _2, "PatientSex": _2},
    "General Study": {
        "StudyInstanceUID": _1,
        "StudyDate": _2,
        "StudyTime": _2,
        "ReferringPhysicianName": _2,
        "StudyID": _2,
        "AccessionNumber": _2,
    },
    "General Series": {"Modality": _1, "SeriesInstanceUID": _1, "SeriesNumber": _2},
    "Enhanced General Equipment": {
        "Manufacturer": _1,
        "ManufacturerModelName": _1,
        "DeviceSerialNumber": _1,
        "SoftwareVersions": _1,
    },
    "Synchronization": {
        "SynchronizationFrameOfReferenceUID": _1,
        "SynchronizationTrigger": _1,
        "AcquisitionTimeSynchronized": _1,
    },
    "General Image": {"InstanceNumber": _2},
    "Real-Time Bulk Data Flow": {
        "RealTimeBulkDataFlowSequence": _1,
        "RealTimeBulkDataFlowSequence.SourceIdentifier": _1,
        "RealTimeBulkDataFlowSequence.FlowIdentifierSequence": _1,
        "RealTimeBulkDataFlowSequence.FlowIdentifierSequence.FlowIdentifier": _1,
        "RealTimeBulkDataFlowSequence.FlowIdentifierSequence.FlowTransferSyntaxUID": _1,
        "RealTimeBulkDataFlowSequence.FlowIdentifierSequence.FlowRTPSamplingRate": _1,
    },
    "Acquisition Context": {"AcquisitionContextSequence": _2},
    "VL Image": {
        "ImageType": _1,
        "SamplesPerPixel": _1,
        "PhotometricInterpretation": _1,
        "PlanarConfiguration": _1,
        "BitsAllocated": _1,
        "BitsStored": _1,
        "HighBit": _1,
        "PixelRepresentation": _1,
        "LossyImageCompression": _2,
    },
    "SOP Common": {"SOPClassUID": _1, "SOPInstanceUID": _1},
    "Real-Time Acquisition": {"StereoPairsPresent": _1, "SharedFunctionalGroupsSequence": _1},
}
"""Modules mandatory in both. General Acquisition has only optional attributes, Common Instance
Reference only conditional ones that do not apply."""

ICC: Requirements = {"ICCProfile": _1}
FRAME_OF_REFERENCE: Requirements = {"FrameOfReferenceUID": _1, "PositionReferenceIndicator": _2}

_VALUES: dict[str, tuple[object, ...]] = {
    "SOPClassUID": tuple(dictionary.SOP_CLASSES.values()),
    "SynchronizationTrigger": ("SOURCE", "EXTERNAL", "PASSTHRU", "NO TRIGGER"),
    "AcquisitionTimeSynchronized": ("Y", "N"),
    "StereoPairsPresent": ("YES", "NO"),
    "SamplesPerPixel": (3,),
    "PlanarConfiguration": (0,),
    "PixelRepresentation": (0,),
    "PhotometricInterpretation": ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420"),
}
_BITS = ((8, 8, 7), (16, 10, 9), (16, 12, 11), (16, 16, 15))


def check_static(ds: Dataset, *, camera: bool = False) -> list[str]:
    """What a static part lacks or says wrongly, one line each; [] when nothing.

    camera: grains of this flow carry a camera position, which demands a Frame of Reference.
    The lines name attributes and never hold patient data.
    """
    modules = dict(MODULES)
    if ds.get("SOPClassUID") == dictionary.ENDOSCOPIC:
        modules["ICC Profile"] = ICC
    if camera:
        modules["Frame of Reference"] = FRAME_OF_REFERENCE
    faults = [
        f"{module}: {path} (type {kind}) {fault}"
        for module, wanted in modules.items()
        for path, kind in wanted.items()
        if (fault := _presence(ds, path.split("."), kind))
    ]
    for keyword, allowed in _VALUES.items():
        value = ds.get(keyword)
        if value is not None and value not in allowed:
            faults.append(f"{keyword}: is none of {', '.join(map(str, allowed))}")
    bits = tuple(ds.get(k) for k in ("BitsAllocated", "BitsStored", "HighBit"))
    if None not in bits and bits not in _BITS:
        faults.append(f"BitsAllocated, BitsStored, HighBit: {bits} is no row of PS3.5 8.2.13")
    return faults


def check_grain(grain: Grain) -> list[str]:
    """The same for a grain: meta information and dynamic part, and the static part if it is there
    with what these say of each other. Raises GrainError when the static part does not decode."""
    meta, dynamic = grain.meta, grain.dynamic
    faults = [
        f"RTV Meta Information: {name} (type 1) is missing"
        for name, value in vars(meta).items()
        if value is None and name not in ("frame_duration_ms", "rtp_rate")
    ]
    if meta.version is not None and (len(meta.version) != 2 or not meta.version[-1] & 1):
        faults.append("RTV Meta Information: version 1 is not among those it names")
    if meta.sop_class not in (None, *dictionary.SOP_CLASSES.values()):
        faults.append("RTV Meta Information: the SOP class is none for video")
    if dynamic is None:
        faults.append("dynamic part: is missing")
    else:
        if meta.rtp_rate is None:
            faults.append("RTV Meta Information: rtp_rate is missing beside a dynamic part")
        if dynamic.origin is None:
            faults.append("Time of Frame: FrameOriginTimestamp (type 1) is missing")
    if grain.static:
        static = grain.static_dataset()
        camera = dynamic is not None and dynamic.camera is not None
        faults += check_static(static, camera=camera) + _agreement(grain, static)
    return faults


def _presence(ds: Dataset, path: list[str], kind: int) -> str:
    if path[0] not in ds:
        return "is missing"
    value = ds[path[0]].value
    if len(path) > 1:  # the sequence itself has its own row
        inner = value if isinstance(value, Sequence) else []
        return next((f for item in inner if (f := _presence(item, path[1:], kind))), "")
    empty = value is None or (hasattr(value, "__len__") and len(value) == 0)
    return "is empty" if kind == _1 and empty else ""


def _agreement(grain: Grain, static: Dataset) -> list[str]:
    faults = []
    meta = grain.meta
    if static.get("SOPInstanceUID") != meta.sop_instance:
        faults.append("SOPInstanceUID: differs from the RTV Meta Information's")
    if static.get("SOPClassUID") != meta.sop_class:
        faults.append("SOPClassUID: differs from the RTV Meta Information's")
    flows = [
        (flow.get("FlowTransferSyntaxUID"), flow.get("FlowRTPSamplingRate"))
        for source in static.get("RealTimeBulkDataFlowSequence") or []
        for flow in source.get("FlowIdentifierSequence") or []
    ]
    if flows and (meta.transfer_syntax, meta.rtp_rate) not in flows:
        faults.append("RealTimeBulkDataFlowSequence: no flow has the meta information's syntax")
    return faults
