"""What may be asked of the converter over its socket. Patient data pass through here and are never
repeated in a refusal or a log."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from appliance.converter.keeper import LEAD_NS, Keeper
from appliance.modes.machine import tai_now
from appliance.rtv.dynamic import parse_line
from appliance.rtv.patient import PatientDocument, parse_document

_FARTHEST_NS = 3_600_000_000_000
_LONGEST_MS = 60_000


def handlers(keeper: Keeper) -> dict[str, Callable[[dict[str, Any]], Awaitable[Any]]]:
    """By name: reload, check_patient, set_patient, cancel_patient, sending, set_dynamic, tai."""

    async def reload(_: dict[str, Any]) -> None:
        keeper.reload()

    async def check_patient(values: dict[str, Any]) -> None:
        patient_of(values)

    async def set_patient(values: dict[str, Any]) -> dict[str, int]:
        patient = patient_of(values)
        from_tai = instant(values, tai_now())
        keeper.set_patient(patient, from_tai)
        return {"from_tai": from_tai}

    async def cancel_patient(_: dict[str, Any]) -> bool:
        waited = keeper.chart.waiting
        keeper.chart.cancel()
        return waited

    async def sending(_: dict[str, Any]) -> dict[str, Any]:
        return {"static_id": keeper.transmitter().sending()}

    async def set_dynamic(values: dict[str, Any]) -> None:
        life = values.get("valid_ms", 1000)
        if type(life) is not int or not 1 <= life <= _LONGEST_MS:
            raise ValueError(f"valid_ms: is not 1..{_LONGEST_MS}; give whole milliseconds")
        given = values.get("values")
        if not isinstance(given, dict):
            raise ValueError("values: is missing; give an object of values")
        said = parse_line(json.dumps(given).encode())
        now = tai_now()
        keeper.transmitter().set_dynamic(said.values, said.tai or now, life * 1_000_000)

    async def tai(_: dict[str, Any]) -> int:
        return tai_now()

    return {
        "reload": reload,
        "check_patient": check_patient,
        "set_patient": set_patient,
        "cancel_patient": cancel_patient,
        "sending": sending,
        "set_dynamic": set_dynamic,
        "tai": tai,
    }


def patient_of(values: dict[str, Any]) -> PatientDocument | None:
    """The patient of a request; None: nobody is confirmed. Raises ValueError without what it
    holds."""
    if "document" not in values:
        raise ValueError("document: is missing; give a patient document, or null for nobody")
    document = values["document"]
    return None if document is None else parse_document(document)


def instant(values: dict[str, Any], now: int) -> int:
    """from_tai of a request, ns TAI; 0: at once. One that is too near is refused rather than
    missed by one box of several."""
    at = values.get("from_tai", 0)
    if type(at) is not int or at < 0:
        raise ValueError("from_tai: is no instant; give ns TAI, or 0 for at once")
    if at and at < now + LEAD_NS:
        raise ValueError(
            f"from_tai: is not {LEAD_NS // 1_000_000} ms ahead; give a later instant, or 0"
        )
    if at > now + _FARTHEST_NS:
        raise ValueError("from_tai: is more than an hour ahead; give an earlier instant")
    return at
