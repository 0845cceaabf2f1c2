"""The overlay's rasters: in their zones, readable on any picture, drawn once, and its patient's."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from pydicom.dataset import Dataset

from appliance.overlay import RX_SLATES, TX_SLATES, Composer, default_layout, parse_layout
from appliance.overlay.layout import ZONES
from appliance.overlay.text import NO_PATIENT
from drivers.video import FORMATS

FORMAT = FORMATS["720p50"]


def patient(name: str) -> Dataset:
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName = name
    ds.PatientID = "4711"
    ds.PatientBirthDate = "19700131"
    ds.PatientSex = "F"
    return ds


def blended(layers: object, background: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Luma of the picture with the layers, 10 bit."""
    out = background.copy()
    for x, y, raster in layers:  # type: ignore[attr-defined]
        h, w, _ = raster.shape
        alpha = raster[..., 3] / 1023.0
        part = out[y : y + h, x : x + w]
        part[...] = raster[..., 0] * alpha + part * (1 - alpha)
    return out


def test_layers_stay_within_the_picture_and_do_not_overlap() -> None:
    layout = parse_layout(
        {"zones": {zone: [{"item": "patient-name", "size": 3}] for zone in ZONES}}
    )
    arguments = Composer(layout, FORMAT).overlay(patient("W" * 55 + "^Jane=山田^太郎"))
    taken = np.zeros((FORMAT.height, FORMAT.width), dtype=np.uint8)
    assert len(arguments.layers) == 9
    for x, y, raster in arguments.layers:
        h, w, channels = raster.shape
        assert channels == 4
        assert x % 2 == 0
        assert 0 <= x <= x + w <= FORMAT.width
        assert 0 <= y <= y + h <= FORMAT.height
        taken[y : y + h, x : x + w] += 1
    assert taken.max() == 1


@pytest.mark.parametrize("background", ["white", "black", "noise"])
def test_text_is_readable_on_any_picture(background: str) -> None:
    shape = (FORMAT.height, FORMAT.width)
    picture = {
        "white": np.full(shape, 940.0),
        "black": np.full(shape, 64.0),
        "noise": np.random.default_rng(1).uniform(64, 940, shape),
    }[background]
    arguments = Composer(default_layout(), FORMAT).overlay(patient("Doe^Jane"))
    result = blended(arguments.layers, picture)
    for x, y, raster in arguments.layers:
        h, w, _ = raster.shape
        zone = result[y : y + h, x : x + w]
        ink = (raster[..., 3] > 1000) & (raster[..., 0] > 900)
        around = (raster[..., 3] > 400) & (raster[..., 0] < 200)
        if not ink.any():
            continue  # a zone of values that are drawn natively
        # Relative luminance of about gamma 2.4, as a display shows it.
        bright, dark = (((v - 64) / 876).clip(0, 1) ** 2.4 for v in (zone[ink], zone[around]))
        assert (bright.mean() + 0.05) / (dark.mean() + 0.05) > 4.5


def test_unchanged_text_is_not_drawn_again() -> None:
    composer = Composer(default_layout(), FORMAT)
    first = composer.overlay(patient("Doe^Jane"))
    drawn = composer.drawn
    assert drawn > 0
    again = composer.overlay(patient("Doe^Jane"))
    assert composer.drawn == drawn
    assert all(np.array_equal(a[2], b[2]) for a, b in zip(first.layers, again.layers, strict=True))
    composer.overlay(patient("Roe^Jane"))
    assert composer.drawn > drawn


def test_without_a_patient_there_is_no_old_text() -> None:
    composer = Composer(default_layout(), FORMAT)
    named = composer.overlay(patient("Doe^Jane"))
    nobody = composer.overlay(None)
    assert NO_PATIENT == "NO PATIENT CONFIRMED"
    old = [raster.tobytes() for _, _, raster in named.layers]
    texts = [raster.tobytes() for _, _, raster in nobody.layers]
    assert texts
    # Only zones without a patient's value may look the same.
    same = [text for text in texts if text in old]
    assert len(same) <= 1
    assert texts[0] not in old


def test_two_patients_look_different() -> None:
    composer = Composer(default_layout(), FORMAT)
    one, two = (composer.overlay(patient(name)).layers[0][2] for name in ("Doe^Jane", "Doe^Jean"))
    assert one.shape != two.shape or not np.array_equal(one, two)


def test_every_slate_has_a_banner() -> None:
    banners = Composer(default_layout(), FORMAT).slates({*RX_SLATES, *TX_SLATES})
    assert set(banners) == {*RX_SLATES, *TX_SLATES}
    for raster in banners.values():
        h, w, channels = raster.shape
        assert channels == 4
        assert h <= FORMAT.height
        assert w <= FORMAT.width
        assert w > FORMAT.width // 4, "a banner is big"
        assert (raster[..., 3] > 500).mean() > 0.9, "on a plate of its own"
