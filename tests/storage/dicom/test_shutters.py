from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import uid
from pydicom.dataset import Dataset

from storage.blobs import BlobStore
from storage.dicom.masks import Masks, read_masks
from storage.dicom.shutters import hidden, read_shutter
from storage.dicom.stacks import stacks_of
from storage.dicom.write import write_instance
from tests.storage.dicom.pictures import Stored, header, ramp
from tests.storage.dicom.test_overlays import overlay

EXPLICIT = uid.ExplicitVRLittleEndian
RECTANGLE = {
    "ShutterShape": "RECTANGULAR",
    "ShutterUpperHorizontalEdge": 3,
    "ShutterLowerHorizontalEdge": 6,
    "ShutterLeftVerticalEdge": 2,
    "ShutterRightVerticalEdge": 9,
}


def dataset(**attributes: Any) -> Dataset:
    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def shown(rows: int, columns: int, aspect: float = 1.0, **attributes: Any) -> np.ndarray:
    shutter = read_shutter(dataset(**attributes))
    assert shutter is not None
    return ~hidden(shutter, rows, columns, aspect)


def test_a_rectangle_shows_what_is_within_its_edges_which_belong_to_it() -> None:
    truth = np.zeros((8, 12), bool)
    truth[2:6, 1:9] = True  # rows 3 to 6, columns 2 to 9, counted from 1
    assert np.array_equal(shown(8, 12, **RECTANGLE), truth)


def test_a_circle_is_round_on_pixels_that_are_not_square() -> None:
    circle = {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [51, 101], "RadiusOfCircularShutter": 40}
    truth = shown(101, 201, **circle)
    assert truth[50, 60:141].all() and not truth[50, :60].any() and not truth[50, 141:].any()
    assert truth[10:91, 100].all() and not truth[:10, 100].any()
    assert truth.sum() == pytest.approx(np.pi * 40.5**2, rel=0.01)
    high = shown(101, 201, aspect=2.0, **circle)  # pixels twice as high as wide: half as many rows
    assert high[30:71, 100].all() and not high[:30, 100].any() and high[50, 60:141].all()


def test_a_polygon_shows_its_inside_and_its_border() -> None:
    triangle = {"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [2, 2, 2, 8, 8, 2]}
    assert shown(9, 9, **triangle).astype(int).tolist() == [
        [0, 0, 0, 0, 0, 0, 0, 0, 0],
        [0, 1, 1, 1, 1, 1, 1, 1, 0],
        [0, 1, 1, 1, 1, 1, 1, 0, 0],
        [0, 1, 1, 1, 1, 1, 0, 0, 0],
        [0, 1, 1, 1, 1, 0, 0, 0, 0],
        [0, 1, 1, 1, 0, 0, 0, 0, 0],
        [0, 1, 1, 0, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0],
    ]


def test_a_polygon_may_be_concave() -> None:
    corners = [1, 1, 1, 20, 20, 20, 10, 10, 20, 1]  # a square with a notch from below
    mask = shown(20, 20, ShutterShape="POLYGONAL", VerticesOfThePolygonalShutter=corners)
    assert mask[4, 9] and mask[15, 1] and mask[15, 18] and not mask[17, 9]


def test_of_several_shapes_only_what_all_of_them_show_is_shown() -> None:
    both = {
        **RECTANGLE,
        "ShutterShape": ["RECTANGULAR", "CIRCULAR"],
        "CenterOfCircularShutter": [4, 3],
        "RadiusOfCircularShutter": 2,
    }
    circle = shown(8, 12, ShutterShape="CIRCULAR", CenterOfCircularShutter=[4, 3], RadiusOfCircularShutter=2)
    assert np.array_equal(shown(8, 12, **both), circle & shown(8, 12, **RECTANGLE))


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"ShutterShape": "RECTANGULAR"},
        {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [4], "RadiusOfCircularShutter": 3},
        {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [4, 4], "RadiusOfCircularShutter": 0},
        {"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [1, 1, 5, 5]},
        {"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [1, 1, 5, 5, 9]},
        {"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [1, 2] * 5000},
        {"ShutterShape": "STAR"},
    ],
)
def test_shutters_that_make_no_sense_hide_nothing(attributes: dict[str, Any]) -> None:
    assert read_shutter(dataset(**attributes)) is None


@settings(max_examples=200)
@given(
    edges=st.lists(st.integers(-(2**31), 2**31 - 1), min_size=4, max_size=4),
    centre=st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=2),
    radius=st.integers(-(2**31), 2**31 - 1),
    corners=st.lists(st.one_of(st.integers(-50, 50).map(float), st.floats(-1e300, 1e300)), min_size=2, max_size=20),
)
def test_whatever_numbers_a_shutter_has_it_hides_something_or_nothing(
    edges: list[int], centre: list[float], radius: int, corners: list[float]
) -> None:
    shutter = read_shutter(
        dataset(
            ShutterShape=["RECTANGULAR", "CIRCULAR", "POLYGONAL"],
            ShutterUpperHorizontalEdge=edges[0],
            ShutterLowerHorizontalEdge=edges[1],
            ShutterLeftVerticalEdge=edges[2],
            ShutterRightVerticalEdge=edges[3],
            CenterOfCircularShutter=centre,
            RadiusOfCircularShutter=radius,
            VerticesOfThePolygonalShutter=corners,
        )
    )
    if shutter is not None:
        json.dumps(shutter, allow_nan=False)
        assert hidden(shutter, 9, 7, 1.0).shape == (9, 7)


def masks(data: bytes, folder: Path) -> Masks:
    blobs = BlobStore(folder)
    (stack,) = stacks_of([Stored("1", blobs.write(1, data), header(data).to_json())])
    return read_masks(blobs, 1, stack.frames[0])


def test_an_image_is_hidden_behind_the_grey_that_it_names(tmp_path: Path) -> None:
    found = masks(write_instance(ramp(8, 12), 0, EXPLICIT, {**RECTANGLE, "ShutterPresentationValue": 0x8000}), tmp_path)
    assert found.overlay is None and found.shutter is not None
    assert found.shutter_grey == 127
    assert np.array_equal(found.shutter > 0, ~shown(8, 12, **RECTANGLE))


def test_a_bitmap_hides_where_its_overlay_has_bits_which_are_not_drawn(tmp_path: Path) -> None:
    bits, other = np.eye(8, dtype=bool), np.eye(8, dtype=bool)[::-1]
    elements = {**overlay(bits, group=0x6002), **overlay(other)}
    data = write_instance(
        ramp(8, 8), 0, EXPLICIT, {"ShutterShape": "BITMAP", "ShutterOverlayGroup": 0x6002, **elements}
    )
    found = masks(data, tmp_path)
    assert found.shutter is not None and np.array_equal(found.shutter > 0, bits)
    assert found.overlay is not None and np.array_equal(found.overlay > 0, other)


def test_a_shutter_that_would_hide_everything_hides_nothing(tmp_path: Path) -> None:
    nowhere = {**RECTANGLE, "ShutterLeftVerticalEdge": 0, "ShutterRightVerticalEdge": 0}
    assert masks(write_instance(ramp(8, 12), 0, EXPLICIT, nowhere), tmp_path).shutter is None


def test_each_frame_of_an_enhanced_image_may_have_its_own(tmp_path: Path) -> None:
    wide = {**RECTANGLE, "ShutterLeftVerticalEdge": 1, "ShutterRightVerticalEdge": 12}
    items = [dataset(FrameDisplayShutterSequence=[dataset(**shutter)]) for shutter in (RECTANGLE, wide)]
    data = write_instance(
        np.stack([ramp(8, 12)] * 2), 0, EXPLICIT, {"PerFrameFunctionalGroupsSequence": items, "NumberOfFrames": 2}
    )
    found = header(data)
    assert [found.of_frame(frame, "shutter")["rectangle"] for frame in (0, 1)] == [[3, 6, 2, 9], [3, 6, 1, 12]]
