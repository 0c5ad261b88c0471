from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from kernels.errors import InvalidParameter
from kernels.picture_median import median, reference
from kernels.window import OUTSIDE
from tests.kernels.pictures import SHAPES, error, noise, shapes, torn

RADII = (1, 2, 3)
LAST_BIT = 1e-4  # the mean of two values


@settings(max_examples=60, deadline=None)
@given(shape=shapes, radius=st.sampled_from(RADII), seed=st.integers(0, 99), missing=st.floats(0, 1))
def test_any_picture_agrees_with_its_reference(shape, radius, seed, missing):
    picture = torn(shape, seed, missing)
    assert error(median(picture, radius), reference(picture, radius)) <= LAST_BIT


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("radius", RADII)
def test_whole_pictures_of_any_shape_agree_with_the_reference(shape, radius):
    picture = noise(shape)
    assert error(median(picture, radius), reference(picture, radius)) <= LAST_BIT


@pytest.mark.parametrize("radius", RADII)
@pytest.mark.parametrize("values", ["noise", "few", "sorted"])
def test_inside_it_is_scipy_s_median_filter_bit_for_bit(radius, values):
    picture = {
        "noise": noise((60, 75)),
        "few": np.random.default_rng(4).integers(0, 3, (60, 75)).astype(np.float32),
        "sorted": np.arange(60 * 75, dtype=np.float32).reshape(60, 75),
    }[values]
    truth = ndimage.median_filter(picture, size=2 * radius + 1)
    inner = np.s_[radius:-radius, radius:-radius]
    assert np.array_equal(median(picture, radius)[inner], truth[inner])


@pytest.mark.parametrize("radius", RADII)
def test_with_holes_it_is_numpy_s_median_of_what_is_there(radius):
    picture = torn((18, 22), missing=0.5)
    values = median(picture, radius)
    for row, column in np.argwhere(picture != OUTSIDE):
        near = picture[max(row - radius, 0) : row + radius + 1, max(column - radius, 0) : column + radius + 1]
        assert values[row, column] == pytest.approx(np.median(near[near != OUTSIDE].astype(np.float64)), abs=LAST_BIT)


@pytest.mark.parametrize("radius", RADII)
def test_salt_and_pepper_vanish_and_a_straight_border_stays(radius):
    clean = np.zeros((60, 60), np.float32)
    clean[:, 30:] = 100
    rng = np.random.default_rng(3)
    spoiled = np.where(rng.random(clean.shape) < 0.02, rng.choice([-1000, 3000], clean.shape), clean).astype(np.float32)
    assert (spoiled != clean).sum() > 20
    inner = np.s_[3:-3, 3:-3]
    wrong = (median(spoiled, radius) != clean)[inner]
    assert wrong.mean() < 0.003  # where two or more specks meet at the border
    assert not wrong[:, :20].any() and not wrong[:, 34:].any()
    assert np.array_equal(median(clean, radius), clean)


def test_every_radius_takes_its_own_neighbourhood():
    picture = np.zeros((15, 15), np.float32)
    picture[5:10, 5:10] = 1  # 25 pixels: more than half of 25 and of 9, about the middle, and of 49 not
    assert [median(picture, radius)[7, 7] for radius in RADII] == [1, 1, 1]
    picture[5, 5] = 0  # 24 of 49
    assert [median(picture, radius)[7, 7] for radius in RADII] == [1, 1, 0]


@pytest.mark.parametrize("radius", [0, 4, -1, 1.5, float("nan")])
def test_another_radius_is_refused(radius):
    with pytest.raises(InvalidParameter, match="1 to 3"):
        median(noise((5, 5)), radius)
