from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.errors import InvalidParameter
from kernels.picture_bilateral import bilateral, passes, reference
from kernels.picture_gaussian import gaussian
from kernels.window import OUTSIDE
from tests.kernels.pictures import SHAPES, error, noise, shapes, torn


@settings(max_examples=40, deadline=None)
@given(
    shape=shapes,
    sigma=st.floats(0.3, 20),
    sigma_value=st.floats(1e-3, 1e5),
    seed=st.integers(0, 99),
    missing=st.floats(0, 1),
)
def test_any_picture_agrees_with_its_reference(shape, sigma, sigma_value, seed, missing):
    picture = torn(shape, seed, missing)
    spread = np.ptp(picture[picture != OUTSIDE]) if (picture != OUTSIDE).any() else 0
    assert error(bilateral(picture, sigma, sigma_value), reference(picture, sigma, sigma_value)) <= 2e-4 * spread + 1e-4


@pytest.mark.parametrize("shape", SHAPES)
def test_whole_pictures_of_any_shape_agree_with_the_reference(shape):
    picture = noise(shape)
    assert error(bilateral(picture, 1.4, 300.0), reference(picture, 1.4, 300.0)) <= 2e-4 * 2000


@pytest.mark.parametrize("sigma", [0.5, 1.2, 1.6])
def test_inside_it_is_itk_s_bilateral_filter(sigma):
    # scikit-image 0.26 is no witness: its table of distances has a row and a column too many.
    picture = noise((50, 60), sd=60.0)
    image = sitk.Bilateral(sitk.GetImageFromArray(picture), sigma, 80.0, 20000)
    (whole,) = passes(sigma)
    inner = np.s_[whole.down : -whole.down, whole.across : -whole.across]
    # ITK looks weights up in a table that ends at 4τ.
    assert np.abs(bilateral(picture, sigma, 80.0) - sitk.GetArrayFromImage(image))[inner].max() < 0.05


@pytest.mark.parametrize("sigma", [1.5, 2.5])
def test_a_border_of_ten_tau_stays_and_the_noise_beside_it_goes(sigma):
    clean = np.zeros((60, 60), np.float32)
    clean[:, 30:] = 1000
    picture = clean + noise(clean.shape, sd=20.0) - np.float32(40)
    values = bilateral(picture, sigma, 100.0)
    assert np.abs(values - clean)[:, 29:31].max() < 40
    inner = np.s_[5:-5, 5:-5]
    assert (values - clean)[inner].std() < 0.3 * (picture - clean)[inner].std()
    assert np.abs(gaussian(picture, 1.5) - clean)[:, 29:31].min() > 200  # which a Gaussian does not do


@pytest.mark.parametrize("sigma", [0.5, 1.6, 3, 11])
def test_a_constant_picture_stays_the_same_to_the_last_bit(sigma):
    picture = np.where(torn((30, 50)) == OUTSIDE, OUTSIDE, np.float32(1067.3))
    assert np.array_equal(bilateral(picture, sigma, 10.0), picture)


@pytest.mark.parametrize("sigma", [0.8, 1.5, 1.7, 2.5, 6.0, 15.0])
def test_with_a_wide_tau_it_is_the_gaussian(sigma):
    picture = noise((140, 150))
    values, truth = bilateral(picture, sigma, 1e7), gaussian(picture, sigma)
    # The corners beyond 2.5σ are cut.
    assert np.abs(values - truth).max() < 0.05 * picture.std()


@pytest.mark.parametrize("sigma", [1.5, 1.7, 2.0, 3.3, 5.0])
@pytest.mark.parametrize("period", [2, 3, 4])
def test_no_pattern_falls_between_the_neighbours(sigma, period):
    """Stripes and a chessboard that repeat every `period` pixels vanish as they do in the Gaussian."""
    rows, columns = np.indices((80, 90))
    for phase in (columns, rows, rows + columns):
        picture = (100 * np.cos(2 * np.pi * phase / period)).astype(np.float32)
        left = np.abs(bilateral(picture, sigma, 1e4))[20:-20, 20:-20].max()
        assert left < 100 * np.exp(-2 * np.pi**2 * sigma**2 / period**2) + 1.5


@pytest.mark.parametrize("sigma", [1.5, 2.0, 4.0])
def test_one_pixel_unlike_all_others_stays(sigma):
    picture = np.zeros((40, 40), np.float32)
    picture[20, 20] = 3000
    assert bilateral(picture, sigma, 30.0)[20, 20] == pytest.approx(3000, abs=2e-4 * 3000)


@pytest.mark.parametrize("sigma", [0.3, 1.0, 1.6, 1.61, 5, 20])
def test_the_work_has_a_bound_and_the_reach_has_not(sigma):
    done = passes(sigma)
    assert sum((2 * p.down + 1) * (2 * p.across + 1) for p in done) <= 202
    assert all(2.5 * sigma <= max(p.down, p.across) < 2.5 * sigma + 1 for p in done)


@pytest.mark.parametrize("amounts", [(0.2, 10), (101, 10), (float("nan"), 10), (1, 0), (1, -5), (1, float("inf"))])
def test_amounts_out_of_range_are_refused(amounts):
    with pytest.raises(InvalidParameter, match="sigma"):
        bilateral(noise((5, 5)), *amounts)
