"""What a metadata flow says over its life: one SOP Instance after another.

Another patient, a corrected document or another format make a new SOP Instance UID and a new static
part, which the engine sends at once. So a receiver can hold on to the instance's UID, which every
grain carries, to know whose frame it is. Only the state of the clock changes within an instance.
Pure: the time comes in as a value; UUIDs are drawn unless given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from drivers.video import VideoFormat

from . import rtp
from .grain import GrainTemplates, templates
from .iod import ClockState, Instance, Stream, static_part
from .patient import PatientDocument


class GrainSession:
    """Holds the present patient, format and clock of one stream; `templates` is what to send.

    now: aware datetime of the instance's beginning. instance: the UUID of its SOP Instance UID.
    document None: no patient is confirmed; grains then have no static part.
    """

    def __init__(
        self,
        stream: Stream,
        document: PatientDocument | None,
        *,
        now: datetime,
        instance: UUID | None = None,
        clock: ClockState | None = None,
        ids: Mapping[str, int] = rtp.DEFAULT_IDS,
    ) -> None:
        self._ids = dict(ids)
        self._static_id = 0
        begun = Instance(instance or uuid4(), now, 1)
        self._enter(stream, document, clock or ClockState(), begun)

    @property
    def templates(self) -> GrainTemplates:
        """For `transmitter.set_grain(**session.templates.arguments())`."""
        return self._templates

    @property
    def instance_uuid(self) -> UUID:
        """Of the present SOP Instance UID."""
        return self._instance.uuid

    def change_patient(
        self, document: PatientDocument | None, *, now: datetime, instance: UUID | None = None
    ) -> GrainTemplates:
        """Another document, or None when the patient is no longer confirmed."""
        return self._enter(self._stream, document, self._clock, self._next(instance, now))

    def change_format(
        self, video: VideoFormat, *, now: datetime, instance: UUID | None = None
    ) -> GrainTemplates:
        """Another picture of the same flow."""
        stream = replace(self._stream, format=video)
        return self._enter(stream, self._document, self._clock, self._next(instance, now))

    def change_clock(self, clock: ClockState) -> GrainTemplates:
        """The clock locked, unlocked or follows another grandmaster: the same instance says so in
        a new static part. The same state changes nothing."""
        if clock == self._clock:
            return self._templates
        return self._enter(self._stream, self._document, clock, self._instance)

    def _next(self, uuid: UUID | None, now: datetime) -> Instance:
        return Instance(uuid or uuid4(), now, self._instance.number + 1)

    def _enter(
        self,
        stream: Stream,
        document: PatientDocument | None,
        clock: ClockState,
        instance: Instance,
    ) -> GrainTemplates:
        """Takes the new state only when its grains could be made."""
        static_id = self._static_id + 1
        static = static_part(stream, document, instance, clock) if document is not None else None
        made = templates(stream, instance, static, static_id, self._ids)
        self._stream, self._document, self._clock = stream, document, clock
        self._instance, self._static_id, self._templates = instance, static_id, made
        return made
