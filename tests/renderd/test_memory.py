"""What views take in memory, over a real socket: never more than there is, never for ever, never of who has gone."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from renderd import labelmaps
from renderd.edits import MAX_SERIES
from renderd.heat import Heat
from renderd.protocol import Close, Edit, Filter, Fusion, Labels, LabelStyle, Threshold
from storage.dicom.write import write_series
from tests.renderd.conftest import AFFINE, SHAPE, House, phantom
from tests.renderd.page import PATIENCE_S, Page
from tests.renderd.shows import PLANE, VOLUME, show
from tests.renderd.test_labels import BONE, HALF, HIDDEN, blocks, edited, final

VOXELS = int(np.prod(SHAPE))  # a volume has two bytes for each


class Scale:
    """How much has been in memory at most."""

    def __init__(self, house: House, budget_bytes: int) -> None:
        volumes = house.library.volumes
        volumes.budget_bytes = budget_bytes
        self.most, self.put, real = 0, 0, volumes.put

        def put(*arguments: Any) -> None:
            real(*arguments)
            self.put += 1
            self.most = max(self.most, volumes.size_bytes)

        volumes.put = put  # type: ignore[method-assign]


async def test_many_edits_of_one_viewer_stay_within_the_memory(house: House, page: Page) -> None:
    series = await house.add_ct()
    scale = Scale(house, 6 * VOXELS)
    for n in range(1, 65):
        await page.send(Edit(n, series, house.digests[series], None, Threshold(float(n), 3000.0, 1)))
    answers = [await page.message("edited") for _ in range(64)]
    assert {answer["n"]: answer["code"] for answer in answers} == {n: "" for n in range(1, 65)}
    truth = phantom()
    for answer in answers:
        assert dict(answer["counts"])[1] == np.count_nonzero((truth >= answer["n"]) & (truth <= 3000))
    assert scale.most <= 6 * VOXELS


async def test_many_filters_of_one_viewer_stay_within_the_memory(house: House, page: Page) -> None:
    series = await house.add_ct()
    scale = Scale(house, 11 * VOXELS)  # two of them
    for viewport in range(1, 13):
        view = house.seen(VOLUME, series, extent_mm=40.0, filter=Filter("gaussian", size=viewport / 5))
        await page.send(show(viewport, view=view))
    missing = set(range(1, 13))
    while missing:
        frame = await page.until(lambda got: not isinstance(got, dict) and got.final)
        missing.discard(frame.header.viewport)
    assert scale.most <= 11 * VOXELS
    assert not [message for message in page.messages if message["t"] == "trouble"]


async def test_two_volumes_that_do_not_fit_together_are_refused(house: House, page: Page) -> None:
    first = await house.add_ct()
    second = await house.add(list(write_series(phantom(7) + 1024, AFFINE, seed="pet", modality="MR")))
    scale = Scale(house, 3 * VOXELS)
    fusion = Fusion(second, house.digests[second], "HOT_IRON", (500.0, 1000.0))
    await page.send(show(view=house.seen(PLANE, first, fusion=fusion)))
    assert (await page.message("trouble"))["code"] == "volume_too_large"
    assert scale.put == 0  # nobody else's volume has made room for them
    await page.send(show(2, view=house.seen(PLANE, first)))
    assert (await page.final(2)).final


@pytest.mark.parametrize("bytes_a_voxel", [7, 8])
async def test_a_view_whose_parts_do_not_fit_together_is_refused(house: House, page: Page, bytes_a_voxel: int) -> None:
    """A volume of two bytes a voxel, filtered four, labels one, their mask one."""
    series = await house.add_ct(blocks())
    scale = Scale(house, bytes_a_voxel * VOXELS)
    await edited(page, 1, HALF, series, house.digests[series])
    view = house.seen(VOLUME, series, labels=Labels(1, (HIDDEN,)), filter=Filter("gaussian"))
    await page.send(show(view=view))
    if bytes_a_voxel == 7:
        assert (await page.message("trouble"))["code"] == "volume_too_large"
        assert scale.put <= 2  # the volume and the labels
    else:
        assert (await page.final()).final
        assert scale.put == 4
    assert scale.most <= bytes_a_voxel * VOXELS


@pytest.mark.parametrize("slope", ["1", "1.5"], ids=["int16", "float32"])
async def test_cuts_undo_and_redo_are_exact_when_everything_makes_room_again_and_again(
    house: House, page: Page, slope: str
) -> None:
    files = list(write_series(blocks(), AFFINE, attributes={"RescaleSlope": slope}))
    series = await house.add(files)
    stack = house.digests[series]
    depth = (await house.stack(series))[1].dtype
    assert depth == {"1": "int16", "1.5": "float32"}[slope]
    voxel = np.dtype(depth).itemsize
    scale = Scale(house, (voxel + 2) * VOXELS)  # the volume, one labelmap and its mask, or a labelmap and its base
    left = replace(HALF, label=254, lasso=((-100.0, -100.0), (0.0, -100.0), (0.0, 0.0), (-100.0, 0.0)))
    whole = house.seen(VOLUME, series, extent_mm=48.0, centre=(0.0, 0.0, 3.0))
    await edited(page, 1, BONE, series, stack)
    await edited(page, 2, HALF, series, stack, 1)
    await edited(page, 3, left, series, stack, 2)
    styles = (HIDDEN, LabelStyle(254, shown=False))
    views = [whole, *(replace(whole, labels=Labels(n, styles)) for n in (1, 2, 3))]
    number, digests = 0, list[list[bytes]]()
    for _ in range(2):
        for order in ((0, 1, 2, 3), (3, 2, 1, 0)):  # and back
            digests.append([b""] * 4)
            for n in order:
                number += 1
                digests[-1][n] = (await final(page, views[n], number)).digest
    assert all(again == digests[0] for again in digests)
    assert digests[0][0] == digests[0][1] and len(set(digests[0])) == 3  # nothing is hidden yet; then ever more
    assert scale.most <= (voxel + 2) * VOXELS
    assert scale.put > 6  # they did make room


async def test_a_volume_that_made_room_is_not_kept_by_who_shows_it(house: House, page: Page) -> None:
    series, other = await house.add_ct(blocks()), await house.add_ct(phantom(), seed=1)
    await edited(page, 1, HALF, series, house.digests[series])
    cut = house.seen(VOLUME, series, labels=Labels(1, (HIDDEN,)))
    await final(page, cut, 1)
    institution, stack = await house.stack(series)
    volumes = house.library.volumes
    arrays = [weakref.ref(volumes.get((institution, stack.digest)).volume.array)]  # type: ignore[union-attr]
    arrays += [weakref.ref(one.layer.array) for one in volumes.items() if hasattr(one, "layer")]
    assert len(arrays) == 3
    volumes.remove((institution, stack.digest))
    await page.send(show(2, view=house.seen(PLANE, other)))  # in another viewport: the first one stays as it is
    await page.final(2)
    await asyncio.sleep(0.05)
    gc.collect()
    assert [array() for array in arrays] == [None] * 3


async def test_what_lay_over_the_last_view_is_let_go_when_the_next_one_has_nothing(house: House, page: Page) -> None:
    series, other = (
        await house.add_ct(),
        await house.add(list(write_series(phantom() + 1024, AFFINE, seed="mr", modality="MR"))),
    )
    fusion = Fusion(other, house.digests[other], "HOT_IRON", (500.0, 1000.0))
    fused = house.seen(VOLUME, series, fusion=fusion)
    await final(page, fused, 1)
    await final(page, replace(fused, fusion=None), 2)
    institution, stack = await house.stack(other)
    second = weakref.ref(house.library.volumes.get((institution, stack.digest)).volume.array)  # type: ignore[union-attr]
    (made,) = [one for one in house.library.volumes.items() if isinstance(one, Heat)]
    assert made._volumes is None
    heat = weakref.ref(made.layer.array)
    del made
    house.library.volumes.remove((institution, stack.digest))
    await final(page, house.seen(PLANE, series), 3)
    await asyncio.sleep(0.05)
    gc.collect()
    assert second() is None and heat() is None


@pytest.mark.parametrize("goes", ["page", "viewport"])
async def test_what_is_made_for_who_has_gone_is_given_up(
    house: House, monkeypatch: pytest.MonkeyPatch, goes: str
) -> None:
    begun, go, real = threading.Event(), threading.Event(), labelmaps.mask_of

    def mask_of(*arguments: Any) -> Any:
        begun.set()
        assert go.wait(PATIENCE_S)
        return real(*arguments)

    monkeypatch.setattr(labelmaps, "mask_of", mask_of)
    monkeypatch.setattr(labelmaps.Hiding, "portions", lambda self, count: ((z, z + 1) for z in range(count)))
    series = await house.add_ct(blocks())
    workshop = house.server._workshop
    async with house.connect(await house.sign_in()) as page:
        await edited(page, 1, HALF, series, house.digests[series])
        await page.send(show(view=house.seen(VOLUME, series, labels=Labels(1, (HIDDEN,)))))
        assert await asyncio.to_thread(begun.wait, PATIENCE_S)
        if goes == "viewport":
            await page.send(Close(1))
            await page.silence()
            go.set()
            await asyncio.gather(*workshop._tasks)
            assert not workshop._making and not workshop._wanted and not house.library.claims.keys()
    go.set()
    async with asyncio.timeout(PATIENCE_S):
        while house.server._admissions or workshop._tasks:  # noqa: ASYNC110 - the server ends them
            await asyncio.sleep(0.01)
    assert not workshop._making and not workshop._wanted and not house.library.claims.keys()
    assert not [one for one in house.library.volumes.items() if isinstance(one, labelmaps.Hiding)]


async def test_a_page_cannot_have_any_number_of_series_looked_up(house: House, page: Page) -> None:
    series = await house.add_ct()
    for n in range(40):
        await page.send(Edit(n, 10_000 + n, house.digests[series], None, BONE))
    codes = [(await page.message("edited"))["code"] for _ in range(40)]
    assert sorted(codes) == ["series_not_found"] * MAX_SERIES + ["too_many_edits"] * (40 - MAX_SERIES)
