"""Regions over a real socket: stored pixels, samples of planes, two volumes at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from renderd.protocol import Fusion, Labels, LabelStyle, Measure
from storage.dicom.write import write_series
from tests.renderd.conftest import SHAPE, House, phantom
from tests.renderd.page import Page
from tests.renderd.shows import PLANE, STACK, VOLUME, show
from tests.renderd.test_fusion import COARSE, hot_spot
from tests.renderd.test_labels import HALF, edited


async def measured(page: Page, view: Any, shape: Any, corners: Any, n: int = 3) -> dict[str, Any]:
    await page.send(show(view=view))
    await page.send(Measure(1, n, 64, 48, shape, corners, view))
    answer: dict[str, Any] = await page.message("measured")
    assert answer["n"] == n
    return answer


def frame_view(house: House, series: int, **values: Any) -> Any:
    """Frame 5, an image pixel per screen pixel: 64 × 48 about the middle of 50 × 40."""
    given: dict[str, Any] = {"frame": 5, "centre": (19.6, 15.6), "extent_mm": 38.4, **values}
    return house.seen(STACK, series, **given)


async def test_a_rectangle_of_a_frame_is_its_stored_pixels(house: House, page: Page) -> None:
    series = await house.add_ct()
    # Pixel (u, v) shows image pixel (u − 7, v − 4): see the view.
    answer = await measured(page, frame_view(house, series), "rectangle", ((17.0, 14.0), (37.0, 24.0)))
    stored = phantom()[5, 10:20, 10:30].astype(np.float64)
    first = answer["first"]
    assert first["count"] == 200
    assert answer["area_mm2"] == pytest.approx(200 * 0.64)
    assert first["mean"] == pytest.approx(stored.mean(), abs=1e-9)
    assert first["sd"] == pytest.approx(stored.std(ddof=1), abs=1e-9)
    assert (first["least"], first["greatest"]) == (stored.min(), stored.max())
    assert first["median"] == np.median(stored)
    assert sum(first["counts"]) == 200
    assert answer["second"] is None


async def test_zoom_and_turns_change_nothing(house: House, page: Page) -> None:
    series = await house.add_ct()
    plain = await measured(page, frame_view(house, series), "rectangle", ((17.0, 14.0), (37.0, 24.0)))
    near = frame_view(house, series, extent_mm=19.2)  # the same rectangle about the middle, twice as large
    zoomed = await measured(page, near, "rectangle", ((2.0, 4.0), (42.0, 24.0)))
    assert zoomed["first"] == plain["first"]
    flipped = frame_view(house, series, right=(-1.0, 0.0))
    turned = await measured(page, flipped, "rectangle", ((27.0, 14.0), (47.0, 24.0)))
    assert turned["first"] == plain["first"]


async def test_an_ellipse_has_its_area(house: House, page: Page) -> None:
    series = await house.add_ct()
    plane = house.seen(PLANE, series, extent_mm=30.0)
    answer = await measured(page, plane, "ellipse", ((16.0, 12.0), (48.0, 36.0)))
    pixel_mm = 30 / 48
    assert answer["area_mm2"] == pytest.approx(np.pi * 16 * 12 * pixel_mm**2, rel=0.02)


async def test_a_plane_through_voxel_centres_has_their_values(house: House, page: Page) -> None:
    series = await house.add_ct()
    # Axial, through slice 4; samples 0.8 mm apart, as the voxels are.
    plane = house.seen(PLANE, series, centre=(0.0, 0.0, 0.0), extent_mm=38.4)
    answer = await measured(page, plane, "rectangle", ((22.0, 14.0), (42.0, 34.0)))
    first = answer["first"]
    assert first["count"] == pytest.approx(400, abs=41)
    slice4 = phantom()[4].astype(float)
    assert first["mean"] == pytest.approx(slice4[10:31, 15:36].mean(), abs=30)
    assert first["greatest"] <= slice4.max() + 1e-3


async def test_both_volumes_are_measured(house: House, page: Page) -> None:
    first = await house.add_ct(np.full(SHAPE, 77, np.int16))
    second = await house.add(list(write_series(hot_spot(), COARSE, seed="spot", modality="MR")))
    of = Fusion(second, house.digests[second], "FIRE", (500.0, 1000.0))
    plane = house.seen(PLANE, first, centre=(6.0, 2.0, 0.0), extent_mm=24.0, fusion=of)
    answer = await measured(page, plane, "rectangle", ((28.0, 20.0), (36.0, 28.0)))
    assert answer["first"]["mean"] == pytest.approx(77)
    assert answer["first"]["sd"] == pytest.approx(0, abs=1e-4)
    assert answer["second"]["greatest"] == pytest.approx(1000)
    assert answer["second"]["mean"] == pytest.approx(1000)


async def test_nothing_in_the_region_is_no_number(house: House, page: Page) -> None:
    series = await house.add_ct()
    plane = house.seen(PLANE, series, centre=(500.0, 0.0, 0.0))
    answer = await measured(page, plane, "ellipse", ((16.0, 12.0), (48.0, 36.0)))
    assert answer["first"] is None
    beside = await measured(page, frame_view(house, series), "rectangle", ((0.0, 0.0), (3.0, 3.0)), n=4)
    assert beside["first"] is None
    line = await measured(page, plane, "polygon", ((0.0, 0.0), (3.0, 3.0)), n=5)
    assert line["first"] is None and line["area_mm2"] is None


async def test_what_is_hidden_does_not_count(house: House, page: Page) -> None:
    series = await house.add_ct(np.full(SHAPE, 50, np.int16))
    await edited(page, 1, HALF, series, house.digests[series])
    plane = house.seen(PLANE, series, extent_mm=19.2)
    box = ((22.0, 14.0), (42.0, 34.0))
    whole = await measured(page, plane, "rectangle", box)
    cut = replace(plane, labels=Labels(1, (LabelStyle(255, shown=False),)))
    half = await measured(page, cut, "rectangle", box, n=4)
    assert half["first"]["count"] == pytest.approx(whole["first"]["count"] / 2, rel=0.1)


async def test_a_volume_rendering_has_no_values_to_measure(house: House, page: Page) -> None:
    series = await house.add_ct()
    answer = await measured(page, house.seen(VOLUME, series), "ellipse", ((16.0, 12.0), (48.0, 36.0)))
    assert answer["first"] is None
