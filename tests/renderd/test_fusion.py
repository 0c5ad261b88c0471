"""Two volumes in one picture, over a real socket: other grids, other places, planes, projections and rays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from renderd.heat import REACH_MM, heats_of, rigid
from renderd.palettes import colours_of
from renderd.protocol import Flag, Fusion, Measure
from storage.dicom.write import write_series
from storage.studies import StoredSeries, find_series
from tests.renderd.conftest import SHAPE, House
from tests.renderd.page import Frame, Page
from tests.renderd.shows import PLANE, VOLUME, show

# Coarser than the CT, and turned a quarter about z: its x runs along the patient's y.
COARSE = np.array([[0, -4.0, 0, 18], [4.0, 0, 0, -14], [0, 0, 4.0, -8], [0, 0, 0, 1]])
SPOT_MM = (6.0, 2.0, 0.0)  # voxel x, y, z = 4, 3, 2


def hot_spot() -> np.ndarray[Any, Any]:
    """Nothing but one block of 3 × 3 × 3 voxels about the spot."""
    array = np.zeros((6, 8, 9), np.int16)
    array[1:4, 2:5, 3:6] = 1000
    return array


async def two(house: House) -> tuple[int, int]:
    """An empty CT and a hot spot on another grid."""
    first = await house.add_ct(np.full(SHAPE, -1000, np.int16))
    second = await house.add(list(write_series(hot_spot(), COARSE, seed="spot", modality="MR")))
    return first, second


def fusion(house: House, second: int, **values: Any) -> Fusion:
    given: dict[str, Any] = {"palette": "HOT_IRON", "window": (500.0, 1000.0), "opacity": 1.0, **values}
    return Fusion(second, house.digests[second], **given)


async def final(page: Page, view: Any, number: int) -> Frame:
    await page.send(show(number=number, view=view))
    return await page.final(number=number)


def middle(frame: Frame) -> tuple[float, float]:
    """Where the colours' middle is, pixels from the picture's: columns, rows."""
    hot = frame.pixels.astype(float).max(axis=-1)
    rows, columns = np.indices(hot.shape)
    height, width = hot.shape
    return (
        float((columns * hot).sum() / hot.sum() - (width - 1) / 2),
        float((rows * hot).sum() / hot.sum() - (height - 1) / 2),
    )


@pytest.mark.parametrize("kind", ["plane", "slab", "maximum", "rendering"])
async def test_the_second_volume_lies_where_it_is_in_the_patient(house: House, page: Page, kind: str) -> None:
    first, second = await two(house)
    of = fusion(house, second)
    views: dict[str, Any] = {
        "plane": house.seen(PLANE, first, extent_mm=48.0, fusion=of),
        "slab": house.seen(PLANE, first, extent_mm=48.0, fusion=of, thickness_mm=6.0),
        "maximum": house.seen(VOLUME, first, extent_mm=48.0, fusion=of, projection="max", window=(0.0, 100.0)),
        "rendering": house.seen(VOLUME, first, extent_mm=48.0, fusion=of),
    }
    frame = await final(page, views[kind], 1)
    assert frame.header.flags & Flag.COLOUR
    across, down = middle(frame)  # one millimetre per pixel
    assert across == pytest.approx(SPOT_MM[0], abs=0.5)
    assert down == pytest.approx(-SPOT_MM[2] if kind in ("maximum", "rendering") else SPOT_MM[1], abs=0.5)


@pytest.mark.parametrize("view", [PLANE, VOLUME], ids=["plane", "rendering"])
async def test_a_rigid_transform_moves_it(house: House, page: Page, view: Any) -> None:
    first, second = await two(house)
    # A quarter about z, then 3 mm along x: (x, y, z) → (−y + 3, x, z).
    move = ((0.0, -1.0, 0.0, 3.0), (1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0))
    frame = await final(page, house.seen(view, first, extent_mm=48.0, fusion=fusion(house, second, move=move)), 1)
    across, down = middle(frame)
    assert across == pytest.approx(-SPOT_MM[1] + 3, abs=0.5)
    assert down == pytest.approx(SPOT_MM[0] if view is PLANE else -SPOT_MM[2], abs=0.5)


async def test_greys_and_colours_are_mixed_as_asked(house: House, page: Page) -> None:
    first = await house.add_ct(np.zeros(SHAPE, np.int16))
    second = await house.add(list(write_series(hot_spot(), COARSE, seed="spot", modality="MR")))
    plane = house.seen(PLANE, first, centre=SPOT_MM, extent_mm=4.0, window=(0.0, 1000.0))
    grey = int((await final(page, plane, 1)).pixels[24, 32])
    for number, opacity in ((2, 0.0), (3, 0.25), (4, 1.0)):
        frame = await final(page, replace(plane, fusion=fusion(house, second, opacity=opacity)), number)
        expected = (1 - opacity) * grey + opacity * colours_of("HOT_IRON")[255].astype(float)
        assert frame.pixels[24, 32] == pytest.approx(expected, abs=1)


async def test_below_the_window_nothing_is_tinted(house: House, page: Page) -> None:
    first, second = await two(house)
    plane = house.seen(PLANE, first, extent_mm=48.0, window=(-1000.0, 400.0))
    plain = (await final(page, plane, 1)).pixels
    above = await final(page, replace(plane, fusion=fusion(house, second, window=(3000.0, 1000.0))), 2)
    assert (above.pixels == plain[..., None]).all()


async def test_a_second_volume_that_may_not_be_seen_is_refused(house: House, page: Page) -> None:
    first = await house.add_ct()
    second = await house.add(list(write_series(hot_spot(), COARSE, seed="x", modality="MR")), "There")
    await page.send(show(view=house.seen(PLANE, first, fusion=fusion(house, second))))
    assert (await page.message("trouble"))["code"] == "series_not_found"


@pytest.mark.parametrize("view", [PLANE, VOLUME], ids=["plane", "rendering"])
async def test_two_patients_are_never_fused(house: House, page: Page, view: Any) -> None:
    """Not even for a page that asks for it; nothing of the second is picked or measured either."""
    first = await house.add_ct(np.full(SHAPE, -1000, np.int16))
    second = await house.add(
        list(write_series(hot_spot(), COARSE, seed="spot", modality="MR", attributes={"PatientID": "SOMEBODY-ELSE"}))
    )
    await page.send(show(view=house.seen(view, first, fusion=fusion(house, second))))
    assert (await page.message("trouble"))["code"] == "fusion_other_patient"
    measure = Measure(
        1, 3, 64, 48, "rectangle", ((1.0, 1.0), (60.0, 40.0)), house.seen(PLANE, first, fusion=fusion(house, second))
    )
    await page.send(measure)
    answer = await page.message("measured")
    assert (answer["first"], answer["second"]) == (None, None)
    assert not page.frames


async def test_another_study_of_the_same_patient_is_fused(house: House, page: Page) -> None:
    first, second = await two(house)
    studies = [(await house_series(house, series)).study_id for series in (first, second)]
    assert studies[0] != studies[1]
    assert (await final(page, house.seen(PLANE, first, extent_mm=48.0, fusion=fusion(house, second)), 1)).final


async def house_series(house: House, series: int) -> StoredSeries:
    async with house.database.acting(None) as connection:
        return await find_series(connection, series)


async def test_colours_that_nobody_knows_are_refused(house: House, page: Page) -> None:
    first, second = await two(house)
    await page.send(show(view=house.seen(PLANE, first, fusion=fusion(house, second, palette="MAUVE"))))
    assert (await page.message("trouble"))["code"] == "palette_not_found"


async def test_moving_frames_come_in_colour_too(house: House, page: Page) -> None:
    first, second = await two(house)
    view = house.seen(VOLUME, first, extent_mm=48.0, fusion=fusion(house, second))
    await page.send(show(view=view, moving=True))
    frame: Frame = await page.until(lambda got: isinstance(got, Frame))
    assert not frame.final and frame.header.flags & Flag.COLOUR
    assert frame.pixels.max() > 100


def test_heat_is_as_opaque_as_asked() -> None:
    of = Fusion(1, "0" * 64, "FIRE", (5.0, 10.0), opacity=0.6)
    table = heats_of(of)
    assert 1 - np.exp(-table[255, 3] * REACH_MM) == pytest.approx(0.6, abs=1e-6)
    assert table[0, 3] == 0
    assert 1 - np.exp(-heats_of(replace(of, opacity=1.0))[255, 3] * REACH_MM) == pytest.approx(0.999, abs=1e-5)


def test_a_rounded_rotation_is_made_exact() -> None:
    c, s = np.cos(0.3), np.sin(0.3)
    rows = tuple(tuple(round(x, 4) for x in row) for row in ((c, -s, 0, 1.5), (s, c, 0, 2), (0, 0, 1, 3)))
    matrix = rigid(Fusion(1, "0" * 64, "FIRE", (5.0, 10.0), rows))  # type: ignore[arg-type]
    assert np.abs(matrix[:3, :3] @ matrix[:3, :3].T - np.eye(3)).max() < 1e-15
    assert matrix[:3, 3].tolist() == [1.5, 2, 3]
    assert matrix[0, 0] == pytest.approx(c, abs=1e-4)
