"""Grains for tests: a document, a session, and the engine's patching done in Python."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from appliance.rtv import dictionary, rtp
from appliance.rtv.grain import VALUE_OCTETS, GrainTemplates, Patches
from appliance.rtv.iod import FlowIds, Stream
from appliance.rtv.patient import PatientDocument, parse_document
from appliance.rtv.session import GrainSession
from drivers.video import format_named

BOX = UUID("11111111-2222-4333-8444-555555555555")
NOW = datetime(2026, 11, 22, 8, 30, 15, 250_000, tzinfo=UTC)
TAI = 1_795_000_037_123_456_789
"""A moment whose UTC is 37 s less."""

TREE: dict[str, Any] = {
    "patient": {
        "name": {
            "alphabetic": "Yamada^Tarou",
            "ideographic": "山田^太郎",
            "phonetic": "やまだ^たろう",
        },
        "id": "HC-1234",
        "birth_date": "1961-04-12",
        "sex": "M",
    },
    "study": {
        "instance_uid": "1.2.3.4.5",
        "date": "20261122",
        "time": "08:30",
        "accession_number": "A77",
        "referring_physician": "Ålund^Åsa",
    },
    "procedure": {"requested_id": "RP1", "step_id": "S1", "step_description": "Urétéroscopie"},
    "timezone": "+0100",
}


def document() -> PatientDocument:
    return parse_document(TREE)


def stream(sop: str = "endoscopic", video: str = "1080p50", **changes: Any) -> Stream:
    return Stream(format_named(video, **changes), FlowIds.of(BOX, "1"), dictionary.SOP_CLASSES[sop])


def session(patient: PatientDocument | None = None, **changes: Any) -> GrainSession:
    return GrainSession(stream(**changes), patient or document(), now=NOW, instance=UUID(int=7))


def moment(tai: int, sync: int | None = None, **given: Any) -> dict[str, bytes]:
    """Values of one frame as octets. given: vectors and answers (bool)."""
    utc = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=tai // 1000 - 37_000_000)
    values = {
        "origin_ptp": rtp.ptp_bytes(tai),
        "sync_ptp": rtp.ptp_bytes(tai if sync is None else sync),
        "utc_dt": utc.strftime("%Y%m%d%H%M%S.%f+0000").encode(),
    }
    for name, value in given.items():
        if isinstance(value, bool):
            values[name] = b"YES " if value else b"NO  "
        else:
            values[name] = struct.pack(f"<{len(value)}d", *value)
    return values


def patched(part: bytes, patches: Patches, values: dict[str, bytes]) -> bytes:
    data = bytearray(part)
    for name, at in patches:
        if name in values:
            assert len(values[name]) == VALUE_OCTETS[name]
            data[at : at + len(values[name])] = values[name]
    assert len(data) == len(part)
    return bytes(data)


def grain(
    made: GrainTemplates, values: dict[str, bytes], *, pose: bool = False, static: bool = True
) -> bytes:
    """A whole grain as the engine would put it together."""
    name = "pose" if pose else "base"
    part = made.pose if pose else made.base
    return patched(part, made.patches[name], values) + (made.static if static else b"")


def packets(
    made: GrainTemplates,
    payload: bytes,
    values: dict[str, bytes],
    *,
    sequence: int = 0,
    timestamp: int = 0,
    room: int = 1432,
) -> Iterator[bytes]:
    """The RTP packets of a grain, cut as CONFORMANCE.md says. room: octets after the fixed
    header."""
    stamps = made.patches["extension_first"]
    at = 0
    while at < len(payload):
        extension = patched(made.extension_first, stamps, values)
        if at:
            extension = made.extension_middle
        if len(payload) - at <= room - len(extension):
            extension = (
                made.extension_last
                if at
                else patched(made.extension_single, made.patches["extension_single"], values)
            )
        cut = payload[at : at + room - len(extension)]
        last = at + len(cut) == len(payload)
        header = rtp.encode_header(104, sequence, timestamp, 9, marker=last, extension=extension)
        yield header + cut
        at += len(cut)
        sequence += 1
