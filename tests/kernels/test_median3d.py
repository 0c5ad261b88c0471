from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from kernels.errors import InvalidParameter
from kernels.median3d import BLOCK, median3d, median_of_columns, sorting
from kernels.volume import Volume
from tests.kernels.grids import DTYPES, random_volume
from tests.kernels.standin_ndimage import put_cupyx


def exchanged(values, exchanges):
    """[n, places] after all exchanges."""
    values = values.copy()
    for low, high in exchanges:
        pair = values[:, [low, high]]
        values[:, low], values[:, high] = pair.min(axis=1), pair.max(axis=1)
    return values


@pytest.mark.parametrize("count", range(1, 13))
def test_exchanges_sort_all_zeros_and_ones_and_so_everything(count):
    """Knuth's zero-one principle."""
    values = np.array(list(product((0, 1), repeat=count)), np.uint8)
    assert np.array_equal(exchanged(values, sorting(count)), np.sort(values, axis=1))


def test_exchanges_sort_columns_of_25():
    values = np.random.default_rng(1).integers(0, 30, (20000, 25))
    assert np.array_equal(exchanged(values, sorting(25)), np.sort(values, axis=1))
    steps = np.tri(26, 25, dtype=np.uint8)
    assert np.array_equal(exchanged(steps[:, ::-1], sorting(25)), np.sort(steps, axis=1))


def test_the_median_of_27_is_found_of_all_sorted_columns_of_zeros_and_ones():
    """With columns sorted there are but ten of each."""
    columns = np.sort(np.tri(10, 9, -1, dtype=np.uint8), axis=1)
    values = np.array([np.concatenate(three) for three in product(columns, repeat=3)])
    exchanges, middle = median_of_columns(3)
    assert np.array_equal(exchanged(values, exchanges)[:, middle], np.sort(values, axis=1)[:, 13])


def test_the_median_of_125_is_found_of_sorted_columns_of_zeros_and_ones():
    """All five columns alike or not: every count of ones in each, in a sample of 26⁵."""
    counts = np.random.default_rng(2).integers(0, 26, (60000, 5))
    counts[:20000] = np.clip(np.random.default_rng(3).normal(12.5, 2, (20000, 5)), 0, 25)  # where it is decided
    values = (np.arange(25) >= 25 - counts[..., None]).reshape(len(counts), 125).astype(np.uint8)
    exchanges, middle = median_of_columns(5)
    right = np.sort(values, axis=1)[:, 62]
    assert 0.2 < right.mean() < 0.8
    assert np.array_equal(exchanged(values, exchanges)[:, middle], right)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("side", [3, 5])
@settings(max_examples=20, deadline=None)
@given(shape=st.tuples(st.integers(2, 12), st.integers(2, 12), st.integers(2, 2 * BLOCK + 9)), seed=st.integers(0, 99))
def test_it_is_scipy_s_median(dtype, side, shape, seed):
    volume = random_volume(dtype, shape, np.eye(4), seed)
    truth = ndimage.median_filter(volume.array, side, mode="nearest")
    assert np.array_equal(median3d(volume, side), truth)


@pytest.mark.parametrize("side", [3, 5])
def test_the_whole_range_of_int16_and_float32_is_kept(side):
    rng = np.random.default_rng(5)
    for values in (
        rng.choice(np.array([-32768, -1, 0, 32767], np.int16), (6, 7, 80)),
        rng.choice(np.array([-3.4e38, -1e-45, 0, 1e-45, 3.4e38], np.float32), (6, 7, 80)),
    ):
        assert np.array_equal(
            median3d(Volume(values, np.eye(4)), side), ndimage.median_filter(values, side, mode="nearest")
        )


def test_single_wrong_voxels_go_and_an_edge_stays():
    array = np.zeros((12, 14, 16), np.int16)
    array[..., 8:] = 100
    wrong = array.copy()
    wrong[3, 4, 5], wrong[8, 9, 12], wrong[6, 6, 6] = 3000, -1000, 500
    assert np.array_equal(median3d(Volume(wrong, np.eye(4))), array)


@pytest.mark.parametrize("side", [1, 4, 7, 3.5, "3"])
def test_another_side_is_refused(side):
    with pytest.raises(InvalidParameter):
        median3d(random_volume(np.int16, (3, 4, 5), np.eye(4)), side)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("side", [3, 5])
def test_a_card_is_asked_for_the_same(dtype, side, monkeypatch):
    card = put_cupyx(monkeypatch)
    volume = random_volume(dtype, (21, 12, 13), np.eye(4))
    there = Volume(card.asarray(volume.array), np.eye(4))
    for region in (None, (slice(4, 19), slice(0, 5), slice(3, 4))):
        assert np.array_equal(median3d(there, side, region=region).get(), median3d(volume, side, region=region))
