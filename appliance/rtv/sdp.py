"""SDP of ST 2110-20 video and DICOM-RTV metadata: the model, the writer and the parser.

The parser is tolerant in spelling (LF or CRLF, any order of attributes, unknown attributes, fmtp
ending with ";" or not, RFC 4175 names, clocks at session level) and strict on meaning: what it
cannot carry exactly, it refuses with one line. What it forgave stands in `Session.notes`.
"""

from __future__ import annotations

from appliance.rtv.sdp_model import (
    MetadataMedia,
    RefClock,
    SdpError,
    SdpLeg,
    Session,
    VideoMedia,
)
from appliance.rtv.sdp_parse import parse_sdp
from appliance.rtv.sdp_write import write_sdp

__all__ = [
    "MetadataMedia",
    "RefClock",
    "SdpError",
    "SdpLeg",
    "Session",
    "VideoMedia",
    "parse_sdp",
    "write_sdp",
]
