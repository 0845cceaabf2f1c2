"""A metadata flow's grains for the benchmarks: a full patient, endoscopic class."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from appliance.rtv.iod import FlowIds, Stream
from appliance.rtv.patient import parse_document
from appliance.rtv.session import GrainSession
from drivers.video import VideoFormat

DOCUMENT = {
    "patient": {
        "name": {"alphabetic": "Bench^Barbara"},
        "id": "BENCH-1",
        "birth_date": "1970-01-01",
        "sex": "F",
    },
    "study": {"accession_number": "A-1"},
}


def grain_arguments(fmt: VideoFormat, name: str = "bench") -> dict[str, Any]:
    """What `Transmitter.set_grain` takes."""
    session = GrainSession(
        Stream(fmt, FlowIds.of(uuid5(NAMESPACE_DNS, "bench.invalid"), name)),
        parse_document(DOCUMENT),
        now=datetime.now(UTC),
    )
    return session.templates.arguments()
