"""Labelmaps over a real socket: thresholds, cuts, what is kept, undo, and how labels look."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import binary_erosion
from scipy.spatial import cKDTree

from kernels.picture import spacing_along
from kernels.samples import sample_count
from kernels.volume import Volume
from renderd import camera
from renderd.edits import MAX_EDITS, Edits
from renderd.protocol import Cut, Edit, Keep, Labels, LabelStyle, Threshold
from tests.renderd.conftest import AFFINE, SHAPE, House
from tests.renderd.page import Frame, Page
from tests.renderd.shows import PLANE, VOLUME, show
from tests.renderd.test_picks import ask

BONE = Threshold(500.0, 3000.0, 1)
# Everything to the patient's left of x = 0, seen from the front.
HALF = Cut(
    centre=(0.0, 0.0, 0.0),
    right=(1.0, 0.0, 0.0),
    down=(0.0, 0.0, -1.0),
    lasso=((0.0, -100.0), (100.0, -100.0), (100.0, 100.0), (0.0, 100.0)),
    label=255,
)
HIDDEN = LabelStyle(255, shown=False)


def blocks() -> np.ndarray[Any, Any]:
    """Air with two blocks of bone, of 8·20·10 and 8·20·12 voxels."""
    array = np.full(SHAPE, -1000, np.int16)
    array[2:10, 10:30, 5:15] = 1500
    array[2:10, 10:30, 30:42] = 1500
    return array


LEFT, RIGHT = 8 * 20 * 12, 8 * 20 * 10


async def edited(page: Page, n: int, change: Any, *of: Any) -> dict[str, Any]:
    """`of`: series, stack, and the labelmap that it changes."""
    await page.send(Edit(n, of[0], of[1], of[2] if len(of) > 2 else None, change))
    answer: dict[str, Any] = await page.message("edited")
    assert answer["n"] == n
    return answer


async def final(page: Page, view: Any, number: int) -> Frame:
    await page.send(show(number=number, view=view))
    return await page.final(number=number)


async def test_a_threshold_counts_its_voxels(house: House, page: Page) -> None:
    series = await house.add_ct(blocks())
    answer = await edited(page, 1, BONE, series, house.digests[series])
    assert answer["code"] == ""
    assert answer["changed"] == LEFT + RIGHT
    assert dict(answer["counts"]) == {0: np.prod(SHAPE) - LEFT - RIGHT, 1: LEFT + RIGHT}
    assert answer["voxel_mm3"] == pytest.approx(0.8 * 0.8 * 2)


async def test_what_is_connected_is_kept(house: House, page: Page) -> None:
    series = await house.add_ct(blocks())
    stack = house.digests[series]
    await edited(page, 1, BONE, series, stack)
    inside = tuple((AFFINE @ (35, 20, 5, 1))[:3].tolist())
    answer = await edited(page, 2, Keep(inside, 1), series, stack, 1)  # type: ignore[arg-type]
    assert answer["changed"] == RIGHT
    assert dict(answer["counts"])[1] == LEFT
    outside = tuple((AFFINE @ (22, 20, 5, 1))[:3].tolist())
    for point in (outside, (500.0, 0.0, 0.0)):
        assert (await edited(page, 3, Keep(point, 1), series, stack, 1))["changed"] == 0  # type: ignore[arg-type]


@pytest.mark.parametrize("projection", [None, "max"])
async def test_a_cut_its_undo_and_its_redo_are_exact(house: House, page: Page, projection: Any) -> None:
    series = await house.add_ct(blocks())
    stack = house.digests[series]
    view = house.seen(VOLUME, series, projection=projection, centre=(0.0, 0.0, 3.0), extent_mm=48.0)
    whole = await final(page, view, 1)
    answer = await edited(page, 1, HALF, series, stack)
    assert answer["changed"] == 24 * 12 * 40 + 12 * 40  # columns 26 to 49, and 25, whose centre lies at x = 0
    cut = replace(view, labels=Labels(1, (HIDDEN,)))
    gone = await final(page, cut, 2)
    assert gone.pixels[:, 40:].max() == 0
    assert (gone.pixels[:, :24] == whole.pixels[:, :24]).all()
    assert whole.pixels[:, 40:].max() > 0
    again = await final(page, view, 3)
    assert again.digest == whole.digest
    redone = await final(page, cut, 4)
    assert redone.digest == gone.digest


async def test_a_second_cut_builds_on_the_first_and_forks_after_an_undo(house: House, page: Page) -> None:
    series = await house.add_ct(blocks())
    stack = house.digests[series]
    rest = replace(HALF, inside=False, label=254)
    first = await edited(page, 1, HALF, series, stack)
    both = await edited(page, 2, rest, series, stack, 1)
    assert first["changed"] + both["changed"] == np.prod(SHAPE)
    alone = await edited(page, 3, rest, series, stack)
    assert dict(alone["counts"]).keys() == {0, 254}


async def test_hidden_labels_are_not_picked(house: House, page: Page) -> None:
    series = await house.add_ct(blocks())
    await edited(page, 1, HALF, series, house.digests[series])
    view = house.seen(VOLUME, series, centre=(10.0, 0.0, 3.0), labels=Labels(1, (HIDDEN,)))
    await page.send(show(view=view))
    await page.send(ask(view))
    assert (await page.message("picked"))["point"] is None
    bare = replace(view, labels=None)
    await page.send(ask(bare, n=8))
    assert (await page.message("picked"))["point"] is not None


async def test_labels_tint_and_outline_planes(house: House, page: Page) -> None:
    series = await house.add_ct(blocks())
    await edited(page, 1, BONE, series, house.digests[series])
    plane = house.seen(PLANE, series, extent_mm=32.0, window=(0.0, 4000.0), centre=(0.0, 0.0, 2.0))
    plain = (await final(page, plane, 1)).pixels
    tinted = await final(page, replace(plane, labels=Labels(1, (LabelStyle(1, tint=1.0, colour="#00ff00"),))), 2)
    bone = plain > 150
    assert (tinted.pixels[bone][:, 1] == 255).mean() > 0.9
    assert (tinted.pixels[plain < 100] == plain[plain < 100][:, None]).all()
    drawn = await final(page, replace(plane, labels=Labels(1, (LabelStyle(1, outline=True, colour="#0000ff"),))), 3)
    blue = (drawn.pixels == (0, 0, 255)).all(axis=-1)
    assert blue.any() and (drawn.pixels[~blue] == plain[~blue][:, None]).all()


OBLIQUE = {"right": (0.8, 0.36, 0.48), "down": (0.0, 0.8, -0.6)}
PIXEL_MM = 0.1


@pytest.mark.parametrize(
    "more",
    [{}, OBLIQUE, {"thickness_mm": 6.0}, {**OBLIQUE, "thickness_mm": 6.0}],
    ids=["plane", "oblique plane", "slab", "oblique slab"],
)
async def test_an_outline_is_where_the_label_is(house: House, page: Page, more: dict[str, Any]) -> None:
    """Within half a voxel, both ways: nothing is drawn elsewhere, and no part of the border is left out."""
    series = await house.add_ct(blocks())
    await edited(page, 1, BONE, series, house.digests[series])
    labels = Labels(1, (LabelStyle(1, outline=True, colour="#0000ff"),))
    view = house.seen(PLANE, series, centre=(0.3, -0.2, 3.1), extent_mm=300 * PIXEL_MM, labels=labels, **more)
    await page.send(show(view=view, width=400, height=300))
    blue = ((await page.final()).pixels == (0, 0, 255)).all(axis=-1)
    volume = Volume(blocks(), AFFINE)
    plane = camera.picture(view, camera.reduced(400, 300, 1.0))
    half_mm = (sample_count(volume, plane, view.thickness_mm) - 1) / 2 * spacing_along(volume, plane.normal)
    v, u = np.indices((300, 400))[..., None]
    points = plane.origin + u * plane.right + v * plane.down
    inside = np.zeros((300, 400), bool)
    for away in np.arange(-half_mm, half_mm + 1e-9, 0.05) if half_mm else [0.0]:
        x, y, z = np.moveaxis(volume.to_index(points + away * plane.normal), -1, 0)
        across = ((x > 4.5) & (x < 14.5)) | ((x > 29.5) & (x < 41.5))  # voxels reach half way to their neighbours
        inside |= across & (y > 9.5) & (y < 29.5) & (z > 1.5) & (z < 9.5)
    border = inside & ~binary_erosion(inside, border_value=1)
    assert border.sum() > 300
    there = volume.to_index(points)  # so distances are in voxels
    assert cKDTree(there[border]).query(there[blue])[0].max() <= 0.5
    assert cKDTree(there[blue]).query(there[border])[0].max() <= 0.5


async def test_a_picture_is_cropped_to_a_label(house: House, page: Page) -> None:
    series = await house.add_ct(blocks())
    await edited(page, 1, BONE, series, house.digests[series])
    only = Labels(1, (LabelStyle(0, shown=False),))
    plane = house.seen(PLANE, series, extent_mm=32.0, window=(-1000.0, 100.0), centre=(0.0, 0.0, 2.0), invert=True)
    cropped = (await final(page, replace(plane, labels=only), 1)).pixels
    plain = (await final(page, plane, 2)).pixels
    assert (plain > 0).mean() > 0.5  # air is bright when it is inverted
    assert not cropped.any()


async def test_labels_that_this_connection_never_made_are_refused(house: House, page: Page) -> None:
    series = await house.add_ct(blocks())
    await page.send(show(view=house.seen(PLANE, series, labels=Labels(4))))
    assert (await page.message("trouble"))["code"] == "labels_unknown"
    answer = await edited(page, 2, BONE, series, house.digests[series], 1)
    assert answer["code"] == "labels_unknown"


async def test_another_stack_s_labels_are_refused(house: House, page: Page) -> None:
    series, other = await house.add_ct(blocks()), await house.add_ct(seed=1)
    await edited(page, 1, BONE, series, house.digests[series])
    await page.send(show(view=house.seen(PLANE, other, labels=Labels(1))))
    assert (await page.message("trouble"))["code"] == "labels_unknown"


async def test_a_series_that_may_not_be_seen_cannot_be_labelled(house: House, page: Page) -> None:
    series = await house.add_ct(blocks(), institution="There")
    assert (await edited(page, 1, BONE, series, house.digests[series]))["code"] == "series_not_found"


async def test_a_lasso_that_is_none_says_so(house: House, page: Page) -> None:
    series = await house.add_ct(blocks())
    answer = await edited(page, 1, replace(HALF, eye=(0.0, 500.0, 0.0)), series, house.digests[series])
    assert answer["code"] == "invalid_parameter"
    assert (await edited(page, 2, HALF, series, house.digests[series]))["code"] == ""


async def test_a_labelmap_that_made_room_is_made_again(house: House, page: Page) -> None:
    series = await house.add_ct(blocks())
    stack = house.digests[series]
    view = house.seen(VOLUME, series, labels=Labels(2, (HIDDEN,)))
    await edited(page, 1, BONE, series, stack)
    await edited(page, 2, HALF, series, stack, 1)
    before = await final(page, view, 1)
    institution, found = await house.stack(series)
    for key in [("labels", institution, found.digest)]:
        for known in list(house.library.volumes._items):
            if isinstance(known, tuple) and known[: len(key)] == key:
                house.library.volumes.remove(known)
    after = await final(page, replace(view, extent_mm=99.0), 2)
    assert after.digest != before.digest
    assert (await final(page, view, 3)).digest == before.digest


async def test_the_cache_counts_what_labels_take(house: House, page: Page) -> None:
    series = await house.add_ct(blocks())
    await edited(page, 1, HALF, series, house.digests[series])
    await final(page, house.seen(VOLUME, series, labels=Labels(1, (HIDDEN,))), 1)
    voxels = int(np.prod(SHAPE))
    assert house.library.volumes.size_bytes == voxels * (2 + 1 + 1)  # voxels, labels and what they hide
    assert house.library.volume_count == 1
    institution, stack = await house.stack(series)
    house.library.volumes.remove((institution, stack.digest))
    assert house.library.volumes.size_bytes == 0


def test_a_connection_has_only_so_many_labelmaps() -> None:
    said: list[Any] = []
    edits = Edits(lambda series, stack: None, None, None, said.append)  # type: ignore[arg-type]
    for n in range(MAX_EDITS + 1):
        edits.receive(Edit(n, 1, "0" * 64, None, BONE))
    assert [(answer.n, answer.code) for answer in said] == [(MAX_EDITS, "too_many_edits")]


async def test_a_number_keeps_its_meaning(house: House, page: Page) -> None:
    """A picture at rest that shows labelmap 1 would go on showing what that was."""
    series = await house.add_ct(blocks())
    stack = house.digests[series]
    first = await edited(page, 1, BONE, series, stack)
    assert (await edited(page, 1, BONE, series, stack))["counts"] == first["counts"]  # the same again, as after a cut
    assert (await edited(page, 1, HALF, series, stack))["code"] == "labels_taken"
    await edited(page, 2, HALF, series, stack, 1)
    assert (await edited(page, 2, HALF, series, stack))["code"] == "labels_taken"  # of another base
    assert dict((await edited(page, 1, BONE, series, stack))["counts"])[1] == LEFT + RIGHT


async def test_a_chain_of_changes_is_made_again_from_the_nearest_labelmap_that_is_there(
    house: House, page: Page
) -> None:
    series = await house.add_ct(blocks())
    stack = house.digests[series]
    inside = tuple((AFFINE @ (35, 20, 5, 1))[:3].tolist())
    chain = [BONE, Keep(inside, 1), replace(HALF, label=3, only=1), Threshold(-2000.0, 0.0, 4)]  # type: ignore[arg-type]
    answers = [await edited(page, n + 1, change, series, stack, *([n] if n else [])) for n, change in enumerate(chain)]
    for key in [key for key in house.library.volumes._items if isinstance(key, tuple) and key[0] == "labels"]:
        house.library.volumes.remove(key)
    again = await edited(page, 4, chain[3], series, stack, 3)
    assert again == answers[3]
    assert len([key for key in house.library.volumes._items if isinstance(key, tuple) and key[0] == "labels"]) == 1
    assert len(house.server._workshop._wanted) == 0
