"""What a network port can stamp: ETHTOOL_GET_TS_INFO of the kernel's ethtool interface."""

from __future__ import annotations

import ctypes
import fcntl
import socket
import struct

_SIOCETHTOOL = 0x8946
_GET_TS_INFO = 0x41
_INFO = struct.Struct("=IIiI3II3I")
_TX_HARDWARE, _RX_HARDWARE, _RAW_HARDWARE = 1 << 0, 1 << 2, 1 << 6
_TX_SOFTWARE, _RX_SOFTWARE = 1 << 1, 1 << 3


def parse(info: bytes) -> dict[str, object]:
    """hardware, software: whether both directions are stamped; clock: the PTP clock's node or "".

    info: struct ethtool_ts_info, 44 octets.
    """
    _, flags, index, *_ = _INFO.unpack(info[: _INFO.size])
    hardware = _TX_HARDWARE | _RX_HARDWARE | _RAW_HARDWARE
    software = _TX_SOFTWARE | _RX_SOFTWARE
    return {
        "timestamps": "hardware"
        if flags & hardware == hardware and index >= 0
        else "software"
        if flags & software == software
        else "none",
        "ptp_clock": f"/dev/ptp{index}" if index >= 0 else "",
    }


def timestamping(interface: str) -> dict[str, object]:
    """Of an interface of this machine; says "unknown" when the kernel does not answer."""
    info = ctypes.create_string_buffer(struct.pack("=I", _GET_TS_INFO), _INFO.size)
    name = interface.encode()[:15].ljust(16, b"\0")
    request = struct.pack("16sQ", name, ctypes.addressof(info)).ljust(40, b"\0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        try:
            fcntl.ioctl(control, _SIOCETHTOOL, request)
        except OSError:
            return {"timestamps": "unknown", "ptp_clock": ""}
    return parse(info.raw)
