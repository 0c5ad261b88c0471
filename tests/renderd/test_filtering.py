"""Filters over a real socket: of frames, planes, projections and volumes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kernels.gaussian import reference as smoothed
from kernels.volume import Volume
from renderd.protocol import Filter, Flag
from storage.dicom.write import write_colour
from tests.renderd.conftest import AFFINE, House, phantom
from tests.renderd.page import Frame, Page
from tests.renderd.shows import PLANE, STACK, VOLUME, show

EVERY = [
    Filter("gaussian", size=2.0),
    Filter("median", size=1),
    Filter("bilateral", size=2.0, strength=200.0),
    Filter("unsharp", size=2.0, strength=2.0),
    Filter("edge"),
    Filter("clahe", strength=3.0),
    Filter("gamma", strength=0.5),
    Filter("threshold", low=100.0, high=390.0),
]


async def final(page: Page, view: Any, number: int) -> Frame:
    await page.send(show(number=number, view=view))
    return await page.final(number=number)


@pytest.mark.parametrize("chosen", EVERY, ids=lambda chosen: chosen.name)
@pytest.mark.parametrize("kind", ["stack", "plane", "projection"])
async def test_every_filter_changes_the_picture_and_none_brings_it_back(
    house: House, page: Page, chosen: Filter, kind: str
) -> None:
    series = await house.add_ct()
    window = (300.0, 1600.0)
    view = {
        "stack": house.seen(STACK, series, frame=5, centre=(19.6, 15.6), extent_mm=38.4, window=window),
        "plane": house.seen(PLANE, series, extent_mm=40.0, window=window),
        "projection": house.seen(VOLUME, series, extent_mm=40.0, projection="max", window=window),
    }[kind]
    plain = await final(page, view, 1)
    filtered = await final(page, replace(view, filter=chosen), 2)
    assert filtered.digest != plain.digest
    assert filtered.header.flags & Flag.INTERPOLATED  # no stored values
    assert (await final(page, view, 3)).digest == plain.digest


@pytest.mark.parametrize(
    "chosen", [f for f in EVERY if f.name in ("gaussian", "median", "unsharp")], ids=lambda f: f.name
)
async def test_a_volume_rendering_shows_the_filtered_volume(house: House, page: Page, chosen: Filter) -> None:
    series = await house.add_ct()
    view = house.seen(VOLUME, series, extent_mm=40.0)
    plain = await final(page, view, 1)
    filtered = await final(page, replace(view, filter=chosen), 2)
    assert filtered.digest != plain.digest
    assert (await final(page, view, 3)).digest == plain.digest


@pytest.mark.parametrize("name", ["gamma", "clahe", "threshold"])
async def test_what_works_on_pictures_alone_says_so(house: House, page: Page, name: Any) -> None:
    series = await house.add_ct()
    await page.send(show(view=house.seen(VOLUME, series, filter=Filter(name))))
    assert (await page.message("trouble"))["code"] == "filter_needs_picture"


async def test_amounts_that_a_filter_does_not_take_are_refused(house: House, page: Page) -> None:
    series = await house.add_ct()
    await page.send(show(view=house.seen(PLANE, series, filter=Filter("median", size=2.5))))
    assert (await page.message("trouble"))["code"] == "invalid_filter"


async def test_a_filtered_volume_is_the_kernel_s_and_is_counted(house: House, page: Page) -> None:
    series = await house.add_ct()
    await final(page, house.seen(VOLUME, series, filter=Filter("gaussian", size=1.6)), 1)
    (made,) = [item for item in house.library.volumes.items() if hasattr(item, "is_ready")]
    truth = smoothed(Volume(phantom(), AFFINE), 1.6)
    assert np.abs(made.volume.array - truth).max() < 0.01  # type: ignore[union-attr]
    assert house.library.volumes.size_bytes == phantom().nbytes + 4 * phantom().size


async def test_a_slider_that_runs_on_leaves_only_its_last_volume(house: House, page: Page) -> None:
    """What was asked for before is given up, or at least makes room."""
    series = await house.add_ct()
    view = house.seen(VOLUME, series, extent_mm=40.0)
    for number in range(1, 9):
        await page.send(show(number=number, view=replace(view, filter=Filter("gaussian", size=number / 4))))
    await page.final(number=8)
    made = [item for item in house.library.volumes.items() if hasattr(item, "is_ready")]
    assert all(item.is_ready for item in made)  # type: ignore[union-attr]
    assert 1 <= len(made) <= 8


@pytest.mark.parametrize("chosen", EVERY, ids=lambda chosen: chosen.name)
async def test_an_image_in_colours_is_not_filtered_and_that_is_said(house: House, page: Page, chosen: Filter) -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    series = await house.add([write_colour(rgb)])
    view = house.seen(STACK, series, centre=(24.5, 19.5), extent_mm=40.0, window=(127.5, 255.0))
    plain = await final(page, view, 1)
    assert plain.header.flags & Flag.COLOUR
    await page.send(show(number=2, view=replace(view, filter=chosen)))
    assert (await page.message("trouble"))["code"] == "filter_needs_grey"
    assert (await final(page, view, 3)).digest == plain.digest
    assert {frame.header.input for frame in page.frames} == {1, 3}


async def test_what_is_still_being_compiled_comes_by_itself(house: House, page: Page) -> None:
    series = await house.add_ct()
    house.library.tools_ready = False
    view = house.seen(PLANE, series, filter=Filter("gaussian"))
    await page.send(show(view=view))
    assert (await page.message("trouble"))["code"] == "tools_compiling"
    await page.send(show(viewport=2, view=house.seen(PLANE, series)))  # plain pictures go on
    assert (await page.final(2)).final
    house.library.prepared()
    assert (await page.final(1)).final
