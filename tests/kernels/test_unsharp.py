from __future__ import annotations

import numpy as np
import pytest
from skimage.filters import unsharp_mask

from kernels.errors import InvalidParameter
from kernels.unsharp import unsharp
from kernels.volume import Volume
from tests.kernels.grids import DTYPES, random_volume
from tests.kernels.standin_ndimage import put_cupyx

GRID = np.diag([0.8, 0.8, 0.8, 1.0])


@pytest.mark.parametrize("dtype", DTYPES)
def test_it_is_the_mask_of_scikit_image_inside(dtype):
    volume = random_volume(dtype, (24, 25, 26), GRID)
    truth = unsharp_mask(volume.array.astype(np.float64), 1.5, 1.7, preserve_range=True)
    inner = (slice(7, -7),) * 3  # another border
    assert np.abs(unsharp(volume, 1.5 * 0.8, 1.7) - truth)[inner].max() <= 3e-6 * 3071


def test_an_edge_gets_steeper_and_even_tissue_stays():
    array = np.zeros((9, 9, 40), np.int16)
    array[..., 20:] = 100
    values = unsharp(Volume(array, GRID), 1.6, 1.0)
    assert values[4, 4, 20] > 115 and values[4, 4, 19] < -15
    assert values[4, 4, 20] + values[4, 4, 19] == pytest.approx(100, abs=1e-3)
    assert np.abs(values[..., :10]).max() < 1e-3 and np.abs(values[..., 30:] - 100).max() < 1e-3


def test_no_amount_is_the_volume_itself():
    volume = random_volume(np.int16, (5, 6, 7), GRID)
    assert np.array_equal(unsharp(volume, 2.0, 0.0), volume.array)


@pytest.mark.parametrize("amount", [-0.1, 101, float("nan"), float("inf")])
def test_an_amount_that_will_not_do_is_refused(amount):
    with pytest.raises(InvalidParameter):
        unsharp(random_volume(np.int16, (5, 6, 7), GRID), 1.0, amount)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_card_is_asked_for_the_same(dtype, monkeypatch):
    card = put_cupyx(monkeypatch)
    volume = random_volume(dtype, (21, 12, 13), GRID)
    there = Volume(card.asarray(volume.array), GRID)
    for region in (None, (slice(4, 19), slice(0, 5), slice(3, 4))):
        values = unsharp(there, 1.1, 3.0, region=region).get()
        assert np.abs(values - unsharp(volume, 1.1, 3.0, region=region)).max() <= 1e-5 * 3071
