from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.errors import InvalidParameter
from kernels.window import OUTSIDE, reference, window

FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


@settings(max_examples=60, deadline=None)
@given(
    centre=st.floats(-2000, 4000),
    width=st.floats(1, 6000),
    invert=st.booleans(),
    function=st.sampled_from(FUNCTIONS),
    shape=st.tuples(st.integers(1, 40), st.integers(1, 90)),
)
def test_grey_levels_agree_with_their_reference(centre, width, invert, function, shape):
    values = np.random.default_rng(3).normal(centre, width, shape).astype(np.float32)
    values[0, 0] = OUTSIDE
    greys, truth = window(values, centre, width, invert, function), reference(values, centre, width, invert, function)
    off = np.abs(greys.astype(int) - truth)
    # On the border between two greys, or at the jump of a narrow window, the last bit of a float32 decides.
    assert off[np.abs(values - centre) > width / 2 + 0.51].max(initial=0) <= 1
    assert (off <= 1).all() or width < 1.01
    assert (off > 0).mean() < 0.05


def test_values_of_the_standard_s_example():
    """PS3.3 C.11.2.1.2.1, NOTE: centre 2048, width 4096 maps 0 to 0 and 4095 to the largest output."""
    values = np.array([[-5, 0, 2047, 2048, 4095, 5000]], np.float32)
    assert window(values, 2048, 4096).tolist() == [[0, 0, 127, 128, 255, 255]]


def test_a_window_of_width_one_is_a_threshold():
    values = np.array([[39, 39.4, 39.6, 40]], np.float32)
    assert window(values, 40, 1).tolist() == [[0, 0, 255, 255]]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("invert", [False, True])
def test_outside_is_black_even_when_inverted(function, invert):
    assert window(np.full((3, 5), OUTSIDE), 40, 400, invert, function).max() == 0


@pytest.mark.parametrize("width", [0, -3, 0.5, float("nan"), float("inf")])
def test_a_window_without_width_is_refused(width):
    with pytest.raises(InvalidParameter):
        window(np.zeros((2, 2), np.float32), 0, width)
