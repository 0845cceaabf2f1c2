"""Text over the picture: which metadata stands in which of nine zones, and its raster."""

from appliance.overlay.compose import Composer, OverlayArguments
from appliance.overlay.layout import Layout, default_layout, parse_layout, parse_layout_text
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
