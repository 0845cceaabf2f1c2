"""V4L2 nodes in the inventory: what their drivers say of inputs, outputs and pixel formats, beside
what udev knows."""

from __future__ import annotations

from dataclasses import replace

from drivers.discover.edid import monitor_name
from drivers.discover.model import Device
from drivers.v4l2 import Connector, Node, get_edid, look_at
from drivers.video import Signal

_WORDS = {
    Signal.LOCKED: "signal",
    Signal.ABSENT: "no signal",
    Signal.UNLOCKED: "not locked",
    Signal.UNSUPPORTED: "unsupported",
}


def asked(device: Device) -> Device:
    """The device with its driver's answers in `details`; other devices as they are. A node that
    may not be opened is not usable, and says why; one that does not answer is left as udev has
    it."""
    if not (device.key.startswith("v4l2:") and device.node and device.usable):
        return device
    try:
        node = look_at(device.node, measure=False)
    except PermissionError:
        why = "this user may not open it; join the group video"
        return replace(device, usable=False, why=why)
    except OSError:
        return device
    return described(device, node, [_edid(node, one) for one in node.connectors])


def described(device: Device, node: Node, edids: list[bytes | None]) -> Device:
    """Pure. edids: of each connector; None where the driver has no such thing."""
    ends = "inputs" if node.captures else "outputs"
    listed = [_told(one, edid) for one, edid in zip(node.connectors, edids, strict=True)]
    details = {
        **device.details,
        "can": [device.kind.value],
        ends: listed,
        "formats": [code for code, _, bits in node.formats if bits],
        "depth": node.depth,
    }
    if not node.depth:
        offered = ", ".join(code for code, _, _ in node.formats[:8]) or "nothing"
        why = f"it offers {offered}; UYVY, YUYV, NV16, Y210 or v210 is needed"
        return replace(device, usable=False, why=why, details=details)
    return replace(device, details=details)


def _told(one: Connector, edid: bytes | None) -> dict[str, object]:
    status = "" if one.signal is None else _WORDS.get(one.signal, "signal")
    said: dict[str, object] = {"number": one.number, "name": one.name, "chosen": one.chosen}
    if status:
        said["status"] = status
    if edid is not None:
        said["edid"] = (monitor_name(edid) or "without a name") if edid else "none"
    return said


def _edid(node: Node, one: Connector) -> bytes | None:
    try:
        return get_edid(node.path, one.number)
    except OSError:
        return None
