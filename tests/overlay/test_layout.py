"""Layouts that would not be readable or would not fit are refused before anything runs;
values of a frame stand where the engine draws them; the engine refuses what is no overlay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from appliance.engine import _engine
from appliance.overlay import Composer, parse_layout, parse_layout_text
from appliance.overlay.layout import DYNAMIC_LABELS
from drivers.video import format_named

FORMAT = format_named("1080p50")


def one_line(error: pytest.ExceptionInfo[ValueError]) -> str:
    words = str(error.value)
    assert "\n" not in words
    return words


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"item": "patient-id", "plate": 0, "outline": False}, "contrast"),
        ({"item": "patient-id", "colour": "#303030"}, "lighter colour"),
        ({"item": "origin-utc", "plate": 0.2}, "plate of 0.55"),
        ({"item": "origin-utc", "size": 3}, "value_size"),
        ({"item": "text"}, "zones.top-left[0].text"),
        ({"item": "patient-name", "groups": ["kanji"]}, "groups[0]"),
        ({"item": "patient-id", "colour": "white"}, "#ffcc00"),
    ],
)
def test_what_would_not_be_readable_is_refused(item: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError) as error:
        parse_layout({"zones": {"top-left": [item]}})
    assert words in one_line(error)


@pytest.mark.parametrize("text", ["{", '{"size": 3, "size": 4}', "[" * 50_000])
def test_text_that_is_no_document(text: str) -> None:
    with pytest.raises(ValueError) as error:
        parse_layout_text(text)
    one_line(error)


def test_a_layout_that_does_not_fit_the_picture() -> None:
    tall = parse_layout({"zones": {"top-left": [{"item": "patient-id", "size": 9}] * 6}})
    with pytest.raises(ValueError, match=r"zones\.top-left: its lines need \d+ rows"):
        Composer(tall, FORMAT)
    wide = parse_layout({"value_size": 4, "zones": {"top-left": [{"item": "position"}]}})
    Composer(wide, format_named("1080p50"))
    beside = {"top-left": [{"item": "position"}], "top-centre": [{"item": "modality"}]}
    with pytest.raises(ValueError, match=r"zones\.top-left\[0\]: 24 characters"):
        Composer(parse_layout({"value_size": 4, "zones": beside}), FORMAT)


@pytest.mark.parametrize("zone", ["top-left", "middle-centre", "bottom-right"])
def test_values_of_a_frame_stand_on_their_plate(zone: str) -> None:
    composer = Composer(
        parse_layout({"zones": {zone: [{"item": kind} for kind in DYNAMIC_LABELS]}}), FORMAT
    )
    made, atlas = composer.overlay(Dataset()), composer.atlas()
    ((left, top, raster),) = made.layers
    assert [field["kind"] for field in made.fields] == list(DYNAMIC_LABELS)
    for field in made.fields:
        x, y = field["x"] - left, field["y"] - top
        width = field["chars"] * atlas.cell_w
        assert field["x"] % 2 == 0
        plate = raster[y : y + atlas.cell_h, x : x + width]
        assert plate.shape[:2] == (atlas.cell_h, width), "inside the raster"
        assert (plate[..., 3] >= 0.5 * 1023).all()
        assert (plate[..., 0] == 64).all(), "nothing else is written there"
    if zone.endswith("left"):
        assert len({field["x"] for field in made.fields}) == 1


def speed(layers: object = (), fields: object = (), alpha: object = None, h: int = 4) -> Any:
    atlas = np.zeros((4, 95 * 4), np.uint8) if alpha is None else alpha
    return _engine.composite_speed(FORMAT.native(), layers, fields, 4, h, atlas, seconds=0.001)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"layers": [(0, 0, np.zeros((4, 4, 3), np.uint16))]}, "layers[0]"),
        ({"layers": [(0, 0, np.zeros((4, 4, 4), np.uint8))]}, "uint16"),
        ({"layers": [(0, 0, np.zeros((4, 8, 4), np.uint16)[:, ::2])]}, "layers[0]"),
        ({"layers": [(1, 0, np.zeros((4, 4, 4), np.uint16))]}, "odd"),
        ({"layers": [(-2, 0, np.zeros((4, 4, 4), np.uint16))]}, "layers[0].x"),
        ({"layers": [(1918, 0, np.zeros((4, 4, 4), np.uint16))]}, "inside 1920x1080"),
        ({"layers": [(0, 2**32 - 2, np.zeros((4, 4, 4), np.uint16))]}, "inside 1920x1080"),
        ({"layers": [(0, 0, np.full((4, 4, 4), 1024, np.uint16))]}, "above 1023"),
        ({"layers": [(0, 0, np.zeros((0, 4, 4), np.uint16))]}, "inside 1920x1080"),
        ({"layers": [None]}, "layers[0]"),
        ({"fields": [{"kind": "origin-utc", "x": 0, "y": 0}]}, "chars is missing"),
        ({"fields": [{"kind": "patient", "x": 0, "y": 0, "chars": 2}]}, "'patient' is unknown"),
        ({"fields": [{"kind": "up", "x": 0, "y": 0, "chars": 999}]}, "max_chars"),
        ({"fields": [{"kind": "up", "x": 0, "y": 9999, "chars": 9}]}, "inside the frame"),
        ({"fields": [{"kind": "up", "x": 0, "y": 0, "chars": 9, "bold": 1}]}, "fields[0].bold"),
        ({"alpha": np.zeros((4, 95), np.uint8)}, "95 * cell_w"),
        ({"alpha": "no array"}, "uint8"),
    ],
)
def test_the_engine_refuses_what_is_no_overlay(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError) as error:
        speed(**wrong)
    assert words in one_line(error)


def test_the_engine_draws_what_is_one() -> None:
    blend, copy = speed(layers=[(0, 0, np.full((4, 4, 4), 700, np.uint16))])
    assert blend > 0
    assert copy > 0
