"""Regions over a real socket: stored pixels, samples of planes, two volumes at once."""

from __future__ import annotations

import time
import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kernels.errors import InvalidParameter
from kernels.picture import Picture
from kernels.volume import Volume
from renderd.lattice import values
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
    # Axial, through slice 4, a voxel per pixel: pixel (u, v) has its centre at voxel (u − 7, v − 4) and a half.
    plane = house.seen(PLANE, series, centre=(0.0, 0.0, 0.0), extent_mm=38.4)
    answer = await measured(page, plane, "rectangle", ((22.0, 14.0), (42.0, 34.0)))
    # 8 mm about the middle, (25, 20): the left and upper border belong to it.
    same(answer["first"], phantom()[4, 10:30, 15:35])
    assert answer["area_mm2"] == pytest.approx(400 * 0.64)


def same(found: dict[str, Any], stored: NDArray[Any]) -> None:
    """What was measured are these stored values, each once."""
    stored = stored.astype(np.float64)
    assert found["count"] == stored.size
    assert (found["least"], found["greatest"]) == (stored.min(), stored.max())
    assert found["mean"] == pytest.approx(stored.mean(), abs=1e-9)
    assert found["sd"] == pytest.approx(stored.std(ddof=1), abs=1e-9)
    assert found["median"] == np.median(stored)


async def test_a_plane_between_voxels_has_those_of_the_nearest(house: House, page: Page) -> None:
    """Coronal, at y = −16 + 0.8 · 13.4: of row 13, and of the slices, 2 mm apart, the one nearest to z = −8 + 0.8 k."""
    series = await house.add_ct()
    down = (0.0, 0.0, -1.0)
    plane = house.seen(PLANE, series, centre=(0.0, -16 + 0.8 * 13.4, 0.0), down=down, extent_mm=38.4)
    answer = await measured(page, plane, "rectangle", ((22.0, 19.0), (42.0, 29.0)))
    slices = np.rint(0.4 * np.arange(5, 15)).astype(int)  # from −4 mm to below 4 mm
    same(answer["first"], phantom()[slices, 13, 15:35])


CAMERAS = [  # a middle beside that of the rectangle, and millimetres across the picture's shorter side
    ((0.0, 0.0), 60.0),
    ((1.3, -0.7), 60.0),
    ((-4.05, 2.9), 47.3),
    ((0.61, 5.77), 101.0),
]


def corners_of(view: Any, points: NDArray[np.float64]) -> Any:
    """Patient points of the view's plane in pixels of its picture of 64 × 48."""
    away = (points - np.array(view.centre)) @ np.array([view.right, view.down]).T
    return tuple(map(tuple, (away / (view.extent_mm / 48) + (32, 24)).tolist()))


def box_about(middle: NDArray[np.float64], right: Any, down: Any, half: float) -> NDArray[np.float64]:
    signs = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    return np.asarray(middle + half * signs @ np.array([right, down]))


OBLIQUE = ((0.8, 0.36, 0.48), (0.0, 0.8, -0.6))
SLAB = {"thickness_mm": 9.0, "projection": "mean"}


@pytest.mark.parametrize(
    ("axes", "more"),
    [
        (((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)), {}),
        (OBLIQUE, {}),
        (OBLIQUE, SLAB),
        (OBLIQUE, {**SLAB, "projection": "max"}),
    ],
    ids=["axial", "oblique", "oblique mean", "oblique maximum"],
)
async def test_pan_and_zoom_change_no_number_of_either_volume(
    house: House, page: Page, axes: Any, more: dict[str, Any]
) -> None:
    """The hottest voxel stays: a PET of 4 mm with one of 20 among noise, once as the first and once as the second."""
    noise = np.random.default_rng(3).integers(0, 6, (16, 16, 16)).astype(np.int16)
    noise[8, 8, 8] = 20
    affine = np.diag([4.0, 4.0, 4.0, 1.0])
    affine[:3, 3] = -31.3, -30.6, -29.9
    hot = (affine @ (8, 8, 8, 1))[:3]
    pet = await house.add(list(write_series(noise, affine, seed="hot", modality="MR")))
    finer = await house.add_ct(np.random.default_rng(4).integers(0, 99, SHAPE).astype(np.int16))
    answers = []
    for n, ((across, along), extent_mm) in enumerate(CAMERAS):
        centre = tuple((hot + across * np.array(axes[0]) + along * np.array(axes[1])).tolist())
        given = {"centre": centre, "right": axes[0], "down": axes[1], "extent_mm": extent_mm, **more}
        box = box_about(hot, *axes, 12.1)
        for first, second in ((pet, None), (finer, pet)):
            of = None if second is None else Fusion(second, house.digests[second], "FIRE", (500.0, 1000.0))
            view = house.seen(PLANE, first, fusion=of, **given)
            answer = await measured(page, view, "polygon", corners_of(view, box), n=n)
            answers.append((answer["area_mm2"], answer["first"], answer["second"]))
    for answer in answers[2::2]:
        near(answer[1], answers[0][1])
    for answer in answers[3::2]:
        near(answer[1], answers[1][1])
    for answer in answers[1::2]:
        near(answer[2], answers[0][1])
    assert {answer[0] for answer in answers[::2]} == {answers[0][0]}
    if more.get("projection") != "mean":
        assert answers[0][1]["greatest"] == 20
    if axes is not OBLIQUE:
        same(answers[0][1], noise[8, 5:12, 5:12])


def near(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Equal but for the rounding of the positions of interpolated samples."""
    for name in ("count", "mean", "sd", "least", "greatest", "median"):
        assert one[name] == pytest.approx(other[name], abs=1e-4), name


@pytest.mark.parametrize("projection", ["max", "min", "mean"])
async def test_a_slab_along_slices_is_made_of_their_voxels(house: House, page: Page, projection: Any) -> None:
    series = await house.add_ct()
    plane = house.seen(PLANE, series, extent_mm=38.4, thickness_mm=6.0, projection=projection)  # slices 3 to 5
    answer = await measured(page, plane, "rectangle", ((22.0, 14.0), (42.0, 34.0)))
    stored = phantom()[3:6, 10:30, 15:35].astype(np.float64)
    truth = {"max": stored.max(axis=0), "min": stored.min(axis=0), "mean": stored.mean(axis=0)}[projection]
    assert answer["first"]["count"] == 400
    assert answer["first"]["mean"] == pytest.approx(truth.mean(), abs=1e-3)
    assert answer["first"]["greatest"] == pytest.approx(truth.max(), abs=1e-3)
    assert answer["first"]["least"] == pytest.approx(truth.min(), abs=1e-3)


async def test_turns_of_a_plane_change_nothing(house: House, page: Page) -> None:
    """Mirrored, and turned by 37°: the region is the same of the patient."""
    series = await house.add_ct()
    box = box_about(np.array((0.6, 0.2, 0.0)), (1, 0, 0), (0, 1, 0), 7.9)
    c, s = np.cos(np.radians(37)), np.sin(np.radians(37))
    answers = []
    for right, down in (((1, 0, 0), (0, 1, 0)), ((-1, 0, 0), (0, 1, 0)), ((c, s, 0), (-s, c, 0))):
        view = house.seen(PLANE, series, right=tuple(map(float, right)), down=tuple(map(float, down)), extent_mm=40.0)
        answers.append((await measured(page, view, "polygon", corners_of(view, box)))["first"])
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["count"] > 300


async def test_both_volumes_are_measured(house: House, page: Page) -> None:
    """Each by its own voxels: 24 by 24 of the first, and of the second, 4 mm apart, those of its plane in the box."""
    first = await house.add_ct()
    other = np.random.default_rng(8).integers(0, 900, hot_spot().shape).astype(np.int16)
    second = await house.add(list(write_series(other, COARSE, seed="spot", modality="MR")))
    of = Fusion(second, house.digests[second], "FIRE", (500.0, 1000.0))
    plane = house.seen(PLANE, first, centre=(0.0, 0.0, 0.0), extent_mm=38.4, fusion=of)
    answer = await measured(page, plane, "rectangle", ((20.0, 12.0), (44.0, 36.0)))  # ±9.6 mm
    same(answer["first"], phantom()[4, 8:32, 13:37])
    # x = 18 − 4 j, y = 4 i − 14, z = 4 k − 8.
    same(answer["second"], other[2, 3:7, 2:6])


async def test_a_region_far_larger_than_the_volume_is_the_volume_s(house: House, page: Page) -> None:
    series = await house.add_ct()
    plane = house.seen(PLANE, series, extent_mm=9000.0)
    answer = await measured(page, plane, "rectangle", ((0.0, 0.0), (64.0, 48.0)))
    same(answer["first"], phantom()[4])


def test_a_long_row_through_a_thick_slab_takes_little_memory_and_too_many_samples_are_refused() -> None:
    volume = Volume(np.zeros((40, 40, 40), np.int16), np.eye(4))
    row = Picture(np.array((0.0, 20, 20)), np.array((0.02, 0, 0)), np.array((0.0, 1, 0)), 2000, 1)
    tracemalloc.start()
    try:
        found = values(volume, row, "mean", 1000.0, None)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (found[0, :1950] == 0).all() and peak < 100 << 20
    begun = time.monotonic()
    with pytest.raises(InvalidParameter):
        values(volume, replace(row, height=16000), "mean", 1000.0, None)
    assert time.monotonic() - begun < 1


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
    assert half["first"]["count"] == whole["first"]["count"] / 2


async def test_a_volume_rendering_has_no_values_to_measure(house: House, page: Page) -> None:
    series = await house.add_ct()
    answer = await measured(page, house.seen(VOLUME, series), "ellipse", ((16.0, 12.0), (48.0, 36.0)))
    assert answer["first"] is None
