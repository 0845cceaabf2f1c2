"""The static part: everything the IODs demand, and a checker that notices when it is not there."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image, ImageCms
from pydicom import dcmread
from pydicom.dataset import Dataset

from appliance.rtv import iod_check
from appliance.rtv.grain_parse import parse_grain
from appliance.rtv.icc import icc_profile
from appliance.rtv.iod import ClockState, FlowIds
from tests.support import grains


def static(sop: str = "endoscopic", video: str = "1080p50", **changes: object) -> Dataset:
    made = grains.session(sop=sop, video=video, **changes).templates
    return dcmread(BytesIO(made.base + made.static))


@pytest.mark.parametrize("sop", ["endoscopic", "photographic"])
@pytest.mark.parametrize("video", ["720p59.94", "1080i50", "2160p60"])
@pytest.mark.parametrize("sampling", ["YCbCr-4:2:2", "YCbCr-4:4:4", "RGB"])
@pytest.mark.parametrize("depth", [8, 10, 12])
def test_our_static_part_lacks_nothing(sop: str, video: str, sampling: str, depth: int) -> None:
    made = grains.session(sop=sop, video=video, sampling=sampling, depth=depth).templates
    parsed = parse_grain(made.pose + made.static)
    assert iod_check.check_grain(parsed) == []
    assert iod_check.check_static(parsed.static_dataset(), camera=True) == []


def _demanded() -> list[str]:
    paths = [path for module in iod_check.MODULES.values() for path in module]
    return [*paths, *iod_check.ICC, *iod_check.FRAME_OF_REFERENCE]


@pytest.mark.parametrize("path", _demanded())
def test_the_checker_notices_each_absence(path: str) -> None:
    ds = static()
    at = ds
    *outer, keyword = path.split(".")
    for sequence in outer:
        at = at[sequence].value[0]
    del at[keyword]
    faults = iod_check.check_static(ds, camera=True)
    assert any(path in fault and "missing" in fault for fault in faults)


def test_the_checker_tells_empty_from_absent_and_wrong_values() -> None:
    ds = static()
    ds.Manufacturer, ds.PatientID = "", ""
    ds.StereoPairsPresent, ds.BitsStored = "MAYBE", 9
    faults = iod_check.check_static(ds)
    assert len(faults) == 3
    assert any("Manufacturer (type 1) is empty" in f for f in faults)
    assert any(f.startswith("StereoPairsPresent") for f in faults)
    assert any(f.startswith("BitsAllocated") for f in faults)


def test_a_grain_that_contradicts_itself_is_noticed() -> None:
    one = grains.session().templates
    other = grains.session(sop="photographic", video="1080i50").templates
    faults = iod_check.check_grain(parse_grain(one.base + other.static))
    assert [f.split(":")[0] for f in faults] == ["SOPClassUID", "RealTimeBulkDataFlowSequence"]


def test_photographic_has_its_class_and_no_profile() -> None:
    ds = static("photographic", "1080i50")
    assert ds.SOPClassUID == "1.2.840.10008.10.2" and ds.Modality == "XC"
    assert ds.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.7.2"
    assert "ICCProfile" not in ds


def test_the_clock_tells_whether_times_may_be_compared() -> None:
    held = grains.session()
    free = dcmread(BytesIO(held.templates.base + held.templates.static))
    made = held.change_clock(ClockState(True, "39A794FFFE07CBD0"))
    locked = dcmread(BytesIO(made.base + made.static))
    assert (free.AcquisitionTimeSynchronized, locked.AcquisitionTimeSynchronized) == ("N", "Y")
    assert locked.SynchronizationFrameOfReferenceUID == "1.2.840.10008.15.1.1"
    assert free.SynchronizationFrameOfReferenceUID.startswith("2.25.")
    assert locked.TimeSource == "39A794FFFE07CBD0" and locked.SOPInstanceUID == free.SOPInstanceUID
    assert made.static_id == 2
    assert held.change_clock(ClockState(True, "39A794FFFE07CBD0")) is made
    assert iod_check.check_static(locked, camera=True) == []
    with pytest.raises(ValueError, match="grandmaster"):
        ClockState(True, "39-A7-94-FF-FE-07-CB-D0")


def test_ids_are_the_streams_own_and_stay() -> None:
    ids = FlowIds.of(grains.BOX, "1")
    assert ids == FlowIds.of(grains.BOX, "1")
    assert len({*vars(ids).values(), *vars(FlowIds.of(grains.BOX, "2")).values()}) == 8


def test_without_a_study_one_is_begun_and_dates_are_utc() -> None:
    from appliance.rtv.patient import parse_document

    made = grains.session(parse_document({"patient": {"name": "Doe"}})).templates
    ds = dcmread(BytesIO(made.base + made.static))
    assert ds.StudyInstanceUID.startswith("2.25.") and ds.StudyDate == "20261122"
    assert ds.TimezoneOffsetFromUTC == "+0000"
    zoneless = {"patient": {"name": "Doe"}, "study": {"date": "20261122"}}
    made = grains.session(parse_document(zoneless)).templates
    assert "TimezoneOffsetFromUTC" not in dcmread(BytesIO(made.base + made.static))


@pytest.mark.parametrize("colorimetry", ["BT601", "BT709", "BT2020"])
def test_littlecms_takes_the_profile(colorimetry: str) -> None:
    data = icc_profile(colorimetry)
    assert len(data) < 600
    profile = ImageCms.ImageCmsProfile(BytesIO(data))
    assert profile.profile.device_class == "scnr"
    assert profile.profile.xcolor_space.strip() == "RGB"
    assert profile.profile.profile_description == f"ITU-R {colorimetry}"
    to_srgb = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), "RGB", "RGB")
    assert to_srgb is not None
    for value in (0, 128, 255):  # grey stays grey; black and white stay
        pixel = ImageCms.applyTransform(Image.new("RGB", (1, 1), (value,) * 3), to_srgb)
        assert pixel is not None
        found = pixel.getpixel((0, 0))
        assert isinstance(found, tuple) and max(found) - min(found) <= 2
        if value in (0, 255):
            assert abs(found[0] - value) <= 2


def test_bt709_has_the_primaries_of_srgb() -> None:
    profile = ImageCms.ImageCmsProfile(BytesIO(icc_profile("BT709"))).profile
    srgb = ImageCms.createProfile("sRGB")
    for name in ("red_colorant", "green_colorant", "blue_colorant"):
        ours, theirs = getattr(profile, name)[0], getattr(srgb, name)[0]
        assert ours == pytest.approx(theirs, abs=0.002)
