from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from kernels.errors import InvalidParameter
from kernels.picture_gaussian import gaussian, reference, weights
from kernels.window import OUTSIDE
from tests.kernels.pictures import SHAPES, error, noise, shapes, torn


@settings(max_examples=40, deadline=None)
@given(shape=shapes, sigma=st.floats(0.3, 20), seed=st.integers(0, 99), missing=st.floats(0, 1))
def test_any_picture_agrees_with_its_reference(shape, sigma, seed, missing):
    picture = torn(shape, seed, missing)
    assert error(gaussian(picture, sigma), reference(picture, sigma)) <= 4e-6 * 1500


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("sigma", [0.3, 1.7, 20])
def test_whole_pictures_of_any_shape_agree_with_the_reference(shape, sigma):
    picture = noise(shape)
    assert error(gaussian(picture, sigma), reference(picture, sigma)) <= 4e-6 * 1500


@pytest.mark.parametrize("sigma", [0.3, 0.8, 2.5, 7])
def test_inside_it_is_scipy_s_gaussian(sigma):
    picture = noise((90, 120))
    truth = ndimage.gaussian_filter(picture.astype(np.float64), sigma, mode="constant", truncate=4)
    margin = int(4 * sigma + 0.5)
    inner = np.s_[margin : 90 - margin, margin : 120 - margin]
    assert np.abs(gaussian(picture, sigma) - truth)[inner].max() < 1e-3


def test_with_holes_it_is_scipy_s_gaussian_of_values_over_that_of_samples():
    picture = torn((60, 75))
    there = picture != OUTSIDE
    total, share = (
        ndimage.gaussian_filter(np.where(there, plane, 0).astype(np.float64), 2.2, mode="constant")
        for plane in (picture, 1)
    )
    assert np.abs(gaussian(picture, 2.2) - total / np.maximum(share, 1e-30))[there].max() < 1e-3


def test_inside_it_is_itk_s_discrete_gaussian_within_a_thousandth():
    """Another discretisation, by Bessel functions: the same blur of a smooth picture."""
    y, x = np.indices((80, 90))
    picture = (1000 * np.sin(y / 9) * np.cos(x / 7)).astype(np.float32)
    image = sitk.DiscreteGaussian(
        sitk.GetImageFromArray(picture), variance=9.0, maximumKernelWidth=64, maximumError=1e-4
    )
    inner = np.s_[20:-20, 20:-20]
    assert np.abs(gaussian(picture, 3.0) - sitk.GetArrayFromImage(image))[inner].max() < 3


@pytest.mark.parametrize("sigma", [0.4, 2, 9])
def test_a_wave_keeps_the_part_that_the_gaussian_s_transform_says(sigma):
    length = 40.0
    wave = np.sin(2 * np.pi * np.arange(400) / length)
    picture = np.broadcast_to(wave, (3, 400)).astype(np.float32).copy()
    kept = np.exp(-0.5 * (2 * np.pi * sigma / length) ** 2)
    inner = np.s_[:, 80:-80]
    assert np.abs(gaussian(picture, sigma) - kept * picture)[inner].max() < 1e-3


@pytest.mark.parametrize("missing", [0, 0.4])
def test_a_constant_picture_stays_the_same(missing):
    picture = np.where(torn((40, 60), missing=missing) == OUTSIDE, OUTSIDE, np.float32(1067))
    assert np.abs(gaussian(picture, 3.3) - picture)[picture != OUTSIDE].max() <= 4e-6 * 1067


def test_what_lies_inside_keeps_its_sum():
    picture = np.zeros((61, 71), np.float32)
    picture[25:35, 30:40] = noise((10, 10)) + 500
    assert gaussian(picture, 3).sum(dtype=np.float64) == pytest.approx(picture.sum(dtype=np.float64), rel=1e-5)


def test_a_point_becomes_the_weights():
    picture = np.zeros((21, 21), np.float32)
    picture[10, 10] = 1000
    spread = weights(1.5)
    expected = np.zeros((21, 21))
    expected[4:17, 4:17] = 1000 * np.outer(spread, spread)
    assert len(spread) == 13
    assert np.abs(gaussian(picture, 1.5) - expected).max() < 1e-3


@pytest.mark.parametrize("sigma", [0, 0.29, 100.1, -1, float("nan"), "1"])
def test_a_sigma_out_of_range_is_refused(sigma):
    with pytest.raises(InvalidParameter, match=r"0.3 to 100"):
        gaussian(noise((5, 5)), sigma)
