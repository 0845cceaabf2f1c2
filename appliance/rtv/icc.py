"""A small ICC profile (ICC.1:2010, version 4.3) for each colorimetry of a video flow.

The endoscopic IOD demands one (PS3.3 C.11.15). It describes the decoded R'G'B': an input device
of three primaries and the inverse of the camera's transfer function, computed here from the
figures of the ITU recommendations.
"""

from __future__ import annotations

import struct
from functools import cache

import numpy as np
import numpy.typing as npt

_Matrix = npt.NDArray[np.float64]

_D65 = (0.3127, 0.3290)
_PRIMARIES = {
    "BT601": ((0.640, 0.330), (0.290, 0.600), (0.150, 0.060)),  # 625 lines
    "BT709": ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    "BT2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
}
_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
# Linear light from signal: ((v + 0.099) / 1.099) ** (1 / 0.45) above 0.081, v / 4.5 below; the
# same for the three recommendations (BT.2020's 12-bit figures differ in the fourth digit).
_TRANSFER = (1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081)


@cache
def icc_profile(colorimetry: str) -> bytes:
    """The profile's bytes, under 600. Raises ValueError for a colorimetry we do not carry."""
    if colorimetry not in _PRIMARIES:
        raise ValueError(
            f"colorimetry: {colorimetry!r} has no ICC profile; choose {', '.join(_PRIMARIES)}"
        )
    white = _xyz(_D65)
    adaptation = _adaptation(white)
    columns = adaptation @ _to_xyz(_PRIMARIES[colorimetry], white)
    curve = b"para" + bytes(4) + struct.pack(">HH", 3, 0) + b"".join(map(_fixed, _TRANSFER))
    tags: list[tuple[bytes, bytes]] = [
        (b"desc", _text(f"ITU-R {colorimetry}")),
        (b"cprt", _text("No copyright")),
        (b"wtpt", _point(_D50)),
        (b"chad", b"sf32" + bytes(4) + b"".join(_fixed(v) for v in adaptation.flat)),
        (b"rXYZ", _point(columns[:, 0])),
        (b"gXYZ", _point(columns[:, 1])),
        (b"bXYZ", _point(columns[:, 2])),
        (b"rTRC", curve),
        (b"gTRC", curve),
        (b"bTRC", curve),
    ]
    return _assemble(tags)


def _assemble(tags: list[tuple[bytes, bytes]]) -> bytes:
    at = 128 + 4 + 12 * len(tags)
    table, body, known = b"", b"", {}
    for signature, value in tags:
        if value not in known:  # the three curves share their bytes, as 7.3 allows
            known[value] = at + len(body)
            body += value + bytes(-len(value) % 4)
        table += signature + struct.pack(">II", known[value], len(value))
    header = struct.pack(
        ">I4sI4s4s4s", at + len(body), bytes(4), 0x04300000, b"scnr", b"RGB ", b"XYZ "
    )
    header += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _d50() + bytes(48)
    return header + struct.pack(">I", len(tags)) + table + body


def _d50() -> bytes:
    return b"".join(map(_fixed, _D50))


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(float(value) * 65536))


def _point(value: _Matrix) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(map(_fixed, value))


def _text(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    return (
        b"mluc"
        + bytes(4)
        + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(encoded), 28)
        + encoded
    )


def _xyz(chromaticity: tuple[float, float]) -> _Matrix:
    x, y = chromaticity
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _to_xyz(primaries: tuple[tuple[float, float], ...], white: _Matrix) -> _Matrix:
    columns = np.stack([_xyz(p) for p in primaries], axis=1)
    return np.asarray(columns * np.linalg.solve(columns, white))


def _adaptation(white: _Matrix) -> _Matrix:
    """Bradford: from the recommendation's white to the profile connection space's."""
    scale = (_BRADFORD @ _D50) / (_BRADFORD @ white)
    return np.asarray(np.linalg.inv(_BRADFORD) @ np.diag(scale) @ _BRADFORD)
