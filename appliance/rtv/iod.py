"""The static part of a grain: the Real-Time Video Endoscopic and Photographic Image IODs
(PS3.3 A.32.9 and A.32.10), all modules that are mandatory there.

Pure: identifiers and times come in as values. See CONFORMANCE.md for what is chosen here where
the standard leaves it open or contradicts itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import timezone as offset
from uuid import UUID, uuid5

from pydicom.dataset import Dataset

from drivers.video import Sampling, VideoFormat

from . import dictionary
from .icc import icc_profile
from .patient import PatientDocument
from .patient_fields import SECTIONS

RTP_RATE = 90_000
"""Hz of every video flow and its metadata."""

_MODALITY = {dictionary.ENDOSCOPIC: "ES", dictionary.PHOTOGRAPHIC: "XC"}
_PHOTOMETRIC = {
    Sampling.RGB: "RGB",
    Sampling.YCBCR_444: "YBR_FULL",
    Sampling.YCBCR_422: "YBR_FULL_422",
}


@dataclass(frozen=True)
class FlowIds:
    """The sources and flows of a stream, stable over restarts when made by `of`."""

    video_source: UUID
    video_flow: UUID
    metadata_source: UUID
    metadata_flow: UUID

    @classmethod
    def of(cls, box: UUID, stream: str) -> FlowIds:
        """The ids of a box's stream: the same box and name always give the same."""
        names = ("video-source", "video-flow", "metadata-source", "metadata-flow")
        return cls(*(uuid5(box, f"{stream}/{name}") for name in names))


@dataclass(frozen=True)
class Equipment:
    """What the box says of the equipment unless the document names another."""

    manufacturer: str = "rtvbox"
    model: str = "rtvbox"
    serial_number: str = "unknown"
    software_versions: tuple[str, ...] = ("unknown",)


@dataclass(frozen=True)
class ClockState:
    """locked: TAI follows a PTP grandmaster; grandmaster: its identity as 16 hex digits."""

    locked: bool = False
    grandmaster: str = ""

    def __post_init__(self) -> None:
        if len(self.grandmaster) > 16:
            raise ValueError(
                f"grandmaster: {self.grandmaster!r} is longer than 16; write 16 hex digits"
            )


@dataclass(frozen=True)
class Instance:
    """One SOP Instance: its UID's UUID and when it began (aware datetime)."""

    uuid: UUID
    began: datetime
    number: int = 1

    def __post_init__(self) -> None:
        if self.began.tzinfo is None:
            raise ValueError("began: has no zone; give an aware datetime")


@dataclass(frozen=True)
class Stream:
    """What is configured: the picture, the SOP class and who sends."""

    format: VideoFormat
    ids: FlowIds
    sop_class: str = dictionary.ENDOSCOPIC
    equipment: Equipment = field(default_factory=Equipment)
    camera: bool = True  # grains may carry a camera position

    def __post_init__(self) -> None:
        if self.sop_class not in _MODALITY:
            raise ValueError(
                f"SOP class: {self.sop_class} is not carried; "
                f"choose {', '.join(dictionary.SOP_CLASSES)}"
            )


def uid_of(uuid: UUID) -> str:
    """A UID from a UUID (PS3.5 B.2)."""
    return f"2.25.{uuid.int}"


def transfer_syntax(video: VideoFormat) -> str:
    """The UID for the bulk flow. Segmented frames travel as ST 2110-20 sends them: as fields."""
    return dictionary.INTERLACED_VIDEO if video.interlaced else dictionary.PROGRESSIVE_VIDEO


def static_part(
    stream: Stream, document: PatientDocument, instance: Instance, clock: ClockState
) -> Dataset:
    """The whole static data set."""
    ds = Dataset()
    ds.SpecificCharacterSet = list(document.character_set)
    _document(ds, document)
    _identity(ds, stream, document, instance)
    _equipment(ds, stream.equipment)
    _synchronization(ds, stream, clock)
    _picture(ds, stream)
    _flows(ds, stream)
    if stream.camera:
        ds.FrameOfReferenceUID = uid_of(uuid5(stream.ids.video_source, "frame-of-reference"))
        ds.PositionReferenceIndicator = ""
    return ds


_EMPTY = (  # Type 2: there, and empty where nobody said more
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
    "SeriesNumber",
    "PatientOrientation",
)


def _document(ds: Dataset, document: PatientDocument) -> None:
    for keyword in _EMPTY:
        setattr(ds, keyword, "")
    request = Dataset()
    for section, fields in SECTIONS.items():
        for key, rule in fields.items():
            value = document.get(f"{section}.{key}")
            if value:
                place = request if section == "procedure" else ds
                setattr(place, rule.keyword, list(value) if isinstance(value, tuple) else value)
    if len(request):
        ds.RequestAttributesSequence = [request]


def _identity(ds: Dataset, stream: Stream, document: PatientDocument, instance: Instance) -> None:
    zone, began = document.timezone, instance.began
    if zone or not (ds.StudyDate or ds.StudyTime):
        # Dates of unknown zone must not be declared to be of one.
        ds.TimezoneOffsetFromUTC = zone or "+0000"
    local = began.astimezone(_zone(zone))
    if "StudyInstanceUID" not in ds:
        ds.StudyInstanceUID = uid_of(uuid5(instance.uuid, "study"))
        if not ds.StudyDate:
            ds.StudyDate, ds.StudyTime = local.strftime("%Y%m%d"), local.strftime("%H%M%S")
    ds.SeriesInstanceUID = uid_of(uuid5(stream.ids.video_flow, str(ds.StudyInstanceUID)))
    ds.Modality = _MODALITY[stream.sop_class]
    ds.SOPClassUID = stream.sop_class
    ds.SOPInstanceUID = uid_of(instance.uuid)
    ds.InstanceNumber = str(instance.number)
    ds.ContentDate, ds.ContentTime = local.strftime("%Y%m%d"), local.strftime("%H%M%S.%f")
    ds.AcquisitionContextSequence = []


def _zone(zone: str) -> offset:
    sign = -1 if zone[:1] == "-" else 1
    return offset(sign * timedelta(hours=int(zone[1:3] or 0), minutes=int(zone[3:5] or 0)))


def _equipment(ds: Dataset, equipment: Equipment) -> None:
    defaults = {
        "Manufacturer": equipment.manufacturer,
        "ManufacturerModelName": equipment.model,
        "DeviceSerialNumber": equipment.serial_number,
        "SoftwareVersions": list(equipment.software_versions),
    }
    for keyword, value in defaults.items():
        if keyword not in ds:
            setattr(ds, keyword, value)


def _synchronization(ds: Dataset, stream: Stream, clock: ClockState) -> None:
    ds.SynchronizationTrigger = "NO TRIGGER"
    ds.AcquisitionTimeSynchronized = "Y" if clock.locked else "N"
    if clock.locked:
        ds.SynchronizationFrameOfReferenceUID = dictionary.UTC_FRAME_OF_REFERENCE
        ds.TimeDistributionProtocol = "PTP"
        if clock.grandmaster:
            ds.TimeSource = clock.grandmaster
    else:  # a time of the box alone: nothing else may be compared with it
        ds.SynchronizationFrameOfReferenceUID = uid_of(uuid5(stream.ids.metadata_source, "free"))


def _picture(ds: Dataset, stream: Stream) -> None:
    video = stream.format
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.SamplesPerPixel = 3
    ds.PhotometricInterpretation = _PHOTOMETRIC[video.sampling]
    ds.PlanarConfiguration = 0
    ds.BitsAllocated = 8 if video.depth == 8 else 16
    ds.BitsStored, ds.HighBit = video.depth, video.depth - 1
    ds.PixelRepresentation = 0
    ds.LossyImageCompression = "00"
    ds.StereoPairsPresent = "NO"
    ds.SharedFunctionalGroupsSequence = [Dataset()]
    if stream.sop_class == dictionary.ENDOSCOPIC:
        ds.ICCProfile = icc_profile(video.colorimetry)


def _flows(ds: Dataset, stream: Stream) -> None:
    flow = Dataset()
    flow.FlowIdentifier = stream.ids.video_flow.bytes
    flow.FlowTransferSyntaxUID = transfer_syntax(stream.format)
    flow.FlowRTPSamplingRate = RTP_RATE
    bulk = Dataset()
    bulk.SourceIdentifier = stream.ids.video_source.bytes
    bulk.FlowIdentifierSequence = [flow]
    ds.RealTimeBulkDataFlowSequence = [bulk]
