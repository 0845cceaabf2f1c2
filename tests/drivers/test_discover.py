"""The inventory: what devices are called, from what the kernel and udev say of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.discover import Change, Device, Kind, inventory
from drivers.discover.describe import card, connector, network, numbered, serial, v4l2
from drivers.discover.edid import monitor_name
from drivers.discover.facts import Facts, place_of
from drivers.discover.timestamping import parse, timestamping
from drivers.discover.watch import compared

USB = (
    ("usb", "1-2.3:1.0", "ftdi_sio"),
    ("usb", "1-2.3", "usb"),
    ("usb", "1-2", "usb"),
    ("usb", "usb1", "usb"),
    ("pci", "0000:00:14.0", "xhci_hcd"),
    ("", "pci0000:00", ""),
)


def node(name: str, capabilities: str, index: str = "0", **more: str) -> Facts:
    return Facts(
        "video4linux",
        name,
        f"/sys/devices/platform/vivid.0/video4linux/{name}",
        f"/dev/{name}",
        {"ID_V4L_CAPABILITIES": capabilities, "ID_PATH": "platform-vivid.0", **more},
        {"name": "vivid-000-vid-cap", "index": index},
        (("platform", "vivid.0", "vivid"),),
    )


@pytest.mark.parametrize(
    ("parents", "place"),
    [
        (USB, "pci-0000:00:14.0-usb-0:2.3:1.0"),
        ((("platform", "vivid.0", "vivid"),), "platform-vivid.0"),
        ((("virtio", "virtio0", "virtio_net"), ("pci", "0000:00:03.0", "virtio-pci")),) * 2,
        ((), ""),
    ],
)
def test_where_a_device_is_plugged_in(parents: tuple[object, ...], place: object) -> None:
    if not isinstance(place, str):
        place = "pci-0000:00:03.0"
    assert place_of(parents) == place  # type: ignore[arg-type]


def test_nodes_keep_their_keys_when_their_numbers_swap() -> None:
    first = numbered(
        one
        for one in (v4l2(node("video0", ":capture:")), v4l2(node("video1", ":video_output:")))
        if one
    )
    swapped = numbered(
        one
        for one in (v4l2(node("video1", ":capture:")), v4l2(node("video0", ":video_output:")))
        if one
    )
    assert [one.key for one in first] == [one.key for one in swapped]
    assert [one.node for one in first] == ["/dev/video0", "/dev/video1"]
    assert [one.node for one in swapped] == ["/dev/video1", "/dev/video0"]
    assert [one.kind for one in first] == [Kind.CAPTURE, Kind.PLAYOUT]


def test_several_nodes_of_one_card_are_numbered_by_their_index() -> None:
    found = [v4l2(node(f"video{n}", ":capture:", str(9 - n))) for n in range(3)]
    keys = {one.node: one.key for one in numbered(one for one in found if one)}
    assert keys == {
        "/dev/video2": "v4l2:platform-vivid.0:capture",
        "/dev/video1": "v4l2:platform-vivid.0:capture:2",
        "/dev/video0": "v4l2:platform-vivid.0:capture:3",
    }


def test_a_node_that_udev_has_not_looked_at_is_shown_as_such() -> None:
    facts = node("video0", "")
    facts.properties.pop("ID_V4L_CAPABILITIES")  # type: ignore[attr-defined]
    found = v4l2(facts)
    assert found is not None and not found.usable and "udevd" in found.why
    assert v4l2(node("video0", ":radio:")) is None


def test_a_card_without_its_driver_is_named_with_the_remedy() -> None:
    facts = Facts("pci", "0000:03:00.0", "/sys/x", "", {}, {"vendor": "0xbdbd", "device": "0xa14e"})
    found = card(facts)
    assert found is not None
    assert (found.kind, found.usable) == (Kind.CARD, False)
    assert found.name == "Blackmagic Design card a14e" and "Desktop Video" in found.why
    bound = Facts("pci", "0000:03:00.0", "/sys/x", "", {"DRIVER": "blackmagic"}, facts.attributes)
    assert (again := card(bound)) is not None and again.usable and again.key == found.key
    assert card(Facts("pci", "0000:00:02.0", "/sys/x", "", {}, {"vendor": "0x8086"})) is None


def test_a_connector_with_and_without_a_monitor() -> None:
    base = {"status": "connected", "modes": "1920x1080\n1280x720", "edid_name": "OR 27"}
    parents = (("drm", "card0", ""), ("pci", "0000:00:02.0", "i915"))
    found = connector(
        Facts("drm", "card0-HDMI-A-1", "/sys/x", "", {}, base, parents), "/dev/dri/card0"
    )
    assert found is not None and found.usable and found.name == "OR 27"
    assert found.key == "drm:pci-0000:00:02.0:HDMI-A-1"
    assert found.details["modes"] == ["1920x1080", "1280x720"] and found.driver == "i915"
    empty = Facts("drm", "card0-DP-1", "/sys/x", "", {}, {"status": "disconnected"}, parents)
    other = connector(empty, "/dev/dri/card0")
    assert other is not None and not other.usable and "monitor" in other.why
    for name in ("card0", "renderD128", "card0-Writeback-1"):
        assert connector(Facts("drm", name, "/sys/x", "", {}, base, parents), "") is None


def test_serial_ports_are_those_that_exist() -> None:
    usb = {"ID_BUS": "usb", "ID_SERIAL": "Acme_Panel_42", "ID_SERIAL_SHORT": "42"}
    panel = serial(Facts("tty", "ttyUSB0", "/sys/x", "/dev/ttyUSB0", usb, {}, USB))
    assert panel is not None and panel.key == "serial:Acme_Panel_42"
    no_number = serial(Facts("tty", "ttyUSB0", "/sys/x", "/dev/ttyUSB0", {}, {}, USB))
    assert no_number is not None and no_number.key == "serial:pci-0000:00:14.0-usb-0:2.3:1.0"
    assert serial(Facts("tty", "ttyS3", "/sys/x", "/dev/ttyS3", {}, {"type": "0"})) is None
    real = serial(Facts("tty", "ttyS0", "/sys/x", "/dev/ttyS0", {}, {"type": "4"}))
    assert real is not None and real.node == "/dev/ttyS0"
    assert serial(Facts("tty", "tty1", "/sys/x", "/dev/tty1", {}, {"type": "4"})) is None


def test_network_ports_are_those_with_hardware() -> None:
    attributes = {"type": "1", "address": "02:00:00:00:00:01", "carrier": "1", "speed": "25000"}
    parents = (("pci", "0000:01:00.0", "ice"),)
    found = network(
        Facts("net", "eno1", "/sys/x", "", {}, {**attributes, "mtu": "1500"}, parents),
        {"timestamps": "hardware", "ptp_clock": "/dev/ptp0"},
    )
    assert found is not None and found.usable
    assert found.key == "net:pci-0000:01:00.0" and found.details["speed_mbit"] == 25000
    down = network(
        Facts(
            "net", "eno1", "/sys/x", "", {}, {**attributes, "carrier": "", "speed": "-1"}, parents
        ),
        {},
    )
    assert down is not None and not down.usable and down.details["speed_mbit"] is None
    assert network(Facts("net", "br0", "/sys/x", "", {}, attributes), {}) is None
    assert network(Facts("net", "lo", "/sys/x", "", {}, {"type": "772"}, parents), {}) is None


def test_what_a_port_can_stamp() -> None:
    def info(flags: int, clock: int) -> bytes:
        return (0x41).to_bytes(4, sys.byteorder) + b"".join(
            value.to_bytes(4, sys.byteorder, signed=value < 0)
            for value in (flags, clock, 0, 0, 0, 0, 0, 0, 0, 0)
        )

    assert parse(info(0x5F, 2)) == {"timestamps": "hardware", "ptp_clock": "/dev/ptp2"}
    assert parse(info(0x1A, -1)) == {"timestamps": "software", "ptp_clock": ""}
    assert parse(info(0x10, -1)) == {"timestamps": "none", "ptp_clock": ""}
    assert timestamping("no-such-port")["timestamps"] == "unknown"
    assert timestamping("lo")["timestamps"] == "software"


def edid(name: bytes) -> bytes:
    block = bytearray(128)
    block[:8] = b"\x00\xff\xff\xff\xff\xff\xff\x00"
    block[72:90] = b"\x00\x00\x00\xfc\x00" + name.ljust(13, b" ")[:13]
    block[127] = -sum(block) % 256
    return bytes(block)


def test_the_name_of_a_monitor() -> None:
    assert monitor_name(edid(b"OR monitor\n")) == "OR monitor"
    assert monitor_name(edid(b"OR monitor\n")[:127]) == ""
    assert monitor_name(bytes(128)) == ""


@given(st.binary(max_size=300))
def test_any_octets_for_an_edid_are_survived(data: bytes) -> None:
    assert len(monitor_name(data)) <= 13
    assert monitor_name(edid(data[:13])).isprintable()


keys = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["", "x", "y"]), max_size=6)


@given(keys, keys)
def test_changes_lead_from_one_inventory_to_the_other(
    before: dict[str, str], after: dict[str, str]
) -> None:
    def devices(found: dict[str, str]) -> dict[str, Device]:
        return {key: Device(Kind.CAPTURE, key, "name", value) for key, value in found.items()}

    state = devices(before)
    for change in compared(devices(before), devices(after), 1):
        assert isinstance(change, Change) and change.mono_ns == 1
        key = change.device.key
        if change.what == "removed":
            assert state.pop(key) == change.device
        elif change.what == "added":
            assert key not in state
            state[key] = change.device
        else:
            assert key in state
            state[key] = change.device
    assert state == devices(after)


def test_the_inventory_of_this_machine_is_of_plain_values() -> None:
    found = inventory()
    assert len({one.key for one in found}) == len(found)
    json.dumps([one.as_json() for one in found])


# A machine that libudev sees instead of this one.
MOCK = """P: /devices/pci0000:00/0000:00:1c.0/0000:03:00.0
E: SUBSYSTEM=pci
E: PCI_ID=BDBD:A14E
A: vendor=0xbdbd
A: device=0xa14e
A: current_link_width=4

P: /devices/pci0000:00/0000:00:1d.0/0000:04:00.0
E: SUBSYSTEM=pci
E: DRIVER=ajantv2
A: vendor=0xf1d0
A: device=0xeb25

P: /devices/pci0000:00/0000:00:02.0/video4linux/video3
N: video3
E: SUBSYSTEM=video4linux
E: DEVNAME=/dev/video3
E: ID_PATH=pci-0000:00:02.0
E: ID_V4L_CAPABILITIES=:capture:
E: ID_V4L_PRODUCT=Pro Capture HDMI
A: index=0
A: name=Pro Capture
"""


def devices_json(*command: str, **options: object) -> list[dict[str, object]]:
    done = subprocess.run(
        [*command, sys.executable, "-m", "appliance.cli", "devices", "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        **options,  # type: ignore[call-overload]
    )
    found = json.loads(done.stdout)
    assert isinstance(found, list)
    return found


def test_the_command_on_a_pretend_machine(tmp_path: Path) -> None:
    description = tmp_path / "machine.umockdev"
    description.write_text(MOCK)
    found = devices_json("umockdev-run", "--device", str(description), "--")
    by_key = {one["key"]: one for one in found}
    assert by_key["pci:0000:03:00.0"]["usable"] is False
    assert "Desktop Video" in str(by_key["pci:0000:03:00.0"]["why"])
    aja = by_key["pci:0000:04:00.0"]  # bound, but no card answers, or there is no library
    assert (aja["driver"], aja["usable"]) == ("ajantv2", False)
    assert "libajantv2" in str(aja["why"])
    video = by_key["v4l2:pci-0000:00:02.0:capture"]
    assert (video["name"], video["node"]) == ("Pro Capture HDMI", "/dev/video3")


def test_the_command_on_this_machine_names_every_kind() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "appliance.cli", "devices"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    for title in ("video cards:", "capture:", "playout:", "monitors:", "serial", "network:"):
        assert title in done.stdout
    wrong = subprocess.run(
        [sys.executable, "-m", "appliance.cli", "devices", "--watch", "--seconds", "-1"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert wrong.returncode == 2 and len(wrong.stderr.splitlines()) == 1
