"""The little that the inventory reads from a monitor's EDID (VESA E-EDID 1.4, 128-octet base)."""

from __future__ import annotations


def monitor_name(edid: bytes) -> str:
    """The monitor's name, from the descriptor of type FC; "" when it is absent or broken."""
    if len(edid) < 128 or edid[:8] != b"\x00\xff\xff\xff\xff\xff\xff\x00" or sum(edid[:128]) % 256:
        return ""
    for at in range(54, 126, 18):
        block = edid[at : at + 18]
        if block[:5] == b"\x00\x00\x00\xfc\x00":
            text = block[5:].split(b"\n")[0].decode("ascii", "replace")
            return "".join(one for one in text if one.isprintable()).strip()
    return ""
