from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.bricks import KEPT, MOST_FAR, brick_shape, bricks, leaps, reference, reference_near
from kernels.transfer import TransferFunction
from kernels.volume import Volume
from tests.kernels.grids import DTYPES, random_volume


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=30, deadline=None)
@given(shape=st.tuples(*[st.integers(2, 40)] * 3))
def test_bricks_equal_slicing(dtype, shape):
    volume = random_volume(dtype, shape, np.eye(4))
    grid, truth = bricks(volume), reference(volume)
    assert (grid.lowest == truth.lowest).all()
    assert (grid.highest == truth.highest).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_brick_is_occupied_if_any_value_between_its_voxels_shows(dtype):
    """Values −50 and 150 at neighbouring voxels pass through 100 between them."""
    array = np.full((33, 33, 33), -50, dtype)
    array[20, 20, 20] = 150
    peak = TransferFunction(((90.0, (1, 1, 1), 0.0), (100.0, (1, 1, 1), 1.0), (110.0, (1, 1, 1), 0.0)))
    occupancy = bricks(Volume(array, np.eye(4))).occupancy(peak.table())
    near = occupancy.near.reshape(brick_shape(array.shape))
    assert np.argwhere(near).tolist() == np.argwhere(np.ones((2, 2, 2))).__add__(4).tolist()


def test_occupancies_are_kept_for_the_last_few_functions_only():
    grid = bricks(random_volume(np.int16, (20, 20, 20), np.eye(4)))
    peak = TransferFunction(((90.0, (1, 1, 1), 0.0), (100.0, (1, 1, 1), 1.0), (110.0, (1, 1, 1), 0.0)))
    assert grid.occupancy(peak.table()) is grid.occupancy(peak.shifted(0).table())
    for shift in range(1, 9):
        assert grid.occupancy(peak.shifted(shift).table()).near.all()
    assert len(grid._known) == KEPT


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=20, deadline=None)
@given(shape=st.tuples(*[st.integers(2, 40)] * 3), shift=st.floats(-1500, 1500))
def test_near_says_where_the_table_changes(dtype, shape, shift):
    grid = bricks(random_volume(dtype, shape, np.eye(4)))
    table = TransferFunction(((2900.0, (1, 1, 1), 0.0), (3000.0, (1, 1, 1), 1.0))).shifted(shift).table()
    occupancy = grid.occupancy(table)
    assert (occupancy.near == reference_near(grid, table).reshape(-1)).all()


@settings(max_examples=30, deadline=None)
@given(shape=st.tuples(*[st.integers(1, 17)] * 3), seed=st.integers(0, 1000))
def test_leaps_are_the_distance_to_the_nearest_group(shape, seed):
    """Chessboard distance, found by trying every pair."""
    near = (np.random.default_rng(seed).random(shape) < 0.004).astype(np.uint8)
    groups = tuple(-(-n // 2) for n in shape)
    far = np.empty(groups, np.uint8)
    leaps(near, far)
    full = {tuple(int(c) // 2 for c in brick) for brick in np.argwhere(near)}
    for group in np.ndindex(*groups):
        truth = min((max(abs(a - b) for a, b in zip(group, other, strict=True)) for other in full), default=MOST_FAR)
        assert far[group] == truth


def test_leaps_are_cut_where_they_count_no_further():
    near = np.zeros((1, 2, 6 * MOST_FAR), np.uint8)
    near[0, 0, 5] = 1
    far = np.empty((1, 1, 3 * MOST_FAR), np.uint8)
    leaps(near, far)
    assert (far[0, 0] == np.minimum(np.abs(np.arange(3 * MOST_FAR) - 2), MOST_FAR)).all()
