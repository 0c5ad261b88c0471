"""Filters over a real socket: of frames, planes, projections and volumes."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kernels.bilateral import reference as bilateral
from kernels.filters import Filter as PictureFilter
from kernels.filters import apply
from kernels.gaussian import reference as smoothed
from kernels.gradient import reference as edges
from kernels.median3d import reference as median
from kernels.plane import plane, project
from kernels.unsharp import reference as sharpened
from kernels.volume import Volume
from kernels.window import OUTSIDE
from kernels.window import reference as windowed
from renderd import camera, filtered
from renderd.filtered import Filtered
from renderd.protocol import Filter, Flag
from storage.dicom.write import write_colour, write_series
from tests.renderd.conftest import AFFINE, House, phantom
from tests.renderd.page import PATIENCE_S, Frame, Page
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


# The same as the kernels call it.
AMOUNTS: dict[str, dict[str, float]] = {
    "gaussian": {"sigma_mm": 2.0},
    "median": {"radius": 1},
    "bilateral": {"sigma_mm": 2.0, "sigma_value": 200.0},
    "unsharp": {"sigma_mm": 2.0, "strength": 2.0},
    "edge": {},
    "clahe": {"limit": 3.0},
    "gamma": {"power": 0.5},
    "threshold": {"low": 100.0, "high": 390.0},
}
WINDOW = (300.0, 1600.0)


@pytest.mark.parametrize("chosen", EVERY, ids=lambda chosen: chosen.name)
@pytest.mark.parametrize("kind", ["stack", "plane", "projection"])
async def test_every_filter_shows_what_its_kernel_makes_and_none_brings_the_picture_back(
    house: House, page: Page, chosen: Filter, kind: str
) -> None:
    series = await house.add_ct()
    view = {
        "stack": house.seen(STACK, series, frame=5, centre=(19.6, 15.6), extent_mm=38.4, window=WINDOW),
        "plane": house.seen(PLANE, series, extent_mm=40.0, window=WINDOW),
        "projection": house.seen(VOLUME, series, extent_mm=40.0, projection="max", window=WINDOW),
    }[kind]
    plain = await final(page, view, 1)
    found = await final(page, replace(view, filter=chosen), 2)
    assert found.header.flags & Flag.INTERPOLATED  # no stored values
    assert (await final(page, view, 3)).digest == plain.digest
    expected = truth(view, kind, chosen)
    assert found.pixels.shape == expected.shape
    apart = np.abs(found.pixels.astype(int) - expected)
    # A value on the border between two greys may round the other way, see kernels/window.py.
    assert apart.max() <= 1 and (apart > 0).mean() < 0.01
    assert (np.abs(plain.pixels.astype(int) - expected) > 2).mean() > 0.02  # and it is seen


def truth(view: Any, kind: str, chosen: Filter) -> np.ndarray[Any, Any]:
    """The filtered picture, 64 × 48."""
    how = PictureFilter(chosen.name, AMOUNTS[chosen.name])
    if kind == "stack":  # one pixel of the image to one of the picture
        whole = apply(how, phantom()[5].astype(np.float32), 0.8, WINDOW)
        values = np.full((48, 64), OUTSIDE, np.float32)
        values[4 : 4 + 40, 7 : 7 + 50] = whole
    else:
        volume, size = Volume(phantom(), AFFINE), camera.reduced(64, 48, 1.0)
        picture = camera.picture(view, size)
        values = plane(volume, picture) if kind == "plane" else project(volume, picture, "max")
        values = apply(how, values, 40.0 / 48, WINDOW)
    return windowed(values, *WINDOW, False, "LINEAR")


VOLUMES: dict[str, tuple[Filter, Any]] = {
    "gaussian": (Filter("gaussian", size=1.6), lambda volume: smoothed(volume, 1.6)),
    "median": (Filter("median", size=1), lambda volume: median(volume, 3)),
    "bilateral": (Filter("bilateral", size=1.6, strength=150.0), lambda volume: bilateral(volume, 1.6, 150.0)),
    "unsharp": (Filter("unsharp", size=1.6, strength=2.0), lambda volume: sharpened(volume, 1.6, 2.0)),
    "edge": (Filter("edge", size=1.2), lambda volume: edges(volume, 1.2)),
}


@pytest.mark.parametrize("name", VOLUMES)
async def test_a_volume_rendering_shows_the_filtered_volume_which_is_the_kernel_s_and_is_counted(
    house: House, page: Page, name: str
) -> None:
    series = await house.add_ct()
    view = house.seen(VOLUME, series, extent_mm=40.0)
    chosen, reference = VOLUMES[name]
    plain = await final(page, view, 1)
    found = await final(page, replace(view, filter=chosen), 2)
    assert found.digest != plain.digest
    (made,) = [item for item in house.library.volumes.items() if isinstance(item, Filtered)]
    expected = reference(Volume(phantom(), AFFINE))
    assert np.abs(made.volume.array - expected).max() < 0.5  # of 1400
    assert made.size_bytes == made.volume.array.nbytes
    assert house.library.volumes.size_bytes == phantom().nbytes + made.size_bytes
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


async def test_a_slider_that_runs_on_leaves_only_its_last_volume(
    house: House, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was asked for before is given up."""
    begun, go, made = threading.Event(), threading.Event(), list[float]()
    real = filtered.volume_filter

    def volume_filter(chosen: Filter) -> Any:
        run = real(chosen)

        def slowly(*arguments: Any) -> None:
            made.append(chosen.size)
            begun.set()
            assert go.wait(PATIENCE_S)
            run(*arguments)

        return slowly

    monkeypatch.setattr(filtered, "volume_filter", volume_filter)
    series = await house.add_ct()
    view = house.seen(VOLUME, series, extent_mm=40.0)
    await final(page, view, 1)
    await page.send(show(number=2, view=replace(view, filter=Filter("gaussian", size=0.5))))
    assert await asyncio.to_thread(begun.wait, PATIENCE_S)
    for number in range(3, 10):
        await page.send(show(number=number, view=replace(view, filter=Filter("gaussian", size=number / 4))))
    await page.silence()
    go.set()
    await page.final(number=9)
    assert made[0] == 0.5 and set(made[1:]) == {9 / 4}
    (left,) = [item for item in house.library.volumes.items() if isinstance(item, Filtered)]
    assert left.is_ready
    assert house.library.volumes.size_bytes == phantom().nbytes + 4 * phantom().size


@pytest.mark.parametrize(
    "chosen, code",
    [
        (Filter("bilateral", size=0.0, strength=100.0), "invalid_filter"),
        (Filter("bilateral", size=90.0, strength=100.0), "invalid_filter"),
        (Filter("bilateral", size=1.0, strength=0.0), "invalid_filter"),
        (Filter("gaussian", size=100.0), "invalid_filter"),
        (Filter("edge", size=100.0), "invalid_filter"),
        (Filter("unsharp", size=1.0, strength=101.0), "invalid_filter"),
        (Filter("median", size=3), "invalid_filter"),
    ],
    ids=lambda value: f"{value.name} {value.size} {value.strength}" if isinstance(value, Filter) else None,
)
async def test_amounts_that_a_volume_s_filter_does_not_take_cost_no_memory(
    house: House, page: Page, chosen: Filter, code: str
) -> None:
    series = await house.add(list(write_series(phantom(), AFFINE * [[0.5], [0.5], [0.5], [1]])))  # of 0.4 mm
    volumes = house.library.volumes
    view = house.seen(VOLUME, series, extent_mm=40.0)
    await final(page, view, 1)
    put = list[object]()
    real = volumes.put
    volumes.put = lambda *arguments: put.append(arguments) or real(*arguments)  # type: ignore[method-assign]
    await page.send(show(number=2, view=replace(view, filter=chosen)))
    assert (await page.message("trouble"))["code"] == code
    assert put == [] and not house.server._workshop._failed
    assert (await final(page, view, 3)).final


async def test_a_grid_that_a_filter_does_not_take_costs_no_memory(house: House, page: Page) -> None:
    sheared = AFFINE.copy()
    sheared[1, 2] = 0.8  # a tilted gantry
    series = await house.add(list(write_series(phantom(), sheared)))
    view = house.seen(VOLUME, series, extent_mm=40.0)
    await final(page, view, 1)
    await page.send(show(number=2, view=replace(view, filter=Filter("gaussian"))))
    assert (await page.message("trouble"))["code"] == "invalid_volume"
    assert house.library.volumes.size_bytes == phantom().nbytes and not house.server._workshop._failed


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
