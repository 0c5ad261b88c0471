"""What is seen at a pixel: over a real socket, and in which order picks are answered."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from renderd import picks
from renderd.errors import SeriesNotFound
from renderd.picks import Picks
from renderd.protocol import ClipBox, Cut, Edit, Filter, Labels, LabelStyle, Measure, Measured, Pick, Picked, View
from tests.renderd.conftest import AFFINE, SHAPE, House, phantom
from tests.renderd.page import PATIENCE_S, Page
from tests.renderd.shows import PLANE, STACK, VOLUME, show


def ask(view: View, n: int = 7, viewport: int = 1, **values: Any) -> Pick:
    """A pick in the middle of a 64 × 48 viewport."""
    return Pick(**{"viewport": viewport, "n": n, "width": 64, "height": 48, "at": (32.0, 24.0), "view": view, **values})


async def picked(page: Page, view: View, **values: Any) -> dict[str, Any]:
    """Show a view, pick in it."""
    await page.send(show(view=view))
    await page.send(ask(view, **values))
    message: dict[str, Any] = await page.message("picked")
    return message


def bright() -> np.ndarray[Any, Any]:
    """Air with one bright voxel at x, y, z = 30, 11, 4."""
    array = np.full(SHAPE, -1000, np.int16)
    array[4, 11, 30] = 900
    return array


VOXEL = (30 * 0.8 - 20, 11 * 0.8 - 16, 4 * 2.0 - 8)


async def test_the_maximum_of_a_slab_is_picked_where_it_lies(house: House, page: Page) -> None:
    series = await house.add_ct(bright())
    plane = house.seen(PLANE, series, centre=(VOXEL[0], VOXEL[1], VOXEL[2] + 4.0), thickness_mm=10.0)
    answer = await picked(page, plane)
    assert (answer["viewport"], answer["n"]) == (1, 7)
    assert answer["point"] == pytest.approx(VOXEL, abs=1e-6)
    assert answer["value"] == pytest.approx(900)


async def test_a_plane_is_picked_to_a_part_of_a_pixel_and_outside_is_nothing(house: House, page: Page) -> None:
    series = await house.add_ct()
    plane = house.seen(PLANE, series, extent_mm=24.0)  # half a millimetre per pixel
    answer = await picked(page, plane, at=(40.25, 20.0))
    assert answer["point"] == pytest.approx((8.25 * 0.5, -4 * 0.5, 0.0))
    index = np.linalg.solve(AFFINE[:3, :3], np.array(answer["point"]) - AFFINE[:3, 3])
    near = phantom()[int(index[2]), int(index[1]) : int(index[1]) + 2, int(index[0]) : int(index[0]) + 2]
    assert near.min() <= answer["value"] <= near.max()
    beyond = await picked(page, replace(plane, centre=(0.0, 0.0, 500.0)), n=8)
    assert (beyond["n"], beyond["point"], beyond["value"]) == (8, None, None)


async def test_the_surface_of_a_body_is_picked_in_a_volume_rendering(house: House, page: Page) -> None:
    """A block of bone in air; seen from the front, its face is the plane y = −16 + 9.5 · 0.8."""
    array = np.full(SHAPE, -1000, np.int16)
    array[2:10, 10:30, 10:40] = 1500
    series = await house.add_ct(array)
    front = house.seen(VOLUME, series, centre=(0.0, 0.0, 3.0))
    answer = await picked(page, front)
    x, y, z = answer["point"]
    assert (x, z) == pytest.approx((0, 3))
    assert y == pytest.approx(-16 + 9.5 * 0.8, abs=0.8)
    beside = await picked(page, front, n=9, at=(63.0, 24.0))
    assert (beside["n"], beside["point"]) == (9, None)


async def test_a_pick_in_perspective_goes_along_the_ray_from_the_eye(house: House, page: Page) -> None:
    """Four pixels right of the middle: at the centre's depth 8⅓ mm, less in front of it as the rays come together."""
    array = np.full(SHAPE, -1000, np.int16)
    array[2:10, 10:30, 10:40] = 1500
    series = await house.add_ct(array)
    front = house.seen(VOLUME, series, centre=(0.0, 0.0, 3.0), perspective=60.0)
    x, y, z = (await picked(page, front, at=(36.0, 24.0)))["point"]
    assert y == pytest.approx(-16 + 9.5 * 0.8, abs=0.8)
    eye_mm = 50 * np.sqrt(3)
    assert (x, z) == pytest.approx((4 * 100 / 48 * (eye_mm + y) / eye_mm, 3))


async def test_what_is_clipped_away_is_not_picked(house: House, page: Page) -> None:
    array = np.full(SHAPE, -1000, np.int16)
    array[2:10, 10:30, 10:40] = 1500
    series = await house.add_ct(array)
    front = house.seen(VOLUME, series, centre=(0.0, 0.0, 3.0), clip_planes=((0.0, 1.005, 0.0, -2.01),))
    # Bone is opaque within half a millimetre of where it is cut.
    assert (await picked(page, front))["point"] == pytest.approx((0, -1.75, 3), abs=0.25)
    axes = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    boxed = replace(front, clip_box=ClipBox((0.0, 3.0, 3.0), axes, (2.0, 2.0, 2.0)))
    assert (await picked(page, boxed, n=8))["point"] == pytest.approx((0, 1.25, 3), abs=0.25)
    assert (await picked(page, boxed, n=9, at=(33.1, 24.0)))["point"] is None  # 2.3 mm to the left of the middle


@pytest.mark.parametrize("more", [{}, {"filter": Filter("gaussian", size=1.6)}], ids=["plain", "filtered"])
async def test_what_is_hidden_is_not_picked_whatever_filter_the_rendering_has(
    house: House, page: Page, more: dict[str, Any]
) -> None:
    array = np.full(SHAPE, -1000, np.int16)
    array[2:10, 10:30, 10:40] = 1500
    series = await house.add_ct(array)
    stack = house.digests[series]
    # The block's front half, seen from the side: y from −8 to 0.
    cut = Cut(
        centre=(0.0, 0.0, 0.0),
        right=(0.0, 1.0, 0.0),
        down=(0.0, 0.0, -1.0),
        lasso=((-100.0, -100.0), (0.0, -100.0), (0.0, 100.0), (-100.0, 100.0)),
        label=255,
    )
    await page.send(Edit(1, series, stack, None, cut))
    assert (await page.message("edited"))["changed"] > 0
    labels = Labels(1, (LabelStyle(255, shown=False),))
    view = house.seen(VOLUME, series, centre=(0.0, 0.0, 3.0), labels=labels, **more)
    answer = await picked(page, view)
    assert answer["point"] == pytest.approx((0, 0, 3), abs=0.8)
    whole = await picked(page, replace(view, labels=None), n=8)
    assert whole["point"][1] == pytest.approx(-16 + 9.5 * 0.8, abs=0.8)


async def test_the_maximum_of_a_projection_is_picked_where_it_lies_and_not_where_it_is_cut_away(
    house: House, page: Page
) -> None:
    series = await house.add_ct(bright())
    front = house.seen(VOLUME, series, centre=(VOXEL[0], 500.0, VOXEL[2]), projection="max", perspective=60.0)
    answer = await picked(page, front)
    assert answer["point"] == pytest.approx(VOXEL, abs=1e-6)
    assert answer["value"] == pytest.approx(900)
    cut = replace(front, clip_planes=((0.0, 1.0, 0.0, VOXEL[1] + 1.2),))  # ends a voxel and a half behind it
    answer = await picked(page, cut, n=8)
    assert answer["value"] == pytest.approx(-1000)
    assert answer["point"] == pytest.approx((VOXEL[0], VOXEL[1] + 1.6, VOXEL[2]), abs=1e-6)


async def test_a_pick_sees_what_the_reader_s_own_curve_shows(house: House, page: Page) -> None:
    """Fat before bone: the preset looks through the fat, a curve that shows it does not."""
    array = np.full(SHAPE, -1000, np.int16)
    array[2:10, 5:30, 10:40] = -100
    array[2:10, 20:30, 10:40] = 1500
    series = await house.add_ct(array)
    front = house.seen(VOLUME, series, centre=(0.0, 0.0, 3.0))
    bone = await picked(page, front)
    fat = await picked(page, replace(front, curve=((-500.0, "#000000", 0.0), (-200.0, "#ffff00", 0.9))), n=8)
    assert bone["point"][1] == pytest.approx(-16 + 19.5 * 0.8, abs=0.8)
    assert fat["point"][1] == pytest.approx(-16 + 4.5 * 0.8, abs=0.8)


async def test_a_frame_is_picked_with_its_stored_value(house: House, page: Page) -> None:
    series = await house.add_ct(bright())
    _, stack = await house.stack(series)
    frame = next(i for i, f in enumerate(stack.frames) if f.position and f.position[2] == VOXEL[2])
    answer = await picked(page, house.seen(STACK, series, frame=frame, centre=(24.0, 8.8), extent_mm=32.0))
    assert answer["point"] == pytest.approx(VOXEL)
    assert answer["value"] == 900
    beyond = await picked(page, house.seen(STACK, series, frame=frame, centre=(500.0, 8.8), extent_mm=32.0), n=8)
    assert (beyond["n"], beyond["point"], beyond["value"]) == (8, None, None)


async def test_what_may_not_be_seen_is_not_picked(house: House, page: Page) -> None:
    theirs = await house.add_ct(institution="There")
    for view in (house.seen(PLANE, theirs), house.seen(STACK, theirs), house.seen(VOLUME, theirs)):
        answer = await picked(page, view)
        assert (answer["point"], answer["value"]) == (None, None)


async def test_a_viewport_that_shows_nothing_is_answered_with_nothing(house: House, page: Page) -> None:
    series = await house.add_ct()
    await page.send(ask(house.seen(PLANE, series), viewport=9))
    answer = await page.message("picked")
    assert (answer["viewport"], answer["point"]) == (9, None)


# ── the order of answers ──


class Desk:
    """Picks whose sources come when the test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: list[int] = []
        self.source: Any = None
        self.picks = Picks(lambda viewport, view: self.find(), lambda picked: self.answers.append(picked.n))
        monkeypatch.setattr(picks, "seen", lambda pick, source: Picked(pick.viewport, pick.n, None, 1.0))

    def find(self) -> Any:
        if isinstance(self.source, Exception):
            raise self.source
        return self.source

    async def rest(self) -> None:
        while tasks := list(self.picks._working.values()):
            await asyncio.wait(tasks)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(monkeypatch)


async def test_a_pick_waits_for_its_volume_and_the_newest_is_answered(desk: Desk) -> None:
    for n in (1, 2, 3):
        desk.picks.receive(ask(PLANE, n))
    desk.picks.receive(ask(PLANE, 4, viewport=2))
    desk.picks.changed()
    assert desk.answers == []
    desk.source = object()
    desk.picks.changed()
    await desk.rest()
    assert sorted(desk.answers) == [3, 4]
    desk.picks.changed()
    await desk.rest()
    assert sorted(desk.answers) == [3, 4]


async def test_a_pick_that_was_replaced_while_it_was_worked_on_is_not_answered(desk: Desk) -> None:
    arrived: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    desk.source = arrived
    desk.picks.receive(ask(STACK, 1))
    desk.picks.receive(ask(STACK, 2))
    desk.picks.receive(ask(STACK, 3))
    arrived.set_result(object())
    await desk.rest()
    assert desk.answers == [3]


async def test_a_pick_without_a_source_or_whose_work_fails_sees_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.source = SeriesNotFound("series 1")
    desk.picks.receive(ask(PLANE, 1))
    assert desk.answers == [1]

    def fail(pick: Pick, source: Any) -> Picked:
        raise ZeroDivisionError

    monkeypatch.setattr(picks, "seen", fail)
    desk.source = object()
    desk.picks.receive(ask(PLANE, 2))
    await desk.rest()
    assert desk.answers == [1, 2]


async def test_large_regions_of_many_viewports_hold_up_neither_picks_nor_look_ups(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()

    def slow(measure: Measure, source: Any) -> Measured:
        assert go.wait(PATIENCE_S)
        return Measured(measure.viewport, measure.n, None, None, None)

    monkeypatch.setattr(picks, "measured", slow)
    desk.source = object()
    try:
        for viewport in range(2, 42):
            desk.picks.receive(Measure(viewport, viewport, 64, 48, "ellipse", ((1.0, 1.0), (9.0, 9.0)), PLANE))
        desk.picks.receive(ask(PLANE, 1))
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.to_thread(time.monotonic)
            await asyncio.wait([desk.picks._working["pick", 1]])
        assert desk.answers == [1]
    finally:
        go.set()
    await desk.rest()
    assert sorted(desk.answers) == [1, *range(2, 42)]


async def test_nothing_is_answered_after_a_viewport_or_the_connection_closed(desk: Desk) -> None:
    arrived: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    desk.source = arrived
    desk.picks.receive(ask(PLANE, 1))
    desk.picks.closed(1)
    desk.picks.receive(ask(PLANE, 2, viewport=2))
    desk.picks.close()
    await desk.rest()
    assert desk.answers == []
