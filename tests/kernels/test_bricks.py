from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.bricks import KEPT, bricks, reference
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
    assert np.argwhere(occupancy).tolist() == np.argwhere(np.ones((2, 2, 2))).__add__(1).tolist()


def test_occupancies_are_kept_for_the_last_few_functions_only():
    grid = bricks(random_volume(np.int16, (20, 20, 20), np.eye(4)))
    peak = TransferFunction(((90.0, (1, 1, 1), 0.0), (100.0, (1, 1, 1), 1.0), (110.0, (1, 1, 1), 0.0)))
    assert grid.occupancy(peak.table()) is grid.occupancy(peak.shifted(0).table())
    for shift in range(1, 9):
        assert grid.occupancy(peak.shifted(shift).table()).all()
    assert len(grid._known) == KEPT
