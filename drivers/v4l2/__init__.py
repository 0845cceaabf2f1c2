"""Cards whose driver speaks V4L2: HDMI and SDI grabbers, `vivid`, and what vendors' own drivers
offer under /dev/video*.

| what                                            | run on                                |
|-------------------------------------------------|---------------------------------------|
| single-planar capture, memory map               | vivid (kernel 6.1 in QEMU), no card   |
| signal lost, unlocked, out of range; unplugged  | vivid                                 |
| queue broken (EIO), frames lost by the driver   | vivid                                 |
| single-planar output, 10 bits rounded to 8      | vivid: sent, not looked at            |
| multi-planar, EIO for ever, short frames, rows  | a stand-in kernel (tests/native)      |
| that do not fit, another format and back        |                                       |
| v210, Y210, YUYV and NV16 memory                | conversions on octets                 |
| EDID                                            | read on vivid; setting: compiled only |
| DMABUF export; import is not there              | compiled only                         |
| time stamps against a real raster               | not: vivid's are the kernel's timer   |

The control calls are our own, native: the one well-kept Python library (linuxpy) is GPL-3, knows
no DV timings and copies each frame.
"""

from drivers.v4l2.node import Node, get_edid, look_at, node_of, set_edid
from drivers.v4l2.sink import V4l2Sink
from drivers.v4l2.source import V4l2Source
from drivers.v4l2.spec import Connector, meant, parsed

__all__ = [
    "Connector",
    "Node",
    "V4l2Sink",
    "V4l2Source",
    "get_edid",
    "look_at",
    "meant",
    "node_of",
    "parsed",
    "set_edid",
]
