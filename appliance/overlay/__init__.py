"""Text over the picture: which metadata stands in which of nine zones, and its raster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.overlay.layout import Layout, default_layout, parse_layout, parse_layout_text

if TYPE_CHECKING:
    from appliance.overlay.compose import Composer, OverlayArguments
    from appliance.overlay.slates import RX_SLATES, TX_SLATES

__all__ = [
    "RX_SLATES",
    "TX_SLATES",
    "Composer",
    "Layout",
    "OverlayArguments",
    "default_layout",
    "parse_layout",
    "parse_layout_text",
]


def __getattr__(name: str) -> object:
    # When asked for: drawing needs fonts, numpy and pydicom, and who only checks a layout does not.
    if name in ("Composer", "OverlayArguments"):
        from appliance.overlay import compose

        return getattr(compose, name)
    if name in ("RX_SLATES", "TX_SLATES"):
        from appliance.overlay import slates

        return getattr(slates, name)
    raise AttributeError(name)
