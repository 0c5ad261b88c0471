"""Every CUDA kernel, thread by thread, against its float64 reference and against the CPU's kernel."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import bricks, curved, image, plane, rendering
from kernels.cuda import bricks as cuda_bricks
from kernels.cuda import check
from kernels.cuda.check import FILTERS, WARM, checks, curled, oblique, on_card
from kernels.volume import Volume
from kernels.window import OUTSIDE
from tests.kernels.grids import SHEARED, random_volume, smooth_volume
from tests.kernels.standin import Array, Card


def test_every_kernel_agrees_with_its_reference():
    found = list(checks(Card()))
    assert {check.kernel for check in found} == {
        "window",
        "image",
        "image, colour",
        *FILTERS,
        "bricks",
        "bricks, occupancy",
        "plane",
        "plane, mask",
        "curved",
        "labelmap",
        "cut",
        "compose",
        "rendering",
        "rendering, layers",
    }
    assert not [check for check in found if not check.passed]


@pytest.mark.parametrize("shape", [(2, 2, 2), (2, 9, 3), (17, 18, 3)])
@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_thin_volumes_and_pictures_of_one_pixel_agree_with_the_cpu(shape, dtype):
    volume = random_volume(dtype, shape, SHEARED)
    device = on_card(volume, Card())
    grid, truth = bricks.bricks(device), bricks.bricks(volume)
    assert (grid.lowest == truth.lowest).all() and (grid.highest == truth.highest).all()
    for width, height in ((1, 1), (5, 3)):
        picture = oblique(volume, width, height, 0.6)
        for projection in ("max", "mean"):
            values = plane.slab(device, picture, projection, 3.0).get()
            same = plane.slab(volume, picture, projection, 3.0)
            assert ((values == OUTSIDE) == (same == OUTSIDE)).all()
            assert np.abs(values - same)[same != OUTSIDE].max(initial=0) <= 1e-3 * check.RANGE
        smooth = smooth_volume(dtype, shape, SHEARED)
        truth = rendering.volume_rendering(smooth, picture, WARM, bricks.bricks(smooth), 0.5)
        there = on_card(smooth, Card())
        rgb = rendering.volume_rendering(there, picture, WARM, bricks.bricks(there), 0.5).get()
        assert np.abs(rgb.astype(int) - truth).max() <= 2


def test_a_band_has_the_bytes_of_the_whole():
    volume = smooth_volume(np.int16, (5, 6, 7), SHEARED)
    picture = oblique(volume, 3, 70, 0.12)
    there, grid = on_card(volume, Card()), bricks.bricks(on_card(volume, Card()))
    whole = rendering.volume_rendering(there, picture, WARM, grid, 0.5).get()
    assert whole.max() > 50
    for rows in ((0, 32), (32, 64), (64, 70)):
        band = rendering.volume_rendering(there, picture, WARM, grid, 0.5, rows=rows).get()
        assert np.array_equal(band, whole[slice(*rows)])
    values = plane.slab(there, picture, "max", 3.0).get()
    assert len(np.unique(values)) > 50
    assert np.array_equal(plane.slab(there, picture, "max", 3.0, rows=(32, 64)).get(), values[32:64])


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 2), (19, 35)])
def test_curved_pictures_of_any_size_have_every_pixel(width, height):
    volume = random_volume(np.int16, (5, 6, 7), SHEARED)
    picture = curled(volume, width, height, 0.21)
    for projection, thickness in (("max", 0.0), ("max", 3.0), ("mean", 3.0)):
        values = curved.reformat(on_card(volume, Card()), picture, projection, thickness).get()
        truth = curved.reference(volume, picture, projection, thickness)
        assert ((values == OUTSIDE) == (truth == OUTSIDE)).all()
        assert (values[0] == OUTSIDE).all()
        assert np.abs(values - truth)[truth != OUTSIDE].max(initial=0) <= 1e-3 * check.RANGE


def test_what_a_card_was_told_of_lines_is_zero_when_it_is_freed():
    card = Card()
    there = on_card(random_volume(np.int16, (5, 6, 7), SHEARED), card)
    curved.reformat(there, curled(there, 19, 35, 0.21), "max", 3.0)
    assert {35 * 12 * 4, 35 * 2 * 4} <= set(card.freed_zero)
    assert not {35 * 12 * 4, 35 * 2 * 4} & set(card.freed_dirty)


def test_a_picture_of_many_blocks_has_every_pixel():
    """Wider and taller than a block of threads, and no multiple of one."""
    volume = smooth_volume(np.int16, (5, 6, 7), SHEARED)
    picture = oblique(volume, 19, 35, 0.21)
    values = plane.plane(on_card(volume, Card()), picture).get()
    truth = plane.reference(volume, picture, "max", 0.0)
    assert ((values == OUTSIDE) == (truth == OUTSIDE)).all()
    assert np.abs(values - truth)[truth != OUTSIDE].max() <= 0.4


def test_a_plane_far_from_the_first_pixel_keeps_its_millimetres():
    """float32 counted from the first pixel would be off by more than a voxel here."""
    volume = random_volume(np.int16, (5, 6, 7), np.diag([1.0, 1.0, 1.0, 1.0]))
    picture = oblique(volume, 15, 15, 5000.3)
    values = plane.slab(on_card(volume, Card()), picture, "max", 2.0).get()
    truth = plane.reference(volume, picture, "max", 2.0)
    assert (truth != OUTSIDE).sum() == 1
    assert ((values == OUTSIDE) == (truth == OUTSIDE)).all()
    assert np.abs(values - truth)[truth != OUTSIDE].max() <= 1e-3 * check.RANGE


def test_the_mean_of_equal_values_is_that_value():
    volume = Volume(np.full((9, 9, 9), 167, np.int16), np.eye(4))
    values = plane.slab(on_card(volume, Card()), oblique(volume, 5, 5, 0.4), "mean", 5.0).get()
    assert (values == 167).all()


def test_strided_images_are_sampled_like_any_other():
    pixels = np.random.default_rng(2).integers(0, 200, (12, 14)).astype(np.int16)
    values = image.sample(Card().asarray(pixels)[::2, 1::3], np.eye(2, 3), 5, 6)
    assert isinstance(values, Array)
    assert (values.get() == pixels[::2, 1::3]).all()


@pytest.mark.parametrize("wrong", ["all", "none", "a cell later", "a cell earlier", "cut instead of rounded"])
def test_a_wrong_occupancy_is_seen(wrong, monkeypatch):
    right = cuda_bricks.near

    def near(lowest, highest, table):
        if wrong in ("all", "none"):
            return Card().asarray(np.full(lowest.shape, wrong == "all", np.uint8))
        cells = {"a cell later": -1, "a cell earlier": 1, "cut instead of rounded": -0.5}[wrong]
        return right(lowest, highest, table._replace(low=np.float32(table.low - cells / table.scale)))

    monkeypatch.setattr(cuda_bricks, "near", near)
    found = [one for one in check._bricks(Card(), 1) if one.kernel == "bricks, occupancy"]
    assert len(found) == 4
    assert {one.case.split(", ")[0] for one in found if not one.passed} == {"int16", "float32"}
