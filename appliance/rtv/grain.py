"""Grains of a DICOM-RTV metadata flow (PS3.22 chapters 6 and 7), as templates for the engine.

A grain is RTV Meta Information, the dynamic part (group 0006) and, at times, the static part.
pydicom encodes each once; per frame the engine copies the bytes and writes values at the offsets
given here, which is over a thousand times cheaper than encoding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from . import dictionary, elements, rtp
from .iod import RTP_RATE, Instance, Stream, transfer_syntax, uid_of

PREAMBLE = 128
MAX_GRAIN = 65_536
"""Octets of a grain that receivers of ours put together."""

VALUE_OCTETS: dict[str, int] = {
    "origin_ptp": 10,
    "sync_ptp": 10,
    "utc_dt": 26,
    "viewpoint": 24,
    "look_at": 24,
    "up": 24,
    "field_of_view": 48,
    "imaging_subject": 4,
    "information": 4,
}
"""Values the engine knows how to write, and how many octets each takes:
PTP timestamps TAI; utc_dt `YYYYMMDDHHMMSS.FFFFFF+0000` of the origin; little-endian doubles in mm;
`YES ` or `NO  `."""

Patches = list[tuple[str, int]]

# Tags on the way to each value, and what stands there in a template.
_GROUP = dictionary.CURRENT_FRAME_GROUPS
_TIME_OF_FRAME, _FRAME_CONTENT = 0x0034000D, 0x00209111
_USEFULNESS, _CAMERA = 0x00340009, 0x0034000B
_BASE_VALUES: list[tuple[str, tuple[int, ...]]] = [
    ("origin_ptp", (_GROUP, _TIME_OF_FRAME, 0x00340007)),
    ("utc_dt", (_GROUP, _FRAME_CONTENT, 0x00189074)),
    ("utc_dt", (_GROUP, _FRAME_CONTENT, 0x00189151)),
    ("imaging_subject", (_GROUP, _USEFULNESS, 0x00340008)),
    ("information", (_GROUP, _USEFULNESS, 0x0034000C)),
]
_POSE_VALUES: list[tuple[str, tuple[int, ...]]] = [
    ("viewpoint", (_GROUP, _CAMERA, 0x00701603)),
    ("look_at", (_GROUP, _CAMERA, 0x00701604)),
    ("up", (_GROUP, _CAMERA, 0x00701605)),
    ("field_of_view", (_GROUP, _CAMERA, 0x00701606)),
]
_EPOCH_DT = "19700101000000.000000+0000"


@dataclass(frozen=True)
class GrainTemplates:
    """What `Transmitter.set_grain` takes, by the same names. static is patient data."""

    static_id: int
    base: bytes = field(repr=False)
    pose: bytes = field(repr=False)
    static: bytes = field(repr=False)
    extension_first: bytes
    extension_middle: bytes
    extension_last: bytes
    extension_single: bytes
    patches: dict[str, Patches]

    def arguments(self) -> dict[str, Any]:
        """For `transmitter.set_grain(**templates.arguments())`."""
        return dict(vars(self))


def templates(
    stream: Stream,
    instance: Instance,
    static: Dataset | None,
    static_id: int,
    ids: Mapping[str, int] = rtp.DEFAULT_IDS,
) -> GrainTemplates:
    """Encodes everything once. static None: no patient is confirmed, no static part is sent.

    ids: extension identifiers as the SDP's `a=extmap` gives them. Raises ValueError when a grain
    would exceed MAX_GRAIN.
    """
    meta = meta_information(stream, instance)
    base = meta + encode(dynamic_part(stream, camera=False))
    pose = meta + encode(dynamic_part(stream, camera=True)) if stream.camera else b""
    fixed = encode(static) if static is not None else b""
    if max(len(base), len(pose)) + len(fixed) > MAX_GRAIN:
        raise ValueError(
            f"static part: {len(fixed)} octets exceed a grain of {MAX_GRAIN}; shorten the document"
        )
    first, middle, last, single, stamps = _extensions(stream, ids)
    patches = {
        "base": locate(base, _BASE_VALUES),
        "pose": locate(pose, _BASE_VALUES + _POSE_VALUES) if pose else [],
        "extension_first": stamps,
        "extension_single": list(stamps),
    }
    return GrainTemplates(static_id, base, pose, fixed, first, middle, last, single, patches)


def encode(dataset: Dataset) -> bytes:
    """A data set in Explicit VR Little Endian, as all of a grain is (PS3.22 section 7.1)."""
    file = DicomBytesIO()
    file.is_little_endian, file.is_implicit_VR = True, False
    write_dataset(file, dataset)
    return file.getvalue()


def meta_information(stream: Stream, instance: Instance) -> bytes:
    """Preamble, prefix and group 0002 of PS3.22 Table 7.1-1."""
    ds = Dataset()
    ds.TransferSyntaxUID = transfer_syntax(stream.format)
    ds.RTVMetaInformationVersion = b"\x00\x01"
    ds.RTVCommunicationSOPClassUID = stream.sop_class
    ds.RTVCommunicationSOPInstanceUID = uid_of(instance.uuid)
    ds.RTVSourceIdentifier = stream.ids.metadata_source.bytes
    ds.RTVFlowIdentifier = stream.ids.metadata_flow.bytes
    ds.RTVFlowRTPSamplingRate = RTP_RATE
    ds.RTVFlowActualFrameDuration = frame_ms(stream)
    body = encode(ds)
    length = Dataset()
    length.FileMetaInformationGroupLength = len(body)
    return bytes(PREAMBLE) + b"DICM" + encode(length) + body


def dynamic_part(stream: Stream, *, camera: bool) -> Dataset:
    """Group 0006 with neutral values: Time of Frame, Frame Content, Frame Usefulness and, where
    asked, Camera Position (PS3.3 C.7.6.27)."""
    time_of_frame = Dataset()
    time_of_frame.FrameOriginTimestamp = bytes(10)
    content = Dataset()
    content.FrameAcquisitionDateTime = _EPOCH_DT
    content.FrameReferenceDateTime = _EPOCH_DT
    content.FrameAcquisitionDuration = frame_ms(stream)
    usefulness = Dataset()
    # Four octets each, so that "YES " and "NO  " may take each other's place. YES is what a live
    # frame says until somebody who knows says otherwise; the engine writes NO on a slate.
    usefulness.IncludesImagingSubject = "YES "
    usefulness.IncludesInformation = "YES "
    item = Dataset()
    item.TimeOfFrameGroupSequence = [time_of_frame]
    item.FrameContentSequence = [content]
    item.FrameUsefulnessGroupSequence = [usefulness]
    if camera:
        position = Dataset()
        position.RenderProjection = "PERSPECTIVE"
        position.ViewpointPosition = [0.0, 0.0, 0.0]
        position.ViewpointLookAtPoint = [0.0, 0.0, 1.0]
        position.ViewpointUpDirection = [0.0, 1.0, 0.0]
        position.RenderFieldOfView = [-1.0, 1.0, 1.0, -1.0, 1.0, 2.0]
        item.CameraPositionGroupSequence = [position]
    dynamic = Dataset()
    dynamic.CurrentFrameFunctionalGroupsSequence = [item]
    return dynamic


def frame_ms(stream: Stream) -> float:
    """Duration of a frame in ms. The exposure itself is not known to a converter."""
    return float(stream.format.frame_ns / 1_000_000)


def locate(data: bytes, values: list[tuple[str, tuple[int, ...]]]) -> Patches:
    """Offsets of values, found by walking the elements along their tags.

    Every tag on the way must stand exactly once and the value must have its octets; anything else
    is a fault of ours and raises RuntimeError before a byte is sent.
    """
    found: Patches = []
    for name, path in values:
        at = _follow(data, PREAMBLE + 4, len(data), path)
        if len(at) != 1 or at[0].length != VALUE_OCTETS[name]:
            where = "/".join(elements.tag_name(tag) for tag in path)
            raise RuntimeError(f"{where}: {len(at)} places for {name} in a template")
        found.append((name, at[0].value))
    return found


def _follow(data: bytes, start: int, end: int, path: tuple[int, ...]) -> list[elements.Element]:
    here = [e for e in elements.elements(data, start, end) if e.tag == path[0]]
    if len(path) == 1:
        return here
    spans = [span for e in here for span in elements.items(data, e)]
    return [e for first, last in spans for e in _follow(data, first, last, path[1:])]


# Recognisable moments that stand in for the two timestamps while their places are looked for.
_ORIGIN_MARK, _SYNC_MARK = 0xA5A5A5A5A5A5 * 1_000_000_000 + 1, 0x5A5A5A5A5A5A * 1_000_000_000 + 2


def _extensions(
    stream: Stream, ids: Mapping[str, int]
) -> tuple[bytes, bytes, bytes, bytes, Patches]:
    """RTP header extensions of the first, a middle, the last and an only packet of a grain, and
    where the timestamps stand in those that have them."""

    def whole(start: bool, end: bool) -> bytes:
        identity = {
            "origin": _ORIGIN_MARK,
            "sync": _SYNC_MARK,
            "flow": stream.ids.metadata_flow.bytes,
            "source": stream.ids.metadata_source.bytes,
        }
        given = rtp.GrainElements(start=start, end=end, **(identity if start else {}))  # type: ignore[arg-type]
        return rtp.encode_extension(rtp.encode_elements(given, ids))

    first, single = whole(True, False), whole(True, True)
    stamps: Patches = []
    for name, mark in (("origin_ptp", _ORIGIN_MARK), ("sync_ptp", _SYNC_MARK)):
        octets = rtp.ptp_bytes(mark)
        if first.count(octets) != 1 or single.index(octets) != first.index(octets):
            raise RuntimeError(f"{name}: is not once in the header extension")
        stamps.append((name, first.index(octets)))
    return (
        _blank(first, stamps),
        whole(False, False),
        whole(False, True),
        _blank(single, stamps),
        stamps,
    )


def _blank(extension: bytes, stamps: Patches) -> bytes:
    data = bytearray(extension)
    for name, at in stamps:
        data[at : at + VALUE_OCTETS[name]] = bytes(VALUE_OCTETS[name])
    return bytes(data)
