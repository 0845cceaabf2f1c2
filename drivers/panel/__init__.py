"""Front panels on a serial port: a glass of characters, keys and lights.

Two families behind one Panel protocol: Crystalfontz CFA-533, -631, -633 and -635 (packets, each
acknowledged) and Matrix Orbital LK204-7T-1U (plain octets). Codes and drawings are pure files;
`emulator` is a complete pretend panel of either family on a pseudo-terminal.
"""

from drivers.panel.find import open_panel
from drivers.panel.model import (
    MODELS,
    Colour,
    Key,
    KeyEvent,
    NoAnswer,
    Panel,
    PanelGone,
    PanelModel,
    PanelRefused,
)

__all__ = [
    "MODELS",
    "Colour",
    "Key",
    "KeyEvent",
    "NoAnswer",
    "Panel",
    "PanelGone",
    "PanelModel",
    "PanelRefused",
    "open_panel",
]
