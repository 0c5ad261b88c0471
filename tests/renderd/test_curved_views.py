"""Curved reformats over a real socket: pictures, curves that are traced, points that are found in them and picked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from renderd.protocol import CurvedView, Flag, Locate, Trace
from tests.renderd.conftest import SHAPE, House
from tests.renderd.page import Frame, Page
from tests.renderd.shows import NOWHERE, PLANE, show
from tests.renderd.test_picks import ask

# A straight line along x, through the middle of the phantom.
STRAIGHT = ((-15.0, 0.0, 2.0), (-5.0, 0.0, 2.0), (0.0, 0.0, 2.0), (15.0, 0.0, 2.0))
ARC = tuple((12 * float(np.cos(a)), 12 * float(np.sin(a)), 2.0) for a in np.linspace(0, np.pi, 9))
CURVED = CurvedView(
    series=1,
    stack=NOWHERE,
    points=STRAIGHT,
    layout="straightened",
    along_mm=15.0,
    extent_mm=24.0,
    window=(40.0, 2400.0),
)


def ramps() -> np.ndarray[Any, Any]:
    """Values that tell where they are: 10 per voxel of x, 100 per slice."""
    z, y, x = np.indices(SHAPE)
    return (10 * x + 100 * z + y).astype(np.int16)


async def final(page: Page, view: Any, number: int = 1) -> Frame:
    await page.send(show(number=number, view=view))
    return await page.final(number=number)


async def test_a_straight_curve_is_a_plane(house: House, page: Page) -> None:
    """Straightened along x, its lines along y or z: half a millimetre per pixel, 48 rows."""
    series = await house.add_ct(ramps())
    traced = await trace(page, STRAIGHT)
    across = np.array(traced["normals"][0])
    view = house.seen(CURVED, series, window=(600.0, 1400.0))
    made = (await final(page, view)).pixels
    right, down = tuple(across.tolist()), (1.0, 0.0, 0.0)
    plane = house.seen(
        PLANE, series, centre=(0.0, 0.0, 2.0), right=right, down=down, extent_mm=24.0, window=(600.0, 1400.0)
    )
    truth = (await final(page, plane, 2)).pixels
    rows = slice(0, 48)  # 24 mm of 30
    assert np.abs(made[rows].astype(int) - truth[rows]).max() <= 1
    assert truth.std() > 10


@pytest.mark.parametrize("layout", ["straightened", "stretched", "projected"])
async def test_every_layout_is_drawn_and_says_that_it_is_interpolated(house: House, page: Page, layout: Any) -> None:
    series = await house.add_ct()
    frame = await final(page, house.seen(CURVED, series, points=ARC, layout=layout, along_mm=12.0, extent_mm=20.0))
    assert frame.header.flags & Flag.INTERPOLATED and frame.final
    assert frame.pixels.shape == (48, 64) and frame.pixels.std() > 1


async def test_beyond_its_ends_a_curve_shows_nothing(house: House, page: Page) -> None:
    series = await house.add_ct(np.full(SHAPE, 1000, np.int16))
    frame = await final(page, house.seen(CURVED, series, along_mm=0.0, extent_mm=12.0))
    assert not frame.pixels[:23].any()
    assert frame.pixels[25:, 24:40].all()


async def test_a_slab_shows_what_lies_beside_the_curve(house: House, page: Page) -> None:
    array = np.full(SHAPE, -1000, np.int16)
    array[7, 20, 25] = 2000  # (0, 0, 6): 4 mm above the line
    series = await house.add_ct(array)
    traced = await trace(page, STRAIGHT)
    beside = abs(np.array(traced["normals"][0])[2]) > 0.5  # the lines run along z: turn them
    view = house.seen(CURVED, series, angle=90.0 if beside else 0.0, along_mm=15.0)
    assert (await final(page, view)).pixels.max() < 50
    assert (await final(page, replace(view, thickness_mm=10.0), 2)).pixels.max() > 120  # between lines


async def trace(page: Page, points: Any) -> dict[str, Any]:
    await page.send(show(view=CURVED))  # the viewport must exist
    await page.send(Trace(1, 5, points))
    answer: dict[str, Any] = await page.message("traced")
    assert answer["n"] == 5
    return answer


async def test_a_traced_curve_goes_through_its_points(house: House, page: Page) -> None:
    answer = await trace(page, ARC)
    assert answer["length_mm"] == pytest.approx(12 * np.pi, rel=2e-3)
    points, tangents, normals = (np.array(answer[name]) for name in ("points", "tangents", "normals"))
    assert points[0] == pytest.approx(ARC[0], abs=1e-9) and points[-1] == pytest.approx(ARC[-1], abs=1e-9)
    assert np.linalg.norm(points[:, :2], axis=1) == pytest.approx(12.0, abs=0.02)
    for vectors in (tangents, normals):
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-9)
    assert np.abs((tangents * normals).sum(axis=1)).max() < 1e-9
    # Of a plane curve the frame does not turn: the part of its normal out of the plane stays.
    assert np.ptp(normals[:, 2]) < 1e-6


async def test_a_curve_of_one_place_is_none(house: House, page: Page) -> None:
    answer = await trace(page, ((1.0, 2.0, 3.0), (1.0, 2.0, 3.0)))
    assert answer["points"] == [] and answer["length_mm"] == 0


@pytest.mark.parametrize("layout", ["straightened", "stretched", "projected"])
async def test_what_is_picked_is_found_again(house: House, page: Page, layout: Any) -> None:
    series = await house.add_ct(ramps())
    view = house.seen(CURVED, series, points=ARC, layout=layout, along_mm=12.0, extent_mm=20.0)
    await page.send(show(view=view))
    await page.send(ask(view, at=(36.5, 20.5)))
    picked = await page.message("picked")
    x, y, z = picked["point"]
    index = ((x + 20) / 0.8, (y + 16) / 0.8, (z + 8) / 2)
    assert picked["value"] == pytest.approx(10 * index[0] + 100 * index[2] + index[1], abs=0.01)
    await page.send(Locate(1, 9, 64, 48, picked["point"], view))
    located = await page.message("located")
    assert located["n"] == 9
    assert located["at"] == pytest.approx((36.5, 20.5), abs=1e-5)


async def test_a_point_beside_the_picture_is_nowhere(house: House, page: Page) -> None:
    series = await house.add_ct()
    view = house.seen(CURVED, series)
    await page.send(show(view=view))
    await page.send(Locate(1, 3, 64, 48, (0.0, 300.0, 0.0), view))
    assert (await page.message("located"))["at"] is None
