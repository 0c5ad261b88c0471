from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.filters import unsharp_mask

from kernels.errors import InvalidParameter
from kernels.picture_unsharp import reference, unsharp
from tests.kernels.pictures import error, noise, shapes, torn


@settings(max_examples=30, deadline=None)
@given(shape=shapes, sigma=st.floats(0.3, 20), strength=st.floats(0, 10), seed=st.integers(0, 99))
def test_any_picture_agrees_with_its_reference(shape, sigma, strength, seed):
    picture = torn(shape, seed)
    tolerance = 4e-6 * 1500 * (1 + strength)
    assert error(unsharp(picture, sigma, strength), reference(picture, sigma, strength)) <= tolerance


def test_inside_it_is_scikit_image_s_unsharp_mask():
    picture = noise((70, 80))
    truth = unsharp_mask(picture.astype(np.float64), radius=2.0, amount=1.5, preserve_range=True)
    assert np.abs(unsharp(picture, 2.0, 1.5) - truth)[8:-8, 8:-8].max() < 0.01


def test_a_strength_of_nothing_changes_nothing():
    picture = torn((20, 33))
    assert np.array_equal(unsharp(picture, 2.0, 0.0), picture)


def test_a_step_is_overshot_to_both_sides_alike():
    picture = np.zeros((15, 40), np.float32)
    picture[:, 20:] = 100
    sharp = unsharp(picture, 1.0, 1.0)
    assert sharp[7, 20] > 110 and sharp[7, 19] < -10
    assert sharp[7, 20] - 100 == pytest.approx(-sharp[7, 19], abs=1e-3)


@pytest.mark.parametrize("strength", [-0.1, 10.1, float("nan")])
def test_a_strength_out_of_range_is_refused(strength):
    with pytest.raises(InvalidParameter, match="strength"):
        unsharp(noise((5, 5)), 1.0, strength)
