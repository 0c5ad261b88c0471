from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.exposure import adjust_gamma

from kernels.errors import InvalidParameter
from kernels.picture_gamma import gamma, reference
from kernels.window import OUTSIDE, window
from tests.kernels.pictures import error, noise, shapes, torn


@settings(max_examples=60, deadline=None)
@given(
    shape=shapes,
    low=st.floats(-2000, 2000),
    width=st.floats(1, 4000),
    power=st.floats(0.1, 10),
    seed=st.integers(0, 99),
)
def test_any_picture_agrees_with_its_reference(shape, low, width, power, seed):
    picture = torn(shape, seed)
    low, high = float(np.float32(low)), float(np.float32(low + width))
    # Near the lower end a small power is steep: one step of a float32 there.
    near = (picture > low) & (picture < low + 1e-3 * width)
    picture[near] = OUTSIDE
    tolerance = 1e-5 * width + 5e-7 * max(abs(low), abs(high))
    assert error(gamma(picture, low, high, power), reference(picture, low, high, power)) <= tolerance


def test_within_the_window_it_is_scikit_image_s_gamma():
    picture = np.linspace(-100, 300, 40 * 50).reshape(40, 50).astype(np.float32)
    truth = -100 + 400 * adjust_gamma((picture.astype(np.float64) + 100) / 400, 0.6)
    assert np.abs(gamma(picture, -100, 300, 0.6) - truth).max() < 1e-2


def test_the_ends_and_what_lies_beyond_stay_where_they_are():
    picture = np.array([[-1000, -160, 240, 3000, OUTSIDE]], np.float32)
    assert np.array_equal(gamma(picture, -160, 240, 0.4), picture)


def test_a_half_becomes_a_quarter_by_a_power_of_two():
    assert gamma(np.full((1, 1), 50, np.float32), 0, 100, 2) == pytest.approx(25)
    greys = window(gamma(np.full((1, 1), 50, np.float32), 0, 100, 2), 50, 100, function="LINEAR_EXACT")
    assert greys == 64


def test_a_power_of_one_changes_nothing_but_last_bits():
    picture = noise((20, 30))
    assert np.abs(gamma(picture, -160, 240, 1) - picture).max() < 1e-4


def test_order_is_kept():
    picture = np.sort(noise((1, 2000)))
    assert (np.diff(gamma(picture, -160, 240, 0.3)) >= 0).all()


@pytest.mark.parametrize("power", [0, 0.09, 10.1, float("nan")])
def test_a_power_out_of_range_is_refused(power):
    with pytest.raises(InvalidParameter, match="gamma"):
        gamma(noise((5, 5)), 0, 1, power)
