"""What the overlay costs the receiver: ms a frame, against memcpy of that frame.

The ratio holds within one run: frames are copied and drawn on in turn.
"""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset

from appliance.engine import _engine
from appliance.overlay import Composer, Layout, default_layout, parse_layout
from drivers.video import VideoFormat, format_named

SECONDS = 1.0  # of each measurement

NINE_ZONES = {
    "top-left": ["patient-name", "patient-id"],
    "top-centre": ["institution", "study-description"],
    "top-right": ["patient-birth-date", "patient-sex", "accession-number"],
    "middle-left": ["study-date", "study-time", "content-time"],
    "middle-centre": ["modality"],
    "middle-right": ["device", "series-description"],
    "bottom-left": ["position", "look-at", "up"],
    "bottom-centre": ["imaging-subject", "information", "referring-physician"],
    "bottom-right": ["origin-date", "origin-utc", "rtp-timestamp"],
}


def nine_zones() -> Layout:
    """Text in all nine zones, with every value that changes per frame."""
    zones = {zone: [{"item": item} for item in items] for zone, items in NINE_ZONES.items()}
    return parse_layout({"zones": zones})


def patient() -> Dataset:
    """A static part with something to show for every item."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    ds.PatientID = "0012-3456"
    ds.PatientBirthDate = "19620309"
    ds.PatientSex = "M"
    ds.AccessionNumber = "A2026-1122"
    ds.StudyDate = ds.ContentDate = "20261122"
    ds.StudyTime = ds.ContentTime = "135901"
    ds.TimezoneOffsetFromUTC = "+0100"
    ds.StudyDescription = "Laparoscopic cholecystectomy"
    ds.SeriesDescription = "Endoscope"
    ds.Modality = "ES"
    ds.InstitutionName = "Universitätsklinikum"
    ds.Manufacturer = "Optics"
    ds.ManufacturerModelName = "Scope 4K"
    ds.ReferringPhysicianName = "Müller^Jörg"
    return ds


def _row(name: str, layout: Layout, video: VideoFormat) -> dict[str, Any]:
    composer = Composer(layout, video)
    made, atlas = composer.overlay(patient()), composer.atlas()
    blend, copy = _engine.composite_speed(
        video.native(),
        made.layers,
        made.fields,
        atlas.cell_w,
        atlas.cell_h,
        atlas.alpha,
        seconds=SECONDS,
    )
    covered = sum(raster.shape[0] * raster.shape[1] for _, _, raster in made.layers)
    return {
        "name": name,
        "of the picture": covered / (video.width * video.height),
        "ms": blend / 1e6,
        "memcpy ms": copy / 1e6,
        "ratio": blend / copy,
    }


def run() -> list[dict[str, Any]]:
    """Rows of {name, share of the picture under text, ms, ms of memcpy, ratio of the two}."""
    eight = format_named("1080p50", depth=8)
    return [
        _row("1080p v210, nine zones", nine_zones(), format_named("1080p50")),
        _row("1080p v210, default layout", default_layout(), format_named("1080p50")),
        _row("1080p UYVY, nine zones", nine_zones(), eight),
        _row("2160p v210, nine zones", nine_zones(), format_named("2160p50")),
    ]
