"""Banners that say in plain English why a picture is not live, or what it lacks."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from appliance.overlay.colour import Raster, ycbcr
from appliance.overlay.layout import Style
from appliance.overlay.raster import Atlas, Line, Typesetter
from drivers.video import VideoFormat

SLATES: dict[str, tuple[str, str]] = {
    "no-signal": ("NO SIGNAL", "The video input has no signal. This picture is not live."),
    "format": (
        "WRONG INPUT FORMAT",
        "The input's video format is not the configured one. This picture is not live.",
    ),
    "gone": ("VIDEO CARD GONE", "The card was unplugged or failed. This picture is not live."),
    "no-flow": ("NO VIDEO", "No picture arrives from the network. This picture is not live."),
    "late": ("VIDEO LATE", "The picture is older than it should be."),
    "no-metadata": ("NO METADATA", "Live picture. The data that belongs to it did not arrive."),
    "no-patient": ("NO PATIENT CONFIRMED", "Live picture. It is not known who this is."),
}
TX_SLATES = ("no-signal", "format", "gone")
RX_SLATES = ("no-flow", "late", "no-metadata", "no-patient")
_HELD = frozenset(("no-signal", "format", "gone", "no-flow"))

_RED = (214, 24, 24)
_NO_ATLAS = Atlas(1, 1, np.zeros((1, 95), np.uint8))


def slates(reasons: Iterable[str], fmt: VideoFormat, setter: Typesetter) -> dict[str, Raster]:
    """Arguments for set_slates: [h, w, 4] Y Cb Cr A by reason.

    A held picture gets a large banner, a live one (no-metadata, no-patient, late) a smaller one
    that leaves the picture to be seen. ValueError for an unknown reason.
    """
    return {reason: _banner(reason, fmt, setter) for reason in reasons}


def _banner(reason: str, fmt: VideoFormat, setter: Typesetter) -> Raster:
    if reason not in SLATES:
        raise ValueError(f"slates: {reason!r} is unknown; choose {', '.join(SLATES)}")
    held = reason in _HELD
    title, line = (0.10, 0.038) if held else (0.045, 0.026)
    room = min(round(fmt.width * 0.8), round(fmt.height * 1.4)) & ~1
    style = Style(plate=0.86, outline=False)
    text = SLATES[reason]
    block = setter.block(
        (
            Line("", text[0], style, max(12, round(fmt.height * title))),
            Line("", text[1], style, max(10, round(fmt.height * line))),
        ),
        _NO_ATLAS,
        room,
        0.5,
    ).raster
    edge = max(2, round(fmt.height * (0.012 if held else 0.006)) & ~1)
    frame = np.empty((block.shape[0] + 2 * edge, block.shape[1] + 2 * edge, 4), np.uint16)
    frame[:] = (*ycbcr(_RED, fmt.colorimetry), 1023)
    frame[edge:-edge, edge:-edge] = block
    return frame
