"""Monitors as outputs: atomic mode setting through the kernel's own interface.

A frame is shown from a vblank on, whole; the kernel's page-flip event says when. Nothing steers a
monitor's clock: where its refresh is not the flow's rate, pictures slip, and that is counted,
measured in ppm and predicted.
"""

from drivers.drm.place import Connector, choose_connector, connectors
from drivers.drm.sink import DrmSink, Shown

__all__ = ["Connector", "DrmSink", "Shown", "choose_connector", "connectors"]
