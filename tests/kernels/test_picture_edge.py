from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.filters import sobel

from kernels.errors import InvalidParameter
from kernels.picture_edge import edge, reference
from kernels.window import OUTSIDE
from tests.kernels.pictures import SHAPES, error, noise, shapes, torn


@settings(max_examples=60, deadline=None)
@given(shape=shapes, pixel_mm=st.floats(0.05, 5), seed=st.integers(0, 99), missing=st.floats(0, 1))
def test_any_picture_agrees_with_its_reference(shape, pixel_mm, seed, missing):
    picture = torn(shape, seed, missing)
    assert error(edge(picture, pixel_mm), reference(picture, pixel_mm)) <= 1e-6 * 3000 / pixel_mm


def test_inside_it_is_scipy_s_sobel_and_scikit_image_s():
    picture = noise((50, 60))
    right, down = (ndimage.sobel(picture.astype(np.float64), axis) / 8 for axis in (1, 0))
    inner = np.s_[1:-1, 1:-1]
    assert np.abs(edge(picture) - np.hypot(right, down))[inner].max() < 2e-3
    # scikit-image divides by 4 and not by 8, and by √2.
    assert np.abs(edge(picture) - sobel(picture.astype(np.float64)) / np.sqrt(2))[inner].max() < 2e-3


@pytest.mark.parametrize("across, along, slope", [(3, 4, 5), (-5, 12, 13), (7, 0, 7), (0, -2, 2), (0, 0, 0)])
def test_a_ramp_has_its_slope_everywhere(across, along, slope):
    y, x = np.indices((17, 37))
    ramp = (across * x + along * y).astype(np.float32)
    assert (edge(ramp) == slope).all()
    assert edge(ramp, 0.5) == pytest.approx(2 * slope)
    holes = torn(ramp.shape, missing=0.1) == OUTSIDE
    values = edge(np.where(holes, OUTSIDE, ramp))
    there = np.pad(~holes, 1)
    across_known = there[1:-1, 2:] | there[1:-1, :-2]
    along_known = there[2:, 1:-1] | there[:-2, 1:-1]
    known = ~holes & across_known & along_known
    assert known.sum() > 200
    assert (values == slope)[known].all()


def test_what_has_no_neighbours_has_no_edge():
    assert edge(np.full((1, 1), 40, np.float32)) == 0
    lonely = np.full((5, 5), OUTSIDE)
    lonely[2, 2] = 40
    assert edge(lonely)[2, 2] == 0


@pytest.mark.parametrize("shape", SHAPES)
def test_a_constant_picture_has_no_edges(shape):
    assert (edge(np.full(shape, 1067.3, np.float32)) == 0).all()


def test_a_hole_makes_no_edge():
    picture = np.full((20, 40), 100, np.float32)
    picture[5:9, 10:30] = OUTSIDE
    assert edge(picture)[picture != OUTSIDE].max() == 0


@pytest.mark.parametrize("pixel_mm", [0, -1, float("nan"), 1e5])
def test_a_pixel_without_a_size_is_refused(pixel_mm):
    with pytest.raises(InvalidParameter, match="mm"):
        edge(noise((5, 5)), pixel_mm)
