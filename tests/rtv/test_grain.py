"""Templates of grains: what pydicom and dcmtk read from them, and where values are written."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from appliance.rtv import rtp
from appliance.rtv.grain import MAX_GRAIN, VALUE_OCTETS, templates
from appliance.rtv.iod import Instance
from drivers.video import format_named
from tests.support import grains

POSE = {
    "viewpoint": (1.5, -2.25, 3.0),
    "look_at": (0.0, 0.5, 10.0),
    "up": (0.0, 1.0, 0.0),
    "field_of_view": (-4.0, 4.0, 3.0, -3.0, 1.0, 90.0),
    "imaging_subject": True,
    "information": False,
}


@pytest.mark.parametrize("static", [True, False])
@pytest.mark.parametrize("pose", [True, False])
def test_pydicom_reads_what_was_patched(static: bool, pose: bool) -> None:
    made = grains.session().templates
    values = grains.moment(grains.TAI, **POSE)
    ds = dcmread(BytesIO(grains.grain(made, values, pose=pose, static=static)))
    assert ds.file_meta.RTVCommunicationSOPClassUID == "1.2.840.10008.10.1"
    assert ds.file_meta.RTVFlowRTPSamplingRate == 90_000
    (frame,) = ds[0x00060001].value
    stamp = frame.TimeOfFrameGroupSequence[0].FrameOriginTimestamp
    assert rtp.ptp_from(stamp) == grains.TAI
    content = frame.FrameContentSequence[0]
    assert content.FrameAcquisitionDateTime == "20261118110640.123456+0000"
    assert content.FrameReferenceDateTime == content.FrameAcquisitionDateTime
    assert content.FrameAcquisitionDuration == 20.0
    useful = frame.FrameUsefulnessGroupSequence[0]
    assert (useful.IncludesImagingSubject, useful.IncludesInformation) == ("YES", "NO")
    if pose:
        camera = frame.CameraPositionGroupSequence[0]
        assert camera.RenderProjection == "PERSPECTIVE"
        assert tuple(camera.ViewpointPosition) == POSE["viewpoint"]
        assert tuple(camera.ViewpointLookAtPoint) == POSE["look_at"]
        assert tuple(camera.ViewpointUpDirection) == POSE["up"]
        assert tuple(camera.RenderFieldOfView) == POSE["field_of_view"]
    else:
        assert "CameraPositionGroupSequence" not in frame
    if static:
        assert ds.PatientName.ideographic == "山田^太郎"
        assert ds.SOPInstanceUID == ds.file_meta.RTVCommunicationSOPInstanceUID
    else:
        assert "PatientName" not in ds and "SOPInstanceUID" not in ds


def test_dcmdump_reads_the_grain(tmp_path: Path) -> None:
    tool = shutil.which("dcmdump")
    if tool is None:
        pytest.fail("dcmdump is missing; it is in Debian's dcmtk, which `make setup` installs")
    made = grains.session().templates
    values = grains.moment(grains.TAI, **POSE)
    for static in (True, False):
        file = tmp_path / f"grain-{static}.dcm"
        file.write_bytes(grains.grain(made, values, pose=True, static=static))
        ran = subprocess.run([tool, "+L", "-Un", str(file)], capture_output=True, check=True)
        text, complaints = ran.stdout.decode(), ran.stderr.decode()
        assert complaints == ""
        stamp = "\\".join(f"{octet:02x}" for octet in rtp.ptp_bytes(grains.TAI))
        assert f"(0034,0007) OB {stamp}" in text
        assert "(0002,0032) UI [1.2.840.10008.10.1]" in text
        assert "(0070,1603) FD 1.5\\-2.25\\3" in text
        assert "(0034,0008) CS [YES]" in text and "(0034,000c) CS [NO]" in text
        assert "(0018,9151) DT [20261118110640.123456+0000]" in text
        assert ("(0010,0020) LO [HC-1234]" in text) is static
        assert ("山田^太郎" in text) is static


def test_every_patch_is_inside_its_part_and_none_overlap() -> None:
    made = grains.session().templates
    for part, patches in made.patches.items():
        data = vars(made)[part]
        spans = sorted((at, at + VALUE_OCTETS[name]) for name, at in patches)
        assert all(a[1] <= b[0] for a, b in pairwise(spans))
        assert all(start >= 0 and end <= len(data) for start, end in spans)
        assert spans or part not in ("base", "pose")
    assert {name for name, _ in made.patches["pose"]} == set(VALUE_OCTETS) - {"sync_ptp"}


def test_extensions_carry_the_elements_and_the_patched_timestamps() -> None:
    made = grains.session().templates
    ids = grains.stream().ids
    values = grains.moment(grains.TAI, sync=grains.TAI + 40)
    for name, end in (("extension_first", False), ("extension_single", True)):
        extension = grains.patched(vars(made)[name], made.patches[name], values)
        packet = rtp.decode_packet(rtp.encode_header(104, 1, 2, 3, extension=extension))
        found = rtp.decode_elements(packet.elements)
        assert (found.origin, found.sync) == (grains.TAI, grains.TAI + 40)
        assert (found.flow, found.source) == (ids.metadata_flow.bytes, ids.metadata_source.bytes)
        assert (found.start, found.end) == (True, end)
    for name, end in (("extension_middle", False), ("extension_last", True)):
        packet = rtp.decode_packet(rtp.encode_header(104, 1, 2, 3, extension=vars(made)[name]))
        assert rtp.decode_elements(packet.elements) == rtp.GrainElements(start=False, end=end)


def test_sizes_stay_small() -> None:
    made = grains.session().templates
    assert len(made.extension_first) == 64 and len(made.extension_middle) == 8
    values = grains.moment(grains.TAI)
    for pose in (True, False):
        bare = grains.grain(made, values, pose=pose, static=False)
        assert len(list(grains.packets(made, bare, values))) == 1
        whole = grains.grain(made, values, pose=pose)
        assert len(list(grains.packets(made, whole, values))) <= 3


def test_a_change_of_patient_makes_a_new_instance_and_a_failed_one_nothing() -> None:
    held = grains.session()
    first = held.templates
    second = held.change_patient(grains.document(), now=grains.NOW)
    assert second.static_id != first.static_id
    one, two = (dcmread(BytesIO(t.base + t.static)) for t in (first, second))
    assert one.SOPInstanceUID == f"2.25.{UUID(int=7).int}" != two.SOPInstanceUID
    assert two.file_meta.RTVCommunicationSOPInstanceUID == two.SOPInstanceUID
    assert one.SeriesInstanceUID == two.SeriesInstanceUID  # the same study
    with pytest.raises(ValueError, match="began"):
        held.change_patient(None, now=grains.NOW.replace(tzinfo=None))
    assert held.templates is second
    empty = held.change_patient(None, now=grains.NOW)
    assert empty.static == b"" and empty.static_id not in (first.static_id, second.static_id)


def test_a_live_frame_is_useful_until_somebody_says_otherwise() -> None:
    ds = dcmread(BytesIO(grains.session().templates.base))
    useful = ds[0x00060001].value[0].FrameUsefulnessGroupSequence[0]
    assert (useful.IncludesImagingSubject, useful.IncludesInformation) == ("YES", "YES")


def test_a_flow_that_knows_no_camera_has_no_pose() -> None:
    made = templates(
        replace(grains.stream(), camera=False), Instance(UUID(int=1), grains.NOW), None, 1
    )
    assert made.pose == b"" and made.patches["pose"] == [] and made.static == b""


def test_a_static_part_beyond_a_grain_is_refused() -> None:
    big = Dataset()
    big.ICCProfile = bytes(MAX_GRAIN)
    with pytest.raises(ValueError, match=r"static part: [0-9]+ octets exceed"):
        templates(grains.stream(), Instance(UUID(int=1), grains.NOW), big, 1)


def test_identifiers_of_extensions_follow_the_configuration() -> None:
    ids = {"origin": 2, "sync": 3, "flow": 4, "source": 6, "flags": 8}
    made = templates(grains.stream(), Instance(UUID(int=1), grains.NOW), None, 1, ids)
    values = grains.moment(grains.TAI)
    extension = grains.patched(made.extension_single, made.patches["extension_single"], values)
    packet = rtp.decode_packet(rtp.encode_header(104, 1, 2, 3, extension=extension))
    assert rtp.decode_elements(packet.elements, ids).sync == grains.TAI
    with pytest.raises(ValueError, match="extension ids: none for flags"):
        del ids["flags"]
        templates(grains.stream(), Instance(UUID(int=1), grains.NOW), None, 1, ids)


def test_another_format_is_another_instance_of_the_same_flow() -> None:
    held = grains.session()
    first = held.templates
    second = held.change_format(format_named("1080i50"), now=grains.NOW)
    one, two = (dcmread(BytesIO(t.base + t.static)) for t in (first, second))
    assert two.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.7.2"
    assert two.file_meta.RTVFlowActualFrameDuration == 40.0
    assert one.SOPInstanceUID != two.SOPInstanceUID
    assert one.file_meta.RTVFlowIdentifier == two.file_meta.RTVFlowIdentifier
    assert (one.InstanceNumber, two.InstanceNumber) == (1, 2)
