"""Leaps over what shows nothing, and the order in which rays meet the sections of a stack."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.bricks import bricks
from kernels.picture import Picture
from kernels.rendering import reference, volume_rendering, volume_rendering_rgba
from kernels.transfer import TransferFunction
from kernels.volume import Volume
from tests.kernels.grids import SHEARED, centred
from tests.kernels.test_rendering import GREY, WARM

NARROW = np.concatenate([np.full(80, 0.15), np.full(79, 1.85)])  # between slices, in places
GAP = np.concatenate([np.full(79, 0.5), [60.0], np.full(79, 0.5)])
STACKS = [(None, ()), (NARROW, ()), (GAP, (79,))]


@pytest.mark.parametrize(("gaps", "holes"), STACKS, ids=["even", "narrow", "gap"])
@pytest.mark.parametrize("from_eye", [False, True])
def test_no_leap_passes_over_a_small_thing(gaps, holes, from_eye):
    """Two small cubes in an empty volume, far from most rays: the same picture as with every brick said to be full."""
    rng = np.random.default_rng(3)
    places = None if gaps is None else np.concatenate([[0], np.cumsum(gaps)])
    affine = SHEARED if gaps is None else np.diag([0.7, 0.7, 0.8, 1.0])
    lit = 0
    for _ in range(4):
        array = np.zeros((160, 100, 100), np.int16)
        for z, y, x in zip(rng.integers(3, 150, 2), rng.integers(3, 90, 2), rng.integers(3, 90, 2), strict=True):
            array[z : z + 4, y : y + 4, x : x + 4] = 300
        volume = Volume(array, affine, places, holes)
        grid = bricks(volume)
        full = type(grid)(np.full_like(grid.lowest, -1000), np.full_like(grid.highest, 3000))
        for turn in ((0, 0, 0), (45, 0, 0), (60, 30, 0), (30, 20, 10), (120, -30, 40)):
            picture = centred(volume, 90, 90, 1.5, turn)
            eye = volume.centre_mm - 150 * picture.normal if from_eye else None
            leapt = volume_rendering(volume, picture, WARM, grid, 0.7, eye=eye)
            plain = volume_rendering(volume, picture, WARM, full, 0.7, eye=eye)
            assert np.abs(leapt.astype(int) - plain).max() <= 1
            lit += (plain.max(axis=2) > 20).sum()
    assert lit > 50


def test_each_ray_of_an_eye_meets_the_sections_in_its_own_order():
    """Blue above a hole, red below it; an eye within the blue sees nothing else, whichever way its rays run."""
    array = np.full((41, 40, 40), 100, np.int16)
    array[21:] = 200
    volume = Volume(array, np.eye(4), None, (20,))
    opaque = [(50, (1, 0, 0), 0), (90, (1, 0, 0), 3), (110, (1, 0, 0), 3), (150, (0, 0, 1), 0), (190, (0, 0, 1), 3)]
    transfer = TransferFunction((*opaque, (210, (0, 0, 1), 3)))  # type: ignore[arg-type]
    picture = Picture(np.array([40, 16.5, 15]), np.array([0, 2.0, 0]), np.array([0, 0, 6.0]), 4, 4)
    eye = np.array([-1, 19.5, 24.0])
    rgba = volume_rendering_rgba(volume, picture, transfer, bricks(volume), 0.4, eye=eye)
    truth = reference(volume, picture, transfer, 0.05, eye)
    for red, blue in ((rgba[..., 0], rgba[..., 2]), (truth[..., 0], truth[..., 2])):
        assert red.max() < GREY
        assert blue.min() > 0.2
