"""Cards whose driver speaks V4L2: HDMI and SDI grabbers, `vivid`, and what vendors' own drivers
offer under /dev/video*.

| what                                           | run on                                  |
|------------------------------------------------|-----------------------------------------|
| single-planar capture, memory map              | vivid (kernel 6.1 in QEMU), no card     |
| signal lost, unlocked, out of range; unplugged | vivid                                   |
| queue broken (EIO), frames lost by the driver  | vivid                                   |
| single-planar output, bit exact in a loop      | vivid                                   |
| multi-planar, one and two pieces of memory,    | vivid (UYVY and NM16, both ways); an    |
| data_offset                                    | offset beyond the memory: a stand-in    |
| EIO for ever, short frames, rows that do not   | a stand-in kernel (tests/native)        |
| fit, another format and back                   |                                         |
| an input or output chosen by name              | vivid with three inputs, two outputs    |
| EDID shown and set                             | vivid, read back by v4l2-ctl; made ones |
|                                                | pass edid-decode --check; no source saw |
|                                                | one                                     |
| 10 bits rounded to 8, and said                 | vivid: sent and said, not looked at     |
| v210, Y210, YUYV and NV16 memory               | conversions on octets                   |
| interlaced capture: fields one by one, row by  | vivid (576i, 480i, 1080i): its picture  |
| row, one above the other; either one first     | moves from field to field; every loss   |
|                                                | of ten fields: pure                     |
| interlaced playout, top field first            | vivid in a loop (rows, one by one); one |
|                                                | above the other: a stand-in kernel; no  |
|                                                | equipment saw either                    |
| bottom field first: playout                    | refused                                 |
| a picture that another program cropped before  | vivid                                   |
| memory=udmabuf, memory=heap:NAME (DMABUF       | vivid under Linux 6.12, bit for bit;    |
| import at capture)                             | refused by vivid as a card without an   |
|                                                | IOMMU; no card, no machine that needs it|
| time stamps against a real raster              | not: vivid's are the kernel's timer     |

Our interlaced frames begin with the even rows' field. What a driver gives in another order is
woven (a copy); a signal whose bottom field comes first (525 lines) is paired anew, so that its
fields stay in the order of time. `fields=` of a source or a sink asks for one order.

`memory=` of a source lends the driver memory to write into, ordinary pages of ours (udmabuf) or a
heap of the kernel's, in place of its own. That is for machines on which a driver's own memory is
not cached, as many small ARM boards': there others have seen reading a frame take 15 times as long.
With a PC's cards no gain was seen: a frame of vivid (720 rows, emulated) was read in 0.6 to 1.3 ms
from either on a quiet host, and which was quicker changed from run to run. It costs two calls a
frame and pinned memory, `buffers` frames. A driver that takes none refuses, and so do we; so does
one that needs memory in one piece (udmabuf without an IOMMU). Debian 12's Linux 6.1 has neither,
6.12 both; the group kvm may open the first, root the second. Nothing is exported: no mode of the
box gives a captured frame to an output here, and what is played out lies in the receiver's own
pool, whose one copy into the output's memory (a v210 frame of 1080 rows: 0.3 ms; 10 bits into 8 are
converted on the way) stays.

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
