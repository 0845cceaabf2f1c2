"""Dynamic values: what a robot, a tracker or a user says of the moment, as lines of JSON.

    {"viewpoint": [x, y, z], "look_at": [...], "up": [...], "field_of_view": [l, r, t, b, n, f],
     "imaging_subject": true, "information": true, "tai": 1795000037123456789}

Lengths are mm in the flow's Frame of Reference (PS3.3 C.7.6.27, Camera Position); a camera position
is given whole or not at all. tai: ns at which the values held; whoever reads the lines puts the
present there when it is not given. Pure: the command line owns the FIFO or socket.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

MAX_LINE = 4096
"""Octets of a line, with its end."""

_VECTORS = {"viewpoint": 3, "look_at": 3, "up": 3, "field_of_view": 6}
_ANSWERS = ("imaging_subject", "information")
_FARTHEST = 1e9  # mm; a thousand kilometres off is a fault of units


@dataclass(frozen=True)
class DynamicValues:
    """For `transmitter.set_dynamic(values.values, values.tai or now)`."""

    values: dict[str, bool | tuple[float, ...]]
    tai: int | None


class LineReader:
    """Cuts a byte stream into lines of at most MAX_LINE; longer ones are dropped whole."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False
        self.too_long = 0
        """Lines dropped."""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are complete now, without their ends and without empty ones."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        lines = []
        for line in whole:
            if self._skipping:  # the end of one that was too long
                self._skipping = False
            elif len(line) >= MAX_LINE:
                self.too_long += 1
            elif line.strip():
                lines.append(line)
        if len(self._rest) >= MAX_LINE:
            self.too_long += not self._skipping
            self._rest, self._skipping = b"", True
        return lines


def parse_line(line: bytes) -> DynamicValues:
    """One line. Raises ValueError: field, reason, remedy."""
    if len(line) > MAX_LINE:
        raise ValueError(f"dynamic: a line is longer than {MAX_LINE} octets; shorten it")
    try:
        tree = json.loads(line.decode("utf-8"), object_pairs_hook=_no_twins)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise ValueError("dynamic: a line is no JSON; write one object per line") from None
    if not isinstance(tree, dict):
        raise ValueError("dynamic: a line is no object; write {...}")
    values: dict[str, bool | tuple[float, ...]] = {}
    tai: int | None = None
    for key, value in tree.items():
        if key in _VECTORS:
            values[key] = _vector(key, value, _VECTORS[key])
        elif key in _ANSWERS:
            if not isinstance(value, bool):
                raise ValueError(f"{key}: is neither true nor false; write one of them")
            values[key] = value
        elif key == "tai":
            tai = _tai(value)
        else:
            known = ", ".join((*_VECTORS, *_ANSWERS, "tai"))
            raise ValueError(f"dynamic: a key is no dynamic value; choose {known}")
    if not values:
        raise ValueError("dynamic: a line says nothing; give a camera position or an answer")
    _check_camera(values)
    return DynamicValues(values, tai)


def _vector(key: str, value: object, count: int) -> tuple[float, ...]:
    if not isinstance(value, list) or len(value) != count:
        raise ValueError(f"{key}: is no list of {count} numbers; write {count} of them, in mm")
    for number in value:
        if type(number) not in (int, float) or not abs(number) <= _FARTHEST:
            raise ValueError(f"{key}: has a value that is no length up to {_FARTHEST:g} mm")
    return tuple(float(number) for number in value)


def _tai(value: object) -> int:
    if type(value) is not int or not 0 < value < 2**63:
        raise ValueError("tai: is no time; write nanoseconds of TAI as a whole number")
    return value


def _check_camera(values: dict[str, Any]) -> None:
    missing = [key for key in _VECTORS if key not in values]
    if len(missing) == len(_VECTORS):
        return
    if missing:
        raise ValueError(f"{missing[0]}: is missing; a camera position needs {', '.join(_VECTORS)}")
    eye, at, up = values["viewpoint"], values["look_at"], values["up"]
    sight = [b - a for a, b in zip(eye, at, strict=True)]
    if not any(sight):
        raise ValueError("look_at: equals viewpoint; give a point ahead of the camera")
    cross = [sight[i - 2] * up[i - 1] - sight[i - 1] * up[i - 2] for i in range(3)]
    if math.hypot(*cross) <= 1e-9 * math.hypot(*sight) * math.hypot(*up):
        raise ValueError("up: is zero or along the line of sight; give a direction across it")
    left, right, top, bottom, near, far = values["field_of_view"]
    if left == right or top == bottom or not 0 <= near < far:
        raise ValueError(
            "field_of_view: encloses nothing; give left, right, top, bottom, near < far"
        )


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) != len(pairs):
        raise ValueError("dynamic: a key stands twice; keep one")
    return tree
