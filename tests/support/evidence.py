"""How much a machine that stood still for a moment may have spoilt, by the run's own account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from appliance.modes.standstill import frames_at_stake


def at_stake(frame_ns: int, *reports: Mapping[str, Any]) -> int:
    """Frames that real-time threads of these runs can have spoilt by coming late; 0: each of them
    was in time, and nothing may be wrong. reports: as their JSON has it."""
    wakes = [wake for report in reports for wake in report["run"]["late_wakes"]]
    return frames_at_stake(((w["due_tai"], w["late_ns"]) for w in wakes), frame_ns)
