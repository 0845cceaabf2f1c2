"""Who is confirmed: the record lives in memory only, gone with the process.

After a restart the flow says that no patient is confirmed until the record is sent again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from appliance.rtv.patient import PatientDocument


@dataclass
class Chart:
    """now: whose frames are sent, None: nobody is confirmed. later, from_tai: who follows at an
    instant that both ends were told. Times ns TAI."""

    now: PatientDocument | None = field(default=None, repr=False)
    later: PatientDocument | None = field(default=None, repr=False)
    from_tai: int = 0

    @property
    def waiting(self) -> bool:
        """Whether a change is agreed upon that has not come yet."""
        return self.from_tai != 0

    def plan(self, patient: PatientDocument | None, from_tai: int) -> None:
        """A change at an instant; takes the place of one that waits."""
        self.later, self.from_tai = patient, from_tai

    def cancel(self) -> None:
        """No change waits."""
        self.later, self.from_tai = None, 0

    def set(self, patient: PatientDocument | None) -> None:
        """From now on."""
        self.now = patient
        self.cancel()

    def due(self, tai: int, lead_ns: int) -> bool:
        """Whether the engine must be told now of the change that waits."""
        return self.waiting and tai >= self.from_tai - lead_ns
